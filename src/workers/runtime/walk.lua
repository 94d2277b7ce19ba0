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

-- A walk is a table of its own, which is passed along: `replace`, `twins`, `heirs`, `on_frame` as given to `walk.run`; `seen`, all
-- that was met; `queue`, of which `last` is the last, what is still to be visited; `instead`: what is to stand in the place of
-- functions that were met, false for those that stay. In variables of this file it would be garbage that stays for long: what is
-- put into a variable of an old function is old at once, and with it all that it leads to.
local function push(w, x)
  local seen = w.seen
  if not seen[x] then
    seen[x] = true
    local last = w.last + 1
    w.last, w.queue[last] = last, x
  end
end

-- What is to stand in the place of a function that is met for the first time; false when it is to stay.
local function meet_function(w, f)
  local other = false
  if not born[f] then
    other = w.replace(f)
    if other ~= false then push(w, other or f) end
  end
  w.instead[f] = other or false
  return other
end

-- What is to stand in the place of any value, nil or false when it is to stay.
local function meet(w, value)
  local kind = type(value)
  if kind == "function" then
    local other = w.instead[value]
    if other == nil then return meet_function(w, value) end
    return other
  end
  if kind ~= "table" and kind ~= "thread" then return nil end
  local other = w.twins[value]
  push(w, other or value)
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

local function visit_table(w, t)
  local meta = getmetatable(t)
  if meta ~= nil then
    local other = meet(w, meta)
    if other then setmetatable(t, other) end
  end
  local keys
  local fields, at_birth = t, born[t]
  if at_birth then
    fields = added_by_apps(t, at_birth)
    if not fields then return end
  end
  local twins, seen, queue, instead = w.twins, w.seen, w.queue, w.instead
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
        local last = w.last + 1
        w.last, queue[last] = last, field
      end
    elseif kind == "function" then
      local other = instead[field]
      if other == nil then other = meet_function(w, field) end
      if other then rawset(t, name, other) end
    elseif kind == "thread" then
      local other = meet(w, field)
      if other then rawset(t, name, other) end
    end
    kind = type(name)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      local other = meet(w, name)
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
    if rawget(t, other) == nil or w.heirs[other] then rawset(t, other, field) end
  end
end

local function visit_function(w, f)
  for i = 1, 255 do
    local name, value = getupvalue(f, i)
    if not name then return end
    local other = meet(w, value)
    if other then setupvalue(f, i, other) end
  end
end

local function visit_locals(w, co, level, step)
  local n = step
  while true do
    local name, value = getlocal(co, level, n)
    if not name then return end
    local other = meet(w, value)
    if other then setlocal(co, level, n, other) end
    n = n + step
  end
end

-- A coroutine that has begun goes on in the functions that it is in.
local function visit_frames(w, co)
  for level = 0, MOST_FRAMES do
    local info = getinfo(co, level, "Slf")
    if not info then return end
    if w.on_frame then w.on_frame(info) end
    if info.what ~= "C" then push(w, info.func) end
    visit_locals(w, co, level, 1)
    visit_locals(w, co, level, -1)
  end
end

local function visit_thread(w, co)
  if status(co) == "dead" then return end
  local starter = sandbox.starter(co)
  if starter then visit_function(w, starter) end
  visit_frames(w, co)
end

-- What a page shows.
local function visit_node(w, node)
  local other = meet(w, node.object)
  if other then node.object = other end
  local kids = node.kids
  if not kids then return end
  for _, record in next, kids.wrappers do push(w, record) end
  for _, made in next, kids.made do visit_node(w, made) end
  for k = 1, node.plan.n do
    local kid = kids[k]
    if kid and kid.rows then
      if kid.presenters then push(w, kid.presenters) end
      kid.shown = false -- of objects that are other ones now
      for _, row in ipairs(kid.rows) do visit_node(w, row) end
    elseif kid then
      visit_node(w, kid)
    end
  end
end

local function push_roots(w)
  for _, t in ipairs(born_tables) do push(w, t) end
  push(w, modules.loaded)
  push(w, timers.pending)
  push(w, M.session)
  push(w, wrappers.registered)
  push(w, serializers.kept)
  push(w, serializers.by_type)
  prototype.visit(function(x) push(w, x) end)
  for _, record in next, modules.records do
    if record.declared then
      push(w, record.declared.functions)
      for _, cell in next, record.declared.cells do
        if cell.kept then visit_function(w, cell[1]) else push(w, cell) end
      end
    end
  end
end

--- Visits everything: `visit(f)`, called once for each function, returns what is to stand in its place, nil when it is to stay,
--- false when it is not to be entered either; `others` says it of tables. `frame(info)` is told of the functions that coroutines are in.
--- `connections` are the session's, if what they show is to be visited. `successors` are new functions that stand for old ones.
--- Returns the set of all that was met.
function walk.run(visit, others, connections, frame, successors)
  local queue = {}
  local w = {
    replace = visit, twins = others or NONE, heirs = successors or NONE, on_frame = frame, seen = {}, queue = queue, last = 0,
    instead = {},
  }
  push_roots(w)
  for _, conn in ipairs(connections or {}) do visit_node(w, connection.root(conn)) end
  local at = 1
  while at <= w.last do
    local x = queue[at]
    queue[at] = false
    at = at + 1
    local kind = type(x)
    if kind == "table" then
      visit_table(w, x)
    elseif kind == "function" then
      visit_function(w, x)
    else
      visit_thread(w, x)
    end
  end
  return w.seen
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
