-- Viewdefs that were edited while they are shown. A view whose viewdef has another text goes on: the slots that both
-- versions have keep their variables, under new ids (`from` in the `view` message), and everything that they show. A view
-- that now finds another viewdef (one was deleted, or a nearer namespace appeared) is a new view.
local M = ...
local exchange = {}

local connection, errors, plans, sandbox, tree, values, wrappers =
  M.connection, M.errors, M.plans, M.sandbox, M.tree, M.values, M.wrappers
local format = string.format
local ipairs, next, pairs, type = ipairs, next, pairs, type

-- Of the exchange that goes on: `ids`, variables that have new ids, old → new (not in a variable of this file, see walk.lua); how
-- many views are not as they were.
local under_way, views = {}, 0

-- A slot's counterpart in another plan: its number there, each given once. A value, a view and a list of the same path are
-- not the same.
local function counterparts(plan)
  local first = {}
  for k = plan.n, 1, -1 do
    local name = plan.slots[k].use .. " " .. plan.slots[k].text
    first[name] = { k = k, next = first[name] }
  end
  return function(slot)
    local name = slot.use .. " " .. slot.text
    local entry = first[name]
    if not entry then return nil end
    first[name] = entry.next
    return entry.k
  end
end

-- What slot `a` of `old` shows now belongs to slot `b` of `new`.
local function hand_over(conn, old, a, new, b)
  local id, new_id = old.first + a - 1, new.first + b - 1
  if conn.errors[id] then conn.errors[new_id], conn.errors[id] = conn.errors[id], nil end
  local kids = old.kids
  if not kids then return end
  local kid, record = kids[a], kids.wrappers[a]
  if record then
    wrappers.move(record, new_id)
    tree.kids(new).wrappers[b], kids.wrappers[a] = record, nil
  end
  if kid then
    kid.id = new_id
    tree.kids(new)[b], kids[a] = kid, nil
  end
end

-- A node by `plan` in the place of `old`, with all that both have in common. `old` is gone.
local function continue(conn, old, plan)
  local new = tree.make(old.id, old.scope, old.object, plan)
  local from = {}
  tree.place(conn, new)
  local counterpart = counterparts(old.plan)
  for k = 1, plan.n do
    local before = counterpart(plan.slots[k])
    from[k] = before and old.first + before - 1 or 0
    if before then
      under_way.ids[from[k]] = new.first + k - 1
      hand_over(conn, old, before, new, k)
    end
  end
  new.values.from = from
  if old.kids and next(old.kids.made) then
    local made = tree.kids(new).made
    for id, node in pairs(old.kids.made) do
      node.owner, made[id], old.kids.made[id] = new, node, nil
    end
  end
  tree.destroy(conn, old)
  return new
end

local walk

-- The node by the plan that `old` ought to have now; nil when there is none, or why.
local function renew(conn, old, wrapper)
  local ok, plan = errors.guard(plans.for_object, old.scope, old.object, wrapper)
  if not ok then return nil, plan end
  if plan == old.plan then return old end
  views = views + 1
  if plan.key == old.plan.key then return continue(conn, old, plan) end
  local new = tree.make(old.id, old.scope, old.object, plan)
  tree.destroy(conn, old)
  tree.place(conn, new)
  return new
end

local function empty(conn, node)
  views = views + 1
  tree.destroy(conn, node)
  connection.emit(conn, 1, format('{"type":"view","id":%d,"viewdef":null}', node.id))
end

local function walk_row(conn, list, i, slot, where)
  local row = list.rows[i]
  if row.plan then
    local node, e = renew(conn, row)
    if node then
      list.rows[i] = node
      walk(conn, node)
      return
    end
    empty(conn, row)
    list.rows[i] = { id = row.id, object = row.object, scope = row.scope }
    connection.set_error(conn, row.id, slot.level, e, where)
  elseif type(row.object) == "table" and not values.is_array(row.object) then
    -- It had no viewdef so far.
    local ok, plan = errors.guard(plans.for_object, list.scope, row.object)
    if not ok then return end
    views = views + 1
    local node = tree.make(row.id, list.scope, row.object, plan)
    list.rows[i] = node
    if conn.errors[row.id] then connection.clear_error(conn, row.id, slot.level) end
    tree.place(conn, node)
  end
end

function walk(conn, node)
  local kids = node.kids
  if not kids then return end
  for k, slot in ipairs(node.plan.slots) do
    local kid = kids[k]
    if kid then
      tree.renew_scope(kid.scope, node, slot)
      if kid.rows then
        for i = 1, #kid.rows do walk_row(conn, kid, i, slot, node.plan.key .. " " .. slot.text) end
      else
        -- Without a plan, reading the slot is going to say why.
        local new = renew(conn, kid, slot.wrapper)
        if not new then empty(conn, kid) end
        kids[k] = new
        if new then walk(conn, new) end
      end
    end
  end
end

--- Brings the tree of a connection up to date after `plans.forget`. What is new in it is read by the detection that
--- follows, which must come before anything else happens to the connection. Returns how many views changed.
function exchange.run(conn)
  local ids = {}
  under_way.ids, views = ids, 0
  walk(conn, connection.root(conn))
  if next(ids) then connection.rename(conn, ids, sandbox.time()) end
  under_way.ids, conn.exchanged = nil, true
  return views
end

return exchange
