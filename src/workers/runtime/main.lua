-- The one way into the VM: the text of a session event in (src/protocol/worker-message.ts), the text of its outcome out:
--
--     1700000000123           when the next timer is due, in ms since 1970, or -
--     c 3 1                   connection 3 is to be sent something; 1: at once
--     v Contact.DEFAULT\t…    viewdefs that it needs first
--     h …  m …  l …           messages of high, medium and low priority, JSON joined by commas
--     ! {…}                   the session cannot go on, and why
local M = ...

local connection, detect, errors, json, modules, plans, prototype, requests, sandbox, state, timers =
  M.connection, M.detect, M.errors, M.json, M.modules, M.plans, M.prototype, M.requests, M.sandbox, M.session, M.timers
local concat, match, sub = table.concat, string.match, string.sub
local ipairs, next, pairs, tonumber, tostring = ipairs, next, pairs, tonumber, tostring
local sort = table.sort
local collectgarbage = collectgarbage

local connections = {} -- number → connection
local development = false

local function in_order()
  local list = {}
  for _, conn in next, connections do list[#list + 1] = conn end
  sort(list, function(a, b) return a.number < b.number end)
  return list
end

local function app() return state.app end

local function connect(number)
  local conn = connection.new(number, app, state.namespace, development)
  connections[number] = conn
  conn.urgent = true
  if state.app == nil then
    local _, e = errors.guard(errors.raise, "APP_MISSING", "lua/main.lua has not called session:createAppVariable.")
    connection.fault(conn, e)
    errors.log(e, "connect")
  end
  return conn
end

-- Detection itself failed (out of memory, or a mistake of ours), so the tree may be half-way: build a new one.
local function rebuild(conn, e)
  errors.log(e, "change detection")
  collectgarbage()
  local new = connect(conn.number)
  new.next_id, new.sent = conn.next_id, conn.sent
  connection.fault(new, e)
  return new
end

local function detect_all()
  local list = in_order()
  local shared = list[2] and {} or nil
  for _, conn in ipairs(list) do
    if not conn.paused then
      local ok, e = errors.guard(detect.run, conn, shared)
      if not ok then
        conn = rebuild(conn, e)
        ok, e = errors.guard(detect.run, conn, shared)
        if not ok then
          -- Nothing can be shown; the session lives on and the next event tries again.
          conn.out, conn.fresh = { {}, {}, {} }, {}
          connection.fault(conn, e)
        end
      end
    end
  end
end

local function report(e)
  errors.log(e, "timer")
  for _, conn in pairs(connections) do connection.fault(conn, e) end
end

local events = {}

function events.start(_, body)
  local options = json.decode(body)
  development = options.development == true
  sandbox.start(options.seed)
  local ok, e = errors.guard(modules.run_main)
  if not ok then return "! {" .. errors.encode(e, true) .. "}" end
end

function events.connect(number) connect(number) end
function events.disconnect(number) connections[number] = nil end

function events.frame(number, body)
  local conn = connections[number]
  if not conn then return end
  local frame = json.decode(body)
  if frame.event then
    for _, other in next, connections do other.urgent = true end
  end
  requests.run(conn, frame.messages)
end

function events.pause(number)
  if connections[number] then connections[number].paused = true end
end

function events.resume(number)
  if connections[number] then connections[number].paused = false end
end

function events.timer() timers.fire(report) end

local function dispatch(text)
  local kind, number, time, at = match(text, "^(%a+) (%d+) (%d+)\n()")
  sandbox.set_time(tonumber(time))
  errors.begin()
  local failure = events[kind](tonumber(number), sub(text, at))
  if failure then return "-\n" .. failure end
  prototype.process_mutations()
  detect_all()
  local due = timers.next_due()
  local lines = { due and tostring(due) or "-" }
  for _, conn in ipairs(in_order()) do connection.write(conn, lines) end
  return concat(lines, "\n")
end

sandbox.close()
state.install()

return dispatch
