-- Names of modules that lead to another file than before: a link was led elsewhere, a file took a link's place, `x.lua` became
-- `x/init.lua`.
local M = ...
local moves = {}

local host, modules, prototype, state, wrappers = M.host, M.modules, M.prototype, M.session, M.wrappers
local match, next, sort = string.match, next, table.sort

local function names_of(record)
  local names = {}
  for name in next, record.names do names[#names + 1] = name end
  sort(names)
  return names
end

-- Where a name leads now: tracking key and chunk name; nil when it leads nowhere.
local function resolve(name)
  return match(host("resolve", name) or "", "^([^\n]+)\n([^\n]*)$")
end

-- The module is the other file from now on: that is an edit like any other.
local function move(record, key, context)
  local from = record.key
  modules.move(record, key)
  prototype.move_module(from, key)
  wrappers.move_module(from, key)
  if state.app_module == from then state.app_module = key end
  context.changed[key], context.stale[key] = true, nil
end

local function follow(record, context)
  local names = names_of(record)
  local to, chunk = resolve(names[1] or "")
  local together = to ~= nil and to ~= record.key and chunk == record.chunk and not modules.records[to]
  for _, name in next, names do together = together and resolve(name) == to end
  if together then return move(record, to, context) end
  for _, name in next, names do
    local key = resolve(name)
    if key and key ~= record.key then
      -- Who requires it runs again, and finds the other file.
      modules.release(record, name)
      context.stale[record.key] = true
      context.without_main = context.without_main or name == "main"
    end
  end
end

--- Looks where the names of these files lead now. `context` is that of reload.lua.
function moves.follow(keys, context)
  for _, key in next, keys do
    local record = modules.records[key]
    if record then follow(record, context) end
  end
end

return moves
