-- The one way into the VM: the text of a session event in (src/protocol/worker-message.ts), the text of its outcome out:
--
--     1700000000123           when the next timer is due, in ms since 1970, or -
--     c 3 1                   connection 3 is to be sent something; 1: at once
--     v Contact.DEFAULT\t…    viewdefs that it needs first
--     h …  m …  l …           messages of high, medium and low priority, JSON joined by commas
--     r {…}                   what became of a `reload` event (ReloadReport in src/protocol/reload.ts, without its time)
--     ! {…}                   the session cannot go on, and why
--     x {…}                   instead of all else: the event is to be taken back whole, and why (rollback.lua)
local M = ...

local connection, declarations, detect, errors, exchange, json, limits, modules =
  M.connection, M.declarations, M.detect, M.errors, M.exchange, M.json, M.limits, M.modules
local plans, prototype, quarantine, reload, requests, rollback =
  M.plans, M.prototype, M.quarantine, M.reload, M.requests, M.rollback
local sandbox, state, timers, versions, walk = M.sandbox, M.session, M.timers, M.versions, M.walk
local concat, gmatch, match, sub = table.concat, string.gmatch, string.match, string.sub
local ipairs, pcall, tonumber, tostring = ipairs, pcall, tonumber, tostring
local remove = table.remove
local collectgarbage = collectgarbage

local connections = {} -- those that are open, in the order of their numbers
local development = false

local function find(number)
  for i, conn in ipairs(connections) do
    if conn.number == number then return conn, i end
  end
  return nil, #connections + 1
end

local function app() return state.app end

local function connect(number)
  local _, i = find(number)
  local conn = connection.new(number, app, state.namespace, development)
  connections[i] = conn
  conn.urgent = true
  if state.app == nil then
    local _, e = errors.guard(errors.raise, "APP_MISSING", "lua/main.lua has not called session:createAppVariable.")
    connection.fault(conn, e)
    errors.log(e, "connect")
  end
  return conn
end

-- A page that showed the app in another namespace starts anew.
local function renew(conn)
  local new = connect(conn.number)
  new.next_id, new.sent, new.viewdefs = conn.next_id, conn.sent, conn.viewdefs
  new.paused, new.urgent = conn.paused, conn.urgent
  conn.closed = true
  return new
end

-- Detection itself failed (out of memory, or a mistake of ours), so the tree may be half-way: build a new one.
local function rebuild(conn, e)
  errors.log(e, "change detection")
  collectgarbage()
  local new = renew(conn)
  connection.fault(new, e)
  return new
end

-- `takes_back`: the event can be taken back for want of memory; those that only open or close a page would never come to an
-- end if they were.
local function detect_all(takes_back)
  local shared = connections[2] and {} or nil
  for _, conn in ipairs(connections) do
    if conn.namespace ~= state.namespace or (conn.outdated and not conn.paused) then conn = renew(conn) end
    if not conn.paused then
      local ok, e = errors.guard(detect.run, conn, shared)
      if not ok then
        conn = rebuild(conn, e)
        ok, e = errors.guard(detect.run, conn, shared)
        -- What somebody has just done left no room to show it.
        if not ok and takes_back and rollback.note(e, "change detection") then return end
        if not ok then
          -- Nothing can be shown; the session lives on and the next event tries again.
          conn.out, conn.fresh = { {}, {}, {} }, {}
          connection.fault(conn, e)
        end
      end
    end
  end
end

local function report(e, handle)
  if rollback.note(e, "timer", nil, handle) then return true end
  errors.log(e, "timer")
  for _, conn in ipairs(connections) do connection.fault(conn, e) end
  return false
end

local events = {}

function events.start(_, body)
  local options = json.decode(body)
  development = options.development == true
  sandbox.start(options.seed)
  limits.configure(options.limits or {})
  rollback.configure(options.rollbackOnError == true)
  if options.hotload then declarations.enable() end
  local ok, e = errors.guard(modules.run_main)
  if not ok then return "! {" .. errors.encode(e, true) .. "}" end
end

function events.connect(number) connect(number) end
function events.disconnect(number)
  local conn, i = find(number)
  if conn then
    conn.closed = true
    remove(connections, i)
  end
