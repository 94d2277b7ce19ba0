-- JSON for the wire and for apps. Written for short texts and for speed: one pass, no intermediate tables.
local json = {}

local byte, find, format, gsub, match, sub = string.byte, string.find, string.format, string.gsub, string.match, string.sub
local concat, tointeger, mathtype, floor = table.concat, math.tointeger, math.type, math.floor
local char, error, next, pairs, rawlen, tonumber, tostring, type = utf8.char, error, next, pairs, rawlen, tonumber, tostring, type
local pcall = pcall

local MAX_DEPTH <const> = 100
local MOST_VALUES <const> = 1000000
local WHOLE <const> = 2 ^ 53 -- above this a float may stand for several whole numbers

local escapes = setmetatable({
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}, {
  __index = function(cache, c)
    local escaped = format("\\u%04x", byte(c))
    cache[c] = escaped
    return escaped
  end,
})

--- A Lua string as a JSON string. Bytes that are not UTF-8 are left to the decoder at the other end.
local function encode_string(s)
  if find(s, '[%c"\\]') then s = gsub(s, '[%c"\\]', escapes) end
  return '"' .. s .. '"'
end
json.encode_string = encode_string

--- A number as JSON: whole ones without a fraction (3, never 3.0). Nil for NaN and the infinities.
local function encode_number(n)
  if mathtype(n) == "integer" then return format("%d", n) end
  if n ~= n or n == 1 / 0 or n == -1 / 0 then return nil end
  if n == floor(n) and n < WHOLE and n > -WHOLE then return format("%d", n) end
  local short = format("%.14g", n)
  if tonumber(short) == n then return short end
  return format("%.17g", n)
end
json.encode_number = encode_number

-- An array has only positive whole keys; its length is the largest of them (holes become null).
local function array_length(t)
  local largest = 0
  for key in pairs(t) do
    if mathtype(key) ~= "integer" or key < 1 then return nil end
    if key > largest then largest = key end
  end
  if largest > 2 * rawlen(t) + 1000 then return nil end -- a few keys far apart are no array
  return largest
end

local left = 0 -- so many values more may be encoded: a table that is in itself many times can stand for any number

local function encode(value, depth)
  left = left - 1
  if left < 0 then error("cannot encode more than a million values as JSON", 0) end
  local kind = type(value)
  if kind == "string" then return encode_string(value) end
  if kind == "number" then
    return encode_number(value) or error("cannot encode " .. tostring(value) .. " as JSON", 0)
  end
  if kind == "boolean" then return value and "true" or "false" end
  if kind ~= "table" then return "null" end
  if depth > MAX_DEPTH then error("cannot encode a table that contains itself as JSON", 0) end
  if next(value) == nil then return "{}" end
  local parts, n = {}, array_length(value)
  if n then
    for i = 1, n do parts[i] = encode(value[i], depth + 1) end
    return "[" .. concat(parts, ",") .. "]"
  end
  for key, field in pairs(value) do
    if type(key) == "string" and byte(key) ~= 95 and type(field) ~= "function" then
      parts[#parts + 1] = encode_string(key) .. ":" .. encode(field, depth + 1)
    end
  end
  return "{" .. concat(parts, ",") .. "}"
end

--- A Lua value as JSON text, or nil and a message. Functions are left out, and so are keys that begin with "_".
function json.encode(value)
  left = MOST_VALUES
  local ok, text = pcall(encode, value, 0)
  if ok then return text end
  return nil, text
end

local simple = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function fail(what, at) error(format("JSON: %s at character %d", what, at), 0) end

local function decode_escaped(text, from)
  local parts, at = {}, from
  while true do
    local stop = find(text, '["\\]', at)
    if not stop then fail("unfinished string", from) end
    parts[#parts + 1] = sub(text, at, stop - 1)
    if byte(text, stop) == 34 then return concat(parts), stop + 1 end
    local c = sub(text, stop + 1, stop + 1)
    if c == "u" then
      local hex = match(text, "^%x%x%x%x", stop + 2)
      if not hex then fail("bad \\u escape", stop) end
      local code = tonumber(hex, 16)
      at = stop + 6
      if code >= 0xD800 and code < 0xDC00 then
        local low = match(text, "^\\u([dD][c-fC-F]%x%x)", at)
        if low then
          code = 0x10000 + (code - 0xD800) * 0x400 + (tonumber(low, 16) - 0xDC00)
          at = at + 6
        end
      end
      parts[#parts + 1] = (code >= 0xD800 and code < 0xE000) and "\u{FFFD}" or char(code)
    else
      parts[#parts + 1] = simple[c] or fail("bad escape", stop)
      at = stop + 2
    end
  end
end

local decode_value

local function decode_string(text, at)
  local stop = find(text, '["\\]', at + 1)
  if not stop then fail("unfinished string", at) end
  if byte(text, stop) == 34 then return sub(text, at + 1, stop - 1), stop + 1 end
  return decode_escaped(text, at + 1)
end

local function decode_array(text, at, depth)
  local array, n = {}, 0
  at = find(text, "%S", at + 1)
  if at and byte(text, at) == 93 then return array, at + 1 end
  while true do
    n = n + 1
    array[n], at = decode_value(text, at or #text + 1, depth)
    at = find(text, "%S", at)
    local c = at and byte(text, at)
    if c == 93 then return array, at + 1 end
    if c ~= 44 then fail("expected , or ]", at or #text + 1) end
    at = at + 1
  end
end

local function decode_object(text, at, depth)
  local object, key = {}, nil
  at = find(text, "%S", at + 1)
  if at and byte(text, at) == 125 then return object, at + 1 end
  while true do
    if not at or byte(text, at) ~= 34 then fail("expected a key", at or #text + 1) end
    key, at = decode_string(text, at)
    at = find(text, "%S", at)
    if not at or byte(text, at) ~= 58 then fail("expected :", at or #text + 1) end
    object[key], at = decode_value(text, at + 1, depth)
    at = find(text, "%S", at)
    local c = at and byte(text, at)
    if c == 125 then return object, at + 1 end
    if c ~= 44 then fail("expected , or }", at or #text + 1) end
    at = find(text, "%S", at + 1)
  end
end

function decode_value(text, from, depth)
  local at = find(text, "%S", from)
  local c = at and byte(text, at)
  if c == 34 then return decode_string(text, at) end
  if c == 123 or c == 91 then
    if depth >= MAX_DEPTH then fail("too many levels", at) end
    return (c == 123 and decode_object or decode_array)(text, at, depth + 1)
  end
  if c == 116 and sub(text, at, at + 3) == "true" then return true, at + 4 end
  if c == 102 and sub(text, at, at + 4) == "false" then return false, at + 5 end
  if c == 110 and sub(text, at, at + 3) == "null" then return nil, at + 4 end
  local digits = at and match(text, "^-?%d+%.?%d*[eE]?[-+]?%d*", at)
  local number = digits and tonumber(digits)
  if not number then fail("expected a value", at or #text + 1) end
  return tointeger(number) or number, at + #digits
end

--- JSON text as a Lua value (null is nil, whole numbers are integers), or nil and a message.
function json.decode(text)
  if type(text) ~= "string" then return nil, "JSON: a string is expected, got " .. type(text) end
  if text == "null" then return nil end -- what every click sends
  local ok, value, at = pcall(decode_value, text, 1, 0)
  if not ok then return nil, value end
  at = find(text, "%S", at)
  if at then return nil, format("JSON: unexpected text at character %d", at) end
  return value
end

return json
