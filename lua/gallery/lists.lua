-- Examples of lists that show a part of what they have: `?window` and `?last`.

local reverse = require("gallery.reverse")

local lists = {}

-- As many rows as there are, of which the page has those in sight -------------------------------------------------------

local Entry = session:prototype("Gallery.Entry", { number = 0, note = "" })

local Window = session:prototype("Gallery.Window", { entries = EMPTY, made = 0 })
lists.Window = Window

function Window:new(inst)
  inst = session:create(self, inst)
  inst.entries = {}
  inst:fill(200)
  return inst
end

-- Some thousands at a time: nobody waits for the last one to see the first.
function Window:fill(count)
  local present = #self.entries
  for place = present + 1, math.min(count, present + 5000) do
    self.made = self.made + 1
    self.entries[place] = Entry:new({ number = self.made })
  end
  if #self.entries < count then
    session:setImmediate(function()
      self:fill(count)
    end)
  end
end

function Window:addFirst()
  self.made = self.made + 1
  table.insert(self.entries, 1, Entry:new({ number = self.made }))
end

function Window:reverse()
  reverse(self.entries)
end

function Window:count()
  return #self.entries
end

-- A log that keeps everything and shows its end -------------------------------------------------------------------------

local Log = session:prototype("Gallery.Log", { lines = EMPTY })
lists.Log = Log

function Log:new(inst)
  inst = session:create(self, inst)
  inst.lines = {}
  inst:write(4)
  return inst
end

function Log:write(count)
  for _ = 1, count do
    table.insert(self.lines, "Line " .. #self.lines + 1)
  end
end

function Log:count()
  return #self.lines
end

return lists
