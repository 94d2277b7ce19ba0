-- `require`, confined to the site's lua folder by the host, and the record of what each file declared and required.
local M = ...
local modules = {}

local errors, host = M.errors, M.host
local getinfo, load = M.raw.debug.getinfo, M.raw.load
local find, gsub, match, sub = string.find, string.gsub, string.match, string.sub
local error, ipairs, next, pairs, pcall, rawequal, type = error, ipairs, next, pairs, pcall, rawequal, type
local sort = table.sort
local xpcall, handler = xpcall, errors.handler

local LONGEST_NAME <const> = 200
local MOST_LEVELS <const> = 200000

-- Module names and tracking keys (the real file, relative to the site), both → value. Apps see it as package.loaded.
local loaded = {}
-- tracking key → { key, chunk, hash (of the version that ran), names = {}, requires = { key → true }, policy }
local records = {}
local chunks = {} -- chunk name → record
local keys = {} -- module name → tracking key
local current -- the record of the file that runs now
local reloading = false -- because of a reload
-- Told before and after a file runs, when files may be run again: see declarations.lua.
local observer
-- `ahead`, while files are reloaded: called with the record of a file before others get what it declares. Not in a variable,
-- see walk.lua.
local under_way = {}

modules.loaded, modules.records = loaded, records

--- The tracking key of the file whose code runs now, or nil.
function modules.current() return current and current.key end

--- `begin(record)` is called before each file runs, `done(record, value, begun)` after it, or `failed(begun)`; `begun` is what
--- `begin` returned.
function modules.observe(begin, done, failed) observer = { begin = begin, done = done, failed = failed } end

--- The record of the file with a chunk name.
function modules.of_chunk(chunk) return chunks[chunk] end

--- While files are reloaded `need(record)` is called before a file is required by another; nil ends it.
function modules.reload(need) under_way.ahead = need end

--- Sets what a save means for the file that runs now; false if there is none.
function modules.set_policy(policy)
  if current then current.policy = policy end
  return current ~= nil
end

-- An error of the host as it is raised: of a file that cannot be compiled Lua says where.
local function refused(message, name)
  local code, text = match(message, "^([A-Z_]+): (.*)$")
  if code ~= "LUA_SYNTAX" then errors.raise_at_caller(code or "REQUIRE_MISSING", text or message) end
  local e = errors.from(text, code)
  errors.raise_again(e, name and "error loading module '" .. name .. "'")
end

local function fetch(name)
  local answer, message = host("module", name)
  if not answer then refused(message, name) end
  return match(answer, "^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$")
end

--- The version of a file as it is on disk now: its hash, and its code unless the hash is `known`. Raises an Error.
function modules.newest(record, known)
  local answer, message = host("source", record.key .. "\n" .. record.chunk .. "\n" .. known)
  if not answer then refused(message) end
  return match(answer, "^([^\n]*)\n(.*)$")
end

local function compile(name, chunk, code)
  local f, message = load(code, "@" .. chunk, "bt")
  if f then return f end
  local e = errors.from(message, "LUA_SYNTAX")
  errors.raise_again(e, "error loading module '" .. name .. "'")
end

local function values_of(record)
  local values = { [record.key] = loaded[record.key] }
  for name in next, record.names do values[name] = loaded[name] end
  return values
end

-- The value of a file that returned none: what it put into package.loaded itself, or true.
local function set_by_file(record, before)
  for name, value in next, before do
    if not rawequal(loaded[name], value) and loaded[name] ~= nil then
      record.sets_itself = true
      return loaded[name]
    end
  end
  return record.sets_itself and before[record.key] or true
end

--- Runs a version of a file, for the first time or `again`. Returns its value, or raises an Error; `loaded` is the caller's
--- affair.
function modules.execute(record, name, hash, code, again)
  local outer, requires, policy, former = current, record.requires, record.policy, record.hash
  local session, was_reloading = M.session.session, reloading
  current, reloading = record, again == true
  session.reloading = reloading
  record.requires, record.policy, record.hash = {}, nil, hash
  local begun = observer and observer.begin(record)
  local before = values_of(record)
  local ok, value = pcall(function()
    local f = compile(name, record.chunk, code)
    local done, result = xpcall(f, handler, name, record.chunk)
    if not done then error(result, 0) end
    if result == nil then result = set_by_file(record, before) end
    if observer then observer.done(record, result, begun) end
    return result
  end)
  current, reloading = outer, was_reloading
  session.reloading = reloading
  if ok then return value end
  if begun then observer.failed(begun) end
  record.requires, record.policy, record.hash = requires, policy, former
  error(value, 0)
