-- The global `session` and `ui`: what an app can ask of its session. An ordinary table that apps may extend or replace.
local M = ...

local errors, modules, prototype, timers, wrappers = M.errors, M.modules, M.prototype, M.timers, M.wrappers
local json, notices = M.json, M.notices
local floor, format, select = math.floor, string.format, select
local error, rawget, tostring, type = error, rawget, tostring, type

local session = { reloading = false }
local state = { app = nil, namespace = nil, app_module = nil } -- what connections show; see main.lua
state.session = session

--- Shows `object` as variable 1 of every connection. May be called again: the new object takes the place of the old one.
--- `properties` may hold `type` (for an object that has none) and `namespace`. Returns the variable's id, 1.
function session:createAppVariable(object, properties)
  if type(object) ~= "table" then errors.argument(2, "createAppVariable", "table", object) end
  properties = type(properties) == "table" and properties or {}
  if properties.type and object.type == nil then object.type = tostring(properties.type) end
  state.app, state.namespace = object, properties.namespace and tostring(properties.namespace) or nil
  state.app_module = modules.current()
  return 1
end

--- The object given to createAppVariable, or nil.
function session:getApp() return state.app end

--- Shows a short text on every page of the session, for a while. `options`: `kind` ("info", "success", "warning", "error"),
--- `duration` in ms, 0 for as long as nobody closes it.
function session:notify(text, options)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" or text == "" then errors.argument(2, "notify", "text", text) end
  if options ~= nil and type(options) ~= "table" then errors.argument(3, "notify", "table", options) end
  notices.add(text, options or {}, function(what) error(format("bad argument #3 to 'notify' (%s expected)", what), 4) end)
end

--- Declares a prototype (docs/lua-api.md). `init` holds the fields' defaults, `base` another prototype. Returns it.
function session:prototype(name, init, base)
  if type(name) ~= "string" then errors.argument(2, "prototype", "string", name) end
  if init ~= nil and type(init) ~= "table" then errors.argument(3, "prototype", "table", init) end
  if base ~= nil and type(base) ~= "table" then errors.argument(4, "prototype", "table", base) end
  return prototype.declare(name, init, base, modules.current())
end

--- Makes `instance` (default: a new table) an instance of a prototype.
function session:create(proto, instance)
  if type(proto) ~= "table" then errors.argument(2, "create", "table", proto) end
  if instance ~= nil and type(instance) ~= "table" then errors.argument(3, "create", "table", instance) end
  return prototype.create(proto, instance)
end

--- Forgets a prototype, with `children` also those named `name.…`. Its instances go on working.
function session:removePrototype(name, children) prototype.remove(name, children) end

--- Forgets a module by its file ("lua/contacts/contact.lua"): the next require runs it again.
function session:unloadModule(key) modules.unload(key) end

--- Forgets the modules directly in a folder ("lua/contacts").
function session:unloadDirectory(directory)
  if type(directory) ~= "string" then errors.argument(2, "unloadDirectory", "string", directory) end
  modules.unload_directory(directory)
end

--- What a save means for the file that calls this while it is run. "always" (default): it runs again when it changed, or
--- when a plain value of a file that it requires did; "only-if-changed": only in the first case; "never": not at all.
function session:reloadPolicy(policy)
  if policy ~= "always" and policy ~= "only-if-changed" and policy ~= "never" then
    error("bad argument #2 to 'reloadPolicy' (\"always\", \"only-if-changed\" or \"never\" expected)", 2)
  end
  if not modules.set_policy(policy) then error("'reloadPolicy' is called outside of a file's own code", 2) end
end

session.setImmediate, session.setTimeout, session.setInterval = timers.set_immediate, timers.set_timeout, timers.set_interval
session.clearImmediate, session.clearTimeout, session.clearInterval = timers.clear, timers.clear, timers.clear

-- The older, manual scheme of migrating objects: kept for apps that use it, `mutate` on a prototype is the better one.
local version = 0
function session:newVersion()
  version = version + 1
  return version
end
function session:getVersion() return version end
function session:needsMutation(object)
  return type(object) == "table" and (rawget(object, "_mutationVersion") or 0) < version
end

local levels = { [0] = "info", "debug", "trace", "trace", "trace" }
local ui = {}

--- ui.log(message) or ui.log(level, message): to the host's log. Level 0 (default) is always shown, 1 to 4 with -v to -vvvv.
function ui.log(...)
  local level, message = ...
  if select("#", ...) < 2 then level, message = 0, level end
  if type(level) ~= "number" then errors.argument(1, "log", "number", level) end
  if message == nil then errors.argument(select("#", ...) < 2 and 1 or 2, "log", "string", message) end
  level = floor(level)
  M.host("log", (levels[level] or (level < 0 and "info" or "trace")) .. "\n" .. M.sandbox.cut(tostring(message)) .. "\n")
end
ui.json_encode, ui.json_decode = json.encode, json.decode
ui.registerWrapper, ui.registerPresenter = wrappers.register, wrappers.register

--- Puts the API into the globals.
function state.install()
  _G.session, _G.ui, _G.EMPTY = session, ui, prototype.EMPTY
  _G.json = { encode = json.encode, decode = json.decode }
  _G.lua = { ViewList = wrappers.library.ViewList, ViewListItem = wrappers.library.ViewListItem }
  _G.require, _G.package = modules.require, { loaded = modules.loaded }
end

return state
