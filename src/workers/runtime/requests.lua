-- What a client asks for: writing a variable, running an action, watching one more path. The host has checked the form.
local M = ...
local requests = {}

local connection, detect, errors, path, plans, rollback, tree, values =
  M.connection, M.detect, M.errors, M.path, M.plans, M.rollback, M.tree, M.values
local windows = M.windows
local guard, raise = errors.guard, errors.raise
local format, gmatch, match = string.format, string.gmatch, string.match
local next, tointeger = next, math.tointeger
local decode = M.json.decode

local function refuse(conn, code, message, id)
  local _, e = guard(raise, code, message)
  connection.fault(conn, e, id)
end

local function update(conn, rest)
  local id, text = match(rest, "^(-?%d+) (.*)$")
  id = connection.present_id(conn, tointeger(id))
  local node, k = connection.find(conn, id)
  if not node then
    refuse(conn, "VARIABLE_UNKNOWN", format("There is no variable %d.", id), id)
    return
  end
  local value = decode(text)
  local slot = node.plan.slots[k]
  local ok, e
  if slot.writable then
    ok, e = guard(slot.set, node.object, node, value)
  else
    ok, e = guard(raise, "PATH_READ_ONLY", "Path '" .. slot.text .. "' can only be read.")
  end
  local where
  if not ok then
    where = node.plan.key .. " " .. slot.text
    e = errors.about(e, errors.place_of(path.code(slot, node.object)))
    if rollback.note(e, where, id) then return end
  end
  if node.dead then return end
  if not ok then
    if slot.readable and slot.use == "value" then node[k] = plans.REFUSED end
    conn.errors[id] = nil -- the same error again is news: somebody has done something again
    connection.set_error(conn, id, slot.level, e, where)
    return
  end
  if slot.readable and slot.use == "value" and not slot["not"] then node[k] = values.written(value, slot.text) end
  if conn.errors[id] then connection.clear_error(conn, id, slot.level) end
end

-- More variables than this nobody needs to ask for, but a hostile page could ask for millions.
local MOST_MADE <const> = 1000

-- The slot that a path names, if a viewdef that this connection was sent has it.
local function allowed(conn, text)
  for key in next, conn.sent do
    local plan = plans.get(key)
    local slot = plan and plan.by_text[text]
    if slot then return slot end
  end
  return nil
end

local function create(conn, rest)
  local id, above, text = match(rest, "^(-?%d+) (-?%d+) (.*)$")
  id, above, text = tointeger(id), tointeger(above), decode(text)
  if conn.by_first[id] then
    refuse(conn, "VARIABLE_EXISTS", format("There is a variable %d already.", id), id)
    return
  end
  if conn.made >= MOST_MADE then
    refuse(conn, "VARIABLE_LIMIT", format("A client can have %d variables of its own at most.", MOST_MADE), id)
    return
  end
  local parent = connection.node(conn, connection.present_id(conn, above))
  if not parent then
    refuse(conn, "VARIABLE_UNKNOWN", format("There is no view on a variable %d.", above), id)
    return
  end
  local slot = allowed(conn, text)
  if not slot then
    refuse(conn, "PATH_NOT_ALLOWED", "No viewdef that was sent contains the path '" .. text .. "'.", id)
    return
  end
  detect.add(conn, parent, id, slot)
end

local function destroy(conn, rest)
  local id = tointeger(rest)
  local node = conn.by_first[id]
  if not node or id >= 0 then
    refuse(conn, "VARIABLE_UNKNOWN", format("There is no variable %d that a client made.", id), id)
    return
  end
  node.owner.kids.made[id] = nil
  tree.destroy(conn, node)
end

-- The page believes that the variable holds what it wrote, but that has not happened.
local function value(conn, rest, reason)
  local id = connection.present_id(conn, tointeger(rest))
  local node, k = connection.find(conn, id)
  if not node then return end
  local slot = node.plan.slots[k]
  if slot.readable and slot.use == "value" then node[k] = plans.REFUSED end
  connection.show_error(conn, id, slot.level, reason)
end

-- Other rows of a list that shows a part of its array.
local function window(conn, rest)
  local id, start, count, keep = match(rest, "^(-?%d+) (%d+) (%d+) (-?%d+)$")
  id = tointeger(id)
  local node, k = connection.find(conn, connection.present_id(conn, id))
  -- The page did not know yet that the list is gone: it need not hear of it twice.
  if not node then return end
  local kid = node.kids and node.kids[k]
  if not node.plan.slots[k].window then
    refuse(conn, "WINDOW_INVALID", format("Variable %d shows no part of a list.", id), id)
  elseif kid and kid.part then
    windows.ask(kid.part, kid.rows, tointeger(start), tointeger(count), tointeger(keep))
  end
end

local handlers = { update = update, create = create, destroy = destroy, value = value, window = window }

--- Carries out the messages of one frame, in order: the lines of `frameBody` in src/protocol/worker-message.ts after the
--- first. `reason` is for `resync`. An error in one does not stop those after it, not even one of our own making, unless the
--- event is taken back.
function requests.run(conn, lines, reason)
  for kind, rest in gmatch(lines, "\n(%a+) ([^\n]*)") do
    local ok, e = guard(handlers[kind], conn, rest, reason)
    if not ok then rollback.note(e, kind) end
    if rollback.reason() then return end
    if not ok then
      errors.log(e, kind)
      connection.fault(conn, e)
    end
  end
end

--- After a frame that was not carried out: the body of a `resync` event, see resyncBody in src/protocol/worker-message.ts.
--- Change detection then sends what the variables hold.
function requests.resync(conn, body)
  local head, lines = match(body, "^([^\n]*)(.*)$")
  local fields = decode(head)
  requests.run(conn, lines, errors.make(fields.code, fields.message, fields.file, fields.line))
end

return requests
