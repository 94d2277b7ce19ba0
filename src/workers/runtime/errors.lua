-- Errors: everything that is raised becomes a table of the catalogue's form (src/protocol/error-code.ts) once, here.
local M = ...
local errors = {}

local json = M.json
local getinfo, traceback = M.raw.debug.getinfo, M.raw.debug.traceback
local concat, find, format, gmatch, gsub, match, sub =
  table.concat, string.find, string.format, string.gmatch, string.gsub, string.match, string.sub
local error, next, rawget, setmetatable, tonumber, tostring, type = error, next, rawget, setmetatable, tonumber, tostring, type
local pcall, xpcall = pcall, xpcall

local Error = { __name = "error", __metatable = "error" }
Error.__tostring = function(e)
  local place = e.file and (e.file .. ":" .. (e.line or "?") .. ": ") or ""
  return place .. e.message
end
Error.__concat = function(a, b) return tostring(a) .. tostring(b) end

-- Apps can catch our errors, look at them and raise them again, but what they say goes to other places: into the outcome
-- text among others. So the fields stand here, and the table itself is empty and cannot be written to.
local genuine = setmetatable({}, { __mode = "k" }) -- Error → its fields
Error.__index = function(e, name) return genuine[e][name] end
Error.__newindex = function() error("an error cannot be changed", 2) end

local function make(fields)
  local e = setmetatable({}, Error)
  genuine[e] = fields
  return e
end

-- Lua's own texts begin with `file.lua:line: `; chunk names are relative to the site's lua folder. coroutine.wrap adds
-- its caller's, so the last one is where it happened.
local function place(text)
  local file, line
  for _ = 1, 4 do -- a text can be nothing but positions, a million of them
    local chunk, number, rest = match(text, "^([^\n:]+%.lua):(%d+): (.*)$")
    if not chunk then break end
    file, line, text = "lua/" .. chunk, tonumber(number), rest
  end
  return text, file, line
end

-- Where user code stands, from a level of its caller's stack on.
local function user_code(first)
  for level = first + 1, 40 do
    local info = getinfo(level, "Sl")
    if not info then return nil end
    if info.what ~= "C" and find(info.source, "^@.*%.lua$") then return "lua/" .. sub(info.source, 2), info.currentline end
  end
end

--- An Error that is told and not raised.
function errors.make(code, message, file, line)
  return make({ code = code, message = message, file = file, line = line })
end

--- Raises an error of the catalogue. `message` says what is wrong in terms of the user's own names.
function errors.raise(code, message)
  error(make({ code = code, message = message }), 0)
end

--- Like `raise`, with the place in user code that called the function that raises.
function errors.raise_at_caller(code, message)
  local file, line = user_code(2)
  error(make({ code = code, message = message, file = file, line = line }), 0)
end

--- Raises what the host has said instead of an answer: `CODE: message`, or nothing when there was no room for it.
function errors.refuse(message)
  local code, text = match(message or "LIMIT_MEMORY: not enough memory", "^([A-Z_]+): (.*)$")
  errors.raise(code or "INTERNAL", text or message)
end

--- The same error under another code or with another message.
function errors.with(e, code, message)
  local fields = genuine[e]
  return make({ code = code or fields.code, message = message or fields.message, file = fields.file, line = fields.line, stack = fields.stack })
end

--- Raises an Error that was caught; `where` says what was being done.
function errors.raise_again(e, where)
  error(where and errors.with(e, nil, where .. ": " .. genuine[e].message) or e, 0)
end

--- Is this value an Error?
function errors.is_error(value) return type(value) == "table" and genuine[value] ~= nil end

--- A limit may be hit in code of Moonpool's own, which says nothing to the author of an app: what it was working on does.
function errors.about(e, file, line)
  local fields = genuine[e]
  if fields.file or not file or sub(fields.code, 1, 6) ~= "LIMIT_" then return e end
  return make({ code = fields.code, message = fields.message, file = file, line = line, stack = fields.stack })
end

--- File and line where a function of the app begins; nil for anything else.
function errors.place_of(f)
  if type(f) ~= "function" then return nil end
  local info = getinfo(f, "S")
  if info.what == "C" or not find(info.source, "^@.*%.lua$") then return nil end
  return "lua/" .. sub(info.source, 2), info.linedefined
