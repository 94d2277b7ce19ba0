-- The portable state: everything that can be reached from the app object and from what `session:keep` declares, as one JSON
-- text that knows nothing of this VM (docs/portable-state.md). Objects are numbered in the order in which they are met, fields
-- are sorted: the same state is the same text. Nothing is called but what the app declares for it.
local M = ...
local export = {}

local errors, json, prototype, rebuild, serializers, session, wrappers =
  M.errors, M.json, M.prototype, M.rebuild, M.serializers, M.session, M.wrappers
local encode_string, encode_number = json.encode_string, json.encode_number
local getmetatable = M.raw.debug.getmetatable
local concat, floor, format, gsub, byte, len, match, sort, sub =
  table.concat, math.floor, string.format, string.gsub, string.byte, utf8.len, string.match, table.sort, string.sub
local ipairs, mathtype, next, rawequal, rawget, tostring, type = ipairs, math.type, next, rawequal, rawget, tostring, type

export.FORMAT = 1
-- Every JSON reader has these exactly.
local LARGEST <const> = 2 ^ 53
-- So many things that are left behind are named; of the others there is the number.
local MOST_LEFT <const> = 100

local function whole_float(n)
  if n ~= n then return "nan" end
  if n == 1 / 0 then return "inf" end
  if n == -1 / 0 then return "-inf" end
  if n == 0 then return 1 / n < 0 and "-0.0" or "0.0" end
  return format("%.17g", n)
end

local function number(n)
  if mathtype(n) == "integer" then
    if n <= LARGEST and n >= -LARGEST then return format("%d", n) end
    return format('{"integer":"%d"}', n)
  end
  if n ~= n or n == floor(n) then return '{"float":"' .. whole_float(n) .. '"}' end
  return encode_number(n)
end

local function text(s)
  if len(s) then return encode_string(s) end
  return '{"bytes":"' .. gsub(s, ".", function(c) return format("%02x", byte(c)) end) .. '"}'
end

local function name_text(name)
  local parts = {}
  for i, part in ipairs(name) do parts[i] = encode_string(part) end
  return '{"name":[' .. concat(parts, ",") .. "]}"
end

-- The walk that is going on: `numbers` object → number, `objects` number → object, `holders` number → the number of the object
-- by which it was found (0: none), `keys` number → under which key.
local numbers, objects, holders, keys, last, references, places, left, left_count, shapes

