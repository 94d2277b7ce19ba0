-- One rule for everything that a file declares: what was edited in the source wins, everything else stays as it is.
-- There are three values of each: what the former version declared (a picture, see pictures.lua), what the app made of it,
-- and what the new version declares. What can be held by others keeps its identity: the content of a new table goes into
-- the old one, the variables of a new function become those of the old one. `twins` says who is who from then on.
local M = ...
local merge = {}

local pictures, prototype, sandbox, sequences, versions = M.pictures, M.prototype, M.sandbox, M.sequences, M.versions
local raw = M.raw.debug
local getmetatable, getupvalue, setmetatable, setupvalue, upvalueid, upvaluejoin =
  raw.getmetatable, raw.getupvalue, raw.setmetatable, raw.setupvalue, raw.upvalueid, raw.upvaluejoin
local mathtype = math.type
local ipairs, next, rawequal, rawget, rawset, type = ipairs, next, rawequal, rawget, rawset, type
local identify = versions.identify

local NOTHING = {}

local value

--- A function whose first upvalue is the variable that is upvalue `i` of `f`, which lives as long as that.
local function keep(f, i)
  local cell
  local function keeper() return cell end
  upvaluejoin(keeper, 1, f, i)
  return keeper
end
merge.keep = keep

-- Upvalue `i` of the new function is the variable that is upvalue `j` of the old one, which keeps what it has unless
-- the source says otherwise.
local function adopt(new, i, old, j, base, context)
  local id = upvalueid(new, i)
  if rawequal(id, upvalueid(old, j)) then return end
  local _, present = getupvalue(old, j)
  local _, declared = getupvalue(new, i)
  -- Its identity must not be given to another variable meanwhile.
  context.cells[id] = { old, j, keep(new, i) }
  upvaluejoin(new, i, old, j)
  local kept = present
  if base then kept = value(present, base[j], declared, context) end
  if not rawequal(kept, present) then setupvalue(new, i, kept) end
end

-- The new function stands where the old one stood: they become one. Returns the one that stays: the old one when nothing
-- of the code has changed. Variables of the file are not looked at here.
local function unite(old, base, new, context)
  local id, source = identify(old)
  local to = identify(new)
  local cells = pictures.is_function(base) and pictures.is_of(base, old) and (base.cells or NOTHING) or nil
  local names = versions.names(to, source) or NOTHING
  if id == to then
    context.twins[new] = old
    for i, name in ipairs(names) do
      if not name then adopt(new, i, old, i, cells, context) end
    end
    return old
  end
  context.twins[old], context.heirs[new] = context.twins[old] or new, true
  context.join(new, to)
  local _, former = versions.successor(versions.edits[source], id)
  local from = former.from[to] or NOTHING
  for i, name in ipairs(names) do
    local j = not name and from[i] or 0
    if j > 0 then adopt(new, i, old, j, cells, context) end
  end
  return new
end

-- Does `new` stand in the same place of its file as `old`?
local function is_counterpart(old, new)
  local id, source = identify(old)
  local to, other = identify(new)
  return id ~= nil and to ~= nil and source == other and versions.corresponds(source, id, to)
end

local function merge_function(old, base, new, context)
  if rawequal(old, new) then return old end
  local twin = context.twins[new]
  if twin then return twin end
  if type(old) ~= "function" then return new end
  if is_counterpart(old, new) then
    -- Two old ones can have become one.
    if context.heirs[new] then
      context.twins[old] = context.twins[old] or new
      return new
    end
    return unite(old, base, new, context)
  end
  -- The app has put another function there, which may well call the one that it found: that is healed.
  if pictures.is_function(base) and pictures.is_of(base, new) then return old end
  -- `local original = M.f  M.f = function() … original() … end` finds its own function when it runs again.
  if context.is_former(new) then return old end
  if pictures.is_function(base) and pictures.is_of(base, old) then context.displaced[old] = new end
  return new
end

