-- After files ran again: everything reachable is walked once, and whoever holds a function of a former version gets its
-- counterpart of the new one, whoever holds a new table that has a twin gets the old one. It does not matter where they
-- are held: fields, keys, metatables, variables of functions, timers, coroutines.
local M = ...
local heal = {}

local _G = _G
local connection, errors, host, prototype, sandbox, state, timers, wrappers =
  M.connection, M.errors, M.host, M.prototype, M.sandbox, M.session, M.timers, M.wrappers
local raw = M.raw.debug
local getinfo, getlocal, getmetatable, getupvalue, setlocal, setmetatable, setupvalue, upvalueid, upvaluejoin =
  raw.getinfo, raw.getlocal, raw.getmetatable, raw.getupvalue, raw.setlocal, raw.setmetatable, raw.setupvalue, raw.upvalueid,
  raw.upvaluejoin
local error, ipairs, load, next, rawequal, rawget, rawset, sub, type =
  error, ipairs, M.raw.load, next, rawequal, rawget, rawset, string.sub, type
local status = coroutine.status

-- Functions that every VM is born with: none of them leads to anything of an app.
local fixed = {}

-- The walk that is going on.
local edits -- chunk name as in getinfo → edit: see reload.lua
local twins, judged, seen, queue, last, note

local function push(x)
  if not seen[x] then
    seen[x] = true
    last = last + 1
    queue[last] = x
  end
end

--- Makes the function that `edit` has in the place of `f`, which is version `id` of it: its variables are those of `f`, or
--- of the file. Returns nil and the name of the first variable that nobody has any more.
local function counterpart(f, edit, to)
  local names, from = edit.new_variables[to], edit.from[to] or {}
  local common = true -- all its variables are the file's: every function of this place is as good as another
  for i, name in ipairs(names) do
    if not name then common = false end
    if from[i] == 0 or from[i] == nil then
      if name ~= "_ENV" and not (name and (edit.cells[name] or edit.new_cells[name])) then return nil, i end
    end
  end
  if common and edit.single[to] then return edit.single[to] end
  local g = load(host("function", edit.chunk .. "\n" .. edit.hash .. "\n" .. to), "=moonpool/function", "b")
  for i, name in ipairs(names) do
    local j = from[i] or 0
    if name == "_ENV" then
      setupvalue(g, i, _G)
    elseif name and (edit.cells[name] or edit.new_cells[name]) then
      local cell = edit.cells[name] or edit.new_cells[name]
      upvaluejoin(g, i, cell[1], cell[2])
    else
      upvaluejoin(g, i, f, j)
    end
  end
  if common then edit.single[to] = g end
  return g
end

-- A function of the new version shares the variables that the file had before.
local function join(f, edit, names)
  for i, name in ipairs(names) do
    local cell = name and edit.cells[name]
    if cell and not rawequal(upvalueid(f, i), upvalueid(cell[1], cell[2])) then upvaluejoin(f, i, cell[1], cell[2]) end
  end
end
heal.join = join

-- Variables of a file that only functions have which nobody could find from what the file declared.
local function discover(f, edit, id)
  for i, name in ipairs(edit.old_variables[id]) do
    if name and name ~= "_ENV" and not edit.cells[name] then
      edit.cells[name] = { f, i }
      edit.found = true
      local cell = edit.new_cells[name]
      if cell and edit.edited[name] then
        local _, value = getupvalue(cell[1], cell[2])
        setupvalue(f, i, value)
      end
    end
  end
end

