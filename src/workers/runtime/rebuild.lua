-- Objects that know how to be made anew: `getState()` gives what is worth keeping, `restoreState(state)` takes it. When the
-- file of their prototype, or of one that it is based on, has run again, each is rebuilt by the new code: all are made, then
-- all looked at, then each takes the place of the one before, which keeps its identity.
local M = ...
local rebuild = {}

local errors, prototype = M.errors, M.prototype
local getmetatable = M.raw.debug.getmetatable
local collectgarbage, format, ipairs, next, rawequal, rawset, tostring, type =
  collectgarbage, string.format, ipairs, next, rawequal, rawset, tostring, type
local pcall = pcall

--- Do the objects of a prototype know how to be made anew?
local function is_rebuildable(proto)
  return type(proto.getState) == "function" and type(proto.restoreState) == "function"
end
rebuild.is_rebuildable = is_rebuildable

local function fail(name, what, e)
  if e then errors.raise_again(e, what .. " of " .. name) end
  errors.raise("RELOAD_STATE", format("%s of %s did not return a table.", what, name))
end

--- What `getState` of an object gives; `name` is its prototype's. Raises an Error.
local function state_of(name, object)
  local ok, state = errors.guard(object.getState, object)
  if not ok then fail(name, "getState", state) end
  if type(state) ~= "table" then fail(name, "getState") end
  return state
end
rebuild.state_of = state_of

--- The states of all objects whose prototypes a file declares, or are based on one of those; taken by the code that runs now.
--- `taken` has the prototypes that have been dealt with before, and gets the others: it is a list with names in it. Of those
--- whose state cannot be had `taken.failures` has the errors; their objects stay as they are.
function rebuild.take(key, taken)
  for name, proto in next, prototype.of_module(key) do
    for other, derived in next, prototype.derived(name, proto) do
      if not taken[derived] and is_rebuildable(derived) then
        if not taken[1] then collectgarbage() end -- objects that nobody has any more are not rebuilt
        local entry = { name = other, proto = derived, version = derived.stateVersion, objects = {} }
        taken[derived] = true
        -- A mistake in the present getState must not be in the way of the version that mends it.
        local ok, e = pcall(function()
          for i, object in ipairs(prototype.instances(derived)) do
            entry.objects[i] = { object = object, state = state_of(other, object) }
          end
        end)
        if ok then taken[#taken + 1] = entry else taken.failures[#taken.failures + 1] = e end
        -- Nor may one that never ends, by having used up the time of what comes now.
        if not ok and errors.from(e, "LUA_ERROR").code == "LIMIT_TIME" then M.host("slice", "") end
      end
    end
  end
end

local function migrated(name, proto, state, version)
  if proto.stateVersion == version or type(proto.migrateState) ~= "function" then return state end
  local ok, result = errors.guard(proto.migrateState, proto, state, version)
  if not ok then fail(name, "migrateState", result) end
  if type(result) ~= "table" then fail(name, "migrateState") end
  return result
end

--- A new object of a prototype, which is not `former`. Raises an Error.
function rebuild.make(name, proto, former)
  local ok, fresh = errors.guard(proto.new, proto)
  if not ok then fail(name, "new", fresh) end
  if type(fresh) ~= "table" or not rawequal(getmetatable(fresh), proto) or rawequal(fresh, former) then
    errors.raise("RELOAD_STATE", format("new of %s returned %s, which is no new %s.", name, tostring(fresh), name))
  end
  return fresh
end

--- Has a new object take a state that `getState` gave when its prototype's stateVersion was `version`. Raises an Error.
function rebuild.restore(name, proto, fresh, state, version)
  state = migrated(name, proto, state, version)
  -- What the former version did not know has the value that a new object has.
  for field, value in next, state_of(name, fresh) do
    if state[field] == nil then state[field] = value end
  end
  local restored, e = errors.guard(fresh.restoreState, fresh, state)
  if not restored then fail(name, "restoreState", e) end
  state_of(name, fresh)
end

local function make(entry, one)
  local name, proto = entry.name, entry.proto
  local fresh = rebuild.make(name, proto, one.object)
  rebuild.restore(name, proto, fresh, one.state, entry.version)
  return fresh
end

--- Makes anew what `take` has given, for prototypes that still can. Raises an Error when one cannot be made; then nothing
--- has been exchanged. Returns the new objects, which are not to be used: new → old.
function rebuild.put(taken)
  local made, twins = {}, {}
  for _, entry in ipairs(taken) do
    if is_rebuildable(entry.proto) then
      prototype.drop_mutations(entry.proto)
      for _, one in ipairs(entry.objects) do made[#made + 1] = { proto = entry.proto, object = one.object, fresh = make(entry, one) } end
    end
  end
  for _, one in ipairs(made) do
    local object, fresh = one.object, one.fresh
    for field in next, object do rawset(object, field, nil) end
    for field, value in next, fresh do rawset(object, field, value) end
    twins[fresh] = object
    prototype.forget(one.proto, fresh)
  end
  return twins
end

return rebuild
