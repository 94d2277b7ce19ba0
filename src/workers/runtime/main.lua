-- The one way into the VM: the text of a session event in (src/protocol/worker-message.ts), the text of its outcome out:
--
--     1700000000123           when the next timer is due, in ms since 1970, or -
--     c 3 1                   connection 3 is to be sent something; 1: at once
--     v Contact.DEFAULT\t…    viewdefs that it needs first
--     h …  m …  l …           messages of high, medium and low priority, JSON joined by commas
--     r {…}                   what became of a `reload` event (ReloadReport in src/protocol/reload.ts, without its time)
--     p {…}                   the portable state that an `export` event asks for, or {"error":{…}}
--     i {…}                   what became of an `import` event (ImportReport in src/protocol/portable.ts)
--     ! {…}                   the session cannot go on, and why
--     x {…}                   instead of all else: the event is to be taken back whole, and why (rollback.lua)
--
-- A session starts in steps, of which many share the first two (src/workers/starts.ts):
--
--     load 0 1700000000123\n…32 hex digits…\n{"development":true}
--                                     runs lua/main.lua. Unless that fails the outcome has one more line before it: `own` when
--                                     it asked for the time or for a random number: then the session has started. `same` when
--                                     it did not: all sessions come to what there is now, without a clock and a seed; a timer
--                                     is due so many ms after the session will have begun
--     warm 0 0\nContact.DEFAULT\n…   gets the plans of these viewdefs ready, which changes nothing that can be seen
--     begin 0 1700000000123\n…32 hex digits…
--                                     the session begins, with its own clock and seed
local M = ...

local connection, declarations, detect, errors, exchange, export, import, json, limits, modules =
  M.connection, M.declarations, M.detect, M.errors, M.exchange, M.export, M.import, M.json, M.limits, M.modules
local notices, plans, prototype, quarantine, refresh, reload, requests, rollback =
  M.notices, M.plans, M.prototype, M.quarantine, M.refresh, M.reload, M.requests, M.rollback
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
  if conn.refreshed then refresh.announce(new) end
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

-- Before anything of a connection is read: the page may have been away, or may show another namespace than it is to.
local function bring_up(conn)
  if conn.paused then return conn end
  if conn.namespace ~= state.namespace or conn.refreshed then return renew(conn) end
  if not conn.outdated then return conn end
  -- It goes on, so that what the page does meanwhile, knowing nothing of new ids, still arrives.
  conn.outdated = false
  local ok, e = errors.guard(exchange.run, conn)
  return ok and conn or rebuild(conn, e)
end

-- `takes_back`: the event can be taken back for want of memory; those that only open or close a page would never come to an
-- end if they were.
local function detect_all(takes_back)
  local shared = connections[2] and {} or nil
  for _, conn in ipairs(connections) do
    conn = bring_up(conn)
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

function events.load(_, body)
  local seed, text = match(body, "^(%x+)\n(.*)$")
  local options = json.decode(text)
  development = options.development == true
  sandbox.start(seed)
  limits.configure(options.limits or {})
  rollback.configure(options.rollbackOnError == true)
  if options.hotload then declarations.enable() end
  local ok, e = errors.guard(modules.run_main)
  if not ok then return "! {" .. errors.encode(e, true) .. "}" end
  export.settle()
end

function events.warm(_, keys)
  for key in gmatch(keys, "[^\n]+") do errors.guard(plans.get, key) end
end

function events.begin(_, seed)
  sandbox.start(seed)
  timers.shift(sandbox.time())
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

function events.resync(number, body)
  local conn = find(number)
  if not conn then return end
  conn.urgent = true
  requests.resync(conn, body)
end

function events.pause(number)
  local conn = find(number)
  if conn then conn.paused = true end
end

function events.resume(number)
  local conn = find(number)
  if conn then conn.paused = false end
end

function events.refresh(number)
  local conn = find(number)
  if not conn then return end
  conn.paused, conn.urgent = false, true
  -- One that starts anew is told everything as it is, and no more of it than that.
  conn.refreshed = conn.outdated
  if conn.outdated then return end
  local ok, e = errors.guard(refresh.run, conn)
  if not ok then rebuild(conn, e) end
end

-- The body may be `skip N`: what is due but the timer with handle N, for whose sake the event was taken back before.
function events.timer(_, body) timers.fire(report, tonumber(match(body, "^skip (%d+)"))) end

