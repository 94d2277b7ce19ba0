-- Hot reload of Lua files: what `docs/hot-reload.md` explains. All of it is one transaction: when it raises, the worker
-- puts the image from before back, so nothing here has to be undone.
local M = ...
local reload = {}

local _G = _G
local declarations, errors, heal, host, merge, modules, prototype, rebuild, state, timers, wrappers =
  M.declarations, M.errors, M.heal, M.host, M.merge, M.modules, M.prototype, M.rebuild, M.session, M.timers, M.wrappers
local load = M.raw.load
local getupvalue, setupvalue = M.raw.debug.getupvalue, M.raw.debug.setupvalue
local error, format, ipairs, next, rawequal, rawget, type = error, string.format, ipairs, next, rawequal, rawget, type
local concat, sort = table.concat, table.sort
local identify = declarations.identify
local NOTHING = {}

-- How functions of two versions of a file correspond: see src/workers/lua-code.
local function correspondence(record, hash)
  if hash == record.hash then return { map = NOTHING, from = NOTHING, names = NOTHING, edited = NOTHING } end
  local code, message = host("correspondence", record.chunk .. "\n" .. record.hash .. "\n" .. hash)
  return load(code or error(message, 0), "=moonpool/correspondence", "b")()
end

-- A function of the former version whose place is not in the new one: it stands where the file put it and did not put
-- another.
local function is_gone(f, edit)
  if type(f) ~= "function" then return false end
  local id, source = identify(f)
  local to = edit.map[id]
  return source == edit.source and (to == false or (to ~= nil and edit.names[to] ~= edit.names[id]))
end

-- Takes functions that the source has no more out of a table that the file declared and goes on using.
local function drop_gone(t, fields, edit)
  for name, picture in next, fields do
    if rawequal(picture, declarations.FUNCTION) and is_gone(rawget(t, name), edit) then t[name] = nil end
  end
end

local function merge_variables(edit, context)
  for name, cell in next, edit.cells do
    local new = edit.new_cells[name]
    if new then
      local _, present = getupvalue(cell[1], cell[2])
      local _, declared = getupvalue(new[1], new[2])
      local kept = merge.value(present, edit.old.base[name], declared, context)
      if not rawequal(kept, present) then setupvalue(cell[1], cell[2], kept) end
    end
  end
end

local function merge_globals(edit, context)
  local old, new = edit.old.globals, edit.new.globals
  for name, base in next, old do
    local before, present = edit.globals[name], rawget(_G, name)
    if is_gone(present, edit) then
      _G[name], new[name] = nil, nil
    elseif not rawequal(before, present) then
      _G[name] = merge.value(before, base, present, context)
    elseif type(base) == "table" and base.fields and rawequal(base.table, present) then
      drop_gone(present, base.fields, edit)
    end
  end
end

local function merge_wrappers(edit, context)
  for name, base in next, edit.old.wrappers do
    if edit.new.wrappers[name] ~= nil then
      wrappers.registered[name] = merge.value(edit.registered[name], base, wrappers.registered[name], context)
    end
  end
end

-- Methods that are not in the source any more.
local function drop_methods(edit)
  for _, proto in next, prototype.of_module(edit.record.key) do
    for name, f in next, edit.methods[proto] or NOTHING do
      if rawequal(rawget(proto, name), f) and is_gone(f, edit) then prototype.remove_method(proto, name) end
    end
  end
end

-- A timer that a file sets when it runs replaces the one that it set before; one that it does not set any more goes; one
-- that it guards (`if not session.reloading`) stays.
local function merge_timers(edit)
  local set = {}
  for _, timer in next, edit.new.timers do
    local id, source = identify(timer.f)
    set[source == edit.source and id or timer.f] = true
  end
  for handle, timer in next, edit.old.timers do
    if timers.pending[handle] == timer then
      local id, source = identify(timer.f)
      local own = source == edit.source
      local present = own and (edit.map[id] or id) or timer.f
      if set[present] or set[timer.f] or (own and edit.map[id] == false) then
        timers.pending[handle] = nil
      else
        edit.new.timers[handle] = timer
      end
    end
  end
end

-- Which of the file's functions there are twice: those that did not change keep their identity.
local function find_twins(edit, context)
  for id, f in next, edit.new.functions do
    local before = edit.old.functions[id]
    local names = edit.new_variables[id]
    local common = true
    for _, name in ipairs(names) do common = common and name end
    if common then
      edit.single[id] = f
      if before and not rawequal(before, f) then context.twins[f] = before end
    end
  end
end

local function methods_of(key)
  local result = {}
  for _, proto in next, prototype.of_module(key) do
    local methods = {}
    for name, f in next, proto do
      if type(f) == "function" then methods[name] = f end
    end
    result[proto] = methods
  end
  return result
end

local function shallow(t)
  local result = {}
  for name, value in next, t do result[name] = value end
  return result
end

