-- Makes what two versions of a file declare one, after the new one has run: all kinds of declarations, each by the rule of
-- merge.lua.
local M = ...
local redeclare = {}

local _G = _G
local heal, merge, modules, pictures, prototype, state, timers, versions, walk, wrappers =
  M.heal, M.merge, M.modules, M.pictures, M.prototype, M.session, M.timers, M.versions, M.walk, M.wrappers
local getupvalue, setupvalue = M.raw.debug.getupvalue, M.raw.debug.setupvalue
local ipairs, next, rawequal, rawget, rawlen, rawset, type = ipairs, next, rawequal, rawget, rawlen, rawset, type
local mathtype, sub = math.type, string.sub
local identify, successor = versions.identify, versions.successor
local NOTHING = {}

-- Is the place of a function of the former version not in the new one?
local function is_gone_from(edit, id)
  local to, former = successor(edit, id)
  return to == false or (to ~= nil and former.moved[id] == true)
end

-- Is this a function that the file put there, and is not in its source any more?
local function is_gone(f, edit)
  if type(f) ~= "function" then return false end
  local id, source = identify(f)
  return id ~= nil and source == edit.source and is_gone_from(edit, id)
end

-- Is something that the file has not declared again not in its source any more? It may be that it does so only under a
-- condition (`if not session.reloading`).
local function is_dropped(edit, name, present, base)
  return is_gone(present, edit) or (edit.last.texts[name] and pictures.untouched(present, base))
end

-- Takes something away that is in a table. A file that runs later may put it there again: it has moved, then.
local function drop(t, name, value, base, context)
  local gone = context.gone[t]
  if not gone then
    gone = {}
    context.gone[t] = gone
  end
  local left = walk.is_born(t) and walk.at_birth(t, name) or nil
  gone[name] = { value = value, base = base, left = left }
  rawset(t, name, left)
end

local function merge_variable(edit, name, cell, declared_cell, context)
  local old, new = edit.old, edit.new
  local _, present = getupvalue(cell[1], cell[2])
  local _, declared = getupvalue(declared_cell[1], declared_cell[2])
  local kept = merge.value(present, old.base[name], declared, context)
  if not rawequal(kept, present) then setupvalue(cell[1], cell[2], kept) end
  if declared == nil then new.base[name] = pictures.keep(old.base[name]) end
end

-- Does the new version of the file have a variable that its functions share?
local function is_used(edit, name)
  for _, names in next, edit.variables do
    for _, other in ipairs(names) do
      if other == name then return true end
    end
  end
  return false
end

-- The functions that use a variable have not been made again (`if not session.reloading then bus.on(…) end`).
local function carry_over(edit, name, cell)
  local constant = edit.last.constants[name]
  if constant ~= nil then setupvalue(cell[1], cell[2], constant) end
  if not is_used(edit, name) then return end
  edit.new.cells[name] = { merge.keep(cell[1], cell[2]), 1, kept = true }
  edit.new.base[name] = constant == nil and pictures.keep(edit.old.base[name]) or constant
end

local function merge_variables(edit, context)
  for name, cell in next, edit.old.cells do
    local declared = edit.new.cells[name]
    if declared then merge_variable(edit, name, cell, declared, context) else carry_over(edit, name, cell) end
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

-- Takes items out of a list of `n`: what follows moves up, in the picture of it too.
local function remove_items(t, n, gone, picture)
  local to = 0
  for i = 1, n do
    if not gone[i] then
      to = to + 1
      rawset(t, to, rawget(t, i))
      if picture then picture[to] = picture[i] end
    end
  end
  for i = to + 1, n do
    rawset(t, i, nil)
    if picture then picture[i] = nil end
  end
end

-- Is a place of assignments.ts that table?
local function is_place(place, t, context)
  if place == "" then return not prototype.owner(t) end
  local there
  if sub(place, 1, 1) == "=" then there = modules.loaded[sub(place, 2)] else there = rawget(_G, place) end
  return there ~= nil and (rawequal(there, t) or rawequal(context.twins[there], t))
end

-- Does another file assign a field of that name in the table? It may have moved there, or always have been that file's.
local function assigned_elsewhere(edit, t, name, context)
  if type(name) ~= "string" then return false end
  for _, other in next, modules.records do
    local places = other ~= edit.record and other.declared and not other.deleted and other.declared.fields[name]
    for _, place in ipairs(places or NOTHING) do
      if is_place(place, t, context) then return true end
    end
  end
  return false
