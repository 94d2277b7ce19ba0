-- Tells a page all that it shows once more, under the ids that it knows: it was connected to another process, and nobody knows
-- what has come to it. Every node is as if it had just come into being, and is read by the detection that follows.
local M = ...
local refresh = {}

local connection, lists, plans, tree, values, windows, wrappers =
  M.connection, M.lists, M.plans, M.tree, M.values, M.windows, M.wrappers
local format = string.format
local ipairs, pairs = ipairs, pairs

local former -- the errors that the page was told
local tell

-- A message about what a slot shows; it must not come before the view that the slot belongs to.
local function emit(conn, node, slot, fragment)
  local pending = node.values
  if pending then
    pending.late = pending.late or {}
    pending.late[#pending.late + 1] = fragment
  else
    connection.emit(conn, slot.level, fragment)
  end
end

local function tell_row(conn, node, slot, row)
  if row.plan then
    tell(conn, row)
  elseif former[row.id] then
    connection.show_error(conn, row.id, slot.level, former[row.id])
  else
    local content = values.encode(row.object, nil, slot.text)
    connection.spend(conn, #content)
    emit(conn, node, slot, format('{"type":"update","id":%d,"value":%s}', row.id, content))
  end
end

local function tell_kid(conn, node, slot, kid)
  if not kid.rows then
    tell(conn, kid)
    return
  end
  local window = kid.part and windows.field(kid.part)
  local fields = lists.whole(kid.rows) .. (window and "," .. window or "")
  emit(conn, node, slot, format('{"type":"list","id":%d,%s}', kid.id, fields))
  for _, row in ipairs(kid.rows) do tell_row(conn, node, slot, row) end
end

function tell(conn, node)
  local plan, kids = node.plan, node.kids
  -- What a page has asked for, and the node above variable 1, are no views.
  if not node.owner and node.id > 0 then
    node.values = plan.blank()
    conn.fresh[#conn.fresh + 1] = node
    connection.need_viewdef(conn, plan)
  end
  for k, slot in ipairs(plan.slots) do
    if slot.use == "value" then node[k] = plans.UNSET end
    if kids and kids.wrappers[k] then wrappers.tell(kids.wrappers[k]) end
    if kids and kids[k] then tell_kid(conn, node, slot, kids[k]) end
  end
  for _, made in pairs(kids and kids.made or {}) do tell(conn, made) end
end

--- Says that everything comes once more.
function refresh.announce(conn) connection.emit(conn, 1, '{"type":"refresh"}') end

--- Makes all nodes of a connection such that the next detection tells everything of them.
function refresh.run(conn)
  former = conn.errors
  conn.sent, conn.viewdefs, conn.errors, conn.fresh = {}, {}, {}, {}
  refresh.announce(conn)
  tell(conn, connection.root(conn))
  conn.exchanged = true
end

return refresh
