-- Nodes: one for each view that is shown. A node's variables are its plan's slots, with ids first … first + n - 1; their
-- last raw values stand in the node's array part. What the slots show in turn hangs in `kids`:
--   kids[k]          the node, or the list { id, scope, rows, shown, presenters, part }, that slot k shows
--   kids.wrappers[k] the wrapper of slot k
--   kids.made        nodes of variables that the client asked for with `create`
-- A row of a list is a node (its object has a view) or { id, object } (a primitive value).
local M = ...
local tree = {}

local connection, plans = M.connection, M.plans
local raise = M.errors.raise
local concat, format = table.concat, string.format
local ipairs, next, pairs, rawequal = ipairs, next, pairs, rawequal

local MAX_DEPTH <const> = 100

--- Makes `scope` that of what `slot` of a node shows, as the viewdefs are now.
function tree.renew_scope(scope, node, slot)
  local outer = node.scope
  local fallback = slot.fallbackNamespace or outer.fallback
  if slot.use == "list" or slot.wrapper == "lua.ViewList" then fallback = slot.fallbackNamespace or "list-item" end
  scope.namespace, scope.fallback = slot.namespace or outer.namespace, fallback
  scope.node, scope.level, scope.plans = node, slot.level, {}
end

--- The scope of what `slot` of a node shows: namespaces for viewdefs, the node around it, the priority it is sent with.
function tree.scope(node, slot)
  local scope = { namespace = nil, fallback = nil, node = node, depth = node.scope.depth + 1, level = slot.level, plans = {} }
  tree.renew_scope(scope, node, slot)
  return scope
end

--- Children of a node, made when the first one comes.
function tree.kids(node)
  local kids = node.kids
  if not kids then
    kids = { wrappers = {}, made = {} }
    node.kids = kids
  end
  return kids
end

--- A node for variable `id` that shows `object` by `plan`, without ids for its slots yet. Raises VIEW_DEPTH for a view
--- that would contain itself.
function tree.make(id, scope, object, plan)
  if scope.depth > MAX_DEPTH then
    raise("VIEW_DEPTH", format("Views are nested more than %d deep at %s.", MAX_DEPTH, plan.key))
  end
  local around = scope.node
  while around do
    if around.plan == plan and rawequal(around.object, object) then
      raise("VIEW_DEPTH", format("The object shown by %s shows itself again.", plan.key))
    end
    around = around.scope.node
  end
  return plan.make(id, scope, object, plan)
end

--- Gives a node's slots their ids and enters it for detection; its `view` message follows when it has been read.
function tree.place(conn, node)
  local plan = node.plan
  local n = plan.n
  local first = conn.next_id
  conn.next_id = first + n
  conn.variables = conn.variables + n
  node.first, node.values = first, plan.blank()
  tree.enter(conn, node)
  conn.fresh[#conn.fresh + 1] = node
  connection.need_viewdef(conn, plan)
end

--- Enters a node whose `first` is set into the tables of its connection.
function tree.enter(conn, node)
  local plan = node.plan
  if plan.n > 0 then conn.by_first[node.first] = node end
  if plan.n > conn.widest then conn.widest = plan.n end
  for level = plans.HIGH, plans.LOW do
    if plan[level] then
      local order = conn.order[level]
      order[#order + 1] = node
    end
  end
end

--- Sends the `view` message of a node that has just been read for the first time, and what had to wait for it.
function tree.finish(conn, node)
  local values = node.values
  -- Ids change their meaning with `from`: nothing else of the frame may come before it.
  local from = values.from
  connection.emit(conn, from and 1 or node.scope.level, format(
    '{"type":"view","id":%d,"viewdef":%s,"first":%d,"values":[%s]%s}',
    node.id, node.plan.name, node.first, concat(values, ",", 1, node.plan.n), from and ',"from":[' .. concat(from, ",") .. "]" or ""
  ))
  if values.late then
    for _, fragment in ipairs(values.late) do connection.emit(conn, node.scope.level, fragment) end
  end
  node.values = false
end

--- Ends a node and everything below it. Its variables are gone without a further message.
function tree.destroy(conn, node)
  node.dead = true
  node.values = false
  local first, n = node.first, node.plan.n
  if node.owner then conn.made = conn.made - 1 else conn.variables = conn.variables - n end
  conn.dead = conn.dead + 1
  if n > 0 and conn.by_first[first] == node then conn.by_first[first] = nil end
  if next(conn.errors) then
    for id = first, first + n - 1 do conn.errors[id] = nil end
  end
  local kids = node.kids
  if not kids then return end
  node.kids = false
  for _, made in pairs(kids.made) do tree.destroy(conn, made) end
  for k = 1, n do
    local kid = kids[k]
    if kid and kid.rows then
      for _, row in ipairs(kid.rows) do tree.drop_row(conn, row) end
    elseif kid then
      tree.destroy(conn, kid)
    end
  end
end

--- Ends a row.
function tree.drop_row(conn, row)
  conn.variables = conn.variables - 1
  conn.errors[row.id] = nil
  if row.plan then tree.destroy(conn, row) end
end

--- Takes destroyed nodes out of the lists, when they are many enough to be worth a walk.
function tree.sweep(conn)
  local total = #conn.order[1] + #conn.order[2] + #conn.order[3]
  if conn.dead * 4 < total then return end
  for level = plans.HIGH, plans.LOW do
    local kept, order = {}, conn.order[level]
    for i = 1, #order do
      if not order[i].dead then kept[#kept + 1] = order[i] end
    end
    conn.order[level] = kept
  end
  conn.dead = 0
end

local function enter_all(order, node)
  local plan = node.plan
  if not node.values then
    for level = plans.HIGH, plans.LOW do
      if plan[level] then order[level][#order[level] + 1] = node end
    end
  end
  local kids = node.kids
  if not kids then return end
  for k = 1, plan.n do
    local kid = kids[k]
    if kid and kid.rows then
      for _, row in ipairs(kid.rows) do
        if row.plan then enter_all(order, row) end
      end
    elseif kid then
      enter_all(order, kid)
    end
  end
  for _, made in pairs(kids.made) do enter_all(order, made) end
end

--- Makes the lists for detection anew, parents before children, without nodes that are still to be read.
function tree.reorder(conn)
  conn.order = { {}, {}, {} }
  enter_all(conn.order, connection.root(conn))
  conn.dead = 0
end

return tree
