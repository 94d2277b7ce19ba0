-- Hot reload of Lua files: what `docs/hot-reload.md` explains. All of it is one transaction: when it raises, the worker
-- puts the image from before back, so nothing here has to be undone.
local M = ...
local reload = {}

local _G = _G
local declarations, errors, heal, merge, modules, pictures, prototype, rebuild, state, timers, versions, walk, wrappers =
  M.declarations, M.errors, M.heal, M.merge, M.modules, M.pictures, M.prototype, M.rebuild, M.session, M.timers, M.versions,
  M.walk, M.wrappers
local getupvalue, setupvalue = M.raw.debug.getupvalue, M.raw.debug.setupvalue
local error, format, ipairs, next, pcall, rawequal, rawget, rawset, type =
  error, string.format, ipairs, next, pcall, rawequal, rawget, rawset, type
local concat, sort = table.concat, table.sort
local identify, successor = versions.identify, versions.successor
local NOTHING = {}

-- A function of the former version whose place is not in the new one: it stands where the file put it and did not put
-- another.
local function is_gone(f, edit)
  if type(f) ~= "function" then return false end
  local id, source = identify(f)
  if not id or source ~= edit.source then return false end
  local to, former = successor(edit, id)
  return to == false or (to ~= nil and former.moved[id] == true)
end

-- Is something that the file has not declared again not in its source any more? It may be that it does so only under a
-- condition (`if not session.reloading`).
local function is_dropped(edit, name, present, base)
  return is_gone(present, edit) or (edit.last.texts[name] and pictures.untouched(present, base))
end

local function merge_variables(edit, context)
  local old, new = edit.old, edit.new
  for name, cell in next, old.cells do
    local declared_cell = new.cells[name]
    if declared_cell then
      local _, present = getupvalue(cell[1], cell[2])
      local _, declared = getupvalue(declared_cell[1], declared_cell[2])
      local kept = merge.value(present, old.base[name], declared, context)
      if not rawequal(kept, present) then setupvalue(cell[1], cell[2], kept) end
      if declared == nil then new.base[name] = pictures.keep(old.base[name]) end
    end
  end
end

-- What is to be in the place of `before`, which the file found in something that it did not make anew, and has made `present`.
local function assigned(before, base, present, context)
  if base ~= nil then
    if present == nil then return nil end
    return merge.value(before, base, present, context)
  end
  -- Newly declared, but the app has something there already.
  if before ~= nil and type(present) ~= "function" then return before end
  return present
end

