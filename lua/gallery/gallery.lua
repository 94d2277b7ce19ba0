-- The Gallery page: every binding, alive, with its source.

local sections = require("gallery.cards")
local show = require("gallery.show")
local sources = require("gallery.sources")

-- A field of an example, and what is in it now.
local Watch = session:prototype("GalleryWatch", {
  live = EMPTY,
  field = "",
})

function Watch:text()
  return (show(self.field, self.live[self.field]))
end

function Watch:kind()
  local _, kind = show(self.field, self.live[self.field])
  return kind
end

local Card = session:prototype("GalleryCard", {
  title = "",
  note = "",
  live = EMPTY,
  source = "",
  watches = EMPTY,
})

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

-- Bindings stand out in the source.
local function highlight(source)
  local text = source:gsub("[&<>]", escapes)
  return (text:gsub("ui%-[%w-]+", "<b>%0</b>"))
end

local Section = session:prototype("GallerySection", {
  title = "",
  note = "",
  cards = EMPTY,
  gallery = EMPTY,
})

function Section:open()
  self.gallery.section = self
end

function Section:isOpen()
  return self.gallery.section == self
end

function Section:ariaSelected()
  return self:isOpen() and "true" or "false"
end

function Section:tabIndex()
  return self:isOpen() and 0 or -1
end

local Gallery = session:prototype("Gallery", {
  sections = EMPTY,
  section = EMPTY,
})

local function makeCard(row)
  local proto, title, note, fields = table.unpack(row)
  local live = proto:new()
  local watches = {}
  for index, field in ipairs(fields) do
    watches[index] = Watch:new({ live = live, field = field })
  end
  return Card:new({ title = title, note = note, live = live, watches = watches, source = highlight(sources[proto.type]) })
end

function Gallery:new(inst)
  inst = session:create(self, inst)
  inst.sections = {}
  for index, row in ipairs(sections) do
    local cards = {}
    for place, card in ipairs(row.cards) do
      cards[place] = makeCard(card)
    end
    inst.sections[index] = Section:new({ gallery = inst, title = row.title, note = row.note, cards = cards })
  end
  inst.section = inst.sections[1]
  return inst
end

return Gallery
