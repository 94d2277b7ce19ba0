-- What the app has to say to whoever looks at its pages: `session:notify`. Until there is a page it waits, in the session's
-- memory, so it survives what that survives.
local M = ...
local notices = {}

local connection, encode_string = M.connection, M.json.encode_string
local ipairs, type = ipairs, type
local floor, format = math.floor, string.format
local len, offset = utf8.len, utf8.offset
local remove, sub = table.remove, string.sub

local MOST <const> = 20 -- that wait, or that one event brings; a page shows fewer
local LONGEST <const> = 1000 -- characters
local LONGEST_TIME <const> = 24 * 60 * 60 * 1000

local kinds = { info = true, success = true, warning = true, error = true }
local waiting = {} -- JSON of messages, the oldest first

local function shortened(text)
  text = sub(text, 1, 4 * LONGEST) -- a character has 4 bytes at most
  local characters = len(text, 1, -1, true)
  if not characters or characters <= LONGEST then return text end
  return sub(text, 1, offset(text, LONGEST) - 1) .. "…"
end

--- Keeps a notice for all pages. `fault(what)` raises an error that says what was wrong.
function notices.add(text, options, fault)
  local kind, duration = options.kind, options.duration
  if kind ~= nil and not kinds[kind] then fault('kind: "info", "success", "warning" or "error"') end
  if duration ~= nil and not (type(duration) == "number" and duration >= 0 and duration <= LONGEST_TIME) then
    fault("duration: milliseconds, 0 for as long as nobody closes it")
  end
  waiting[#waiting + 1] = '{"type":"notify","text":' .. encode_string(shortened(text))
    .. (kind and format(',"kind":"%s"', kind) or "") .. (duration and format(',"duration":%d', floor(duration)) or "") .. "}"
  if #waiting > MOST then remove(waiting, 1) end
end

-- A page that is away, or reads nothing, is told later; but it may never come.
local function is_anybody_there(connections)
  for _, conn in ipairs(connections) do
    if not conn.paused then return true end
  end
  return false
end

--- Gives the notices to all connections; while nobody is there, to those that come.
function notices.deliver(connections)
  if not (waiting[1] and is_anybody_there(connections)) then return end
  for _, conn in ipairs(connections) do
    for _, message in ipairs(waiting) do connection.notify(conn, message) end
  end
  waiting = {}
end

return notices
