-- The Live board page: a timer moves the metrics, nobody clicks.

local Metric = require("board.metric")

local LOG_LINES = 80
local TICK_MS = 800

local LogEntry = session:prototype("LogEntry", {
  time = "",
  level = "info",
  text = "",
})

function LogEntry:isWarning()
  return self.level == "warning"
end

local Board = session:prototype("Board", {
  metrics = EMPTY,
  shown = EMPTY,
  log = EMPTY,
  speed = 1,
  ticks = 0,
  -- what the person wants; the timer also rests while another page is shown
  running = true,
  visible = false,
  timer = EMPTY,
})

function Board:new(inst)
  inst = session:create(self, inst)
  inst.log = {}
  inst.metrics = {
    Metric:new({ board = inst, name = "Requests", unit = "per s", usual = 420, low = 0, high = 800, restless = 45, limit = 560, hue = 240 }),
    Metric:new({ board = inst, name = "Latency", unit = "ms", usual = 38, low = 0, high = 120, restless = 8, limit = 70, decimals = 1, hue = 190 }),
    Metric:new({ board = inst, name = "Processor", unit = "%", usual = 46, low = 0, high = 100, restless = 7, limit = 70, hue = 25 }),
    Metric:new({ board = inst, name = "Memory", unit = "GB", usual = 5.2, low = 0, high = 8, restless = 0.25, limit = 6.2, decimals = 2, hue = 285 }),
    Metric:new({ board = inst, name = "Visitors", unit = "now", usual = 1280, low = 0, high = 2400, restless = 90, limit = 1700, hue = 150 }),
    Metric:new({ board = inst, name = "Errors", unit = "per min", usual = 1.4, low = 0, high = 8, restless = 0.8, limit = 3.6, decimals = 1, hue = 350 }),
  }
  inst.shown = inst.metrics[1]
  return inst
end

-- The shell calls these when the page comes and goes.
function Board:enter()
  self.visible = true
  if #self.log == 0 then
    self:write("info", "The board is open.")
  end
  self:schedule()
end

function Board:leave()
  self.visible = false
  self:schedule()
end

-- Makes the timer fit `running`, `visible` and `speed`.
function Board:schedule()
  if self.timer then
    session:clearInterval(self.timer)
    self.timer = nil
  end
  if self.running and self.visible then
    self.timer = session:setInterval(function()
      self:tick()
    end, TICK_MS // self.speed)
  end
end

function Board:tick()
  self.ticks = self.ticks + 1
  for _, metric in ipairs(self.metrics) do
    if metric:tick() then
      self:write("warning", string.format("%s above %s %s", metric.name, metric:format(metric.limit), metric.unit))
    end
  end
  if self.ticks % 10 == 0 then
    local metric = self.metrics[self.ticks // 10 % #self.metrics + 1]
    self:write("info", string.format("%s at %s %s", metric.name, metric:valueText(), metric.unit))
  end
end

function Board:write(level, text)
  table.insert(self.log, LogEntry:new({ time = os.date("%H:%M:%S"), level = level, text = text }))
  if #self.log > LOG_LINES then
    table.remove(self.log, 1)
  end
end

function Board:toggle()
  self.running = not self.running
  self:write("info", self.running and "Started." or "Stopped.")
  self:schedule()
end

function Board:toggleText()
  return self.running and "Stop" or "Start"
end

function Board:toggleIcon()
  return self.running and "pause-fill" or "play-fill"
end

function Board:stateText()
  return self.running and "Live" or "Stopped"
end

function Board:setSpeed(speed)
  self.speed = speed
  self:write("info", speed == 1 and "Normal speed." or "Speed × " .. speed .. ".")
  self:schedule()
end

function Board:isSpeed(speed)
  return self.speed == speed
end

function Board:pressed(speed)
  return self.speed == speed and "true" or "false"
end

function Board:summary()
  return self.ticks == 1 and "1 tick" or self.ticks .. " ticks"
end

function Board:clearLog()
  self.log = {}
end

return Board