end

-- Fields of a table that the file found and went on using: what it has left alone may not be in its source any more.
local function drop_from(t, entry, edit, context)
  local items, n = nil, rawlen(t)
  for name, base in next, entry.picture.fields do
    local present = rawget(t, name)
    if present ~= nil and rawequal(present, entry.fields[name]) and is_dropped(edit, name, present, base)
      and not assigned_elsewhere(edit, t, name, context) then
      if prototype.owner(t) then
        prototype.remove_method(t, name)
      elseif mathtype(name) == "integer" and name >= 1 and name <= n then
        items = items or {}
        items[name] = true
      else
        drop(t, name, present, base, context)
      end
    end
  end
  if items then
    local now = edit.begun.context.seen[t]
    remove_items(t, n, items, now and now.fields)
  end
end

local function drop_fields(edit, context)
  for t, entry in next, edit.begun.found do
    if not context.merged[t] then drop_from(t, entry, edit, context) end
  end
end

-- Puts back what was taken away from a table that another file goes on with, and from those in it.
local function put_back(picture, context, seen)
  local t = type(picture) == "table" and not seen[picture] and pictures.table(picture)
  if not t then return end
  seen[picture] = true
  for name, entry in next, context.gone[t] or NOTHING do
    if rawget(t, name) == nil then rawset(t, name, entry.value) end
  end
  context.gone[t] = nil
  for _, field in next, picture.fields or NOTHING do put_back(field, context, seen) end
end

