-- Objects that know how to be made anew: `getState()` gives what is worth keeping, `restoreState(state)` takes it. When the
-- file of their prototype has run again, each is rebuilt by the new code: all are made, then all looked at, then each
-- takes the place of the one before, which keeps its identity.
local M = ...
local rebuild = {}

local errors, prototype = M.errors, M.prototype
local getmetatable, next, rawequal, rawset, tostring, type = M.raw.debug.getmetatable, next, rawequal, rawset, tostring, type
local collectgarbage, error, format, ipairs = collectgarbage, error, string.format, ipairs

local function is_rebuildable(proto)
  return type(proto.getState) == "function" and type(proto.restoreState) == "function"
end

local function fail(name, what, e)
  if e then error(errors.with(e, nil, format("%s of %s: %s", what, name, e.message)), 0) end
  errors.raise("RELOAD_STATE", format("%s of %s %s", what, name, "did not return a table."))
end

local function state_of(name, object)
  local ok, state = errors.guard(object.getState, object)
  if not ok then fail(name, "getState", state) end
  if type(state) ~= "table" then fail(name, "getState") end
  return state
end

--- The states of all objects of a file's prototypes, taken by the code that runs now.
function rebuild.take(key)
  local taken = {}
  for name, proto in next, prototype.of_module(key) do
    if is_rebuildable(proto) then
      if not taken[1] then collectgarbage() end -- objects that nobody has any more are not rebuilt
      local entry = { name = name, proto = proto, version = proto.stateVersion, objects = {} }
      for i, object in ipairs(prototype.instances(proto)) do
        entry.objects[i] = { object = object, state = state_of(name, object) }
      end
      taken[#taken + 1] = entry
    end
  end
  return taken
end

local function make(entry, state)
  local name, proto = entry.name, entry.proto
  local version = proto.stateVersion
  if version ~= entry.version and type(proto.migrateState) == "function" then
    local ok, migrated = errors.guard(proto.migrateState, proto, state, entry.version)
    if not ok then fail(name, "migrateState", migrated) end
    if type(migrated) ~= "table" then fail(name, "migrateState") end
    state = migrated
  end
  local ok, fresh = errors.guard(proto.new, proto)
  if not ok then fail(name, "new", fresh) end
  if type(fresh) ~= "table" then fail(name, "new") end
  -- What the former version did not know has the value that a new object has.
  for field, value in next, state_of(name, fresh) do
    if state[field] == nil then state[field] = value end
  end
  local restored, e = errors.guard(fresh.restoreState, fresh, state)
  if not restored then fail(name, "restoreState", e) end
  return fresh
end

--- Makes anew what `take` has given, for prototypes that still can. Raises an Error when one cannot be made; then nothing
--- has been exchanged. `twins` gets the new objects, which are not to be used.
function rebuild.put(taken, twins)
  local made = {}
  for _, entry in ipairs(taken) do
    if is_rebuildable(entry.proto) then
      for _, one in ipairs(entry.objects) do
        made[#made + 1] = { entry = entry, object = one.object, fresh = make(entry, one.state) }
      end
    end
  end
  for _, one in ipairs(made) do
    if not rawequal(getmetatable(one.fresh), getmetatable(one.object)) or rawequal(one.fresh, one.object) then
      errors.raise("RELOAD_STATE", format("new of %s returned %s, which is no new %s.", one.entry.name, tostring(one.fresh), one.entry.name))
    end
    state_of(one.entry.name, one.fresh)
  end
  for _, one in ipairs(made) do
    local object, fresh = one.object, one.fresh
    for field in next, object do rawset(object, field, nil) end
    for field, value in next, fresh do rawset(object, field, value) end
    twins[fresh] = object
    prototype.forget(one.entry.proto, fresh)
  end
  for _, entry in ipairs(taken) do
    if is_rebuildable(entry.proto) then prototype.drop_mutations(entry.proto) end
  end
end

return rebuild
