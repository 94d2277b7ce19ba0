-- What a view of a type needs: the ViewPlan of its viewdef (src/protocol/viewdef.ts), fetched once and compiled.
local M = ...
local plans = {}

local json, path, host = M.json, M.path, M.host
local raise = M.errors.raise
local load = M.raw.load
local error, ipairs, next, type = error, ipairs, next, type
local concat, format, rep, sort = table.concat, string.format, string.rep, table.sort

local known = {} -- key → plan, or false

plans.HIGH, plans.MEDIUM, plans.LOW, plans.ALL = 1, 2, 3, 4
local number_of = { high = plans.HIGH, medium = plans.MEDIUM, low = plans.LOW }

-- What a slot holds instead of a value; all differ from every value, so that the next good one is sent. They are
-- functions because two tables would be compared by the app's `__eq`.
plans.UNSET = function() end -- nobody has read it yet
plans.FAILED = function() return 1 end -- reading it raised an error
plans.REFUSED = function() return 2 end -- the client wrote something that was not accepted, so its page shows other things

-- A function of Moonpool's own code, called with `...`. The host compiles a text once for all sessions.
local function generate(name, text, ...)
  local code, message = host("generated", name .. "\n" .. text)
  return load(code or error(message, 0), name, "b")(...)
end

-- A node is made by a constructor of exactly its size: its values stand in the array part, which never has to grow, and
-- nil among them does no harm.
local constructors = {}
local function constructor(n)
  local make = constructors[n]
  if not make then
    make = generate("=moonpool/node",
      "local UNSET = ... return function(id, scope, object, plan) return { " .. rep("UNSET,", n)
        .. " id = id, scope = scope, object = object, plan = plan, first = 0, kids = false, dead = false, values = false } end",
      plans.UNSET)
    constructors[n] = make
  end
  return make
end

-- What a new node sends for its slots, until they have been read: `null` for each, in a table that never has to grow.
local blanks = {}
local function blank(n)
  local make = blanks[n]
  if not make then
    make = generate("=moonpool/blank", "return function() return { " .. rep("'null',", n) .. " } end")
    blanks[n] = make
  end
  return make
end

-- Reads all plain fields of a node and reports those that differ: a function made for the plan, because a loop over
-- names costs twice as much, and this is what an event spends its time on.
local function reader(names, at)
  if not names[1] then return false end
  local lines = {}
  for f, name in ipairs(names) do
    lines[f] = format("v = object[%q] if v ~= node[%d] then changed(node, %d, v) end", name, at[f], at[f])
  end
  return generate("=moonpool/reader", "return function(node, object, changed) local v " .. concat(lines, " ") .. " end")
end

-- What there is to read at one priority (or at all of them): `complex`, slots that need a call, `calls` of them (`methods`: which
-- method, when it is nothing but that, or false), then `names` and `at`, plain fields and their slots, which
-- `read(node, object, changed)` reads at once.
local function steps(slots, level)
  local complex, methods, names, at = {}, {}, {}, {}
  for l = plans.HIGH, plans.LOW do
    for k, slot in ipairs(slots) do
      if slot.readable and slot.level == l and (level == l or level == plans.ALL) then
        if slot.field then
          names[#names + 1], at[#at + 1] = slot.field, k
        else
          complex[#complex + 1], methods[#methods + 1] = k, slot.method or false
        end
      end
    end
  end
  if not complex[1] and not names[1] then return false end
  return { complex = complex, calls = #complex, methods = methods, names = names, at = at, read = reader(names, at) }
end

--- Completes a ViewPlan: `n` slots, `make` a node, `blank` values of it, and what to read at each level, false for nothing.
function plans.compile(plan)
  local slots = plan.slots
  plan.n = #slots
  plan.name = json.encode_string(plan.key)
  plan.make, plan.blank = constructor(plan.n), blank(plan.n)
  plan.by_text = {}
  for _, slot in ipairs(slots) do
    path.compile(slot)
    plan.by_text[slot.text] = plan.by_text[slot.text] or slot
    slot.level = number_of[slot.priority]
  end
  for level = plans.HIGH, plans.ALL do plan[level] = steps(slots, level) end
  return plan
end

--- Forgets plans whose viewdefs have changed, and that there were none.
function plans.forget(keys)
  for _, key in ipairs(keys) do known[key] = nil end
end

--- The keys of all viewdefs that have been asked for, sorted.
function plans.keys()
  local keys = {}
  for key in next, known do keys[#keys + 1] = key end
  sort(keys)
  return keys
end

local function get(key)
  local plan = known[key]
  if plan == nil then
    local code, message = host("viewdef", key)
    if not code then error(message, 0) end
    plan = code ~= "" and plans.compile(load(code, "=moonpool/plan", "b")()) or false
    known[key] = plan
  end
  return plan
end
plans.get = get

--- The plan for an object shown in `scope`: TYPE.namespace, TYPE.fallbackNamespace, TYPE.DEFAULT, the first there is.
--- `default` is the type of an object that has none.
function plans.for_object(scope, object, default)
  local name = object.type or default
  local plan = scope.plans[name]
  if plan then return plan end
  if type(name) ~= "string" then
    raise("TYPE_MISSING", "An object without a type cannot be shown as a view.")
  end
  plan = scope.namespace and get(name .. "." .. scope.namespace)
    or scope.fallback and get(name .. "." .. scope.fallback)
    or get(name .. ".DEFAULT")
  if not plan then
    local tried = name .. ".DEFAULT"
    if scope.fallback then tried = name .. "." .. scope.fallback .. ", " .. tried end
    if scope.namespace and scope.namespace ~= "DEFAULT" then tried = name .. "." .. scope.namespace .. ", " .. tried end
    raise("VIEWDEF_MISSING", "There is no viewdef for type " .. name .. " (looked for " .. tried .. ").")
  end
  scope.plans[name] = plan
  return plan
end

return plans