-- What the file has done to tables that it found, before anything is done about it: a list of { t, name, before, present }.
local function changes_of(found)
  local changes = {}
  for t, entry in next, found do
    for name, before in next, entry.fields do
      local present = rawget(t, name)
      if not rawequal(before, present) then
        changes[#changes + 1] = { t = t, name = name, before = before, present = present, base = entry.picture.fields[name] }
      end
    end
  end
  return changes
end

local function merge_changes(changes, context)
  for _, change in ipairs(changes) do
    rawset(change.t, change.name, assigned(change.before, change.base, change.present, context))
  end
end

-- Fields of tables that the file found and went on using: what it has left alone may not be in its source any more.
local function drop_fields(edit, context)
  for t, entry in next, edit.begun.found do
    for name, base in next, context.merged[t] and NOTHING or entry.picture.fields do
      local present = rawget(t, name)
      if present ~= nil and rawequal(present, entry.fields[name]) and is_dropped(edit, name, present, base) then
        if prototype.owner(t) then prototype.remove_method(t, name) else rawset(t, name, nil) end
      end
    end
  end
end

-- What another file declares a global as: it may have moved from there.
local function declared_elsewhere(name, record)
  for _, other in next, modules.records do
    if other ~= record and other.declared and other.declared.globals[name] ~= nil then return other.declared.globals[name] end
  end
  return nil
end

local function merge_globals(edit, context)
  local old, new = edit.old.globals, edit.new.globals
  for name, before in next, edit.begun.globals do
    local base, present = old[name], rawget(_G, name)
    if not rawequal(before, present) then
      if base == nil and present ~= nil then base = declared_elsewhere(name, edit.record) end
      _G[name] = assigned(before, base, present, context)
    elseif base ~= nil and (is_gone(present, edit) or (edit.last.globals[name] and pictures.untouched(present, base))) then
      if declared_elsewhere(name, edit.record) == nil then _G[name] = nil end
      new[name] = nil
    end
  end
end

local function merge_wrappers(edit, context)
  for name, base in next, edit.old.wrappers do
    local before, present = edit.begun.registered[name], wrappers.registered[name]
    if not rawequal(before, present) then
      wrappers.registered[name] = merge.value(before, base, present, context)
    elseif edit.last.texts[name] then
      wrappers.registered[name], edit.new.wrappers[name] = nil, nil
    end
  end
end

-- A timer that the file sets again is the one that it set before: that goes on, or stays gone, unless it was edited.
local function reuse_timer(edit, f, ms, every)
  local id, source = identify(f)
  for _, entry in ipairs(edit.old.timers) do
    local of = entry.of
    if not entry.again and id and pictures.is_function(of) and of.source == source and (entry.every == nil) == (every == nil)
      and versions.corresponds(source, of.id, id) then
      entry.again = f
      local edited = entry.ms ~= ms or (of.id ~= id and not versions.is_alike(source, of.id))
      local timer = timers.pending[entry.handle]
      if timer and entry.ms ~= ms then
        local present = timer.f
        timers.set(entry.handle, present, ms, every)
      elseif not timer and edited then
        timers.set(entry.handle, f, ms, every)
      end
      return entry.handle
    end
  end
  return nil
end

-- One that it does not set any more goes with its function; one that it guards (`if not session.reloading`) stays.
local function merge_timers(edit, context)
  local new = edit.new.timers
  for _, entry in ipairs(edit.old.timers) do
    local timer = timers.pending[entry.handle]
    if timer and entry.again then
      timer.f = merge.value(timer.f, entry.of, entry.again, context)
    elseif timer and is_gone(timer.f, edit) then
      timers.pending[entry.handle] = nil
    elseif not entry.again then
      pictures.keep(entry.of)
      new[#new + 1] = entry
    end
  end
end

local function merge_app(edit, context)
  if state.app_module == edit.record.key and edit.new.app then
    if edit.old.app then state.app = merge.value(edit.app, edit.old.app, state.app, context) end
  else
    edit.new.app = edit.old.app
  end
end

-- Functions that did not change keep their identity, also where nothing that the file declares tells which is which.
local function find_twins(edit, context)
  for id, f in next, edit.new.functions do
    local before, common = edit.old.functions[id], true
    for _, name in ipairs(edit.variables[id]) do common = common and name end
    if common and before and not rawequal(before, f) and not context.twins[f] then context.twins[f] = before end
  end
end

-- What merge.lua has to know about the file of an edit, besides `twins`: what has become of tables and functions, `heirs`: the
-- new functions that have taken an old one's place, `cells`: by their identity, variables that are others now, and `merged`: the
-- tables that have taken in a new one.
local function merge_context(edit, context)
  local pictured, existing = edit.begun.context, edit.existing
  -- A picture of something that the new version declares.
  function context.picture(declared) return pictured.seen[declared] or pictures.take(declared, pictured) end
  -- The new version declares a field after all, as the former one did.
  function context.declare(t, name, base)
    local fields = context.picture(t).fields
    if fields then fields[name] = pictures.keep(base) end
  end
  -- Was it there before the file ran?
  function context.is_found(value) return existing[value] or pictured.foreign[value] end
  -- Is it a function that the file made when it ran before?
  function context.is_former(f)
    local id, source = identify(f)
    return source == edit.source and (existing[f] or not edit.variables[id] or rawequal(edit.old.functions[id], f))
  end
  -- Does a field go that the new version does not declare?
  function context.is_dropped(name, present, base)
    return is_dropped(edit, name, present, base) or (type(present) ~= "function" and pictures.untouched(present, base))
  end
end

local function merge_all(edit, value, former, context)
  merge_context(edit, context)
  local changes = changes_of(edit.begun.found)
  merge_variables(edit, context)
  merge_changes(changes, context)
  local kept = merge.value(former, edit.old.value, value, context)
  modules.set_value(edit.record, kept)
  merge_globals(edit, context)
  merge_wrappers(edit, context)
  merge_timers(edit, context)
  merge_app(edit, context)
  drop_fields(edit, context)
end

-- Runs the new version of a file and makes its declarations and those of the former version one.
local function run(record, hash, code, context)
  local edit = versions.begin(record, hash)
  if not context.existing and declarations.may_find(record.declared, edit.fresh) then
    context.existing = walk.all(context.connections)
  end
  edit.existing = context.existing or NOTHING
  edit.old, edit.cells = record.declared, record.declared.cells
  local defaults = prototype.declared(record.key)
  edit.app = state.app
  rebuild.take(record.key, context.taken)
  local former = modules.loaded[record.key]
  record.reuse_timer = function(f, ms, every) return reuse_timer(edit, f, ms, every) end
  local value = modules.execute(record, record.chunk, hash, code, true)
  edit.new, edit.begun = record.declared, record.begun
  record.reuse_timer, record.begun = nil, nil
  merge_all(edit, value, former, context)
  find_twins(edit, context)
  heal.join_declared(edit)
  declarations.settle_globals(edit.new)
  context.files[#context.files + 1] = "lua/" .. record.chunk
  return declarations.plain_changed(edit.old, edit.new) or prototype.plain_changed(defaults, prototype.declared(record.key))
end

local function note(context, code, message, file, line)
  local list = context.notes
  list[#list + 1] = errors.make(code, message, file, line)
end

-- Brings a file up to date, after those that it needs, if it or a plain value of one of them changed.
local function visit(record, context)
  if context.visited[record] then return end
  context.visited[record] = true
  local required = {}
  for key in next, record.requires do required[#required + 1] = key end
  sort(required)
  local affected = false
  for _, key in ipairs(required) do
    if modules.records[key] then visit(modules.records[key], context) end
    affected = affected or context.stale[key]
  end
  affected = affected and (record.policy == nil or record.policy == "always")
  if not context.changed[record.key] and not affected then return end
  local hash, code = modules.newest(record, affected and "" or record.hash)
  if hash == record.hash and not affected then return end
  if hash ~= record.hash and record.policy == "never" then
    note(context, "RELOAD_NEVER", format("lua/%s changed, but is never reloaded: new sessions have it.", record.chunk), "lua/" .. record.chunk)
  elseif run(record, hash, code, context) then
    context.stale[record.key] = true
  end
end

local function visit_all(context)
  local keys = {}
  for key in next, modules.records do keys[#keys + 1] = key end
  sort(keys)
  -- What a file requires newly runs before it.
  modules.reload(function(record) visit(record, context) end)
  for _, key in ipairs(keys) do
    if modules.records[key] then visit(modules.records[key], context) end
  end
  modules.reload(nil)
end

-- Unloads what a file declared that was deleted, unless others need it.
local function remove(record, context)
  local dependants = modules.dependants(record.key)
  if record.names.main then dependants = { "every session" } end
  local file = "lua/" .. record.chunk
  if dependants[1] then
    note(context, "RELOAD_NEEDED", format("%s is gone, but %s needs it: its code stays in use.", file, concat(dependants, ", ")), file)
    return
  end
  local edit, declared = versions.begin_removal(record), record.declared
  edit.old, edit.new, edit.cells = declared, { functions = {}, cells = {} }, declared.cells
  for name, picture in next, declared.globals do
    if pictures.untouched(rawget(_G, name), picture) then _G[name] = nil end
  end
  for _, entry in ipairs(declared.timers) do timers.pending[entry.handle] = nil end
  if state.app_module == record.key then state.app_module = nil end
  modules.unload(record.key)
  context.files[#context.files + 1] = file
end

local function remove_all(gone, context)
  for _, key in ipairs(gone) do
    if modules.records[key] then modules.records[key].deleted = true end
  end
  local deleted = {}
  for _, record in next, modules.records do
    if record.deleted then deleted[#deleted + 1] = record end
  end
  sort(deleted, function(a, b) return a.key < b.key end)
  for _, record in ipairs(deleted) do remove(record, context) end
end

-- Prototypes that their file does not name any more, and that no other file declares now.
local function remove_prototypes()
  for _, edit in next, versions.edits do
    for name in next, edit.new.prototypes or {} do
      local texts = edit.last.texts
      if texts and texts[name] and prototype.of_module(edit.record.key)[name] then prototype.remove(name) end
    end
  end
end

local function exchange_objects(context, connections)
  local twins = rebuild.put(context.taken)
  if not next(twins) then return end
  walk.run(function(f)
    if versions.is_runtime(identify(f)) then return false end
  end, twins, connections)
end

local function new_context(changed, connections)
  local context = {
    connections = connections,
    changed = {}, visited = {}, stale = {}, files = {}, notes = {}, taken = {}, -- see `visit`
    twins = {}, heirs = {}, cells = {}, merged = {}, -- see `merge_context`
  }
  for _, key in ipairs(changed) do
    -- A file that nobody could load so far concerns those who tried.
    if modules.records[key] then
      context.changed[key], modules.records[key].deleted = true, nil
    else
      context.stale[key] = true
    end
  end
  function context.note(edit, line, message) note(context, "RELOAD_STALE", message, "lua/" .. edit.chunk, line) end
  return context
end

--- Brings the session to the newest version of files. `changed` and `gone` are lists of tracking keys, `connections` the
--- session's. Returns the names of the files that ran and Errors worth telling. Raises an Error when one cannot be run.
function reload.run(changed, gone, connections)
  local context = new_context(changed, connections)
  prototype.reload(context.twins)
  visit_all(context)
  remove_all(gone, context)
  remove_prototypes()
  if next(versions.edits) then heal.run(context, connections) end
  prototype.reload(nil)
  versions.finish()
  exchange_objects(context, connections)
  return context.files, context.notes
end

return reload
