-- What a file declared when it ran: the value it returned, its globals and what else it put into tables that are there for
-- all files, its prototypes, wrappers and timers, the app, and the variables of the file that its functions share. Kept while
-- files may be run again, because a reload has to know what has become different since: by the next version of the file, or
-- by what the app did in the meantime.
local M = ...
local declarations = {}

local _G = _G
local modules, nested, pictures, prototype, state, timers, versions, walk, wrappers =
  M.modules, M.nested, M.pictures, M.prototype, M.session, M.timers, M.versions, M.walk, M.wrappers
local getupvalue, getmetatable, upvalueid = M.raw.debug.getupvalue, M.raw.debug.getmetatable, M.raw.debug.upvalueid
local ipairs, next, rawequal, rawget, type = ipairs, next, rawequal, rawget, type
local identify = versions.identify

local MOST_VISITS <const> = 20000
local NOTHING = {}

-- `running`: what was there before the file that runs now, and which timers it has set, see `begin`. Not in a variable, see walk.lua.
local under_way = {}

-- Tables that this file did not make, as far as that is known: whatever is in them is the affair of others.
local function foreigners(record)
  local foreign = { [_G] = true, [modules.loaded] = true, [state.session] = true }
  for key, value in next, modules.loaded do
    if type(value) == "table" and key ~= record.key and not record.names[key] then foreign[value] = true end
  end
  return foreign
end

-- The file's functions by id, and its variables: name → { f, i }, upvalue i of f. Those of `former` are not meant.
local function new_collection(record, former)
  return { source = "@" .. record.chunk, variables = versions.variables(record), former = former or NOTHING, functions = {}, cells = {} }
end

local function is_former_cell(collection, name, f, i)
  local cell = collection.former.cells and collection.former.cells[name]
  return cell and rawequal(upvalueid(cell[1], cell[2]), upvalueid(f, i))
end

local function collect(collection, f)
  local id, source = identify(f)
  local names = id and source == collection.source and collection.variables[id]
  if not names then return false end
  local former = collection.former.functions
  if not collection.functions[id] and not (former and rawequal(former[id], f)) then collection.functions[id] = f end
  for i, name in ipairs(names) do
    if name and name ~= "_ENV" and not collection.cells[name] and not is_former_cell(collection, name, f, i) then
      collection.cells[name] = { f, i }
    end
  end
  return true
end

-- Walks over the tables of a file and its functions, nearest first.
local function collect_near(collection, roots, foreign)
  local queue, seen, at, last = {}, {}, 1, 0
  local function add(value)
    local kind = type(value)
    if (kind == "table" or kind == "function") and not seen[value] then
      seen[value] = true
      last = last + 1
      queue[last] = value
    end
  end
  for _, value in ipairs(roots) do add(value) end
  while at <= last and at < MOST_VISITS do
    local value = queue[at]
    at = at + 1
    if type(value) == "table" then
      if not foreign[value] then
        for name, field in next, value do
          add(name)
          add(field)
        end
        add(getmetatable(value))
      end
    elseif collect(collection, value) then
      for i = 1, 255 do
        local name, inner = getupvalue(value, i)
        if not name then break end
        add(inner)
      end
    end
  end
end

local function is_complete(collection)
  for _, names in next, collection.variables do
    for _, name in ipairs(names) do
      if name and name ~= "_ENV" and not collection.cells[name] then return false end
    end
  end
  return true
end

-- The file has given functions to others (`bus.on("saved", function() … end)`): they can be anywhere.
local function collect_everywhere(collection)
  walk.run(function(f)
    if not collect(collection, f) and versions.is_runtime(identify(f)) then return false end
  end)
end

local function copy(t)
  local result = {}
  for name, value in next, t do result[name] = value end
  return result
end

-- The tables that a file declared and can find when it runs again, as they are now: table → { picture, fields }.
local function found_by(former)
  local found = {}
  local function enter(picture)
    local t = type(picture) == "table" and pictures.table(picture)
    if not t or found[t] or not picture.fields then return end
    found[t] = { picture = picture, fields = copy(t) }
    for _, field in next, picture.fields do enter(field) end
    enter(picture.meta)
  end
  enter(former.value)
  enter(former.app)
  local function enter_all(list)
    for _, picture in next, list do enter(picture) end
  end
  for _, fields in next, former.common do enter_all(fields) end
  enter_all(former.prototypes)
  enter_all(former.wrappers)
  return found
