-- Prototypes: declared by name, kept by identity over reloads, instances migrated by `mutate` (semantics 4 and 5).
local M = ...
local prototype = {}

local errors, rollback = M.errors, M.rollback
local getinfo, set_any_metatable = M.raw.debug.getinfo, M.raw.debug.setmetatable
local getmetatable, ipairs, next, pairs, rawget, rawequal, rawset, setmetatable, type =
  getmetatable, ipairs, next, pairs, rawget, rawequal, rawset, setmetatable, type
local move, remove, sort = table.move, table.remove, table.sort
local sub = string.sub

local EMPTY = {} -- declares a field whose value is nil
prototype.EMPTY = EMPTY

local registry = {} -- name → { proto, snapshot, base, module }
local instances = setmetatable({}, { __mode = "k" }) -- proto → weak set: instance → number in order of creation
local created = 0
local mutations = {} -- FIFO of { proto, removed, created, retry, some (a set: only these instances) }
-- proto → weak set: instance → list of fields still to be removed. Its `mutate` has failed; it is tried again when the
-- prototype is declared again.
local failed = setmetatable({}, { __mode = "k" })
-- `again`, while files are reloaded: init table → the prototype that it declares again. Not in a variable, see walk.lua.
local under_way = {}

local MOST_BASES <const> = 50

local reserved = { type = true, __index = true, new = true }

--- Makes `inst` (default: a new table) an instance of `proto` and remembers it, weakly, for `mutate`.
function prototype.create(proto, inst)
  local again = under_way.again
  proto = again and again[proto] or proto
  inst = inst or {}
  setmetatable(inst, proto)
  local known = instances[proto]
  if not known then
    known = setmetatable({}, { __mode = "k" })
    instances[proto] = known
  end
  if not known[inst] then
    created = created + 1
    known[inst] = created
  end
  return inst
end

-- Init tables are live (the prototype is one, and instances may fill a shared list), so a snapshot copies plain tables.
local function copy(value, seen)
  if type(value) ~= "table" or value == EMPTY or getmetatable(value) then return value end
  if seen[value] then return seen[value] end
  local result = {}
  seen[value] = result
  for key, field in next, value do result[key] = copy(field, seen) end
  return result
end

-- Two functions are the same when they stand at the same place; two plain tables when their contents are the same.
local function equal(a, b, seen)
  if rawequal(a, b) then return true end
  local kind = type(a)
  if kind ~= type(b) then return false end
  if kind == "function" then
    local x, y = getinfo(a, "S"), getinfo(b, "S")
    return x.source == y.source and x.what == y.what and x.what ~= "C"
  end
  if kind ~= "table" or a == EMPTY or b == EMPTY or getmetatable(a) or getmetatable(b) then return false end
  if seen[a] == b then return true end
  seen[a] = b
  for key, value in next, a do
    if not equal(value, rawget(b, key), seen) then return false end
  end
  for key in next, b do
    if rawget(a, key) == nil then return false end
  end
  return true
end

local function snapshot(init)
  local result, seen = {}, {}
  for key, value in next, init or {} do
    if type(key) == "string" and not reserved[key] then result[key] = copy(value, seen) end
  end
  return result
end

local function default_new(proto)
  return function(self, inst)
    return prototype.create(type(self) == "table" and self or proto, inst)
  end
end

-- Gives a prototype its base, or takes it away; without one it has a `new` of its own. Returns the base.
local function set_base(record, name, base)
  local proto = record.proto
  base = base or (name ~= "Object" and registry.Object and registry.Object.proto) or nil
  if getmetatable(proto) ~= base then setmetatable(proto, base) end
  if base then
    if record.default and rawget(proto, "new") == record.default then proto.new = nil end
    record.default = nil
  elseif rawget(proto, "new") == nil then
    record.default = default_new(proto)
    proto.new = record.default
  end
  record.base = base
end

