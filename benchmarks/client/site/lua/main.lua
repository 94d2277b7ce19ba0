-- The table of js-framework-benchmark: rows with a number and a label, of which one can be selected.
local ADJECTIVES = { "pretty", "large", "big", "small", "tall", "short", "long", "handsome", "plain", "quaint", "clean",
  "elegant", "easy", "angry", "crazy", "helpful", "mushy", "odd", "unsightly", "adorable", "important", "inexpensive",
  "cheap", "expensive", "fancy" }
local COLOURS = { "red", "yellow", "blue", "green", "pink", "brown", "purple", "brown", "white", "black", "orange" }
local NOUNS = { "table", "chair", "house", "bbq", "desk", "car", "pony", "cookie", "sandwich", "burger", "pizza", "mouse",
  "keyboard" }

local App = session:prototype("App", { rows = EMPTY, selected = EMPTY, last = 0 })
local Row = session:prototype("Row", { id = 0, label = "", selected = false })
local app = App:new{ rows = {} }

local function any(words) return words[math.random(#words)] end

function App:build(count)
  for _ = 1, count do
    self.last = self.last + 1
    self.rows[#self.rows + 1] = Row:new{ id = self.last, label = any(ADJECTIVES) .. " " .. any(COLOURS) .. " " .. any(NOUNS) }
  end
end

function App:clear() self.rows, self.selected = {}, nil end

function App:create(count)
  self:clear()
  self:build(count)
end

function App:update()
  for i = 1, #self.rows, 10 do self.rows[i].label = self.rows[i].label .. " !!!" end
end

function App:swap()
  local rows = self.rows
  if #rows > 998 then rows[2], rows[999] = rows[999], rows[2] end
end

function Row:select()
  if app.selected then app.selected.selected = false end
  app.selected, self.selected = self, true
end

function Row:remove()
  for i, row in ipairs(app.rows) do
    if row == self then return table.remove(app.rows, i) end
  end
end

session:createAppVariable(app)
