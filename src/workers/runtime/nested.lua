-- What a file puts into the tables of the one that requires it (`Pages = {} require("contacts")`, and contacts.lua adds its
-- page) is not declared by that one: when it runs again, without the other, it makes a table without it.
local M = ...
local nested = {}

local _G = _G
local modules, prototype, walk = M.modules, M.prototype, M.walk
local getinfo, getupvalue = M.raw.debug.getinfo, M.raw.debug.getupvalue
local mathtype = math.type
local next, rawequal, type = next, rawequal, type
local NOTHING = {}

-- A table with more fields is data, which is not looked at before each file that is required, and so are more in all.
local MOST_FIELDS <const> = 1000
local MOST_IN_ALL <const> = 50000

-- A copy of a table, nil if it is large; and the number of fields that were looked at.
local function copy_of(t)
  local copy, count = {}, 0
  for name, field in next, t do
    count = count + 1
    if count > MOST_FIELDS then return nil, count end
    copy[name] = field
  end
  return copy, count
end

-- The tables that others can reach of what the running file has made so far, as they are: table → copy.
local function reachable(running)
  local source, foreign = "@" .. running.record.chunk, running.foreign
  local copies, queue, seen, last = {}, {}, {}, 0
  local function add(value)
    local kind = type(value)
    if (kind == "table" or kind == "function") and not seen[value] and not foreign[value] and not walk.is_born(value) then
      seen[value] = true
      last = last + 1
      queue[last] = value
    end
  end
  for name, value in next, _G do
    if not rawequal(running.common[_G][name], value) then add(value) end
  end
  add(modules.loaded[running.record.key])
  for _, proto in next, prototype.of_module(running.record.key) do add(proto) end
  local at = 1
  while at <= last and running.visited < MOST_IN_ALL do
    local value = queue[at]
    at = at + 1
    running.visited = running.visited + 1
    if type(value) == "table" then
      local copy, count = copy_of(value)
      copies[value], running.visited = copy, running.visited + count
      for _, field in next, copy or NOTHING do add(field) end
    elseif getinfo(value, "S").source == source then
      for i = 1, 255 do
        local name, inner = getupvalue(value, i)
        if not name then break end
        add(inner)
      end
    end
  end
  return copies
end

local function is_reference(value)
  return type(value) == "table" or type(value) == "function"
end

-- What is in a table and was not in its copy: { fields = { name → value }, items = { item of a list → true } }; nil if nothing.
local function additions(t, copy)
  local had, result = nil, nil
  for name, value in next, t do
    if not rawequal(copy[name], value) then
      if not had then
        had = {}
        for _, former in next, copy do had[former] = true end
      end
      local is_item = mathtype(name) == "integer" and is_reference(value)
      if not is_item or not had[value] then
        result = result or { fields = {}, items = {} }
        result.fields[name] = value
        if is_item then result.items[value] = true end
      end
    end
  end
  return result
end

--- Before a file runs while another one does, which is `running`: what has to be given to `after`.
function nested.before(running, foreign)
  running.foreign = foreign
  return reachable(running)
end

--- After it ran: what it has added is noted in `running.others`.
function nested.after(running, copies)
  for t, copy in next, copies do
    local added = additions(t, copy)
    local known = running.others[t]
    if added and known then
      for name, value in next, added.fields do known.fields[name] = value end
      for value in next, added.items do known.items[value] = true end
    elseif added then
      running.others[t] = added
    end
  end
end

--- Has another file put that into a table? `added` is what is noted of the table.
function nested.is_others(added, name, value)
  if rawequal(added.fields[name], value) then return true end
  return is_reference(value) and mathtype(name) == "integer" and added.items[value] == true
end

return nested