end

-- What was put into each table that is there for all files.
local function common_fields()
  local fields = {}
  for _, t in ipairs(walk.common) do fields[t] = walk.added_to(t) end
  return fields
end

--- What variables of the file are called in its new version: `renamed` has their new names and the former ones.
function declarations.rename(declared, renamed)
  local cells, base = declared.cells, declared.base
  for name, former in next, renamed do
    cells[name], base[name] = cells[former], base[former]
    cells[former], base[former] = nil, nil
  end
end

-- Before a file runs.
local function begin(record)
  local former = record.declared
  local running = under_way.running
  local copies = running and nested.before(running, foreigners(running.record))
  running = {
    record = record, copies = copies, visited = 0, others = {},
    in_reload = former ~= nil or (running ~= nil and running.in_reload), former = former, reuse_timer = record.reuse_timer,
    common = common_fields(), registered = copy(wrappers.registered), found = former and found_by(former) or {},
    timers = {}, outer = running, outer_app = state.app_module, taken = {}, contexts = {}, settled = {},
  }
  state.app_module, under_way.running = nil, running
  return running
end

-- After it has failed, or is done.
local function leave(begun)
  local running = begun.outer
  under_way.running = running
  if running then nested.after(running, begun.copies) end
  if state.app_module == nil then state.app_module = begun.outer_app end
end

-- What the file put into a table that is there for all files when it ran before.
local function former_fields(begun, t) return begun.former and begun.former.common[t] or NOTHING end

