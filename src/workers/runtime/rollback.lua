-- Events that are taken back whole. Code that was stopped by a limit has done half of what it wanted, and nobody knows
-- which half: the host goes back to what the session was before. That concerns code that may change things: actions,
-- writes, timers, `mutate`. What is only read to be shown has nothing to take back (quarantine.lua).
local M = ...
local rollback = {}

local errors, json, limits = M.errors, M.json, M.limits
local format = string.format

-- Raised by the path itself, before it came to code of the app: nothing was changed.
local harmless = { PATH_READ_ONLY = true, PATH_NIL = true, PATH_NOT_TABLE = true, METHOD_MISSING = true }

local on_error = false -- also after an ordinary error
local reason -- why this event is taken back: JSON fields

--- `wanted`: an ordinary error of the app takes the event back as well.
function rollback.configure(wanted) on_error = wanted end

--- A new event begins.
function rollback.begin() reason = nil end

--- Code that may have changed things raised `e`. Returns true when the event is to be taken back, so that nothing of it needs
--- to go on. `where` names what was being done, `id` is the variable, `timer` the handle of the timer, if it was one.
function rollback.note(e, where, id, timer)
  if reason then return true end
  if not (limits.is_hit(e) or (on_error and not harmless[e.code])) then return false end
  reason = errors.encode(e, true) .. ',"where":' .. json.encode_string(where)
    .. (id and format(',"id":%d', id) or "") .. (timer and format(',"timer":%d', timer) or "")
  return true
end

--- Why the event is taken back, as JSON, or nil.
function rollback.reason() return reason and "{" .. reason .. "}" end

return rollback
