-- Visits everything of an app that can be reached, once each: tables, functions and coroutines, wherever they are held:
-- fields, keys, metatables, variables of functions and coroutines, timers, what pages show.
local M = ...
local walk = {}

local _G = _G
local connection, modules, prototype, sandbox, serializers, timers, versions, wrappers =
  M.connection, M.modules, M.prototype, M.sandbox, M.serializers, M.timers, M.versions, M.wrappers
local raw = M.raw.debug
local getinfo, getlocal, getmetatable, getupvalue, setlocal, setmetatable, setupvalue =
  raw.getinfo, raw.getlocal, raw.getmetatable, raw.getupvalue, raw.setlocal, raw.setmetatable, raw.setupvalue
local ipairs, next, rawequal, rawget, rawset, type = ipairs, next, rawequal, rawget, rawset, type
local status = coroutine.status

local MOST_FRAMES <const> = 200000

-- Tables and functions that every VM is born with. Apps can put something into the tables, but not into the functions: of a
-- table it is what it holds at birth, but for other tables.
local born = {}
local born_tables = {}
local NONE = {}

--- The tables of these in which any file may put something that is then there for all files: `_G`, `string`, `session`, …
walk.common = {}

-- The walk that is going on. `instead` has what is to stand in the place of functions that were met, false for those that stay.
local replace, twins, heirs, seen, queue, last, on_frame, instead

local function push(x)
  if not seen[x] then
    seen[x] = true
    last = last + 1
    queue[last] = x
  end
end

-- What is to stand in the place of a function that is met for the first time; false when it is to stay.
local function meet_function(f)
  local other = false
  if not born[f] then
    other = replace(f)
    if other ~= false then push(other or f) end
  end
  instead[f] = other or false
  return other
end

-- What is to stand in the place of any value, nil or false when it is to stay.
local function meet(value)
  local kind = type(value)
  if kind == "function" then
    local other = instead[value]
    if other == nil then return meet_function(value) end
    return other
  end
  if kind ~= "table" and kind ~= "thread" then return nil end
  local other = twins[value]
  push(other or value)
  return other
end

-- What apps have put into a table that every VM is born with, and the tables in it; nil if there is nothing.
local function added_by_apps(t, at_birth)
  local added
  for name, field in next, t do
    if at_birth[name] ~= field then
      added = added or {}
      added[name] = field
    end
  end
  return added
end

local function visit_table(t)
  local meta = getmetatable(t)
  if meta ~= nil then
    local other = meet(meta)
    if other then setmetatable(t, other) end
  end
  local keys
  local fields, at_birth = t, born[t]
  if at_birth then
    fields = added_by_apps(t, at_birth)
    if not fields then return end
  end
  -- Most of the time of a reload is spent here, so nothing is called that can be avoided.
  for name, field in next, t do
    local kind = type(field)
    if kind == "table" then
      local other = twins[field]
      if other then
        rawset(t, name, other)
        field = other
      end
      if not seen[field] then
        seen[field] = true
        last = last + 1
        queue[last] = field
      end
    elseif kind == "function" then
      local other = instead[field]
      if other == nil then other = meet_function(field) end
      if other then rawset(t, name, other) end
    elseif kind == "thread" then
      local other = meet(field)
      if other then rawset(t, name, other) end
    end
    kind = type(name)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      local other = meet(name)
      if other then
        keys = keys or {}
        keys[name] = other
      end
    end
  end
  if not keys then return end
  for name, other in next, keys do
    local field = rawget(t, name)
    rawset(t, name, nil)
    -- When a file has put its new function there, too: what the old one's place has been made of stays.
    if rawget(t, other) == nil or heirs[other] then rawset(t, other, field) end
  end
end

local function visit_function(f)
  for i = 1, 255 do
    local name, value = getupvalue(f, i)
    if not name then return end
    local other = meet(value)
    if other then setupvalue(f, i, other) end
  end
end

local function visit_locals(co, level, step)
  local n = step
  while true do
    local name, value = getlocal(co, level, n)
    if not name then return end
    local other = meet(value)
    if other then setlocal(co, level, n, other) end
    n = n + step
  end
end