end

-- Frames of the runtime and of C say nothing to the author of an app.
local function trim(stack)
  local kept = {}
  for line in gmatch(stack, "[^\n]+") do
    if not find(line, "moonpool/", 1, true) and not find(line, "[C]", 1, true) and line ~= "stack traceback:"
      and not find(line, "(...tail calls...)", 1, true) then
      kept[#kept + 1] = gsub(line, "^%s+", "")
    end
  end
  return kept[1] and concat(kept, "\n") or nil
end

-- Whatever user code raised, as text: a table may have a message, and its __tostring may fail.
local function describe(raised)
  if type(raised) == "string" then return raised end
  if type(raised) == "table" then
    local message = rawget(raised, "message")
    if type(message) == "string" then return message end
  end
  local ok, text = pcall(tostring, raised)
  if ok or (type(text) == "string" and find(text, "LIMIT_TIME: ", 1, true)) then return text end
  return "an error value of type " .. type(raised)
end

-- More than this of a message nobody reads, and a page is sent it.
local LONGEST <const> = 10000

--- Makes an Error of anything that was raised. `code` is used when the error does not say itself what it is.
local function from(raised, code, stack)
  if type(raised) == "table" and genuine[raised] then return raised end
  local text = describe(raised)
  -- coroutine.wrap puts its caller's position in front of both.
  local _, limit = find(text, "LIMIT_TIME: ", 1, true)
  if limit then
    code, text = "LIMIT_TIME", sub(text, limit + 1)
  elseif sub(text, -17) == "not enough memory" then
    code = "LIMIT_MEMORY"
  end
  text = gsub(text, "^moonpool/[%w_]+:%d+: ", "")
  if #text > LONGEST then text = sub(text, 1, LONGEST) .. "…" end
  local message, file, line = place(text)
  return make({ code = code, message = message, file = file, line = line, stack = stack and trim(stack) })
end
errors.from = from

-- Some functions of the library do not say where they were called: coroutine.yield, the comparisons of table.sort.
local function with_place(raised)
  local raiser = getinfo(3, "Sf")
  if type(raised) ~= "string" or not raiser or raiser.what ~= "C" or raiser.func == error or find(raised, "^[^\n]-:%d+: ") then
    return raised
  end
  local file, line = user_code(3)
  return file and format("%s:%d: %s", sub(file, 5), line, raised) or raised
end

--- A message handler for xpcall: an Error with the stack of the place that raised it.
function errors.handler(raised)
  return from(with_place(raised), "LUA_ERROR", traceback("", 2))
end
local handler = errors.handler

--- Calls `f(...)`. Returns true and its first result, or false and an Error.
function errors.guard(f, ...)
  local ok, result = xpcall(f, handler, ...)
  if not ok then result = from(result, "LUA_ERROR") end
  return ok, result
end

--- Raises the normal Lua error for a bad argument, at the caller of the API function. `position` counts self as 1.
function errors.argument(position, name, expected, value)
  error(format("bad argument #%d to '%s' (%s expected, got %s)", position, name, expected, type(value)), 3)
end

--- An Error as JSON fields without braces. Only a development page is told file, line and stack.
function errors.encode(e, development)
  local text = '"code":"' .. e.code .. '","message":' .. json.encode_string(e.message)
  if development then
    if e.file then text = text .. ',"file":' .. json.encode_string(e.file) .. (e.line and ',"line":' .. e.line or "") end
    if e.stack then text = text .. ',"stack":' .. json.encode_string(e.stack) end
  end
  return text
end

local logged = {} -- what this event has logged already: a fault in a row's viewdef would be said for every row

--- Begins a new event: what it logs is not yet said.
function errors.begin()
  if next(logged) then logged = {} end
end

--- Writes an Error to the host's log, once per event. `where` says what was being done ("timer", "Contact.DEFAULT name()").
function errors.log(e, where)
  local key = where .. tostring(e)
  if logged[key] then return end
  logged[key] = true
  M.host("log", "error\n" .. where .. ": " .. tostring(e) .. "\n{" .. errors.encode(e, true) .. "}")
end

return errors
