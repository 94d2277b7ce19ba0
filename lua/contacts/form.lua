-- The form for one contact. It writes straight into the contact, so everything else that shows it follows each key;
-- what the contact was before is kept for `cancel`.

local text = require("text")

local ContactForm = session:prototype("ContactForm", {
  contact = EMPTY,
  before = EMPTY,
  touched = EMPTY,
  isNew = false,
  -- who was shown before a new contact was begun
  returnTo = EMPTY,
  attempted = false,
})

local fields = { "name", "email", "phone", "company", "role", "group", "birthday", "notes", "favourite" }

-- What the fields of the page accept (`maxlength`); a page that sends more is not the one that it was given.
local limits = { name = 200, email = 200, phone = 200, company = 200, role = 200, birthday = 10, notes = 5000 }

function ContactForm:new(inst)
  inst = session:create(self, inst)
  inst.before = {}
  for _, field in ipairs(fields) do
    inst.before[field] = inst.contact[field]
  end
  inst.touched = {}
  return inst
end

local rules = {}

function rules.name(contact)
  if not contact.name:find("%S") then
    return "A contact needs a name."
  end
  if text.cut(contact.name, 60) ~= contact.name then
    return "Please keep the name under 60 characters."
  end
end

function rules.email(contact)
  local email = contact.email
  if email == "" then
    return nil
  end
  if not email:find("^[^%s@]+@[^%s@]+%.[^%s@.]+$") then
    return "This does not look like an e-mail address: name@example.org."
  end
  for _, other in ipairs(contact.book.contacts) do
    if other ~= contact and other.email:lower() == email:lower() then
      return other:label() .. " has this address already."
    end
  end
end

function rules.phone(contact)
  if contact.phone == "" then
    return nil
  end
  if contact.phone:find("[^%d%s()+/.-]") then
    return "A phone number has digits, spaces and + ( ) - / only."
  end
  local _, digits = contact.phone:gsub("%d", "")
  if digits < 5 then
    return "This number is too short."
  end
end

function rules.birthday(contact)
  if contact.birthday > os.date("%Y-%m-%d") then
    return "This day has not come yet."
  end
end

-- The message under a field; nothing before somebody was there or tried to save, so that a new form is not all red.
function ContactForm:message(field)
  if self.attempted or self.touched[field] or not self.isNew then
    return rules[field](self.contact)
  end
end

function ContactForm:touch(field)
  self.touched[field] = true
end

function ContactForm:countErrors()
  local count = 0
  for _, rule in pairs(rules) do
    if rule(self.contact) then
      count = count + 1
    end
  end
  return count
end

function ContactForm:isValid()
  return self:countErrors() == 0
end

function ContactForm:summary()
  local count = self.attempted and self:countErrors() or 0
  if count == 0 then
    return ""
  end
  return count == 1 and "One field needs your attention." or count .. " fields need your attention."
end

function ContactForm:title()
  return self.isNew and "New contact" or "Edit contact"
end

-- Shows every message; true if there is none.
function ContactForm:check()
  for field, limit in pairs(limits) do
    self.contact[field] = text.cut(self.contact[field], limit)
  end
  self.attempted = true
  return self:isValid()
end

function ContactForm:save()
  if self:check() then
    self.contact.book:closeForm(self)
    session:notify(self.contact:label() .. " was saved.", { kind = "success" })
  end
end

function ContactForm:cancel()
  for _, field in ipairs(fields) do
    self.contact[field] = self.before[field]
  end
  local book = self.contact.book
  book:closeForm(self)
  if self.isNew then
    book:forget(self.contact)
    book.selected = self.returnTo or book.selected
  end
end

return ContactForm
