-- Hot reload of Lua files: what `docs/hot-reload.md` explains. All of it is one transaction: when it raises, the worker
-- puts the image from before back, so nothing here has to be undone.
local M = ...
local reload = {}

local declarations, errors, heal, modules, moves, pictures, prototype, rebuild, redeclare, state, timers, versions, walk =
  M.declarations, M.errors, M.heal, M.modules, M.moves, M.pictures, M.prototype, M.rebuild, M.redeclare, M.session, M.timers,
  M.versions, M.walk
local error, format, ipairs, next, pcall, rawget, rawset = error, string.format, ipairs, next, pcall, rawget, rawset
local concat, sort = table.concat, table.sort

-- Runs the new version of a file and makes its declarations and those of the former version one.
local function run(record, hash, code, context)
  context.ran[record.key] = true
  local edit = versions.begin(record, hash)
  declarations.rename(record.declared, edit.last.renamed)
  if not context.existing and declarations.may_find(record.declared, edit.fresh) then
    context.existing = walk.all(context.connections)
  end
  edit.existing, edit.former_value = context.existing or {}, modules.loaded[record.key]
  edit.app, edit.app_module = state.app, state.app_module
  edit.old, edit.cells = record.declared, record.declared.cells
  rebuild.take(record.key, context.taken)
  record.reuse_timer = function(f, ms, every) return redeclare.reuse_timer(edit, f, ms, every) end
  edit.value = modules.execute(record, record.chunk, hash, code, true)
  context.at = record
  edit.new, edit.begun = record.declared, record.begun
  record.reuse_timer, record.begun = nil, nil
  redeclare.merge(edit, context)
  declarations.settle_common(edit.new, edit.begun)
  context.files[#context.files + 1] = "lua/" .. record.chunk
  return declarations.plain_changed(edit.old, edit.new)
end

local function note(context, code, message, file, line)
  local list = context.notes
  list[#list + 1] = errors.make(code, message, file, line)
end

-- Does a file run again because a plain value of one that it needs changed?
local function is_affected(record, context)
  if record.policy ~= nil and record.policy ~= "always" then return false end
  for key in next, record.requires do
    if context.stale[key] then return true end
  end
  return false
end

-- Brings a file up to date, if it or a plain value of one that it needs changed.
local function bring(record, context)
  local affected = is_affected(record, context)
  if not context.changed[record.key] and not affected then return end
  context.at = record
  local hash, code = modules.newest(record, affected and "" or record.hash)
  if hash == record.hash and not affected then return end
  if hash ~= record.hash and record.policy == "never" then
    note(context, "RELOAD_NEVER", format("lua/%s changed, but is never reloaded: new sessions have it.", record.chunk), "lua/" .. record.chunk)
  elseif run(record, hash, code, context) then
    context.stale[record.key] = true
  end
end

local function sorted_keys(t)
  local keys = {}
  for key in next, t do keys[#keys + 1] = key end
  sort(keys)
  return keys
end

-- Is it known by now what becomes of all files that a file needs?
local function is_settled(record, context)
  for key in next, record.requires do
    if context.open[modules.records[key]] then return false end
  end
  return true
end

-- In a circle of requires somebody was visited before it was known that a plain value of one of the others changed.
local function bring_circles(context)
  if not context.circular then return end
  local keys, again = sorted_keys(modules.records), true
  while again do
    again = false
    for _, key in ipairs(keys) do
      local record = modules.records[key]
      if record and context.visited[record] and not context.open[record] and not context.ran[key]
        and is_affected(record, context) and is_settled(record, context) then
        bring(record, context)
        again = again or context.ran[key]
      end
    end
  end
end

-- Brings a file up to date, after those that it needs.
local function visit(record, context)
  if context.open[record] then context.circular = true end
  if context.visited[record] or record.deleted then return end
  context.visited[record], context.open[record] = true, true
  for _, key in ipairs(sorted_keys(record.requires)) do
    if modules.records[key] then visit(modules.records[key], context) end
  end
  bring(record, context)
  context.open[record] = nil
  if context.stale[record.key] then bring_circles(context) end
end

local function visit_all(context)
  local keys = sorted_keys(modules.records)
  -- What a file requires newly runs before it. If it fails it is not for that file to go on without it (`pcall(require, …)`).
  local failure
  modules.reload(function(record)
    local ok, e = pcall(visit, record, context)
    if not ok then
      failure = failure or e
      error(e, 0)
    end
  end)
  for _, key in ipairs(keys) do
    if modules.records[key] then visit(modules.records[key], context) end
  end
  bring_circles(context)
  modules.reload(nil)
  if failure then error(failure, 0) end
end

-- Unloads what a file declared that was deleted.
local function remove(record, context)
  context.at = record
  local edit, declared = versions.begin_removal(record), record.declared
  edit.old, edit.new, edit.cells = declared, { functions = {}, cells = {} }, declared.cells
  for t, fields in next, declared.common do
    for name, picture in next, fields do
      local is_left = pictures.untouched(rawget(t, name), picture) and not redeclare.declared_elsewhere(t, name, record)
      if is_left then rawset(t, name, walk.at_birth(t, name)) end
    end
  end
  for _, entry in ipairs(declared.timers) do timers.pending[entry.handle] = nil end
  if state.app_module == record.key then state.app_module = nil end
  modules.unload(record.key)
  context.files[#context.files + 1] = "lua/" .. record.chunk
end

-- Files that are there, and those that they need.
local function needed_files()
  local needed = {}
  local function need(record)
    if needed[record] then return end
    needed[record] = true
    for key in next, record.requires do
      if modules.records[key] then need(modules.records[key]) end
    end
  end
  for _, record in next, modules.records do
    if not record.deleted or record.names.main then need(record) end
  end
  return needed
end

local function tell_needed(record, context)
  local file, dependants = "lua/" .. record.chunk, modules.dependants(record.key)
  local who = record.names.main and "every session" or concat(dependants, ", ")
  note(context, "RELOAD_NEEDED", format("%s is gone, but %s needs it: its code stays in use.", file, who), file)
end

-- Deleted files go as soon as nobody needs them; with those who do is told when they are deleted.
local function remove_all(gone, context)
  local told, deleted = {}, {}
  for _, key in ipairs(gone) do
    local record = modules.records[key]
    if record then record.deleted, told[record] = true, true end
  end
  for _, record in next, modules.records do
    if record.deleted then deleted[#deleted + 1] = record end
  end
  if not deleted[1] then return end
  sort(deleted, function(a, b) return a.key < b.key end)
  local needed = needed_files()
  for _, record in ipairs(deleted) do
    if not needed[record] then
      remove(record, context)
    elseif told[record] then
      tell_needed(record, context)
    end
  end
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
    if versions.is_runtime(versions.identify(f)) then return false end
  end, twins, connections)
end

local function new_context(changed, connections)
  local context = {
    connections = connections,
    changed = {}, stale = {}, files = {}, notes = {}, ran = {}, taken = { failures = {} },
    visited = {}, open = {}, circular = false, -- see `visit`
    twins = {}, heirs = {}, cells = {}, merged = {}, gone = {}, displaced = {}, -- see redeclare.lua
    at = nil, -- the record of the file that is looked at, for errors of which nobody knows where they are
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

local function bring_up(context, changed, gone, connections)
  prototype.reload(context.twins)
  moves.follow(changed, context)
  moves.follow(gone, context)
  visit_all(context)
  if context.without_main then modules.run_main() end
  remove_all(gone, context)
  remove_prototypes()
  redeclare.follow_moved(context)
  if next(versions.edits) then heal.run(context, connections) end
  prototype.reload(nil)
  versions.finish()
  exchange_objects(context, connections)
  for _, e in ipairs(context.taken.failures) do context.notes[#context.notes + 1] = errors.from(e, "LUA_ERROR") end
end

--- The tracking keys of all files that the session has: those that are there, and those that are gone.
function reload.everything()
  local there, gone = {}, {}
  for _, key in ipairs(sorted_keys(modules.records)) do
    local record = modules.records[key]
    local list = pcall(modules.newest, record, record.hash) and there or gone
    list[#list + 1] = key
  end
  return there, gone
end

--- Brings the session to the newest version of files. `changed` and `gone` are lists of tracking keys, `connections` the
--- session's. Returns the names of the files that ran and Errors worth telling. Raises an Error when one cannot be run.
function reload.run(changed, gone, connections)
  local context = new_context(changed, connections)
  local ok, e = pcall(bring_up, context, changed, gone, connections)
  if not ok then error(errors.about(errors.from(e, "LUA_ERROR"), context.at and "lua/" .. context.at.chunk), 0) end
  return context.files, context.notes
end

return reload