-- A coroutine goes on where it is when its function was not edited; otherwise the new one begins.
local function merge_coroutine(old, base, new, context)
  if rawequal(old, new) then return old end
  local twin = context.twins[new]
  if twin ~= nil then return twin end
  if not pictures.equal(base, context.picture(new)) then return new end
  if pictures.untouched(old, base) then
    context.twins[new] = old
    local _, f = getupvalue(sandbox.starter(old), 1)
    local _, g = getupvalue(sandbox.starter(new), 1)
    merge_function(f, base.begins, g, context)
  end
  return old
end

local function merge_metatable(old, base, new, context)
  local present, declared = getmetatable(old), getmetatable(new)
  if rawequal(present, declared) or (declared ~= nil and type(declared) ~= "table") then return end
  if base == nil then
    -- Not the file's: nobody declared one, and nobody does.
    if declared ~= nil then setmetatable(old, declared) end
  elseif declared ~= nil then
    setmetatable(old, value(present, base, declared, context))
  elseif pictures.untouched(present, base) then
    setmetatable(old, nil)
  end
end

-- What the old table holds under functions and tables stays; what the new one holds under others is added.
local function add_keyed(old, key, field, context)
  key = context.twins[key] or key
  if rawget(old, key) ~= nil then return end
  for present in next, old do
    if type(key) == "function" and type(present) == "function" and is_counterpart(present, key) and not context.heirs[key] then
      unite(present, nil, key, context)
      return
    end
  end
  rawset(old, key, context.twins[field] or field)
end

local function into(old, base, new, context)
  local fields = base.fields
  local listed = sequences.merge(old, fields, new, value, context)
  local function is_listed(name) return mathtype(name) == "integer" and name >= 1 and name <= listed end
  for name, field in next, new do
    if not pictures.is_name(name) then
      add_keyed(old, name, field, context)
    elseif not is_listed(name) then
      local present, former = rawget(old, name), fields[name]
      if former ~= nil then
        field = value(present, former, field, context)
      elseif present ~= nil and type(field) ~= "function" then
        field = present -- newly declared, but the app has something there already
      else
        field = context.twins[field] or field
      end
      rawset(old, name, field)
    end
  end
  for name, former in next, fields do
    local present = rawget(old, name)
    if is_listed(name) or present == nil or rawget(new, name) ~= nil then
      -- It has been dealt with.
    elseif context.is_dropped(old, name, present, former) then
      context.drop(old, name, present, former)
    elseif type(present) == "function" then
      context.declare(new, name, former)
    end
  end
  merge_metatable(old, base.meta, new, context)
end

-- Data that is too large to compare: that of the new version, in the table that others hold.
local function replace(old, new)
  for name in next, old do rawset(old, name, nil) end
  for name, field in next, new do rawset(old, name, field) end
  setmetatable(old, getmetatable(new))
end

local function merge_table(old, base, new, context)
  local twin = context.twins[new]
  if twin ~= nil then return twin end
  if rawequal(old, new) then return old end
  if base == nil or type(base) ~= "table" or base.id then return new end
  -- Prototypes are who they are by their names.
  if prototype.owner(new) or (type(old) == "table" and prototype.owner(old)) then return new end
  -- `local rows = store.rows` finds other rows now: that is no edit, but they are not the file's either.
  if context.is_found(new) then
    if rawequal(pictures.table(base), new) then return old end
    return new
  end
  if type(old) == "table" and rawequal(pictures.table(base), old) then
    if base.large then
      context.twins[new] = old
      replace(old, new)
      return old
    elseif base.fields then
      context.twins[new], context.merged[old] = old, true
      into(old, base, new, context)
      return old
    end
  end
  -- The app has put something else there.
  if pictures.equal(base, context.picture(new)) then return old end
  return new
end

--- What is to be there instead of `old`, which the former version declared as `base` and the new one as `new`.
--- `context`: see redeclare.lua.
function value(old, base, new, context)
  -- `local app if not session.reloading then app = … end` says nothing about `app` when it runs again.
  if new == nil or rawequal(new, base) then return old end
  local kind = type(new)
  if pictures.is_coroutine(base) and (kind == "function" or kind == "thread") then return merge_coroutine(old, base, new, context) end
  if kind == "table" then return merge_table(old, base, new, context) end
  if kind == "function" then return merge_function(old, base, new, context) end
  return new
end
merge.value = value

return merge