-- How an app would write where a thing is.
local function path_of(object, key)
  local parts = {}
  local n = object and numbers[object] or 0
  while n > 0 do
    local kind = type(key)
    if kind == "string" and match(key, "^[%a_][%w_]*$") then
      parts[#parts + 1] = "." .. key
    elseif kind == "string" then
      parts[#parts + 1] = len(key) and '["' .. key .. '"]' or "[a string of bytes]"
    elseif kind == "number" or kind == "boolean" then
      parts[#parts + 1] = "[" .. tostring(key) .. "]"
    else
      parts[#parts + 1] = "[a " .. kind .. "]"
    end
    n, key = holders[n], keys[n]
  end
  parts[#parts + 1] = key
  local path = ""
  for i = #parts, 1, -1 do path = path .. parts[i] end
  return path
end

local function leave(what, object, key)
  left_count = left_count + 1
  if left_count <= MOST_LEFT then
    left[left_count] = '{"path":' .. encode_string(path_of(object, key)) .. ',"what":"' .. what .. '"}'
  end
  return '{"left":"' .. what .. '"}'
end

local function number_of(t, object, key)
  local n = numbers[t]
  if not n then
    last = last + 1
    n = last
    numbers[t], objects[n] = n, t
    holders[n], keys[n] = object and numbers[object] or 0, key
  end
  return format('{"object":%d}', n)
end

local function is_of_a_page(t)
  local meta = getmetatable(t)
  return meta ~= nil and (rawequal(meta, wrappers.library.ViewList) or rawequal(meta, wrappers.library.ViewListItem))
end

-- The JSON of a value that is held by `object` under `key`.
local function encode(value, object, key)
  local kind = type(value)
  if kind == "string" then return text(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "table" then
    if errors.is_error(value) then return '{"error":{' .. errors.encode(value, true) .. "}}" end
    if references[value] then return name_text(references[value]) end
    if is_of_a_page(value) then return leave("list of a page", object, key) end
    return number_of(value, object, key)
  end
  if kind == "function" and references[value] then return name_text(references[value]) end
  return leave(kind, object, key)
end

local ranks = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local x, y = ranks[type(a)] or 4, ranks[type(b)] or 4
  if x ~= y then return x < y end
  if x <= 2 then return a < b end
  if x == 3 then return not a and b end
  return (numbers[a] or LARGEST) < (numbers[b] or LARGEST)
end

-- How many of a table's values stand at 1, 2, 3, … without a hole.
local function sequence(t)
  local n = 0
  while rawget(t, n + 1) ~= nil do n = n + 1 end
  return n
end

-- Other JSON readers do something of their own with such names.
local function is_plain_name(key) return type(key) == "string" and sub(key, 1, 2) ~= "__" and len(key) end

-- The content of a table: `array`, `fields` with plain names, `entries` for all other keys; appended to `parts`.
local function content(t, parts)
  local n = sequence(t)
  local names, others = {}, {}
  for key in next, t do
    if is_plain_name(key) then
      names[#names + 1] = key
    elseif mathtype(key) ~= "integer" or key < 1 or key > n then
      others[#others + 1] = key
    end
  end
  if n > 0 then
    local values = {}
    for i = 1, n do values[i] = encode(rawget(t, i), t, i) end
    parts[#parts + 1] = '"array":[' .. concat(values, ",") .. "]"
  end
  if names[1] then
    sort(names)
    local fields = {}
    for i, name in ipairs(names) do fields[i] = encode_string(name) .. ":" .. encode(rawget(t, name), t, name) end
    parts[#parts + 1] = '"fields":{' .. concat(fields, ",") .. "}"
  end
  if #others > 0 then -- the first one may be false
    sort(others, before)
    local entries = {}
    for i, key in ipairs(others) do entries[i] = "[" .. encode(key, t, key) .. "," .. encode(rawget(t, key), t, key) .. "]" end
    parts[#parts + 1] = '"entries":[' .. concat(entries, ",") .. "]"
  end
end

-- What kind of object a table is; appended to `parts`. Returns true when its content is said by that.
local function nature(t, parts)
  local place = places[t]
  if place then parts[#parts + 1] = '"place":' .. name_text(place) end
  local serializer = serializers.of(t)
  if serializer then
    local ok, saved = errors.guard(serializer.save, t)
    if not ok then errors.raise_again(saved, "save of " .. serializer.name) end
    if saved == nil then errors.raise("RELOAD_STATE", "save of " .. serializer.name .. " returned nil.") end
    parts[#parts + 1] = '"serializer":' .. encode_string(serializer.name)
    if serializer.version ~= nil then parts[#parts + 1] = '"version":' .. encode(serializer.version, t, "version") end
    parts[#parts + 1] = '"state":' .. encode(saved, t, "state")
    return true
  end
  local meta = getmetatable(t)
  if meta == nil then return false end
  local name = type(meta) == "table" and prototype.name_of(meta)
  if not name or not len(name) then
    parts[#parts + 1] = '"metatable":' .. (places[meta] and name_text(places[meta]) or encode(meta, t, "metatable"))
    return false
  end
  shapes[name] = meta
  parts[#parts + 1] = '"prototype":' .. encode_string(name)
  if not rebuild.is_rebuildable(meta) then return false end
  parts[#parts + 1] = '"state":' .. encode(rebuild.state_of(name, t), t, "state")
  return true
end

local function object_text(t)
  local parts = {}
  if not nature(t, parts) then content(t, parts) end
  return "{" .. concat(parts, ",") .. "}"
end

local function shape_text(name)
  local fields, base = prototype.shape(name)
  local version = shapes[name].stateVersion
  local names = {}
  for _, field in ipairs(fields) do
    if len(field) then names[#names + 1] = encode_string(field) end
  end
  return '{"name":' .. encode_string(name) .. ',"fields":[' .. concat(names, ",") .. "]"
    .. (base and len(base) and ',"base":' .. encode_string(base) or "")
    .. (version ~= nil and ',"version":' .. encode(version, nil, "stateVersion of " .. name) or "") .. "}"
end

local function strings(list)
  local texts = {}
  for i, s in ipairs(list) do texts[i] = encode_string(s) end
  return "[" .. concat(texts, ",") .. "]"
end

-- What main.lua has given the app object, and the app has taken away since: else it would be there again.
local function gone()
  local names = {}
  for _, name in ipairs(session.app_names or names) do
    if type(session.app) == "table" and rawget(session.app, name) == nil then names[#names + 1] = name end
  end
  return names
end

local function run()
  local app = session.app and encode(session.app, nil, "app") or "null"
  local kept = {}
  for _, name in ipairs(serializers.sorted_names(serializers.kept)) do
    local ok, value = errors.guard(serializers.kept[name].get)
    if not ok then errors.raise_again(value, "keep " .. name) end
    kept[#kept + 1] = "[" .. encode_string(name) .. (value ~= nil and "," .. encode(value, nil, "keep " .. name) or "") .. "]"
  end
  local texts, done = {}, {}
  local at = 1
  while at <= last do
    texts[at] = object_text(objects[at])
    at = at + 1
    -- The states' versions may be objects, too.
    if at > last then
      for _, name in ipairs(serializers.sorted_names(shapes)) do done[name] = done[name] or shape_text(name) end
    end
  end
  local prototypes = {}
  for _, name in ipairs(serializers.sorted_names(done)) do prototypes[#prototypes + 1] = done[name] end
  return concat({
    '{"format":', format("%d", export.FORMAT), ',"app":', app,
    session.namespace and len(session.namespace) and ',"namespace":' .. encode_string(session.namespace) or "",
    ',"kept":[', concat(kept, ","), '],"modules":', strings(serializers.module_names()), ',"gone":', strings(gone()),
    ',"prototypes":[', concat(prototypes, ","), '],"objects":[', concat(texts, ","), '],"left":[', concat(left, ","),
    '],"leftCount":', format("%d", left_count), "}",
  })
end

--- The portable state of the session, as text. Raises an Error when code of the app does.
function export.run()
  references, places = serializers.names()
  numbers, objects, holders, keys, last, left, left_count, shapes = {}, {}, {}, {}, 0, {}, 0, {}
  local ok, result = errors.guard(run)
  numbers, objects, holders, keys, references, places, left, shapes = nil, nil, nil, nil, nil, nil, nil, nil
  if not ok then errors.raise_again(result) end
  return result
end

--- main.lua has run: notes what it has given the app object.
function export.settle()
  if type(session.app) == "table" then session.app_names = serializers.sorted_names(session.app) end
end

return export