end

function events.frame(number, body)
  local conn = find(number)
  if not conn then return end
  if sub(body, 1, 1) == "1" then
    for _, other in ipairs(connections) do other.urgent = true end
  end
  requests.run(conn, body)
end

function events.pause(number)
  local conn = find(number)
  if conn then conn.paused = true end
end

function events.resume(number)
  local conn = find(number)
  if conn then conn.paused = false end
end

-- The body may be `skip N`: what is due but the timer with handle N, for whose sake the event was taken back before.
function events.timer(_, body) timers.fire(report, tonumber(match(body, "^skip (%d+)"))) end

local reloaded -- { files, views, notes } while a `reload` event is dispatched

-- Returns how many views that concerns.
local function exchange_viewdefs(keys)
  local views = 0
  plans.forget(keys)
  for _, conn in ipairs(connections) do
    if conn.paused then
      conn.outdated = true
      views = views + 1
    else
      local ok, result = errors.guard(exchange.run, conn)
      if not ok then rebuild(conn, result) end
      views = views + (ok and result or 1)
    end
  end
  return views
end

local function failed_reload(fields)
  return 'r {"files":[],"views":0,"notes":[],"error":' .. fields .. "}"
end

-- The body: see reloadBody in src/protocol/reload.ts.
function events.reload(_, body)
  local lists = { lua = {}, gone = {}, viewdef = {} }
  for kind, key in gmatch(body, "(%a+) ([^\n]*)") do
    local list = lists[kind]
    list[#list + 1] = key
  end
  reloaded = { files = {}, views = 0, notes = {} }
  if lists.lua[1] or lists.gone[1] then
    local ok, files, notes = pcall(reload.run, lists.lua, lists.gone, connections)
    if not ok then return failed_reload("{" .. errors.encode(errors.from(files, "LUA_ERROR"), true) .. "}") end
    quarantine.clear()
    reloaded = { files = files, views = 0, notes = notes }
  end
  if lists.viewdef[1] then reloaded.views = exchange_viewdefs(lists.viewdef) end
  for _, conn in ipairs(connections) do conn.urgent = true end
end

local function report_of(result)
  local files, notes = {}, {}
  for i, file in ipairs(result.files) do files[i] = json.encode_string(file) end
  for i, e in ipairs(result.notes) do notes[i] = "{" .. errors.encode(e, true) .. "}" end
  return 'r {"files":[' .. concat(files, ",") .. '],"views":' .. result.views .. ',"notes":[' .. concat(notes, ",") .. "]}"
end

-- An error in a `mutate` is told, but a limit fails the reload, which takes itself back.
local function note(e)
  if limits.is_hit(e) then rollback.note(e, "mutate") end
  reloaded.notes[#reloaded.notes + 1] = e
end

-- The answer of an event that is taken back.
local function taken_back(due)
  local reason = rollback.reason()
  return due .. "\n" .. (reloaded and failed_reload(reason) or "x " .. reason)
end

local function next_due()
  local due = timers.next_due()
  return due and tostring(due) or "-"
end

local function dispatch(text)
  local kind, number, time, at = match(text, "^(%a+) (%d+) (%d+)\n()")
  sandbox.set_time(tonumber(time))
  sandbox.begin()
  errors.begin()
  rollback.begin()
  reloaded = nil
  local failure = events[kind](tonumber(number), sub(text, at))
  if failure then return "-\n" .. failure end
  if not rollback.reason() then
    local ok, e = errors.guard(prototype.process_mutations, reloaded and note)
    if not ok and not rollback.note(e, "mutate") then errors.log(e, "mutate") end
  end
  if not rollback.reason() then detect_all(kind == "frame" or kind == "timer") end
  if rollback.reason() then return taken_back(next_due()) end
  local lines = { next_due() }
  for _, conn in ipairs(connections) do connection.write(conn, lines) end
  if reloaded then lines[#lines + 1] = report_of(reloaded) end
  versions.forget()
  return concat(lines, "\n")
end

sandbox.close()
state.install()
walk.settle()

return dispatch
