-- After files ran again: everything reachable is walked once, and whoever holds a function of a former version gets its
-- counterpart of the new one, whoever holds a table that has a twin gets the twin.
local M = ...
local heal = {}

local _G = _G
local errors, host, pictures, versions, walk = M.errors, M.host, M.pictures, M.versions, M.walk
local raw = M.raw.debug
local getinfo, getupvalue, setupvalue, upvalueid, upvaluejoin =
  raw.getinfo, raw.getupvalue, raw.setupvalue, raw.upvalueid, raw.upvaluejoin
local format, ipairs, load, next = string.format, ipairs, M.raw.load, next
local edits, identify, successor = versions.edits, versions.identify, versions.successor
local NOTHING = {}

-- `context`: the healing that is going on, see `run`. Not in a variable of its own, see walk.lua.
local under_way = {}

-- A function of the new version shares the variables that the file had before.
local function join(f, edit, id)
  if edit.joined[f] then return end
  edit.joined[f] = true
  for i, name in ipairs(edit.variables[id] or NOTHING) do
    local cell = name and edit.cells[name]
    if cell and cell[1] ~= f and upvalueid(f, i) ~= upvalueid(cell[1], cell[2]) then upvaluejoin(f, i, cell[1], cell[2]) end
  end
end

heal.join = join

--- Joins those functions of a file's new version that are known to the variables that the file had before.
function heal.join_declared(edit)
  for id, f in next, edit.new.functions do join(f, edit, id) end
  for _, cell in next, edit.new.cells do
    local id = identify(cell[1])
    if id then join(cell[1], edit, id) end
  end
end

-- Other functions that share a variable with one whose variables became those of a former function.
local function follow_cells(f, cells)
  for i = 1, 255 do
    if not getupvalue(f, i) then return end
    local cell = cells[upvalueid(f, i)]
    if cell then upvaluejoin(f, i, cell[1], cell[2]) end
  end
end

-- A variable that the new version has and no function of it has been made for, if it is known what it begins with.
local function make_cell(edit, name)
  local constant = edit.last.constants[name]
  if constant == nil then return nil end
  local function keeper() return constant end
  edit.new.cells[name] = { keeper, 1, kept = true }
  return edit.new.cells[name]
end

local function cell_of(edit, name)
  return name and (edit.cells[name] or edit.new.cells[name] or make_cell(edit, name))
end

-- The first variable that version `to` of a function needs and nobody has any more: its upvalue's number.
local function find_missing(edit, to, from)
  for i, name in ipairs(edit.variables[to]) do
    if (from[i] or 0) == 0 and name ~= "_ENV" and not cell_of(edit, name) then return i end
  end
  return nil
end

-- The function that the file itself made in this place when it ran again, if all its variables are the file's and nobody
-- has taken it yet.
local function take_declared(edit, to)
  local f = edit.new.functions[to]
  local context = under_way.context
  if not f or context.heirs[f] or context.twins[f] then return nil end
  for _, name in ipairs(edit.variables[to]) do
    if not name then return nil end
  end
  context.heirs[f] = true
  return f
end

-- Function `id` of the new version, with variables that are nobody's yet.
local function load_function(edit, id)
  local code, message = host("function", edit.chunk .. "\n" .. edit.hash .. "\n" .. id)
  if not code then errors.refuse(message) end
  return load(code, "=moonpool/function", "b")
end

-- What old function `f` is in the new version, where it is `to`, with the variables that it has.
local function remake(f, edit, to, from)
  local g = load_function(edit, to)
  for i, name in ipairs(edit.variables[to]) do
    local cell = cell_of(edit, name)
    if cell then
      upvaluejoin(g, i, cell[1], cell[2])
    elseif name == "_ENV" then
      setupvalue(g, i, _G)
    else
      upvaluejoin(g, i, f, from[i])
    end
  end
  return g
end

-- Old code stays in use: each place is told once.
local function note(edit, id, former, line, text)
  local name = former and former.names[id] or "A function"
  if former then edit.leftovers[former.hash] = true end
  local message = format("%s (lua/%s:%d) %s.", name, edit.chunk, line, text)
  local context = under_way.context
  if context.noted[message] then return end
  context.noted[message] = true
  context.note(edit, line, message)
end

local function judge_old(f, edit, id)
  local to, former = successor(edit, id)
  local line = getinfo(f, "S").linedefined
  if to == nil then
    note(edit, id, nil, line, "is of a version of long ago, and still in use")
  elseif not to then
    note(edit, id, former, line, "is gone from the file, but still in use")
  else
    local from = former.from[to] or NOTHING
    local missing = find_missing(edit, to, from)
    if not missing then return take_declared(edit, to) or remake(f, edit, to, from) end
    local name = getupvalue(load_function(edit, to), missing)
    note(edit, id, former, line, format("needs the variable %s now, which it never had: it stays as it was", name))
  end
  return nil
end

-- What is to stand in the place of a function.
local function judge(f)
  local context = under_way.context
  local twin = context.twins[f]
  if twin then return twin end
  local id, source = identify(f)
  if versions.is_runtime(id, source) then return false end
  local edit = edits[source]
  if edit and id and not edit.variables[id] then return judge_old(f, edit, id) end
  if edit and id then join(f, edit, id) end
  if next(context.cells) then follow_cells(f, context.cells) end
  return nil
end

-- A coroutine that has begun goes on in the code that it is in, which can only be told, unless it does the same in other lines.
local function visit_frame(info)
  local id, source = identify(info.func)
  local edit = id and edits[source]
  if not edit or edit.variables[id] then return end
  local to, former = successor(edit, id)
  if to and former.alike[id] then
    edit.leftovers[former.hash] = true
    return
  end
  note(edit, id, former, info.currentline, "is in the middle of its former version, in a coroutine, and goes on there")
end

--- Heals everything. `context` has `twins`, `heirs` and `cells` of merge.lua, and `note(edit, line, message)`, which is called
--- for old code that stays in use. `connections` are the session's.
function heal.run(context, connections)
  under_way.context = context
  context.noted = {}
  walk.run(judge, context.twins, connections, visit_frame, context.heirs)
  for _, edit in next, edits do
    for _, pictured in ipairs(edit.begun and edit.begun.contexts or NOTHING) do pictures.follow(pictured, context.twins) end
  end
  pictures.follow_borrowed()
  under_way.context = nil
end

return heal
