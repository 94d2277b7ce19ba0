-- Paths: the host has parsed them (src/protocol/path.ts); here a slot's segments become a getter and a setter.
local M = ...
local path = {}

local raise = M.errors.raise
local getmetatable, ipairs, pairs, rawget, rawset, type = M.raw.debug.getmetatable, ipairs, pairs, rawget, rawset, type
local unpack = table.unpack

local MOST_BASES <const> = 50

-- One step of reading. nil reads on as nil: a path through nothing is empty, not an error.
local function step(value, segment, slot)
  local field = segment.field
  if type(value) ~= "table" then
    raise("PATH_NOT_TABLE", "Path '" .. slot.text .. "': a " .. type(value) .. " has no '" .. (field or segment.call or segment.index) .. "'.")
  end
  if field then return value[field] end
  if segment.index then return rawget(value, segment.index + 1) end
  return (path.method(value, segment.call, slot)(value, unpack(segment.arguments, 1, segment.n)))
end

--- The method `name` of an object, or a coded error. Anything with __call is as good as a function.
function path.method(object, name, slot)
  local method = object[name]
  if method == nil then
    raise("METHOD_MISSING", "Path '" .. slot.text .. "': " .. (object.type or "the object") .. " has no method '" .. name .. "'.")
  end
  return method
end

-- What a table has by a name, without running code of the app; and the function that would run instead.
local function look_up(object, name)
  for _ = 1, MOST_BASES do
    if type(object) ~= "table" then return nil, type(object) == "function" and object or nil end
    local value = rawget(object, name)
    if value ~= nil then return value end
    local meta = getmetatable(object)
    object = type(meta) == "table" and rawget(meta, "__index")
  end
  return nil
end

--- The app's code that a slot of `object` leads to, as far as can be told without running it, or nil.
function path.code(slot, object)
  if slot.up > 0 then return nil end
  for _, segment in ipairs(slot.segments) do
    local value, code = look_up(object, segment.field or segment.call or segment.index + 1)
    if code or segment.call then return code or value end
    object = value
  end
  return nil
end

-- The object a path starts from: that of the view, or `..` of the views around it.
local function start(slot, object, node)
  for _ = 1, slot.up do
    node = node.scope.node
    if not node then return nil end
    object = node.object
  end
  return object
end

local function walk(slot, value, last)
  local segments = slot.segments
  for i = 1, last do
    if value == nil then return nil end
    value = step(value, segments[i], slot)
  end
  return value
end

-- The most frequent forms get a getter without a loop.
local function getter(slot)
  local segments = slot.segments
  local n, first = #segments, segments[1]
  if slot.up == 0 and n == 1 then
    if first.field then
      local field = first.field
      return function(object) return object[field] end
    end
    if first.call and first.n == 0 then
      local name = first.call
      return function(object)
        local method = object[name]
        if method == nil then method = path.method(object, name, slot) end
        return (method(object))
      end
    end
  end
  return function(object, node) return walk(slot, start(slot, object, node), n) end
end

local function setter(slot)
  local segments = slot.segments
  local n = #segments
  local last = segments[n]
  return function(object, node, value)
    if not last or slot["not"] then raise("PATH_READ_ONLY", "Path '" .. slot.text .. "' can only be read.") end
    local target = walk(slot, start(slot, object, node), n - 1)
    if target == nil then
      if slot.access == "action" and last.call then return end -- a button of something that is gone does nothing
      raise("PATH_NIL", "Path '" .. slot.text .. "' leads through nil, so nothing can be written.")
    end
    if type(target) ~= "table" then
      raise("PATH_NOT_TABLE", "Path '" .. slot.text .. "' leads through a " .. type(target) .. ".")
    end
    if last.field then
      target[last.field] = value
    elseif last.index then
      rawset(target, last.index + 1, value)
    elseif last.value or (slot.access ~= "action" and last.n == 0) then
      path.method(target, last.call, slot)(target, value)
    else
      path.method(target, last.call, slot)(target, unpack(last.arguments, 1, last.n))
    end
  end
end

--- Completes a slot of a ViewPlan: `get(object, node)`, `set(object, node, value)` (whatever the slot's access),
--- `readable`, `writable`, `calls` when reading runs a method; and when the slot shows nothing but the value of one plain
--- field, or what one method without arguments returns, `field` or `method`: change detection reads these without a call of `get`.
function path.compile(slot)
  for _, segment in ipairs(slot.segments) do
    if segment.call then
      segment.n, slot.calls = 0, true
      -- nil among the arguments leaves a hole, which # may take for the end.
      for position in pairs(segment.arguments or {}) do
        if position > segment.n then segment.n = position end
      end
    end
  end
  slot.readable = slot.access == "r" or slot.access == "rw"
  slot.writable = slot.access ~= "r"
  slot.what = "Path '" .. slot.text .. "'"
  slot.get, slot.set = getter(slot), setter(slot)
  local first = slot.segments[1]
  local is_bare = slot.readable and slot.use == "value" and not (slot["not"] or slot.wrapper or slot.create)
  if is_bare and slot.up == 0 and #slot.segments == 1 then
    if first.field then slot.field = first.field elseif first.n == 0 then slot.method = first.call end
  end
  return slot
end

return path
