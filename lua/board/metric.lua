-- One number that wanders about its usual value, and its last minute as the points of a line.
-- Points are worked out once per tick, not each time somebody looks.

local LENGTH = 60

local Metric = session:prototype("Metric", {
  name = "",
  unit = "",
  usual = 50,
  low = 0,
  high = 100,
  restless = 5,
  -- above this it is worth a line in the log
  limit = 90,
  decimals = 0,
  hue = 230,
  value = 0,
  change = 0,
  line = "",
  area = "",
  history = EMPTY,
  board = EMPTY,
})

function Metric:new(inst)
  inst = session:create(self, inst)
  inst.value = inst.usual
  inst.history = {}
  for _ = 1, LENGTH do
    inst:wander()
  end
  inst:draw()
  return inst
end

-- A random step, pulled back the harder the further it is away.
function Metric:wander()
  local before = self.value
  local step = (math.random() - 0.5) * 2 * self.restless + (self.usual - before) * 0.07
  self.value = math.max(self.low, math.min(self.high, before + step))
  self.change = self.value - before
  local history = self.history
  table.insert(history, self.value)
  if #history > LENGTH then
    table.remove(history, 1)
  end
end

-- The coordinates of the viewdefs' drawings: 0…600 to the right, 0 (high) … 200 (low) down.
function Metric:draw()
  local points = {}
  local range = self.high - self.low
  for index, value in ipairs(self.history) do
    local x = 600 * (index - 1) / (LENGTH - 1)
    local y = 200 - 190 * (value - self.low) / range
    points[index] = string.format("%.1f,%.1f", x, y)
  end
  self.line = table.concat(points, " ")
  self.area = "0,200 " .. self.line .. " 600,200"
end

-- True when this step went over the limit.
function Metric:tick()
  local before = self.value
  self:wander()
  self:draw()
  return before <= self.limit and self.value > self.limit
end

function Metric:format(value)
  return string.format("%." .. self.decimals .. "f", value)
end

function Metric:valueText()
  return self:format(self.value)
end

function Metric:lowText()
  return self:format(self.low)
end

function Metric:middleText()
  return self:format((self.low + self.high) / 2)
end

function Metric:highText()
  return self:format(self.high)
end

function Metric:changeText()
  return (self.change < 0 and "▾ " or "▴ ") .. self:format(math.abs(self.change))
end

function Metric:isRising()
  return self.change >= 0
end

function Metric:isHot()
  return self.value > self.limit
end

function Metric:show()
  self.board.shown = self
end

function Metric:isShown()
  return self.board.shown == self
end

function Metric:ariaPressed()
  return self:isShown() and "true" or "false"
end

-- Where the newest point is, for the dot at the end of the line.
function Metric:endTop()
  return string.format("%.2f%%", 100 - 95 * (self.value - self.low) / (self.high - self.low))
end

return Metric
