-- Values as the page gets them: primitives as they are, arrays by content, objects as references.
local M = ...
local values = {}

local json, raise = M.json, M.errors.raise
local encode_number, encode_string = json.encode_number, json.encode_string
local byte, concat, format = string.byte, table.concat, string.format
local getmetatable, mathtype, next, setmetatable, type = getmetatable, math.type, next, setmetatable, type

local MAX_DEPTH <const> = 32

local ids = setmetatable({}, { __mode = "k" }) -- object → n of {"obj":n}; never given twice
local last = 0

local function reference(object)
  local id = ids[object]
  if not id then
    last = last + 1
    id = last
    ids[object] = id
  end
  return format('{"obj":%d}', id)
end

--- Is this table shown by its content? It has no type and no keys but whole numbers and names with a leading "_".
local function is_array(t)
  if t.type ~= nil then return false end
  for key in next, t do
    if mathtype(key) ~= "integer" and not (type(key) == "string" and byte(key) == 95) then return false end
  end
  return true
end
values.is_array = is_array

--- Raises LIST_EXPECTED unless a list can show this. Cheap for what is an array: its keys are looked at only if it is
--- empty or has a type. `what` names the list.
function values.check_array(value, what)
  local kind = type(value)
  if kind ~= "table" then raise("LIST_EXPECTED", what .. " shows an array, and this is a " .. kind .. ".") end
  if (value.type ~= nil or #value == 0) and not is_array(value) then
    raise("LIST_EXPECTED", what .. " shows an array, and this is an object.")
  end
end

local encode

local function encode_array(t, depth, text)
  if depth > MAX_DEPTH then raise("VALUE_CYCLE", "Path '" .. text .. "': the array contains itself.") end
  local parts = {}
  for i = 1, #t do parts[i] = encode(t[i], depth + 1, text) end
  return "[" .. concat(parts, ",") .. "]"
end

function encode(value, depth, text)
  local kind = type(value)
  if kind == "string" then return encode_string(value) end
  if kind == "number" then
    return encode_number(value) or raise("VALUE_NOT_ENCODABLE", "Path '" .. text .. "' yields " .. format("%g", value) .. ", which is no number to show.")
  end
  if kind == "boolean" then return value and "true" or "false" end
  if kind == "nil" then return "null" end
  if kind == "table" then
    if is_array(value) then return encode_array(value, depth, text) end
    return reference(value)
  end
  if kind == "function" then raise("VALUE_FUNCTION", "Path '" .. text .. "' yields a function; write '" .. text .. "()' to call it.") end
  return raise("VALUE_NOT_ENCODABLE", "Path '" .. text .. "' yields a " .. kind .. ".")
end

-- What change detection keeps of a table that is shown by its content, to compare with next time.
local Content = {}

--- The JSON of a raw value and what to keep of it. Both nil when `kept` (of the last time) says that nothing changed.
--- `text` is the path, for errors.
function values.encode(value, kept, text)
  if type(value) ~= "table" or value.type ~= nil then return encode(value, 0, text), value end
  local content = encode(value, 0, text)
  if getmetatable(kept) == Content and kept.json == content then return nil, nil end
  return content, setmetatable({ json = content }, Content)
end

--- What to keep of a value that the client has just written, so that it is not sent back.
function values.written(value, text)
  local _, kept = values.encode(value, nil, text)
  return kept
end

return values
