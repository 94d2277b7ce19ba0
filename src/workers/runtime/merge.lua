-- One rule for everything that a file declares: what was edited in the source wins, everything else stays as it is.
-- There are three values of each: what the former version declared (a picture, see declarations.lua), what the app made
-- of it, and what the new version declares. Tables keep their identity: the new one's content goes into the old one, and
-- the new one is `twins[new] = old` from then on.
local M = ...
local merge = {}

local declarations = M.declarations
local raw = M.raw.debug
local getmetatable, setmetatable = raw.getmetatable, raw.setmetatable
local next, rawequal, rawget, rawset, type = next, rawequal, rawget, rawset, type
local FUNCTION = declarations.FUNCTION

local function is_picture(base) return type(base) == "table" and base.table ~= nil end

-- Does a field still hold what the former version put there?
local function untouched(present, base)
  if rawequal(base, FUNCTION) then return type(present) == "function" end
  if is_picture(base) then return rawequal(present, base.table) end
  return rawequal(present, base)
end

local value

local function into(old, base, new, context)
  local fields = base.fields
  for name, field in next, new do
    local present = rawget(old, name)
    local former = fields[name]
    if former ~= nil then
      field = value(present, former, field, context)
    elseif present ~= nil and type(field) ~= "function" then
      field = present -- newly declared, but the app has something there already
    else
      field = context.twins[field] or field
    end
    rawset(old, name, field)
  end
  for name, former in next, fields do
    if rawget(new, name) == nil and untouched(rawget(old, name), former) then rawset(old, name, nil) end
  end
  local old_meta, new_meta = getmetatable(old), getmetatable(new)
  if not rawequal(old_meta, new_meta) and (new_meta == nil or type(new_meta) == "table") then
    setmetatable(old, base.meta and value(old_meta, base.meta, new_meta, context) or new_meta)
  end
end

--- What is to be there instead of `old`, which the former version declared as `base` and the new one as `new`.
--- `context` has `twins` and `picture(value)`.
function value(old, base, new, context)
  local kind = type(new)
  if kind == "table" then
    local twin = context.twins[new]
    if twin ~= nil then return twin end
    if rawequal(old, new) then return old end
    if is_picture(base) and base.fields and rawequal(base.table, old) then
      context.twins[new] = old
      into(old, base, new, context)
      return old
    end
    -- The app has put something else there.
    if base ~= nil and declarations.equal(base, context.picture(new), {}) then return old end
    return new
  end
  if kind == "function" then return context.twins[new] or new end
  -- `local app if not session.reloading then app = … end` says nothing about `app` when it runs again.
  if kind == "nil" then return old end
  if rawequal(new, base) then return old end
  return new
end
merge.value = value

return merge
