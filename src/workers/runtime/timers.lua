-- Timers live in the image: the worker only learns when the next one is due and then dispatches a `timer` event.
local M = ...
local timers = {}

local errors, limits, sandbox = M.errors, M.limits, M.sandbox
local floor, max = math.floor, math.max
local sort = table.sort
local format = string.format
local ipairs, next, pairs, tonumber, type = ipairs, next, pairs, tonumber, type

local pending = {} -- handle → { f, due, every }
local last = 0
local most = 0 -- so many timers wait, or fewer: a reload takes some away. Counted anew when it matters.
timers.pending = pending
-- Told of the timers that are set: see declarations.lua.
local observer

--- `reuse(f, ms, every)` may say that a timer is there already, by its handle; `added(f, ms, every, handle)` is told of each.
function timers.observe(reuse, added) observer = { reuse = reuse, added = added } end

--- Sets the timer of a handle anew.
function timers.set(handle, f, milliseconds, every)
  if not pending[handle] then most = most + 1 end
  pending[handle] = { f = f, due = sandbox.time() + milliseconds, every = every }
end

--- Puts all timers off by so many ms.
function timers.shift(milliseconds)
  for _, timer in pairs(pending) do timer.due = timer.due + milliseconds end
end

local function count()
  local n = 0
  for _ in next, pending do n = n + 1 end
  return n
end

local function check_room()
  if most >= limits.timers then most = count() end
  if most >= limits.timers then
    errors.raise_at_caller("LIMIT_TIMERS", format("%d timers wait already; there may be no more.", limits.timers))
  end
end

local function add(f, milliseconds, every)
  local handle = observer and observer.reuse(f, milliseconds, every)
  if not handle then
    check_room()
    last = last + 1
    handle = last
    timers.set(handle, f, milliseconds, every)
  end
  if observer then observer.added(f, milliseconds, every, handle) end
  return handle
end

local function duration(name, milliseconds)
  local ms = type(milliseconds) == "number" and milliseconds or nil
  if not ms or ms ~= ms then errors.argument(3, name, "number", milliseconds) end
  if ms == 1 / 0 then ms = 2 ^ 52 end
  return floor(ms)
end

--- Runs `f` after the present event. Returns a handle.
function timers.set_immediate(_, f)
  if type(f) ~= "function" then errors.argument(2, "setImmediate", "function", f) end
  return add(f, 0)
end

--- Runs `f` once after `milliseconds` (at least at once). Returns a handle.
function timers.set_timeout(_, f, milliseconds)
  if type(f) ~= "function" then errors.argument(2, "setTimeout", "function", f) end
  return add(f, max(0, duration("setTimeout", milliseconds)))
end

--- Runs `f` every `milliseconds` (at least 1). A tick that comes late is not made up for. Returns a handle.
function timers.set_interval(_, f, milliseconds)
  if type(f) ~= "function" then errors.argument(2, "setInterval", "function", f) end
  local every = max(1, duration("setInterval", milliseconds))
  return add(f, every, every)
end

--- Forgets a timer of any kind. Unknown and fired handles are fine.
function timers.clear(_, handle)
  if tonumber(handle) and pending[handle] then
    pending[handle] = nil
    most = most - 1
  end
end

--- When the next timer is due, in ms since 1970, or nil.
function timers.next_due()
  if not next(pending) then return nil end
  local due
  for _, timer in pairs(pending) do
    if not due or timer.due < due then due = timer.due end
  end
  return due
end

--- Runs what is due now, in order of time, then of creation. Timers set meanwhile wait for their own event.
--- `report(e, handle)` is called with the error of a callback; unless it returns true the others still run, and an interval
--- goes on. `skipped`: a handle whose callback is not called, but which otherwise counts as run.
function timers.fire(report, skipped)
  local now, due = sandbox.time(), {}
  for handle, timer in pairs(pending) do
    if timer.due <= now then due[#due + 1] = { handle = handle, at = timer.due, timer = timer } end
  end
  sort(due, function(a, b) return a.at < b.at or (a.at == b.at and a.handle < b.handle) end)
  for _, entry in ipairs(due) do
    local handle, timer = entry.handle, entry.timer
    if pending[handle] == timer then -- an earlier callback may have cleared it
      if timer.every then
        timer.due = timer.due + timer.every
        if timer.due <= now then timer.due = now + timer.every end
      else
        timers.clear(nil, handle)
      end
      local ok, e = true, nil
      if handle ~= skipped then ok, e = errors.guard(timer.f) end
      if not ok and report(errors.about(e, errors.place_of(timer.f)), handle) then return end
    end
  end
end

return timers
