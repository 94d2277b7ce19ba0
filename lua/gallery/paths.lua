-- Examples of what a path can say.

local paths = {}

local Path = session:prototype("Gallery.Path", { person = EMPTY, steps = EMPTY, hidden = false })
paths.Path = Path

function Path:new(inst)
  inst = session:create(self, inst)
  inst.person = { first = "Ada", last = "Lovelace", address = { city = "London" } }
  inst.steps = { "one", "two", "three" }
  return inst
end

function Path:fullName()
  return self.person.first .. " " .. self.person.last
end

function Path:repeated(text, times)
  return text:rep(times)
end

-- `..` is the object of the view around ---------------------------------------------------------------------------------

local Child = session:prototype("Gallery.Child", { name = "" })

local Up = session:prototype("Gallery.Up", { total = 0, children = EMPTY })
paths.Up = Up

function Up:new(inst)
  inst = session:create(self, inst)
  inst.children = { Child:new({ name = "Tick" }), Child:new({ name = "Tock" }) }
  return inst
end

function Up:count()
  self.total = self.total + 1
end

-- Options after `?` ----------------------------------------------------------------------------------------------------

local Access = session:prototype("Gallery.Access", { celsius = 20 })
paths.Access = Access

-- Without an argument it reads, with one it writes.
function Access:fahrenheit(value)
  if value then
    self.celsius = math.floor((value - 32) * 5 / 9 + 0.5)
  end
  return self.celsius * 9 // 5 + 32
end

local Priority = session:prototype("Gallery.Priority", { asked = 0, order = "" })
paths.Priority = Priority

function Priority:ask()
  self.asked = self.asked + 1
  self.order = ""
end

function Priority:note(word)
  self.order = self.order == "" and word or self.order
  return word
end

local Draft = session:prototype("GalleryDraft", { text = "made by the path" })
GalleryDraft = Draft

paths.Create = session:prototype("Gallery.Create", { draft = EMPTY })

local Scroll = session:prototype("Gallery.Scroll", { lines = EMPTY })
paths.Scroll = Scroll

local Line = session:prototype("Gallery.Line", { text = "" })

function Scroll:new(inst)
  inst = session:create(self, inst)
  inst.lines = {}
  for _ = 1, 6 do
    inst:add()
  end
  return inst
end

function Scroll:add()
  table.insert(self.lines, Line:new({ text = "Line " .. #self.lines + 1 }))
end

paths.Code = session:prototype("Gallery.Code", {})

return paths
