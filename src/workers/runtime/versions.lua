-- Which function of a file a closure is, and which one of the new version stands in its place. Functions have ids, the same
-- in two versions of a file when nothing of the function has changed, which `debug.getinfo` tells (src/workers/lua-code).
local M = ...
local versions = {}

local host, modules, refuse = M.host, M.modules, M.errors.refuse
local load, getinfo = M.raw.load, M.raw.debug.getinfo
local ipairs, next, setmetatable, sub = ipairs, next, setmetatable, string.sub

local FIRST_ID <const> = 1 << 30
local NOTHING = {}

-- The files that run again in this reload: chunk name as in getinfo → edit, see `begin`.
local edits = {}
versions.edits = edits

-- Asking Lua takes a microsecond, and a reload asks for every function several times: `ids` and `sources` of functions. Not in
-- variables, see walk.lua.
local known = {}

--- The id of a function and its chunk name. The id is nil for functions that are of no file of the site.
function versions.identify(f)
  local sources = known.sources
  if not sources then
    sources = {}
    known.sources, known.ids = sources, {}
  end
  local source = sources[f]
  if source then return known.ids[f], source end
  local info = getinfo(f, "S")
  local id = info.lastlinedefined
  source = info.source
  sources[f] = source
  if id >= FIRST_ID then
    known.ids[f] = id
    return id, source
  end
  return nil, source
end

--- Forgets the functions that `identify` was asked for. To be called after each event in which it may have been.
function versions.forget() known.sources, known.ids = nil, nil end

--- Is this, as `identify` says, a function of Moonpool's own, which leads to nothing of an app?
function versions.is_runtime(id, source) return not id and sub(source, 1, 10) == "=moonpool/" end

-- Asks the host for a table about versions of a file. Nil and a message when the host does not know one of them any more.
local function ask(name, argument)
  local code, message = host(name, argument)
  if not code then return nil, message end
  return load(code, "=moonpool/versions", "b")()
end

local by_hash = setmetatable({}, { __mode = "v" })

-- About a version of a file: `variables`, what its functions have for upvalues: id → list of variable names, false for what is
-- none of the file's own; `fresh`, the names under which it puts only tables of its own; `timed`, the ids of functions that it
-- gives to timers, false if that is not known; `globals` and `fields`, which it assigns when it runs: see src/workers/lua-code.
local function version(chunk, hash)
  local name = chunk .. "\n" .. hash
  local result = by_hash[name]
  if not result then
    local variables, fresh, timed, globals, fields = ask("variables", name)
    if not variables then refuse(fresh) end
    result = { variables = variables, fresh = fresh, timed = timed, globals = globals, fields = fields }
    by_hash[name] = result
  end
  return result
end

--- What the functions of a file have for upvalues, in the version that ran last: id → list of variable names, false for what
--- is none of the file's own.
function versions.variables(record) return version(record.chunk, record.hash).variables end

--- The globals that a file assigns when it runs, in the version that ran last, as a set.
function versions.globals(record) return version(record.chunk, record.hash).globals end

--- The fields of tables that it may not have made: name → list of places, see src/workers/lua-code/assignments.ts.
function versions.fields(record) return version(record.chunk, record.hash).fields end

--- The variables that a function's upvalues are; nil when it is of no version that ran last.
function versions.names(id, source)
  local record = modules.of_chunk(sub(source, 2))
  return record and versions.variables(record)[id]
end

-- How the functions of a former version correspond to those of the new one: see src/workers/lua-code/reload-table.ts.
local function former_version(record, from, to)
  local result
  if from == to then
    result = { map = NOTHING, from = NOTHING, names = NOTHING, constants = NOTHING, alike = NOTHING, moved = NOTHING,
      globals = NOTHING, texts = NOTHING, renamed = NOTHING }
  else
    local message
    result, message = ask("correspondence", record.chunk .. "\n" .. from .. "\n" .. to)
    if not result then return nil, message end
  end
  result.hash = from
  return result
end

--- Begins a file's edit from the version that ran last to the one of `hash`. `edit.former` holds how former versions of it
--- correspond to the new one: the last one first, then those of which code was in use after the last reload.
function versions.begin(record, hash)
  local last, message = former_version(record, record.hash, hash)
  if not last then refuse(message) end
  local new = version(record.chunk, hash)
  local edit = {
    record = record, chunk = record.chunk, source = "@" .. record.chunk, hash = hash,
    former = { last }, last = last, variables = new.variables, fresh = new.fresh, timed = new.timed, leftovers = {},
    joined = {}, -- the functions that have the file's variables
  }
  for left in next, record.leftovers or NOTHING do
    if left ~= record.hash then edit.former[#edit.former + 1] = former_version(record, left, hash) end
  end
  edits[edit.source] = edit
  return edit
end

--- Begins the edit of a file that is gone: none of its functions has a counterpart.
function versions.begin_removal(record)
  local map = {}
  for id in next, versions.variables(record) do map[id] = false end
  local last = { map = map, names = NOTHING, moved = NOTHING, constants = NOTHING, globals = NOTHING, texts = NOTHING,
    renamed = NOTHING, hash = record.hash }
  local source = "@" .. record.chunk
  edits[source] = {
    record = record, chunk = record.chunk, source = source, former = { last }, last = last, variables = NOTHING, leftovers = {},
  }
  return edits[source]
end

--- Ends all edits. Of which former versions there is code left is remembered for the next one.
function versions.finish()
  for source, edit in next, edits do
    edit.record.leftovers = edit.leftovers
    edits[source] = nil
  end
end

--- What became of function `id`: its id in the new version, or false when it has none; and the former version that it is
--- of. Nil when it is of no former version that is known.
local function successor(edit, id)
  for _, former in ipairs(edit.former) do
    local to = former.map[id]
    if to ~= nil then return to, former end
  end
  return nil
end

versions.successor = successor

--- Is function `new` what a function `old` of the same file is now?
function versions.corresponds(source, old, new)
  if old == new then return true end
  local edit = edits[source]
  return edit ~= nil and successor(edit, old) == new
end

--- Does what function `id` of a former version became do the same as before, in other lines?
function versions.is_alike(source, id)
  local edit = edits[source]
  local _, former = successor(edit, id)
  return former.alike[id] == true
end

return versions