-- Runs the new version of a file and makes its declarations and those of the former version one.
local function run(record, hash, code, context)
  local edit = correspondence(record, hash)
  edit.record, edit.chunk, edit.hash, edit.source = record, record.chunk, hash, "@" .. record.chunk
  edit.old, edit.old_variables = record.declared, declarations.variables(record)
  edit.cells, edit.single, edit.current, edit.found = edit.old.cells, {}, {}, false
  edit.globals, edit.registered, edit.methods = shallow(_G), shallow(wrappers.registered), methods_of(record.key)
  local app, app_module, defaults = state.app, state.app_module, prototype.declared(record.key)
  local taken = rebuild.take(record.key)
  for _, entry in ipairs(taken) do context.taken[#context.taken + 1] = entry end

  local former = modules.loaded[record.key]
  state.app_module = nil
  state.session.reloading = true
  local ok, value = errors.guard(modules.execute, record, record.chunk, hash, code)
  state.session.reloading = false
  if not ok then error(value, 0) end

  edit.new, edit.new_variables = record.declared, declarations.variables(record)
  edit.new_cells = edit.new.cells
  context.edits[edit.source] = edit
  context.record = record
  find_twins(edit, context)
  merge_variables(edit, context)
  modules.set_value(record, merge.value(former, edit.old.value, value, context))
  if type(former) == "table" and rawequal(former, value) and edit.old.value.fields then
    drop_gone(former, edit.old.value.fields, edit)
  end
  merge_globals(edit, context)
  merge_wrappers(edit, context)
  drop_methods(edit)
  merge_timers(edit)
  if state.app_module == record.key then
    if edit.old.app then state.app = merge.value(app, edit.old.app, state.app, context) end
  else
    state.app_module = app_module
    edit.new.app = edit.old.app
  end
  for id, f in next, edit.new.functions do heal.join(f, edit, edit.new_variables[id]) end
  for _, cell in next, edit.new_cells do
    local id = identify(cell[1])
    heal.join(cell[1], edit, edit.new_variables[id])
  end
  context.files[#context.files + 1] = "lua/" .. record.chunk
  return declarations.plain_changed(edit.old, edit.new) or prototype.plain_changed(defaults, prototype.declared(record.key))
end

local function note(context, code, message, file, line)
  local list = context.notes
  list[#list + 1] = errors.make(code, message, file, line)
end

-- A deleted file: unloads what it declared, or says why not.
local function remove(record, context)
  local dependants = modules.dependants(record.key)
  if record.names.main then dependants = { "every session" } end
  local file = "lua/" .. record.chunk
  if dependants[1] then
    note(context, "RELOAD_NEEDED", format("%s is gone, but %s needs it: its code stays in use.", file, concat(dependants, ", ")), file)
    return
  end
  for name, picture in next, record.declared.globals do
    local present = rawget(_G, name)
    local is_table = type(picture) == "table" and picture.table ~= nil
    if (is_table and rawequal(picture.table, present)) or (not is_table and type(present) == "function")
      or rawequal(picture, present) then
      _G[name] = nil
    end
  end
  for handle, timer in next, record.declared.timers do
    if timers.pending[handle] == timer then timers.pending[handle] = nil end
  end
  modules.unload(record.key)
  context.files[#context.files + 1] = file
end

-- Runs what changed and what depends on it, in the order of who needs whom.
local function run_all(changed, context)
  local stale = {} -- files whose plain values changed
  for _, record in ipairs(modules.in_order()) do
    local hash, code
    local affected = false
    for key in next, record.requires do affected = affected or stale[key] end
    affected = affected and record.policy == nil or affected and record.policy == "always"
    if changed[record.key] or affected then
      hash, code = modules.newest(record)
      if hash ~= record.hash and record.policy == "never" then
        note(context, "RELOAD_NEVER", format("lua/%s changed, but is never reloaded: new sessions have it.", record.chunk), "lua/" .. record.chunk)
      elseif hash ~= record.hash or affected then
        if run(record, hash, code, context) then stale[record.key] = true end
      end
    end
  end
end

--- Brings the session to the newest version of files. `changed` and `gone` are lists of tracking keys, `connections` the
--- session's. Returns the names of the files that ran and Errors worth telling. Raises an Error when one cannot be run.
function reload.run(changed, gone, connections)
  local context = { twins = {}, edits = {}, files = {}, notes = {}, taken = {} }
  function context.picture(value) return declarations.picture(value, context.record) end
  function context.note(edit, line, name, text)
    note(context, "RELOAD_STALE", format("%s (lua/%s:%d) %s.", name or "a function", edit.chunk, line, text), "lua/" .. edit.chunk, line)
  end
  local keys = {}
  for _, key in ipairs(changed) do keys[key] = modules.records[key] and true end
  local removed = {}
  for _, key in ipairs(gone) do removed[#removed + 1] = modules.records[key] end
  if not next(keys) and not removed[1] then return context.files, context.notes end
  run_all(keys, context)
  sort(removed, function(a, b) return a.key < b.key end)
  for _, record in ipairs(removed) do remove(record, context) end
  rebuild.put(context.taken, context.twins)
  if next(context.edits) then heal.run(context, connections) end
  return context.files, context.notes
end

return reload
