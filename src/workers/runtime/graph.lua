-- The text of a portable state (see export.lua), read and looked at: it may have been written by anybody.
local M = ...
local graph = {}

local errors, json, serializers = M.errors, M.json, M.serializers
local char, find, format, gsub, match = string.char, string.find, string.format, string.gsub, string.match
local ipairs, mathtype, next, tointeger, tonumber, type = ipairs, math.type, next, math.tointeger, tonumber, type
local infinity = 1 / 0

local function invalid(what) errors.raise("STATE_INVALID", "The state is not valid: " .. what .. ".") end

local function check(condition, what)
  if not condition then invalid(what) end
end

local function check_list(list, what)
  check(type(list) == "table", what .. " is no list")
  local count = 0
  for key in next, list do
    check(mathtype(key) == "integer" and key > 0, what .. " is no list")
    count = count + 1
  end
  -- JSON's null is nothing in Lua.
  check(count == #list, what .. " has holes")
end

local function check_strings(list, what)
  check_list(list, what)
  for _, s in ipairs(list) do check(type(s) == "string", what .. " has something else than texts in it") end
end

local floats = { nan = 0 / 0, inf = infinity, ["-inf"] = -infinity }

-- How each kind of value that is no plain one is read: returns the value, or nil when it is not valid.
local readers = {}
graph.readers = readers
function readers.bytes(hex)
  if type(hex) ~= "string" or #hex % 2 == 1 or find(hex, "%X") then return nil end
  return (gsub(hex, "%x%x", function(pair) return char(tonumber(pair, 16)) end))
end
function readers.integer(s)
  return type(s) == "string" and match(s, "^-?%d+$") and tointeger(tonumber(s)) or nil
end
function readers.float(s)
  if type(s) ~= "string" then return nil end
  if floats[s] then return floats[s] end
  local n = match(s, "^-?%d[%d%.e%+%-]*$") and tonumber(s)
  return n and n * 1.0
end
function readers.left(what) return type(what) == "string" and what or nil end
function readers.name(name)
  if type(name) ~= "table" then return nil end
  local n = #name
  for i = 1, n do
    if type(name[i]) ~= "string" then return nil end
  end
  return (n == 2 or n == 3) and name or nil
end
function readers.error(e)
  if type(e) ~= "table" or type(e.code) ~= "string" or not find(e.code, "^[A-Z_]+$") or type(e.message) ~= "string" then return nil end
  local file = type(e.file) == "string" and e.file or nil
  return errors.make(e.code, e.message, file, file and mathtype(e.line) == "integer" and e.line or nil)
end

-- Exactly one of these, and nothing else.
local function kind_of(value)
  local kind, content = next(value)
  if kind == nil or next(value, kind) ~= nil then return nil end
  return kind, content
end

-- `children` gets the numbers of the objects that a value leads to.
local function check_value(value, count, children, what)
  if type(value) ~= "table" then
    check(value ~= nil, what .. " has no value")
    return
  end
  local kind, content = kind_of(value)
  if kind == "object" then
    check(mathtype(content) == "integer" and content >= 1 and content <= count, what .. " leads to an object that is not there")
    children[#children + 1] = content
  else
    check(kind and readers[kind] and readers[kind](content) ~= nil, what .. " is no value")
  end
end

local function check_object(object, count, what)
  check(type(object) == "table", what .. " is no object")
  local children = {}
  for _, name in ipairs({ "prototype", "serializer" }) do
    check(object[name] == nil or type(object[name]) == "string", what .. " has a " .. name .. " that is no name")
  end
  check(object.serializer == nil or object.state ~= nil, what .. " has a serializer and no state")
  if object.array ~= nil then
    check_list(object.array, "the array of " .. what)
    for _, value in ipairs(object.array) do check_value(value, count, children, what) end
  end
  if object.fields ~= nil then
    check(type(object.fields) == "table", "the fields of " .. what .. " are none")
    for _, name in ipairs(serializers.sorted_names(object.fields)) do check_value(object.fields[name], count, children, what) end
    for name in next, object.fields do check(type(name) == "string", "the fields of " .. what .. " have no names") end
  end
  if object.entries ~= nil then
    check_list(object.entries, "the entries of " .. what)
    for _, entry in ipairs(object.entries) do
      check_list(entry, "an entry of " .. what)
      check(#entry == 2, "an entry of " .. what .. " is no pair")
      check_value(entry[1], count, children, what)
      check_value(entry[2], count, children, what)
    end
  end
  for _, name in ipairs({ "state", "version", "metatable" }) do
    if object[name] ~= nil then check_value(object[name], count, children, what) end
  end
  if object.place ~= nil then
    check(type(object.place) == "table" and kind_of(object.place) == "name", what .. " has a place without a name")
    check_value(object.place, count, children, what)
  end
  return children
end

--- Reads the text of a portable state and looks at all of it. Returns it as it was decoded, with `children` (object number →
--- list of the objects that it leads to) and `shapes` (prototype name → its entry, with the set `declared` of its fields).
--- Raises an Error STATE_INVALID or STATE_VERSION.
function graph.read(text)
  local state, message = json.decode(text)
  check(type(state) == "table", message or "it is no JSON object")
  check(mathtype(state.format) == "integer", "it has no format")
  if state.format ~= M.export.FORMAT then
    errors.raise("STATE_VERSION", format("The state has format %d, and this version of Moonpool reads format %d.", state.format, M.export.FORMAT))
  end
  for _, name in ipairs({ "kept", "modules", "gone", "prototypes", "objects", "left" }) do check_list(state[name], "`" .. name .. "`") end
  check_strings(state.modules, "`modules`")
  check_strings(state.gone, "`gone`")
  check(state.namespace == nil or type(state.namespace) == "string", "`namespace` is no text")
  local count, children = #state.objects, {}
  for n, object in ipairs(state.objects) do children[n] = check_object(object, count, "object " .. n) end
  if state.app ~= nil then
    check(type(state.app) == "table" and kind_of(state.app) == "object", "`app` is no object")
    check_value(state.app, count, {}, "`app`")
  end
  for _, pair in ipairs(state.kept) do
    check_list(pair, "an entry of `kept`")
    check(#pair <= 2 and type(pair[1]) == "string", "an entry of `kept` is no name with a value")
    if #pair == 2 then check_value(pair[2], count, {}, "`kept`") end -- else it is nil
  end
  local shapes = {}
  for _, shape in ipairs(state.prototypes) do
    check(type(shape) == "table" and type(shape.name) == "string", "a prototype has no name")
    check_strings(shape.fields, "the fields of prototype " .. shape.name)
    check(shape.base == nil or type(shape.base) == "string", "the base of prototype " .. shape.name .. " is no name")
    if shape.version ~= nil then check_value(shape.version, count, {}, "the version of prototype " .. shape.name) end
    shape.declared = {}
    for _, field in ipairs(shape.fields) do shape.declared[field] = true end
    shapes[shape.name] = shape
  end
  for _, thing in ipairs(state.left) do
    check(type(thing) == "table" and type(thing.path) == "string" and type(thing.what) == "string", "`left` has something else in it")
  end
  state.children, state.shapes = children, shapes
  return state
end

return graph
