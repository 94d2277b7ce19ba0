-- A person in the contact book. How it looks is up to the viewdefs: Contact.list-item (a row), Contact.COMPACT (a chip),
-- Contact.card (a business card) and Contact.DEFAULT (everything).

local Contact = session:prototype("Contact", {
  name = "",
  email = "",
  phone = "",
  company = "",
  role = "",
  group = "work",
  birthday = "",
  notes = "",
  favourite = false,
  hue = 230,
  book = EMPTY,
})

local groups = { work = "Work", family = "Family", friends = "Friends" }

function Contact:label()
  return self.name:find("%S") and self.name or "Unnamed contact"
end

function Contact:firstName()
  return self:label():match("%S+")
end

-- The first letters of the first and the last word, by character: "Émilie du Châtelet" gives "ÉC".
function Contact:initials()
  local first, last
  for word in self.name:gmatch("%S+") do
    local letter = word:match(utf8.charpattern)
    first = first or letter
    last = letter
  end
  if not first then
    return "?"
  end
  return self.name:find("%S%s+%S") and first .. last or first
end

function Contact:groupLabel()
  return groups[self.group] or self.group
end

function Contact:position()
  if self.role ~= "" and self.company ~= "" then
    return self.role .. " · " .. self.company
  end
  return self.role .. self.company
end

-- The second line of a row: the best thing we know about somebody.
function Contact:subtitle()
  local position = self:position()
  return position ~= "" and position or self.email
end

function Contact:isBlank(field)
  return self[field] == ""
end

function Contact:mailLink()
  return self.email ~= "" and "mailto:" .. self.email or nil
end

function Contact:phoneLink()
  return self.phone ~= "" and "tel:" .. self.phone:gsub("[^%d+]", "") or nil
end

local months = {
  "January", "February", "March", "April", "May", "June",
  "July", "August", "September", "October", "November", "December",
}

function Contact:birthdayText()
  local year, month, day = self.birthday:match("^(%d+)-(%d+)-(%d+)$")
  if not year then
    return ""
  end
  return string.format("%d %s %s", tonumber(day), months[tonumber(month)], year)
end

function Contact:starLabel()
  return self.favourite and "Remove from favourites" or "Add to favourites"
end

function Contact:starIcon()
  return self.favourite and "star-fill" or "star"
end

function Contact:toggleFavourite()
  self.favourite = not self.favourite
end

function Contact:open()
  self.book:select(self)
end

function Contact:isOpen()
  return self.book.selected == self
end

return Contact
