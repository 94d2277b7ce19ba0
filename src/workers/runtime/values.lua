-- Values as the page gets them: primitives as they are, arrays by content, objects as references.
local M = ...
local values = {}

local json, limits, raise = M.json, M.limits, M.errors.raise
local encode_number, encode_string = json.encode_number, json.encode_string
local byte, concat, format = string.byte, table.concat, string.format
local mathtype, next, rawget, setmetatable, type = math.type, next, rawget, setmetatable, type
local getmetatable = M.raw.debug.getmetatable
local length = M.tables.length

local MAX_DEPTH <const> = 32
local MOST <const> = 2 ^ 31 -- elements

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

-- The length of a table that is shown by its content: it has no type and no keys but whole numbers and names with a
-- leading "_". The largest number counts: with holes, # may be one thing now and another later. Nil for other tables.
local function array_length(t)
  if t.type ~= nil then return nil end
  local largest, count = 0, 0
  for key in next, t do
    if mathtype(key) == "integer" and key > 0 then
      count = count + 1
      if key > largest then largest = key end
    elseif not (type(key) == "string" and byte(key) == 95) then
      return nil
    end
  end
  if largest > 2 * count + 100 then return nil end -- a few numbers far apart are keys, not places
  return largest
end

--- Is this table shown by its content?
function values.is_array(t) return array_length(t) ~= nil end

--- How many rows a list shows of this: up to the first nil, as ipairs (# may stop at any hole, now here and later there).
--- Raises LIST_EXPECTED for what is no array; `what` names the list.
function values.list_length(value, what)
  local kind = type(value)
  if kind ~= "table" then raise("LIST_EXPECTED", what .. " shows an array, and this is a " .. kind .. ".") end
  local n, most = length(value), limits.variables
  if n < 0 then
    n = 0
    while n <= most and value[n + 1] ~= nil do n = n + 1 end
  end
  if n > most then raise("LIMIT_VARIABLES", what .. " shows an array of more than " .. format("%d", most) .. " elements.") end
  if (n == 0 or value.type ~= nil) and not array_length(value) then
    raise("LIST_EXPECTED", what .. " shows an array, and this is an object.")
  end
  return n
end

--- The same for a list that shows a part of its array, without a walk: at a hole it may end. A table with `__len` is an
--- array of what that says, whatever else it is.
function values.list_size(value, what)
  local kind = type(value)
  if kind ~= "table" then raise("LIST_EXPECTED", what .. " shows an array, and this is a " .. kind .. ".") end
  local n = #value
  if mathtype(n) ~= "integer" or n < 0 or n > MOST then
    raise("LIST_EXPECTED", what .. " shows an array, and # of this is no number of elements.")
  end
  if n > 0 and value.type == nil then return n end
  local meta = getmetatable(value)
  if not (type(meta) == "table" and rawget(meta, "__len")) and not array_length(value) then
    raise("LIST_EXPECTED", what .. " shows an array, and this is an object.")
  end
  return n
end

local encode
local left = 0 -- so many values more may be encoded

local function encode_array(t, n, depth, text)
  if depth > MAX_DEPTH then raise("VALUE_CYCLE", "Path '" .. text .. "': the array contains itself.") end
  left = left - n
  if left < 0 then raise("VALUE_NOT_ENCODABLE", "Path '" .. text .. "' yields an array of more than " .. format("%d", limits.values) .. " values.") end
  local parts = {}
  for i = 1, n do parts[i] = encode(t[i], depth + 1, text) end
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
    local n = array_length(value)
    if n then return encode_array(value, n, depth, text) end
    return reference(value)
  end
  if kind == "function" then
    local hint = byte(text, -1) ~= 41 and "; write '" .. text .. "()' to call it." or "."
    raise("VALUE_FUNCTION", "Path '" .. text .. "' yields a function" .. hint)
  end
  return raise("VALUE_NOT_ENCODABLE", "Path '" .. text .. "' yields a " .. kind .. ".")
end

--- The JSON of a raw value and what to keep of it. Both nil when `kept` (of the last time) says that nothing changed.
--- `text` is the path, for errors. What is kept of a table is its JSON behind a NUL, never the table: comparing two tables
--- could call the app's `__eq`.
function values.encode(value, kept, text)
  left = limits.values
  local content = encode(value, 0, text)
  if type(value) ~= "table" then return content, value end
  local keep = "\0" .. content
  if kept == keep then return nil, nil end
  return content, keep
end

--- What to keep of a value that the client has just written, so that it is not sent back.
function values.written(value, text)
  local _, kept = values.encode(value, nil, text)
  return kept
end

return values