local function declare(name, init, base, module)
  local proto = init or {}
  local record = { proto = proto, snapshot = snapshot(init), module = module }
  proto.type, proto.__index = name, proto
  set_base(record, name, base)
  for key, value in pairs(record.snapshot) do
    if value == EMPTY then proto[key] = nil end
  end
  registry[name] = record
  return proto
end

-- `local P = {} session:prototype("P", P) function P:method() … end`: when this runs again, P has to be the prototype.
local function stand_for(init, proto)
  under_way.again[init] = proto
  for key in next, init do rawset(init, key, nil) end
  set_any_metatable(init, { __index = proto, __newindex = proto })
end

local function redeclare(name, record, init, base)
  local proto, old, new = record.proto, record.snapshot, snapshot(init)
  local removed, changed = {}, false
  local former = record.base
  set_base(record, name, base)
  if record.base ~= former then changed = true end
  for key in pairs(old) do
    if new[key] == nil then
      removed[#removed + 1] = key
      proto[key] = nil -- else the old default would stay visible through every instance
      changed = true
    end
  end
  for key, value in pairs(new) do
    if not equal(old[key], value, {}) then
      changed = true
      if value == EMPTY then proto[key] = nil else proto[key] = init[key] end
    elseif type(value) == "function" then
      proto[key] = init[key] -- same place, but it may be newer code
    end
  end
  if changed then
    record.snapshot = new
    sort(removed)
    mutations[#mutations + 1] = { proto = proto, removed = removed, created = created, retry = false }
  elseif failed[proto] then
    mutations[#mutations + 1] = { proto = proto, removed = {}, created = created, retry = true }
  end
  if under_way.again and init ~= proto then
    if type(rawget(init, "new")) == "function" then proto.new = init.new end
    stand_for(init, proto)
  end
  return proto
end

--- Declares prototype `name`. The first time the prototype is `init` itself; later the registered table is brought up to
--- date and, when its fields changed, all instances are migrated at the end of the event. Returns the prototype.
function prototype.declare(name, init, base, module)
  local record, again = registry[name], under_way.again
  base = again and again[base] or base
  if not record then return declare(name, init, base, module) end
  record.module = module or record.module
  if init == nil then return record.proto end
  return redeclare(name, record, init, base)
end

--- The prototypes that a module declared, by name.
function prototype.of_module(module)
  local result = {}
  for name, record in pairs(registry) do
    if record.module == module then result[name] = record.proto end
  end
  return result
end

--- The prototypes that are `proto`, called `name`, or have it above them: name → prototype.
function prototype.derived(name, proto)
  local result = { [name] = proto }
  for other, record in pairs(registry) do
    local above = getmetatable(record.proto)
    for _ = 1, MOST_BASES do
      if type(above) ~= "table" then break end
      if rawequal(above, proto) then result[other] = record.proto end
      above = getmetatable(above)
    end
  end
  return result
end

--- All prototypes, by name.
function prototype.all()
  local result = {}
  for name, record in pairs(registry) do result[name] = record.proto end
  return result
end

--- The prototype of a name, or nil.
function prototype.find(name) return registry[name] and registry[name].proto end

--- The name under which a table is a prototype, or nil.
function prototype.name_of(proto)
  local name = rawget(proto, "type")
  local record = type(name) == "string" and registry[name]
  return record and rawequal(record.proto, proto) and name or nil
end

--- The fields that a prototype declares, sorted, and the name of its base.
function prototype.shape(name)
  local record, fields = registry[name], {}
  for field in pairs(record.snapshot) do fields[#fields + 1] = field end
  sort(fields)
  return fields, record.base and prototype.name_of(record.base)
end

--- Has these instances (a set) of a prototype migrated at the end of the event, as if its fields had changed.
function prototype.migrate_some(proto, removed, some)
  mutations[#mutations + 1] = { proto = proto, removed = removed, created = created, retry = false, some = some }
end

--- The tracking key of the file that declares a prototype, "" if none does, nil for other tables.
function prototype.owner(proto)
  local name = rawget(proto, "type")
  local record = type(name) == "string" and registry[name]
  return record and rawequal(record.proto, proto) and (record.module or "") or nil
end

--- Files are reloaded from now on: `twins` gets init tables that stand for a prototype. Nil: not any more.
function prototype.reload(twins) under_way.again = twins end

--- A method was deleted: its prototype goes back to what it has without it.
function prototype.remove_method(proto, name)
  proto[name] = nil
  local record = registry[rawget(proto, "type")]
  if name == "new" and record then set_base(record, rawget(proto, "type"), record.base) end
end

--- Forgets prototype `name`; with `children` also all whose name begins with `name.`. Instances go on working.
function prototype.remove(name, children)
  if registry[name] then
    instances[registry[name].proto] = nil
    registry[name] = nil
  end
  if not children then return end
  for other in pairs(registry) do
    if sub(other, 1, #name + 1) == name .. "." then prototype.remove(other) end
  end
end

--- What one module declared is another's from now on.
function prototype.move_module(from, to)
  for _, record in next, registry do
    if record.module == from then record.module = to end
  end
end

--- Forgets all prototypes that a module declared.
function prototype.remove_module(module)
  for name, record in pairs(registry) do
    if record.module == module then prototype.remove(name) end
  end
end

local function in_order(known, newest)
  local list = {}
  for inst, number in pairs(known) do
    if number <= newest then list[#list + 1] = inst end
  end
  sort(list, function(a, b) return known[a] < known[b] end)
  return list
end

--- All instances of a prototype itself, the oldest first.
function prototype.instances(proto) return in_order(instances[proto] or {}, created) end

--- An instance that is none any more.
function prototype.forget(proto, inst)
  local known = instances[proto]
  if known then known[inst] = nil end
end

--- The instances of a prototype have been migrated otherwise.
function prototype.drop_mutations(proto)
  for i = #mutations, 1, -1 do
    if rawequal(mutations[i].proto, proto) then remove(mutations, i) end
  end
end

--- Calls `visit` with all tables in which functions of the app stand that lead nowhere else.
function prototype.visit(visit)
  for _, record in pairs(registry) do
    visit(record.proto)
    visit(record.snapshot)
  end
end

-- The fields of an instance that are to go, with those that are left from a migration that failed.
local function all_removed(proto, inst, removed)
  local left = failed[proto] and failed[proto][inst]
  if not left then return removed end
  return move(removed, 1, #removed, #left + 1, left)
end

local function migrate(proto, inst, removed, report)
  local mutate = proto.mutate
  if type(mutate) == "function" then
    local ok, e = errors.guard(mutate, inst)
    if not ok then
      failed[proto] = failed[proto] or setmetatable({}, { __mode = "k" })
      failed[proto][inst] = move(removed, 1, #removed, 1, {})
      e = errors.about(e, errors.place_of(mutate))
      report(errors.with(e, nil, "mutate of " .. proto.type .. ": " .. e.message))
      return
    end
  end
  for _, key in ipairs(removed) do rawset(inst, key, nil) end
  if failed[proto] then failed[proto][inst] = nil end
end

local function log(e)
  if not rollback.note(e, "mutate") then errors.log(e, "mutate") end
end

--- Migrates the instances of prototypes whose fields changed: `mutate`, then the removed fields go. Those made after the
--- declaration know nothing of the one before. An error in one instance's `mutate` is logged, or given to `report` if there
--- is one, and does not stop the others; that instance keeps its fields.
function prototype.process_mutations(report)
  if not mutations[1] then return end
  local queue = mutations
  mutations = {}
  for _, entry in ipairs(queue) do
    local proto = entry.proto
    for _, inst in ipairs(in_order(instances[proto] or {}, entry.created)) do
      local concerned = not entry.some or entry.some[inst]
      if entry.retry then concerned = failed[proto] and failed[proto][inst] end
      if concerned then
        migrate(proto, inst, all_removed(proto, inst, entry.removed), report or log)
        if rollback.reason() then return end
      end
    end
    if failed[proto] and not next(failed[proto]) then failed[proto] = nil end
  end
end

return prototype
