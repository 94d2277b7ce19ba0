-- What ran into a limit while it was read to be shown is left alone for a while, so that a page with one endless getter can
-- be used: its other events do not pay for it each time. Times are event time, so a replay does the same.
--
--     hit ──▶ 30 s ── hit again ──▶ 60 s ──▶ … ──▶ 10 min        a good reading, or a reload of code, ends it
--
-- What is held is a slot of a viewdef for one object, in whatever tab it is shown. When several objects are held, so is the
-- slot for all others: a list of a thousand rows must not take a thousand times the limit.
local M = ...
local quarantine = {}

local sandbox = M.sandbox
local collectgarbage = M.raw.collectgarbage
local min = math.min
local next, setmetatable = next, setmetatable

local FIRST <const> = 30000
local LONGEST <const> = 600000
local MOST_OBJECTS <const> = 3
local LESS <const> = 0.75 -- so much of the memory must be in use for it still to be as full

local weak = { __mode = "k" }
local held = {} -- slot → { objects = { object → hold }, all = hold or nil }
-- A hold: { till, wait, memory, error }

local function renewed(hold, e, memory)
  local wait = hold and min(hold.wait * 2, LONGEST) or FIRST
  return { till = sandbox.time() + wait, wait = wait, memory = memory, error = e }
end

local function count(objects)
  local n = 0
  for _ in next, objects do n = n + 1 end
  return n
end

--- Is there anything to ask about?
function quarantine.is_empty() return next(held) == nil end

--- Reading `slot` of `object` hit a limit with error `e`.
function quarantine.add(slot, object, e)
  local memory = nil
  if e.code == "LIMIT_MEMORY" then
    collectgarbage()
    memory = collectgarbage("count")
  end
  local record = held[slot]
  if not record then
    record = { objects = setmetatable({}, weak), all = nil }
    held[slot] = record
  end
  record.objects[object] = renewed(record.objects[object], e, memory)
  if record.all or count(record.objects) >= MOST_OBJECTS then record.all = renewed(record.all, e, memory) end
end

-- When memory had run out it may have been others who took it: once they have let go, what was hit has another chance.
local function holds(hold)
  if not hold or sandbox.time() >= hold.till then return false end
  return not (hold.memory and collectgarbage("count") < hold.memory * LESS)
end

--- The error for which `slot` of `object` is not to be read now, or nil.
function quarantine.error(slot, object)
  local record = held[slot]
  if not record then return nil end
  local hold = record.objects[object]
  if holds(hold) then return hold.error end
  -- One that has been held has its own time; the others wait for that of all.
  if not hold and holds(record.all) then return record.all.error end
  return nil
end

--- Reading went well.
function quarantine.release(slot, object)
  local record = held[slot]
  if not record then return end
  record.objects[object] = nil
  record.all = nil
  if next(record.objects) == nil then held[slot] = nil end
end

--- Code was replaced: everything is tried again.
function quarantine.clear() held = {} end

return quarantine
