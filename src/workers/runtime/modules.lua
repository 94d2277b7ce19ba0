-- `require`, confined to the site's lua folder by the host, and the record of what each file declared and required.
local M = ...
local modules = {}

local errors, host = M.errors, M.host
local load = M.raw.load
local find, match, sub = string.find, string.match, string.sub
local error, ipairs, pairs, pcall, type = error, ipairs, pairs, pcall, type
local xpcall, handler = xpcall, errors.handler

-- Module names and tracking keys (the real file, relative to the site), both → value. Apps see it as package.loaded.
local loaded = {}
local records = {} -- tracking key → { key, chunk, names = {}, requires = { key, … } }
local current -- the record of the file that runs now

modules.loaded = loaded

--- The tracking key of the file whose code runs now, or nil.
function modules.current() return current and current.key end

local function fetch(name)
  local answer, message = host("module", name)
  if not answer then
    local code, text = match(message, "^([A-Z_]+): (.*)$")
    errors.raise_at_caller(code or "REQUIRE_MISSING", text or message)
  end
  return match(answer, "^([^\n]*)\n([^\n]*)\n(.*)$")
end

local function compile(name, chunk, source)
  local f, message = load(source, "@" .. chunk, "t")
  if f then return f end
  local e = errors.from(message, "LUA_SYNTAX")
  error(errors.with(e, nil, "error loading module '" .. name .. "': " .. e.message), 0)
end

-- Runs a file once. A circular require finds `true`; after an error the file can be tried again.
local function run(name, key, chunk, source)
  local record = records[key] or { key = key, chunk = chunk, names = {} }
  record.requires = {}
  record.names[name] = true
  records[key] = record
  loaded[name], loaded[key] = true, true
  local outer = current
  current = record
  local ok, value = pcall(function()
    local f = compile(name, chunk, source)
    local done, result = xpcall(f, handler, name, chunk)
    if not done then error(result, 0) end
    return result
  end)
  current = outer
  if not ok then
    loaded[name], loaded[key] = nil, nil
    error(value, 0)
  end
  if value == nil then
    value = loaded[key]
    if value == nil then value = true end
  end
  loaded[name], loaded[key] = value, value
  return value
end

local function require(name)
  if type(name) ~= "string" then error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2) end
  local value = loaded[name]
  if value ~= nil then return value end
  local key, chunk, source = fetch(name)
  if current then current.requires[#current.requires + 1] = key end
  value = loaded[key]
  if value ~= nil then
    loaded[name] = value
    if records[key] then records[key].names[name] = true end -- else the app itself put it into package.loaded
    return value
  end
  return run(name, key, chunk, source)
end
modules.require = require

--- Runs lua/main.lua. Raises an Error.
function modules.run_main()
  require("main")
end

--- Forgets a module, so that the next require runs its file again, and the prototypes that it declared.
function modules.unload(key)
  local record = records[key]
  if not record then return end
  for name in pairs(record.names) do loaded[name] = nil end
  loaded[key], records[key] = nil, nil
  M.prototype.remove_module(key)
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