-- What other files, of which the last one ran, do not put into tables any more, and this one does: it has moved here.
local function take_over(context)
  local moved = {}
  for t, gone in next, context.gone do
    for name, entry in next, gone do
      if not rawequal(rawget(t, name), entry.left) then
        gone[name] = nil
        moved[#moved + 1] = { t = t, name = name, value = entry.value, base = entry.base }
      end
    end
  end
  for _, each in ipairs(moved) do
    put_back(each.base, context, {})
    rawset(each.t, each.name, assigned(each.value, each.base, rawget(each.t, each.name), context))
  end
end

-- What another file declares a global as, or another field of a table that is there for all: it may have moved from there.
local function declared_elsewhere(t, name, record)
  for _, other in next, modules.records do
    local fields = other ~= record and other.declared and other.declared.common[t]
    if fields and fields[name] ~= nil then return fields[name], other end
  end
  return nil
end

redeclare.declared_elsewhere = declared_elsewhere

-- The same for one that the file of `record` declares now: if the other one does not any more, it is none of its own.
local function declared_before(t, name, record)
  local base, other = declared_elsewhere(t, name, record)
  local edit = other and versions.edits["@" .. other.chunk]
  if edit and t == _G and edit.last.globals[name] then other.declared.common[t][name] = nil end
  return base
end

local function merge_common(edit, t, context)
  local old, new, gone = edit.old.common[t] or NOTHING, edit.new.common[t], context.gone[t] or NOTHING
  for name, before in next, edit.begun.common[t] do
    local base, present = old[name], rawget(t, name)
    -- Has it been taken out of the source? A global's name may still be read there.
    local is_unnamed = t == _G and edit.last.globals[name]
    if present == nil and gone[name] then
      -- A file that this one required has just been found not to declare it any more.
    elseif not rawequal(before, present) then
      if base == nil and present ~= nil then base = declared_before(t, name, edit.record) end
      rawset(t, name, assigned(before, base, present, context))
    elseif base ~= nil and (is_unnamed or is_dropped(edit, name, present, base)) then
      local is_others = declared_elsewhere(t, name, edit.record) ~= nil
      local is_left = is_dropped(edit, name, present, base) or pictures.untouched(present, base)
      if is_left and not is_others then drop(t, name, present, base, context) end
      if is_left or is_others then new[name] = nil end
    end
  end
end

-- Globals that a file declared which ran for the first time while this one did. They may have moved there from any file.
local function merge_taken(edit, context)
  local globals = edit.old.common[_G]
  for name, taken in next, edit.begun.taken do
    local base = globals and globals[name]
    if base == nil then base = declared_before(_G, name, taken.by) end
    if base ~= nil then
      local kept = assigned(taken.value, base, rawget(_G, name), context)
      _G[name], edit.begun.common[_G][name] = kept, kept
    end
    if edit.last.globals[name] and edit.new.common[_G] then edit.new.common[_G][name] = nil end
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

-- The timer of the former version that the file sets again by giving `f`.
local function find_timer(edit, f, every)
  local id, source = identify(f)
  for _, entry in ipairs(id and edit.old.timers or NOTHING) do
    local of = entry.of
    if not entry.again and pictures.is_function(of) and of.source == source and (entry.every == nil) == (every == nil)
      and versions.corresponds(source, of.id, id) then
      return entry, of.id == id or versions.is_alike(source, of.id)
    end
  end
  return nil
end

--- A timer that the file sets again is the one that it set before: that goes on, or stays gone, unless it was edited. Returns
--- its handle, nil if there was none.
function redeclare.reuse_timer(edit, f, ms, every)
  local entry, is_alike = find_timer(edit, f, every)
  if not entry then return nil end
  entry.again = f
  local timer = timers.pending[entry.handle]
  if entry.ms ~= ms then
    timers.set(entry.handle, timer and timer.f or f, ms, every)
  elseif not timer and not is_alike then
    timers.set(entry.handle, f, ms, every)
  end
  return entry.handle
end

-- Has a timer that the file did not set again been taken out of its source? It may only be guarded (`if not session.reloading`).
local function is_timer_dropped(edit, entry)
  local of = entry.of
  if not pictures.is_function(of) or of.source ~= edit.source then return false end
  local id = successor(edit, of.id)
  return is_gone_from(edit, of.id) or (edit.timed and not edit.timed[id or of.id])
end

local function merge_timers(edit, context)
  local new = edit.new.timers
  for _, entry in ipairs(edit.old.timers) do
    local timer = timers.pending[entry.handle]
    if entry.again then
      if timer then timer.f = merge.value(timer.f, entry.of, entry.again, context) end
    elseif is_timer_dropped(edit, entry) then
      timers.pending[entry.handle] = nil
    else
      pictures.keep(entry.of)
      new[#new + 1] = entry
    end
  end
end

-- The app that people see stays, also when another file shows it now.
local function merge_app(edit, context)
  local declared, from = edit.new, modules.records[edit.app_module]
  if not declared.app then
    declared.app = edit.old.app
    return
  end
  local base = edit.old.app or (from and from.declared.app)
  if base then state.app = merge.value(edit.app, base, state.app, context) end
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
  -- Does a field of a table go that the new version does not declare?
  function context.drop(t, name, present, base) drop(t, name, present, base, context) end
  function context.is_dropped(t, name, present, base)
    if not is_dropped(edit, name, present, base) and (type(present) == "function" or not pictures.untouched(present, base)) then
      return false
    end
    return not assigned_elsewhere(edit, t, name, context)
  end
  -- A function of the new version shares the file's variables.
  function context.join(f, id)
    if edit.variables[id] then heal.join(f, edit, id) end
  end
end

--- Merges all that a file declares. `edit` (see versions.lua) has `old` and `new`, what the two versions declared, `begun`, what
--- was there before the new one ran, `value`, which it returned, `former_value`, which the one before did, `app`, which was
--- shown, and `app_module`, by whom.
function redeclare.merge(edit, context)
  merge_context(edit, context)
  local changes = changes_of(edit.begun.found)
  take_over(context)
  merge_taken(edit, context)
  merge_variables(edit, context)
  merge_changes(changes, context)
  modules.set_value(edit.record, merge.value(edit.former_value, edit.old.value, edit.value, context))
  for _, t in ipairs(walk.common) do merge_common(edit, t, context) end
  merge_wrappers(edit, context)
  merge_timers(edit, context)
  merge_app(edit, context)
  drop_fields(edit, context)
  find_twins(edit, context)
  heal.join_declared(edit)
end

-- Does a function call, or hold, another one?
local function holds(f, other)
  for i = 1, 255 do
    local name, value = getupvalue(f, i)
    if not name then return false end
    if rawequal(value, other) then return true end
  end
  return false
end

--- When all files have run: functions that are gone from their file, and in whose place another file has put one, have moved
--- there.
function redeclare.follow_moved(context)
  for old, new in next, context.displaced do
    local id, source = identify(old)
    local edit = versions.edits[source]
    if edit and not context.twins[old] and successor(edit, id) == false and not holds(new, old) then
      context.twins[old], context.heirs[new] = context.twins[new] or new, true
    end
  end
end

return redeclare