-- What is to stand in the place of function `f`; false when it is to stay.
local function judge(f)
  local twin = twins[f]
  if twin then
    push(twin)
    return twin
  end
  local info = getinfo(f, "S")
  local source = info.source
  if sub(source, 1, 10) == "=moonpool/" then return false end
  local edit = edits[source]
  if edit then
    local id = info.lastlinedefined
    local to = edit.map[id]
    if to then
      discover(f, edit, id)
      local g, i = counterpart(f, edit, to)
      if g then
        push(g)
        return g
      end
      local name = getupvalue(edit.new.functions[to] or f, i)
      note(edit, info.linedefined, edit.names[id], "needs a variable" .. (name and name ~= "" and " (" .. name .. ")" or "")
        .. " that its former version did not have, and which is gone; the former version stays in use")
    elseif to == false then
      note(edit, info.linedefined, edit.names[id], "is gone from the file, but still in use")
    elseif edit.new_variables[id] then
      if edit.old_variables[id] then discover(f, edit, id) end
      join(f, edit, edit.new_variables[id])
      edit.current[#edit.current + 1] = f
    end
  end
  push(f)
  return false
end

-- What is to stand in the place of a value; nil when it is to stay. What it leads to is going to be visited.
local function swap(v)
  local kind = type(v)
  if kind == "table" then
    local twin = twins[v]
    push(twin or v)
    return twin
  elseif kind == "function" then
    if fixed[v] then return nil end
    local verdict = judged[v]
    if verdict == nil then
      judged[v] = false -- in case that it leads to itself
      verdict = judge(v)
      judged[v] = verdict
    end
    return verdict or nil
  elseif kind == "thread" then
    push(v)
  end
  return nil
end

local function visit_table(t)
  local meta = getmetatable(t)
  if meta ~= nil then
    local other = swap(meta)
    if other then setmetatable(t, other) end
  end
  local keys
  for name, field in next, t do
    local kind = type(field)
    if kind == "table" or kind == "function" or kind == "thread" then
      local other = swap(field)
      if other then rawset(t, name, other) end
    end
    kind = type(name)
    if kind == "table" or kind == "function" or kind == "thread" then
      local other = swap(name)
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
    if rawget(t, other) == nil then rawset(t, other, field) end
  end
end

local function visit_function(f)
  for i = 1, 255 do
    local name, value = getupvalue(f, i)
    if not name then return end
    local other = swap(value)
    if other then setupvalue(f, i, other) end
  end
end

-- A coroutine that has begun goes on in the code that it is in, which can only be reported.
local function visit_frames(co)
  for level = 0, 200 do
    local info = getinfo(co, level, "Slf")
    if not info then return end
    local edit = edits[info.source]
    if edit and edit.map[info.lastlinedefined] ~= nil then
      note(edit, info.currentline, edit.names[info.lastlinedefined], "is in the middle of its former version, in a coroutine, and goes on there")
    end
    if info.what ~= "C" then push(info.func) end
    for _, step in ipairs({ 1, -1 }) do
      local n = step
      while true do
        local name, value = getlocal(co, level, n)
        if not name then break end
        local other = swap(value)
        if other then setlocal(co, level, n, other) end
        n = n + step
      end
    end
  end
end

local function visit_thread(co)
  local starter = sandbox.starter(co)
  if starter then
    local _, body = getupvalue(starter, 1)
    local other = swap(body)
    if other then setupvalue(starter, 1, other) end
  end
  if status(co) ~= "dead" then visit_frames(co) end
end

-- The objects that pages show.
local function visit_node(node)
  local twin = twins[node.object]
  if twin then node.object = twin end
  if type(node.object) == "table" then push(node.object) end
  local kids = node.kids
  if not kids then return end
  for _, record in next, kids.wrappers do push(record) end
  for _, made in next, kids.made do visit_node(made) end
  for k = 1, node.plan.n do
    local kid = kids[k]
    if kid and kid.rows then
      if kid.presenters then push(kid.presenters) end
      for _, row in ipairs(kid.rows) do visit_node(row) end
    elseif kid then
      visit_node(kid)
    end
  end
end

local function walk()
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
end

--- Heals everything. `context` has `edits`, `twins` and `note(edit, line, name, text)`, which is called for old code that
--- stays in use. `connections` are the session's.
function heal.run(context, connections)
  edits, twins, note = context.edits, context.twins, context.note
  judged, seen, queue, last = {}, {}, {}, 0
  push(_G)
  push(M.modules.loaded)
  push(timers.pending)
  push(state)
  push(wrappers.registered)
  prototype.visit(push)
  for _, edit in next, edits do push(edit.new) end
  for _, conn in ipairs(connections) do visit_node(connection.root(conn)) end
  walk()
  for _, edit in next, edits do
    -- What was found on the way is shared by those that were visited before, too.
    if edit.found then
      for _, f in ipairs(edit.current) do join(f, edit, edit.new_variables[(getinfo(f, "S")).lastlinedefined]) end
    end
  end
  edits, twins, judged, seen, queue, note = nil, nil, nil, nil, nil, nil
end

--- Notes what a VM is born with. To be called when the globals are what apps find.
function heal.settle()
  local tables = { [_G] = true }
  local function enter(t)
    for _, value in next, t do
      if type(value) == "function" then
        fixed[value] = true
      elseif type(value) == "table" and not tables[value] then
        tables[value] = true
        enter(value)
      end
    end
  end
  enter(_G)
end

return heal
