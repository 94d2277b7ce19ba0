-- `require`, confined to the site's lua folder by the host, and the record of what each file declared and required.
local M = ...
local modules = {}

local errors, host = M.errors, M.host
local load = M.raw.load
local find, match, sub = string.find, string.match, string.sub
local error, ipairs, next, pairs, pcall, type = error, ipairs, next, pairs, pcall, type
local sort = table.sort
local xpcall, handler = xpcall, errors.handler

-- Module names and tracking keys (the real file, relative to the site), both → value. Apps see it as package.loaded.
local loaded = {}
-- tracking key → { key, chunk, hash (of the version that ran), names = {}, requires = { key → true }, policy }
local records = {}
local keys = {} -- module name → tracking key
local current -- the record of the file that runs now
-- Told before and after a file runs, when files may be run again: see declarations.lua.
local observer

modules.loaded, modules.records = loaded, records

--- The tracking key of the file whose code runs now, or nil.
function modules.current() return current and current.key end

--- `begin(record)` is called before each file runs, `done(record, value, begun)` after it; `begun` is what `begin` returned.
function modules.observe(begin, done) observer = { begin = begin, done = done } end

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
  error(name and errors.with(e, nil, "error loading module '" .. name .. "': " .. e.message) or e, 0)
end

local function fetch(name)
  local answer, message = host("module", name)
  if not answer then refused(message, name) end
  return match(answer, "^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$")
end

--- The version of a file as it is on disk now: its hash, and its code unless the hash is that of the record. Raises an Error.
function modules.newest(record)
  local answer, message = host("source", record.key .. "\n" .. record.chunk .. "\n" .. record.hash)
  if not answer then refused(message) end
  return match(answer, "^([^\n]*)\n(.*)$")
end

local function compile(name, chunk, code)
  local f, message = load(code, "@" .. chunk, "bt")
  if f then return f end
  local e = errors.from(message, "LUA_SYNTAX")
  error(errors.with(e, nil, "error loading module '" .. name .. "': " .. e.message), 0)
end

--- Runs a version of a file. Returns its value, or raises an Error; `loaded` is the caller's affair.
function modules.execute(record, name, hash, code)
  local outer, requires, policy, former = current, record.requires, record.policy, record.hash
  current = record
  record.requires, record.policy, record.hash = {}, nil, hash
  local ok, value = pcall(function()
    local begun = observer and observer.begin(record)
    local f = compile(name, record.chunk, code)
    local done, result = xpcall(f, handler, name, record.chunk)
    if not done then error(result, 0) end
    if result == nil then
      result = loaded[record.key]
      if result == nil then result = true end
    end
    if observer then observer.done(record, result, begun) end
    return result
  end)
  current = outer
  if ok then return value end
  record.requires, record.policy, record.hash = requires, policy, former
  error(value, 0)
end

-- Runs a file for the first time. A circular require finds `true`; after an error the file can be tried again.
local function run(name, key, chunk, hash, code)
  local record = records[key] or { key = key, chunk = chunk, names = {}, requires = {} }
  record.names[name], keys[name] = true, key
  records[key] = record
  loaded[name], loaded[key] = true, true
  local ok, value = pcall(modules.execute, record, name, hash, code)
  if not ok then
    loaded[name], loaded[key] = nil, nil
    error(value, 0)
  end
  modules.set_value(record, value)
  return value
end

--- What `require` gives for a file from now on.
function modules.set_value(record, value)
  loaded[record.key] = value
  for name in next, record.names do loaded[name] = value end
end

local function require(name)
  if type(name) ~= "string" then error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2) end
  local value = loaded[name]
  if value ~= nil then
    if current and keys[name] then current.requires[keys[name]] = true end
    return value
  end
  local key, chunk, hash, code = fetch(name)
  if current then current.requires[key] = true end
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

--- The records of all files that ran, each behind those that it requires (in a circle, in the order of first need).
function modules.in_order()
  local keys, result, seen = {}, {}, {}
  for key in next, records do keys[#keys + 1] = key end
  sort(keys)
  local function visit(key)
    local record = records[key]
    if seen[key] or not record then return end
    seen[key] = true
    local required = {}
    for other in next, record.requires do required[#required + 1] = other end
    sort(required)
    for _, other in ipairs(required) do visit(other) end
    result[#result + 1] = record
  end
  for _, key in ipairs(keys) do visit(key) end
  return result
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

--- Forgets a module, so that the next require runs its file again, with the prototypes and wrappers that it declared.
function modules.unload(key)
  local record = records[key]
  if not record then return end
  for name in pairs(record.names) do loaded[name], keys[name] = nil, nil end
  loaded[key], records[key] = nil, nil
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
