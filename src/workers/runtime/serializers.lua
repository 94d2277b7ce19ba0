-- What an app says about its portable state: values to be kept besides the app object, and how objects of a type are saved;
-- and under which names the code's own tables and functions are found again in another session.
local M = ...
local serializers = {}

local _G = _G
local errors, modules, prototype = M.errors, M.modules, M.prototype
local session = M.session.session
local getmetatable = M.raw.debug.getmetatable
local ipairs, next, rawget, type = ipairs, next, rawget, type
local len, sort = utf8.len, table.sort

local kept = {} -- name → { get, set }
local by_type = {} -- type name → { name, version, save, load }
serializers.kept, serializers.by_type = kept, by_type

--- `get()` gives a value that is part of the session's portable state, `set(value)` takes it back.
function session:keep(name, get, set)
  if type(name) ~= "string" or not len(name) then errors.argument(2, "keep", "string", name) end
  if type(get) ~= "function" then errors.argument(3, "keep", "function", get) end
  if type(set) ~= "function" then errors.argument(4, "keep", "function", set) end
  kept[name] = { get = get, set = set }
end

--- Objects of a type (its name, or a prototype) are saved as what `serializer.save(object)` gives, and are made again by
--- `serializer.load(saved, version)`; `version` is the `serializer.version` with which they were saved. Nil: not any more.
function session:registerSerializer(kind, serializer)
  local name = type(kind) == "table" and rawget(kind, "type") or kind
  if type(name) ~= "string" or not len(name) then errors.argument(2, "registerSerializer", "type name or prototype", kind) end
  if serializer == nil then
    by_type[name] = nil
    return
  end
  if type(serializer) ~= "table" then errors.argument(3, "registerSerializer", "table", serializer) end
  local version, save, load = serializer.version, serializer.save, serializer.load
  if type(save) ~= "function" or type(load) ~= "function" then
    errors.argument(3, "registerSerializer", "table with functions `save` and `load`", serializer)
  end
  by_type[name] = { name = name, version = version, save = save, load = load }
end

--- The serializer of an object, by its own `type` or that of its prototype.
function serializers.of(object)
  if not next(by_type) then return nil end
  local meta = getmetatable(object)
  local name = rawget(object, "type") or (type(meta) == "table" and rawget(meta, "type")) or nil
  return by_type[name or false]
end

local function sorted_names(t)
  local names = {}
  for name in next, t do
    if type(name) == "string" and len(name) then names[#names + 1] = name end
  end
  sort(names)
  return names
end
serializers.sorted_names = sorted_names

-- Files may have several names; one is enough.
local function each_module(visit)
  for _, key in ipairs(sorted_names(modules.records)) do
    local name = sorted_names(modules.records[key].names)[1]
    if name then visit(name, modules.loaded[key]) end
  end
end

--- The names of the files that have run, but for main.lua.
function serializers.module_names()
  local names = {}
  each_module(function(name)
    if name ~= "main" then names[#names + 1] = name end
  end)
  return names
end

--- Two tables: what is only referred to by its name (libraries, prototypes, functions of these, of modules and of global
--- tables), and what can be found by its name and has content of its own (tables that are modules or globals). Both: value →
--- { "prototype" | "module" | "global", name, field }.
function serializers.names()
  local references, places = {}, {}
  local function fields(kind, name, t)
    for _, field in ipairs(sorted_names(t)) do
      local value = rawget(t, field)
      if type(value) == "function" and not references[value] then references[value] = { kind, name, field } end
    end
  end
  local function add(kind, name, value)
    if type(value) == "function" then
      references[value] = references[value] or { kind, name }
    elseif type(value) == "table" and not references[value] and not places[value] then
      local is_code = rawget(value, "__index") ~= nil or M.walk.is_born(value)
      local list = is_code and references or places
      list[value] = { kind, name }
      -- What an object has in its fields is rather its own than the code's.
      if is_code or getmetatable(value) == nil then fields(kind, name, value) end
    end
  end
  local prototypes = prototype.all()
  for _, name in ipairs(sorted_names(prototypes)) do add("prototype", name, prototypes[name]) end
  each_module(function(name, value) add("module", name, value) end)
  add("global", "_G", _G)
  for _, name in ipairs(sorted_names(_G)) do add("global", name, rawget(_G, name)) end
  return references, places
end

--- What is found under such a name now, or nil.
function serializers.find(kind, name, field)
  local value
  if kind == "prototype" then
    value = prototype.find(name)
  elseif kind == "module" then
    value = modules.loaded[name]
  elseif kind == "global" then
    value = rawget(_G, name)
  end
  if field == nil or type(value) ~= "table" then return field == nil and value or nil end
  return rawget(value, field)
end

return serializers