-- A coroutine that has begun goes on in the functions that it is in.
local function visit_frames(co)
  for level = 0, MOST_FRAMES do
    local info = getinfo(co, level, "Slf")
    if not info then return end
    if on_frame then on_frame(info) end
    if info.what ~= "C" then push(info.func) end
    visit_locals(co, level, 1)
    visit_locals(co, level, -1)
  end
end

local function visit_thread(co)
  if status(co) == "dead" then return end
  local starter = sandbox.starter(co)
  if starter then visit_function(starter) end
  visit_frames(co)
end

-- What a page shows.
local function visit_node(node)
  local other = meet(node.object)
  if other then node.object = other end
  local kids = node.kids
  if not kids then return end
  for _, record in next, kids.wrappers do push(record) end
  for _, made in next, kids.made do visit_node(made) end
  for k = 1, node.plan.n do
    local kid = kids[k]
    if kid and kid.rows then
      if kid.presenters then push(kid.presenters) end
      kid.shown = false -- of objects that are other ones now
      for _, row in ipairs(kid.rows) do visit_node(row) end
    elseif kid then
      visit_node(kid)
    end
  end
end

local function push_roots()
  for _, t in ipairs(born_tables) do push(t) end
  push(modules.loaded)
  push(timers.pending)
  push(M.session)
  push(wrappers.registered)
  push(serializers.kept)
  push(serializers.by_type)
  prototype.visit(push)
  for _, record in next, modules.records do
    if record.declared then
      push(record.declared.functions)
      for _, cell in next, record.declared.cells do
        if cell.kept then visit_function(cell[1]) else push(cell) end
      end
    end
  end
end

--- Visits everything: `visit(f)`, called once for each function, returns what is to stand in its place, nil when it is to stay,
--- false when it is not to be entered either; `others` says it of tables. `frame(info)` is told of the functions that coroutines are in.
--- `connections` are the session's, if what they show is to be visited. `successors` are new functions that stand for old ones.
--- Returns the set of all that was met.
function walk.run(visit, others, connections, frame, successors)
  replace, twins, heirs, seen, queue, last, on_frame = visit, others or NONE, successors or NONE, {}, {}, 0, frame
  instead = {}
  push_roots()
  for _, conn in ipairs(connections or {}) do visit_node(connection.root(conn)) end
  local at = 1
  while at <= last do
    local x = queue[at]
    queue[at] = false
    at = at + 1
    local kind = type(x)
    if kind == "table" then
      visit_table(x)
    elseif kind == "function" then
      visit_function(x)
    else
      visit_thread(x)
    end
  end
  local met = seen
  replace, twins, heirs, seen, queue, last, on_frame, instead = nil, nil, nil, nil, nil, nil, nil, nil
  return met
end

--- Everything that can be reached now, as a set.
function walk.all(connections)
  return walk.run(function(f)
    if versions.is_runtime(versions.identify(f)) then return false end
  end, nil, connections)
end

--- Is this something that every VM is born with?
function walk.is_born(value) return born[value] ~= nil end

--- What a table that every VM is born with held then under a name; nil also for tables.
function walk.at_birth(t, name) return born[t][name] end

--- What such a table holds besides what it held at birth, under plain keys.
function walk.added_to(t)
  local added, fields = {}, born[t]
  for name, value in next, t do
    -- What is in there at birth is no table: there is nothing that could say otherwise what equals it.
    if fields[name] ~= value then
      local kind = type(name)
      if kind == "string" or kind == "number" or kind == "boolean" then added[name] = value end
    end
  end
  -- It is no file that sets this.
  if t == M.session.session then added.reloading = nil end
  return added
end

--- Notes what a VM is born with. To be called when the globals are what apps find.
function walk.settle()
  local function enter(t)
    local fields = {}
    born[t] = fields
    born_tables[#born_tables + 1] = t
    if t ~= modules.loaded then walk.common[#walk.common + 1] = t end
    for name, value in next, t do
      if type(value) ~= "table" then fields[name] = value end
      if type(value) == "function" then
        born[value] = true
      elseif type(value) == "table" and not born[value] then
        enter(value)
      end
    end
  end
  enter(_G)
  enter(getmetatable(""))
end

return walk