-- The values that a file has just declared, by which its functions can be found.
local function roots_of(record, value, begun, present)
  local roots = { value }
  for t, fields in next, present do
    local before, former = begun.common[t], former_fields(begun, t)
    for name, now in next, fields do
      if not rawequal(before[name], now) or former[name] ~= nil then roots[#roots + 1] = now end
    end
  end
  for _, proto in next, prototype.of_module(record.key) do roots[#roots + 1] = proto end
  for _, name in ipairs(wrappers.of_module(record.key)) do roots[#roots + 1] = wrappers.registered[name] end
  for _, entry in ipairs(begun.timers) do
    local timer = timers.pending[entry.handle]
    roots[#roots + 1] = entry.f
    roots[#roots + 1] = timer and timer.f
  end
  if state.app_module == record.key then roots[#roots + 1] = state.app end
  return roots
end

-- A file that assigns a global what is in it already declares it, too.
local function declare_common(declared, begun, present, context, assigned)
  for t, fields in next, present do
    local before, former, pictured = begun.common[t], former_fields(begun, t), {}
    for name, now in next, fields do
      local last = former[name]
      local is_same = rawequal(before[name], now)
      if not is_same or (last ~= nil and type(now) == "table") or (last == nil and t == _G and assigned[name]) then
        pictured[name] = pictures.take(now, context)
      else
        pictured[name] = pictures.keep(last)
      end
    end
    if next(pictured) ~= nil then declared.common[t] = pictured end
  end
end

--- The globals and the like that a file has declared, and those of files that it required, are none of the file that required
--- it. `begun` is what was there before the file ran.
function declarations.settle_common(declared, begun)
  local running = under_way.running
  if not running then return end
  for _, settled in ipairs({ declared.common, begun.settled }) do
    for t, fields in next, settled do
      running.settled[t] = running.settled[t] or {}
      for name in next, fields do
        running.common[t][name], running.settled[t][name] = rawget(t, name), true
      end
    end
  end
end

-- A file has run for the first time while another one ran again: what was in the globals before may have moved there, see
-- redeclare.lua.
local function note_first(record, context, begun)
  local running = under_way.running
  for name in next, record.declared.common[_G] or NOTHING do
    local before = begun.common[_G][name]
    if before ~= nil and not rawequal(before, rawget(_G, name)) then running.taken[name] = { value = before, by = record } end
  end
  for name, taken in next, begun.taken do running.taken[name] = running.taken[name] or taken end
  begun.contexts[#begun.contexts + 1] = context
  for _, pictured in ipairs(begun.contexts) do running.contexts[#running.contexts + 1] = pictured end
end

-- After it ran: `record.declared` is what it declared; when it ran again `record.begun` is what was there before.
local function done(record, value, begun)
  local foreign, present = foreigners(record), common_fields()
  local context = pictures.context(record, foreign, begun)
  local collection = new_collection(record, begun.former)
  collect_near(collection, roots_of(record, value, begun, present), foreign)
  if not is_complete(collection) then collect_everywhere(collection) end
  local declared = { common = {}, prototypes = {}, wrappers = {}, timers = begun.timers, base = {}, fields = versions.fields(record),
    functions = collection.functions, cells = collection.cells }
  declared.value = pictures.take(value, context)
  declare_common(declared, begun, present, context, versions.globals(record))
  for name, proto in next, prototype.of_module(record.key) do declared.prototypes[name] = pictures.take(proto, context) end
  for _, name in ipairs(wrappers.of_module(record.key)) do
    declared.wrappers[name] = pictures.take(wrappers.registered[name], context)
  end
  if state.app_module == record.key then declared.app = pictures.take(state.app, context) end
  for _, entry in ipairs(begun.timers) do entry.of, entry.f = pictures.take(entry.f, context), nil end
  for name, cell in next, declared.cells do
    local _, present = getupvalue(cell[1], cell[2])
    declared.base[name] = pictures.take(present, context)
  end
  record.declared = declared
  leave(begun)
  if begun.former then
    begun.context, record.begun = context, begun
    begun.contexts[#begun.contexts + 1] = context
  else
    if under_way.running and under_way.running.in_reload then note_first(record, context, begun) end
    declarations.settle_common(declared, begun)
  end
end

--- Begins to keep record of what files declare.
function declarations.enable()
  modules.observe(begin, done, leave)
  timers.observe(function(f, ms, every)
    local running = under_way.running
    return running and running.reuse_timer and running.reuse_timer(f, ms, every)
  end, function(f, ms, every, handle)
    local running = under_way.running
    if running then running.timers[#running.timers + 1] = { handle = handle, f = f, ms = ms, every = every } end
  end)
end

-- Does a picture show tables under names that are not in `fresh`?
local function has_others(name, picture, fresh, seen)
  if type(picture) ~= "table" or seen[picture] then return false end
  seen[picture] = true
  if picture.id then
    for _, cell in next, picture.cells or NOTHING do
      if has_others("", cell, fresh, seen) then return true end
    end
  elseif picture.begins ~= nil then
    return has_others("", picture.begins, fresh, seen)
  elseif picture.fields then
    if not fresh[name] then return true end
    for field, value in next, picture.fields do
      if has_others(type(field) == "string" and field or "[]", value, fresh, seen) then return true end
    end
  end
  return false
end

--- May a version of the file that makes tables itself only under the names in `fresh` put, where the version before made a
--- table, one that was there before it ran?
function declarations.may_find(declared, fresh)
  local seen = {}
  for name, picture in next, declared.base do
    if has_others(name, picture, fresh, seen) then return true end
  end
  for t, fields in next, declared.common do
    for name, picture in next, fields do
      local known = type(name) ~= "string" and "[]" or t == _G and "global " .. name or name
      if has_others(known, picture, fresh, seen) then return true end
    end
  end
  for _, picture in next, declared.wrappers do
    if has_others("wrapper", picture, fresh, seen) then return true end
  end
  for _, timer in ipairs(declared.timers) do
    if has_others("", timer.of, fresh, seen) then return true end
  end
  for _, picture in next, declared.prototypes do
    for name, field in next, picture.fields or NOTHING do
      if has_others(name, field, fresh, seen) then return true end
    end
    seen[picture] = true
  end
  return has_others("return", declared.value, fresh, seen) or has_others("app", declared.app, fresh, seen)
end

-- Is there a plain value that one list of pictures by name has and the other has not, or differently?
local function list_changed(old, new)
  for name, before in next, old do
    if pictures.plain_changed(before, new[name]) then return true end
  end
  for name, now in next, new do
    if old[name] == nil and pictures.plain_changed(nil, now) then return true end
  end
  return false
end

local function common_changed(old, new)
  for _, t in ipairs(walk.common) do
    if list_changed(old[t] or NOTHING, new[t] or NOTHING) then return true end
  end
  return false
end

--- Did a plain value change that others may have taken from the file?
function declarations.plain_changed(old, new)
  return pictures.plain_changed(old.value, new.value) or common_changed(old.common, new.common)
    or list_changed(old.prototypes, new.prototypes)
end

return declarations