end

-- Runs a file for the first time. A circular require finds `true`; after an error the file can be tried again.
local function run(name, key, chunk, hash, code)
  local former = records[key] -- when the app itself took it out of package.loaded
  local record = { key = key, chunk = chunk, names = former and former.names or {}, requires = {} }
  if former then chunks[former.chunk] = nil end
  record.names[name], keys[name] = true, key
  records[key], chunks[chunk] = record, record
  loaded[name], loaded[key] = true, true
  local ok, value = pcall(modules.execute, record, name, hash, code)
  if not ok then
    modules.forget(record)
    error(value, 0)
  end
  modules.set_value(record, value)
  return value
end

--- What `require` gives for a file from now on.
function modules.set_value(record, value)
  loaded[record.key] = value
  for name in next, record.names do loaded[name], keys[name] = value, record.key end
end

-- What the file that runs needs, by key. Also a file that cannot be had: when it comes, its dependant has to know.
local function require_key(key)
  if not current then return end
  current.requires[key] = true
  local ahead, record = under_way.ahead, records[key]
  if ahead and record then ahead(record) end
end

local function fetch_for(name)
  local ok, key, chunk, hash, code = pcall(fetch, name)
  if ok then return key, chunk, hash, code end
  if #name > LONGEST_NAME then error(key, 0) end
  local path = "lua/" .. gsub(name, "%.", "/")
  require_key(path .. ".lua")
  require_key(path .. "/init.lua")
  error(key, 0)
end

local function require(name)
  if type(name) ~= "string" then error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2) end
  local value = loaded[name]
  if value ~= nil then
    if not keys[name] then return value end
    require_key(keys[name])
    return loaded[name]
  end
  local key, chunk, hash, code = fetch_for(name)
  require_key(key)
  value = loaded[key]
  if value ~= nil then
    loaded[name] = value
    if records[key] then -- else the app itself put it into package.loaded
      records[key].names[name], keys[name] = true, key
    end
    return value
  end
  return run(name, key, chunk, hash, code)
end
modules.require = require

--- Runs lua/main.lua. Raises an Error.
function modules.run_main()
  require("main")
end

--- The chunk names of files that require a file.
function modules.dependants(key)
  local result = {}
  for _, record in next, records do
    if record.requires[key] and record.key ~= key then result[#result + 1] = record.chunk end
  end
  sort(result)
  return result
end

-- Takes away what `require` gives for a file.
local function hide(record)
  for name in pairs(record.names) do loaded[name], keys[name] = nil, nil end
  loaded[record.key] = nil
end

--- The file of a record is another one from now on, under the same names.
function modules.move(record, key)
  local from = record.key
  records[from], records[key], record.key = nil, record, key
  loaded[from], loaded[key] = nil, loaded[from]
  for name in pairs(record.names) do keys[name] = key end
  for _, other in pairs(records) do
    if other.requires[from] then other.requires[from], other.requires[key] = nil, true end
  end
end

--- A name is not that of this file any more.
function modules.release(record, name)
  record.names[name], loaded[name], keys[name] = nil, nil, nil
end

--- Forgets that a file ran.
function modules.forget(record)
  hide(record)
  records[record.key], chunks[record.chunk] = nil, nil
end

-- Has code of a file been called that is not done yet?
local function is_running(record)
  local source = "@" .. record.chunk
  for level = 2, MOST_LEVELS do
    local info = getinfo(level, "S")
    if not info then return false end
    if info.source == source then return true end
  end
end

--- Forgets a module, so that the next require runs its file again, with the prototypes and wrappers that it declared. A file
--- whose own code asks for that is in use, so reloads go on to know it.
function modules.unload(key)
  local record = records[key]
  if not record then return end
  if is_running(record) then hide(record) else modules.forget(record) end
  M.prototype.remove_module(key)
  M.wrappers.remove_module(key)
end

--- Forgets all modules whose files lie directly in a folder (given relative to the site, "lua/contacts").
function modules.unload_directory(directory)
  local prefix = match(directory, "^(.-)/*$") .. "/"
  local keys = {}
  for key in pairs(records) do
    if sub(key, 1, #prefix) == prefix and not find(key, "/", #prefix + 1, true) then keys[#keys + 1] = key end
  end
  for _, key in ipairs(keys) do modules.unload(key) end
end

return modules
