-- Examples of `ui-view`, `ui-viewlist`, `ui-namespace` and wrappers.

local reverse = require("gallery.reverse")

local views = {}

-- One place, objects of different types ------------------------------------------------------------------------------

local Circle = session:prototype("Gallery.Circle", { radius = 24 })

function Circle:diameter()
  return self.radius * 2 .. "px"
end

local Poem = session:prototype("Gallery.Poem", { line = "The moon keeps what the water says." })

local View = session:prototype("Gallery.View", { current = EMPTY })
views.View = View

function View:new(inst)
  inst = session:create(self, inst)
  inst.current = Circle:new()
  return inst
end

function View:circle()
  self.current = Circle:new({ radius = 16 + math.random(20) })
end

function View:poem()
  self.current = Poem:new()
end

function View:nothing()
  self.current = nil
end

-- A list that is changed in every way --------------------------------------------------------------------------------

local names = { "Apple", "Pear", "Plum", "Cherry", "Quince", "Fig", "Peach", "Lemon" }

local Fruit = session:prototype("Gallery.Fruit", { name = "", note = "" })

local List = session:prototype("Gallery.List", { fruits = EMPTY, made = 0 })
views.List = List

function List:new(inst)
  inst = session:create(self, inst)
  inst.fruits = {}
  for _ = 1, 3 do
    inst:add()
  end
  return inst
end

function List:add()
  self.made = self.made + 1
  table.insert(self.fruits, Fruit:new({ name = names[(self.made - 1) % #names + 1] }))
end

function List:dropFirst()
  table.remove(self.fruits, 1)
end

function List:reverse()
  reverse(self.fruits)
end

-- Presenters: something of its own for each row ------------------------------------------------------------------------

GalleryStopRow = session:prototype("GalleryStopRow", {
  baseItem = EMPTY,
  index = 0,
  list = EMPTY,
  open = false,
})

function GalleryStopRow:number()
  return self.index + 1 .. "."
end

function GalleryStopRow:toggle()
  self.open = not self.open
end

function GalleryStopRow:drop()
  self.list:remove(self)
end

local function stops()
  return {
    { type = "Gallery.Stop", name = "Basel", note = "Change here for the lake." },
    { type = "Gallery.Stop", name = "Luzern", note = "Twelve minutes for a coffee." },
    { type = "Gallery.Stop", name = "Lugano", note = "Palm trees." },
  }
end

local ItemWrapper = session:prototype("Gallery.ItemWrapper", { stops = EMPTY })
views.ItemWrapper = ItemWrapper

function ItemWrapper:new(inst)
  inst = session:create(self, inst)
  inst.stops = stops()
  return inst
end

local ViewList = session:prototype("Gallery.ViewList", { stops = EMPTY })
views.ViewList = ViewList

function ViewList:new(inst)
  inst = session:create(self, inst)
  inst.stops = stops()
  return inst
end

-- One object, three ways to show it ----------------------------------------------------------------------------------

local Moon = session:prototype("Gallery.Moon", { name = "Europa", planet = "Jupiter" })

local Namespace = session:prototype("Gallery.Namespace", { moon = EMPTY })
views.Namespace = Namespace

function Namespace:new(inst)
  inst = session:create(self, inst)
  inst.moon = Moon:new()
  return inst
end

-- A wrapper stands between a value and its view ------------------------------------------------------------------------

GalleryThermometer = session:prototype("GalleryThermometer", { value = 0 })

function GalleryThermometer:new(variable)
  return session:create(self, { value = variable:getValue() })
end

function GalleryThermometer:fahrenheit()
  return string.format("%.0f °F", self.value * 9 / 5 + 32)
end

function GalleryThermometer:feeling()
  return self.value < 5 and "cold" or self.value < 22 and "pleasant" or "hot"
end

views.Wrapper = session:prototype("Gallery.Wrapper", { degrees = 18 })

return views
