-- What apps do most: fields that are typed in, actions that change a field, a list and an inner view.
local Row = session:prototype("Row", { title = "", done = false })
function Row:toggle()
  self.done = not self.done
end

local App = session:prototype("App", { name = "", count = 0, rows = EMPTY, chosen = EMPTY })
function App:step()
  self.count = self.count + 1
end
function App:label()
  return self.name .. ": " .. self.count
end
function App:add()
  if #self.rows > 8 then
    table.remove(self.rows, 1)
  end
  self.rows[#self.rows + 1] = Row:new({ title = "Row " .. self.count })
end
function App:choose()
  self.chosen = self.rows[self.count % #self.rows + 1]
  self.chosen:toggle()
end

session:createAppVariable(App:new({ rows = { Row:new({ title = "First" }), Row:new({ title = "Second" }) } }))