-- While events of these kinds are dispatched: `reloaded`, { files, views, notes }; `exported`, the last line of the outcome;
-- `imported`, { objects, notes }. Not in variables, see walk.lua.
local under_way = {}

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
  local lists = { lua = {}, gone = {}, viewdef = {}, all = {} }
  for kind, key in gmatch(body, "(%a+) ([^\n]*)") do
    local list = lists[kind]
    list[#list + 1] = key
  end
  under_way.reloaded = { files = {}, views = 0, notes = {} }
  if lists.all[1] then
    lists.lua, lists.gone = reload.everything()
    lists.viewdef = plans.keys()
  end
  if lists.lua[1] or lists.gone[1] then
    local ok, files, notes = pcall(reload.run, lists.lua, lists.gone, connections)
    if not ok then return failed_reload("{" .. errors.encode(errors.from(files, "LUA_ERROR"), true) .. "}") end
    quarantine.clear()
    under_way.reloaded = { files = files, views = 0, notes = notes }
  end
  if lists.viewdef[1] then under_way.reloaded.views = exchange_viewdefs(lists.viewdef) end
  for _, conn in ipairs(connections) do conn.urgent = true end
end

function events.export()
  local ok, result = errors.guard(export.run)
  under_way.exported = "p " .. (ok and result or '{"error":{' .. errors.encode(result, true) .. "}}")
end

local function failed_import(fields) return 'i {"objects":0,"notes":[],"error":' .. fields .. "}" end

-- The body: what `export` gave. After an error the memory from before has to be put back, as after a reload.
function events.import(_, body)
  local ok, result = errors.guard(import.run, body)
  if not ok then return failed_import("{" .. errors.encode(result, true) .. "}") end
  under_way.imported = result
end

local function notes_text(notes)
  local texts = {}
  for i, e in ipairs(notes) do texts[i] = "{" .. errors.encode(e, true) .. "}" end
  return '"notes":[' .. concat(texts, ",") .. "]"
end

local function report_of(result)
  local files = {}
  for i, file in ipairs(result.files) do files[i] = json.encode_string(file) end
  return 'r {"files":[' .. concat(files, ",") .. '],"views":' .. result.views .. "," .. notes_text(result.notes) .. "}"
end

-- An error in a `mutate` is told, but a limit fails the reload or the import, which takes itself back.
local function note(e)
  if limits.is_hit(e) then rollback.note(e, "mutate") end
  local notes = (under_way.reloaded or under_way.imported).notes
  notes[#notes + 1] = e
end

-- The answer of an event that is taken back.
local function taken_back(due)
  local reason = rollback.reason()
  if under_way.reloaded then return due .. "\n" .. failed_reload(reason) end
  if under_way.imported then return due .. "\n" .. failed_import(reason) end
  return due .. "\nx " .. reason
end

local function next_due()
  local due = timers.next_due()
  return due and tostring(due) or "-"
end

-- After `load`: what came of it is the session's own, or the same for all.
local function whose()
  if sandbox.is_own() then return "own" end
  timers.shift(-sandbox.time())
  sandbox.forget()
  return "same"
end

-- How much more memory than after the last time before all garbage is collected.
local MOST_GROWTH <const> = 1.125
local least -- KB after that was done last

-- After a reload: what the former version was is garbage now, and most of it is still young. Later it would be old, and stay in
-- each image until all garbage is collected.
local function collect_former()
  under_way.reloaded = nil
  collectgarbage("step")
  local count = collectgarbage("count")
  least = least or count
  if count <= least * MOST_GROWTH then return end
  collectgarbage()
  least = collectgarbage("count")
end

local function dispatch(text)
  local kind, number, time, at = match(text, "^(%a+) (%d+) (%d+)\n()")
  sandbox.set_time(tonumber(time))
  sandbox.begin()
  errors.begin()
  rollback.begin()
  under_way.reloaded, under_way.exported, under_way.imported = nil, nil, nil
  local failure = events[kind](tonumber(number), sub(text, at))
  if failure then return "-\n" .. failure end
  if not rollback.reason() then
    local ok, e = errors.guard(prototype.process_mutations, (under_way.reloaded or under_way.imported) and note)
    if not ok and not rollback.note(e, "mutate") then errors.log(e, "mutate") end
  end
  if not rollback.reason() then detect_all(kind == "frame" or kind == "timer") end
  if rollback.reason() then return taken_back(next_due()) end
  notices.deliver(connections)
  local lines = { kind == "load" and whose() or nil }
  lines[#lines + 1] = next_due()
  for _, conn in ipairs(connections) do connection.write(conn, lines) end
  if under_way.reloaded then lines[#lines + 1] = report_of(under_way.reloaded) end
  if under_way.exported then lines[#lines + 1] = under_way.exported end
  if under_way.imported then lines[#lines + 1] = 'i {"objects":' .. under_way.imported.objects .. "," .. notes_text(under_way.imported.notes) .. "}" end
  versions.forget()
  if under_way.reloaded then collect_former() end
  return concat(lines, "\n")
end

sandbox.close()
state.install()
walk.settle()

return dispatch
