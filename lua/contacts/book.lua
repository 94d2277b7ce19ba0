-- The Contacts page: a searchable list on the left, the chosen contact or its form on the right.

local Contact = require("contacts.contact")
local ContactForm = require("contacts.form")
local fold = require("contacts.fold")
local people = require("contacts.people")
local text = require("text")
require("contacts.row")

local RECENT = 6
local UNDO_MS = 8000
local SEARCH_LENGTH = 100

local ContactBook = session:prototype("ContactBook", {
  contacts = EMPTY,
  recent = EMPTY,
  headings = EMPTY,
  search = "",
  selected = EMPTY,
  form = EMPTY,
  -- on a phone either the list or the details fit
  detailOpen = false,
  asking = false,
  deleting = EMPTY,
  deleted = EMPTY,
  undoTimer = EMPTY,
})

function ContactBook:new(inst)
  inst = session:create(self, inst)
  inst.contacts = {}
  inst.recent = {}
  inst.headings = {}
  for index, person in ipairs(people()) do
    person.book = inst
    person.hue = (index * 47 + 190) % 360
    inst.contacts[index] = Contact:new(person)
  end
  local first = inst:visible()
  for index = 5, 1, -1 do
    inst:remember(first[index])
  end
  inst.selected = first[1]
  return inst
end

local function without(list, unwanted)
  local rest = {}
  for _, item in ipairs(list) do
    if item ~= unwanted then
      rest[#rest + 1] = item
    end
  end
  return rest
end

local function indexOf(list, wanted)
  for index, item in ipairs(list) do
    if item == wanted then
      return index
    end
  end
end

-- The list ----------------------------------------------------------------------------------------------------------

local function matches(contact, needle)
  for _, field in ipairs({ "name", "email", "company", "role" }) do
    if fold(contact[field]):find(needle, 1, true) then
      return true
    end
  end
  return false
end

-- The contacts that the search leaves, in no order: enough to count them.
function ContactBook:found()
  local needle = text.trim(fold(text.cut(self.search, SEARCH_LENGTH)))
  if needle == "" then
    return self.contacts
  end
  local found = {}
  for _, contact in ipairs(self.contacts) do
    if contact == self:fresh() or matches(contact, needle) then
      found[#found + 1] = contact
    end
  end
  return found
end

local function byName(a, b)
  local first, second = fold(a.name), fold(b.name)
  if first == second then
    return a.hue < b.hue
  end
  return first < second
end

-- The same by name, for the list. The elements are the contacts themselves, so a row stays the same row however the
-- order changes. Which of them begin with a new letter is worked out on the way.
function ContactBook:visible()
  local sorted = table.move(self:found(), 1, #self.contacts, 1, {})
  table.sort(sorted, byName)
  self.headings = {}
  local last
  for _, contact in ipairs(sorted) do
    local letter = (fold(contact.name):match(utf8.charpattern) or "?"):upper()
    if letter ~= last then
      self.headings[contact] = letter
      last = letter
    end
  end
  return sorted
end

-- The contact that is being made: it shows in the list whatever the search says.
function ContactBook:fresh()
  return self.form and self.form.isNew and self.form.contact or nil
end

function ContactBook:hasVisible()
  return #self:found() > 0
end

function ContactBook:summary()
  local shown, all = #self:found(), #self.contacts
  if shown == all then
    return all .. " contacts"
  end
  return shown .. " of " .. all .. " contacts"
end

-- Choosing ----------------------------------------------------------------------------------------------------------

-- A form with mistakes is not left behind: its messages show, and it stays.
function ContactBook:select(contact)
  self.detailOpen = true
  if contact == self.selected and self.form then
    return
  end
  if self.form then
    if not self.form:check() then
      return
    end
    self:closeForm(self.form)
  end
  self.selected = contact
  self:remember(contact)
end

function ContactBook:step(distance)
  local list = self:visible()
  local index = indexOf(list, self.selected)
  local target = index and list[index + distance] or not index and list[1]
  if target then
    self:select(target)
  end
end

function ContactBook:back()
  self.detailOpen = false
end

-- The chips keep their places while one clicks along them; only somebody new comes in front.
function ContactBook:remember(contact)
  if not indexOf(self.recent, contact) then
    table.insert(self.recent, 1, contact)
    self.recent[RECENT + 1] = nil
  end
end

function ContactBook:detail()
  return self.form or self.selected
end

function ContactBook:hasDetail()
  return self:detail() ~= nil
end

-- Editing -----------------------------------------------------------------------------------------------------------

function ContactBook:edit()
  self.form = ContactForm:new({ contact = self.selected })
end

function ContactBook:add()
  if self.form and not self.form:check() then
    self.detailOpen = true
    return
  end
  local contact = Contact:new({ book = self, hue = (#self.contacts * 47 + 237) % 360 })
  table.insert(self.contacts, contact)
  self.form = ContactForm:new({ contact = contact, isNew = true, returnTo = self.selected })
  self.selected = contact
  self.detailOpen = true
  self:remember(contact)
end

function ContactBook:closeForm(form)
  if self.form == form then
    self.form = nil
  end
end

-- Deleting ----------------------------------------------------------------------------------------------------------

-- `deleting` outlives the question, so that the dialog still says the name while it fades out.
function ContactBook:askDelete()
  self.deleting = self.selected
  self.asking = true
end

function ContactBook:keep()
  self.asking = false
end

function ContactBook:confirmDelete()
  if not self.asking then
    return
  end
  self.asking = false
  self:forget(self.deleting)
  self.deleted = self.deleting
  if self.undoTimer then
    session:clearTimeout(self.undoTimer)
  end
  self.undoTimer = session:setTimeout(function()
    self.deleted = nil
  end, UNDO_MS)
end

function ContactBook:undoDelete()
  local contact = self.deleted
  self.deleted = nil
  if contact then
    table.insert(self.contacts, contact)
    self:select(contact)
  end
end

-- Takes a contact out of everything; the next one in the list is chosen instead.
function ContactBook:forget(contact)
  local list = self:visible()
  local index = indexOf(list, contact)
  self.contacts = without(self.contacts, contact)
  self.recent = without(self.recent, contact)
  if self.selected == contact then
    self.form = nil
    self.selected = index and (list[index + 1] or list[index - 1]) or nil
    self.detailOpen = false
  end
end

return ContactBook
