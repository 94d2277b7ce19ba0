-- Takes a portable state (see export.lua) into a session in which main.lua has run. All of the text is looked at before
-- anything is done; then its objects are made and filled. What main.lua has made in the same place takes in the content and
-- keeps its identity, so that variables of files go on leading there. After an error the memory from before must be put back.
local M = ...
local import = {}

local errors, modules, prototype, readers, rebuild, serializers, session =
  M.errors, M.modules, M.prototype, M.graph.readers, M.rebuild, M.serializers, M.session
local getmetatable, set_any_metatable = M.raw.debug.getmetatable, M.raw.debug.setmetatable
local concat, format = table.concat, string.format
local ipairs, next, rawget, rawset, tostring, type = ipairs, next, rawget, rawset, tostring, type

local NOTHING = {}
local PLAIN = { declared = NOTHING }

-- What is being taken in: `graph` as it was read; `final` object number → object; `paired` number → what main.lua has made in
-- its place; `waiting` number of an object that is being loaded → places where it has to go; `notes`.
local x

local function note(message)
  x.notes[#x.notes + 1] = errors.make("STATE_LEFT", message)
end

local function once(key, message)
  if x.told[key] then return end
  x.told[key] = true
  note(message)
end

-- A value as Lua has it; nil for what is not there. `t` and `key` say where it goes, if it has to wait.
local function value_of(value, t, key)
  if type(value) ~= "table" then return value end
  local kind, content = next(value)
  if kind == "object" then
    local object = x.final[content]
    if object == nil and t then
      local list = x.waiting[content] or {}
      x.waiting[content] = list
      list[#list + 1] = { t = t, key = key }
    end
    return object
  end
  if kind == "left" then return nil end
  if kind ~= "name" then return readers[kind](content) end
  local found = serializers.find(content[1], content[2], content[3])
  if found == nil then once(concat(content, "."), format("There is no %s %s any more.", content[1], concat(content, ".", 2))) end
  return found
end

local function require_modules()
  for _, name in ipairs(x.graph.modules) do
    if modules.loaded[name] == nil then
      local ok, e = errors.guard(modules.require, name)
      if not ok then
        if e.code ~= "REQUIRE_MISSING" and e.code ~= "REQUIRE_NAME" then errors.raise_again(e) end
        note(format("Module %s is not there any more.", name))
      end
    end
  end
end

-- May what main.lua has made stand for an object of the state?
local function is_alike(object, t)
  if object.serializer then return false end
  local meta = getmetatable(t)
  local name = type(meta) == "table" and prototype.name_of(meta) or nil
  return name == object.prototype and not prototype.name_of(t) and not M.walk.is_born(t)
end

-- Finds what of the state is there already: the app, what is kept, what has a name, and what is in fields of these.
local function pair_up()
  local graph, paired, taken, queue = x.graph, x.paired, {}, {}
  local function pair(value, t)
    local kind, n = nil, nil
    if type(value) == "table" then kind, n = next(value) end
    if kind ~= "object" or type(t) ~= "table" or paired[n] or taken[t] or not is_alike(graph.objects[n], t) then return end
    paired[n], taken[t] = t, true
    queue[#queue + 1] = n
  end
  pair(graph.app, session.app)
  for _, entry in ipairs(graph.kept) do
    local keep = serializers.kept[entry[1]]
    if keep and type(entry[2]) == "table" then
      local ok, t = errors.guard(keep.get)
      if not ok then errors.raise_again(t, "keep " .. entry[1]) end
      pair(entry[2], t)
    end
  end
  for n, object in ipairs(graph.objects) do
    if object.place then pair({ object = n }, value_of(object.place)) end
  end
  local at = 1
  while queue[at] do
    local object, t = graph.objects[queue[at]], paired[queue[at]]
    at = at + 1
    if object.fields and not object.state then
      for _, name in ipairs(serializers.sorted_names(object.fields)) do pair(object.fields[name], rawget(t, name)) end
    end
    pair(object.metatable, getmetatable(t))
  end
end

-- Makes all objects but those of serializers.
local function make_all()
  for n, object in ipairs(x.graph.objects) do
    local name = object.prototype
    local proto = name and prototype.find(name)
    if x.paired[n] then
      x.final[n] = x.paired[n]
    elseif proto then
      local is_restored = object.state ~= nil and rebuild.is_rebuildable(proto)
      x.final[n] = is_restored and rebuild.make(name, proto) or prototype.create(proto)
    elseif not object.serializer then
      x.final[n] = {}
      if name then
        x.final[n].type = name
        once("prototype " .. name, format("There is no prototype %s any more: its objects are plain tables now.", name))
      end
    end
  end
end

-- Does a field that main.lua has given stay, though the state has no value for it?
local function stays(object, key, is_app)
  local value = object.fields and object.fields[key]
  if type(value) == "table" and value.left then return true end
  if value ~= nil or type(key) ~= "string" then return false end
  if is_app and x.gone[key] then return false end
  return (is_app or object.prototype ~= nil) and not (x.graph.shapes[object.prototype] or PLAIN).declared[key]
end

-- Gives a table the content of an object of the state. What is found by its name may be in that very table, so all is looked
-- up before the table is emptied.
local function fill(t, object, is_app, is_paired)
  local keys, values, n = {}, {}, 0
  local function add(key, value)
    if type(value) == "table" and value.left then return end
    n = n + 1
    keys[n], values[n] = key, value_of(value, t, key)
  end
  for i, value in ipairs(object.array or NOTHING) do add(i, value) end
  for name, value in next, object.fields or NOTHING do add(name, value) end
  for _, entry in ipairs(object.entries or NOTHING) do
    local key = value_of(entry[1])
    if key == nil and type(entry[1]) == "table" and entry[1].object then
      note(format("What has a %s as its key is part of it, and was left out.", x.graph.objects[entry[1].object].serializer))
    end
    if key ~= nil and key == key then add(key, entry[2]) end
  end
  if is_paired then
    for key in next, t do
      if not stays(object, key, is_app) then rawset(t, key, nil) end
    end
  end
  for i = 1, n do rawset(t, keys[i], values[i]) end
  local meta = object.metatable and value_of(object.metatable)
  if type(meta) == "table" then set_any_metatable(t, meta) end
end

local function load_by_serializer(n, object)
  local serializer = serializers.by_type[object.serializer]
  local saved = value_of(object.state)
  local loaded = saved
  if serializer then
    local ok, result = errors.guard(serializer.load, saved, value_of(object.version))
    if not ok then errors.raise_again(result, "load of " .. serializer.name) end
    if type(result) ~= "table" then errors.raise("RELOAD_STATE", format("load of %s returned %s.", serializer.name, tostring(result))) end
    loaded = result
  else
    once("serializer " .. object.serializer, format("There is no serializer of %s any more: its objects are what it has saved.", object.serializer))
    if type(loaded) ~= "table" then loaded = { type = object.serializer, value = saved } end
  end
  x.final[n] = loaded
  for _, place in ipairs(x.waiting[n] or NOTHING) do rawset(place.t, place.key, loaded) end
end

-- All that an object leads to has been finished, unless it leads back to it.
local function finish(n)
  local object = x.graph.objects[n]
  if object.serializer then return load_by_serializer(n, object) end
  local t, name = x.final[n], object.prototype
  local proto = name and prototype.find(name)
  local state
  if object.state ~= nil then state = value_of(object.state) end
  if type(state) == "table" and proto and rebuild.is_rebuildable(proto) then
    local shape = x.graph.shapes[name]
    return rebuild.restore(name, proto, t, state, shape and value_of(shape.version))
  end
  local is_app = x.graph.app ~= nil and x.graph.app.object == n
  fill(t, object, is_app, x.paired[n] ~= nil)
  if type(state) == "table" then
    -- Its prototype does not restore any more: what it has saved are its fields.
    for field, value in next, state do rawset(t, field, value) end
  end
  if proto then x.filled[name] = x.filled[name] or {} x.filled[name][t] = true end
end

-- Finishes every object after those that it leads to. An own stack: lists may be long.
local function finish_all()
  local children, begun, stack, places = x.graph.children, {}, {}, {}
  for first = 1, #x.graph.objects do
    local depth = 0
    if not begun[first] then
      begun[first] = true
      depth = 1
      stack[1], places[1] = first, 0
    end
    while depth > 0 do
      local n = stack[depth]
      places[depth] = places[depth] + 1
      local child = children[n][places[depth]]
      if child == nil then
        finish(n)
        depth = depth - 1
      elseif not begun[child] then
        begun[child] = true
        depth = depth + 1
        stack[depth], places[depth] = child, 0
      end
    end
  end
end

-- Prototypes that declare other fields now, or have another base: `mutate` of what was filled is called.
local function migrate_changed()
  for _, name in ipairs(serializers.sorted_names(x.filled)) do
    local shape = x.graph.shapes[name]
    if shape then
      local fields, base = prototype.shape(name)
      local now, removed = {}, {}
      for _, field in ipairs(fields) do now[field] = true end
      for _, field in ipairs(shape.fields) do
        if not now[field] then removed[#removed + 1] = field end
      end
      if removed[1] or #fields ~= #shape.fields or base ~= shape.base then
        prototype.migrate_some(prototype.find(name), removed, x.filled[name])
      end
    end
  end
end

local function take_over()
  local graph = x.graph
  for _, entry in ipairs(graph.kept) do
    local keep = serializers.kept[entry[1]]
    local value = value_of(entry[2])
    if not keep then
      note(format("Nobody keeps %s any more.", entry[1]))
    else
      local ok, e = errors.guard(keep.set, value)
      if not ok then errors.raise_again(e, "keep " .. entry[1]) end
    end
  end
  if graph.app then
    session.app = x.final[graph.app.object]
    if graph.namespace then session.namespace = graph.namespace end
  end
  for _, thing in ipairs(graph.left) do
    note(format("%s was a %s, which cannot leave its session: it has what main.lua gives it, or nothing.", thing.path, thing.what))
  end
end

--- Takes in a portable state. Returns { objects = how many, notes = Errors about what could not be restored }. Raises an Error
--- STATE_INVALID or STATE_VERSION before anything has been done, others when code of the app fails.
function import.run(text)
  local graph = M.graph.read(text)
  x = { graph = graph, final = {}, paired = {}, waiting = {}, filled = {}, gone = {}, told = {}, notes = {} }
  for _, name in ipairs(graph.gone) do x.gone[name] = true end
  local ok, e = errors.guard(function()
    require_modules()
    pair_up()
    make_all()
    finish_all()
    migrate_changed()
    take_over()
  end)
  local result = { objects = #graph.objects, notes = x.notes }
  x = nil
  if not ok then errors.raise_again(e) end
  return result
end

return import
