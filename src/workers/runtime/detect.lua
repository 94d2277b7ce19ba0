-- Change detection: reads what a connection watches and sends what differs. Nobody calls "update" in Moonpool: after
-- each event every bound path is read again, high priority first, parents before children, each exactly once.
-- Raw values are compared; JSON is made only for what changed. A plain field costs one table read and one comparison.
local M = ...
local detect = {}

local connection, errors, limits, lists, path, plans, quarantine, tree, values, wrappers =
  M.connection, M.errors, M.limits, M.lists, M.path, M.plans, M.quarantine, M.tree, M.values, M.wrappers
local elements, windows = M.elements, M.windows
local host = M.host
local handler, raise = errors.handler, errors.raise
local format, min, move = string.format, math.min, table.move
local error, ipairs, next, rawequal, type, xpcall = error, ipairs, next, rawequal, type, xpcall
local emit = connection.emit
local ALL, HIGH, MEDIUM, LOW = plans.ALL, plans.HIGH, plans.MEDIUM, plans.LOW

local NOTHING = {}

local first_changed = M.tables.first_changed
-- What `first_changed` has to know: fields of nodes, of plans' levels, of metatables.
local NAMES = { "plan", "object", "calls", "names", "at", "__index" }
-- With fewer nodes it does not pay to ask, and neither does it when fewer were passed over, for a while.
local WORTH <const> = 8
local LONGEST_PAUSE <const> = 64

-- Where detection is. Reading may fail anywhere in user code; it then goes on behind the slot that failed, so the place
-- is kept outside of the loop. A protected call is paid once per pass, not once per slot. Tables that are made for one event are
-- in no variable of this file: see walk.lua.
local conn -- the connection
local level -- which slots are read in this pass
local i, j -- number of the node, slot within the node: slots up to j are done
local careful -- this node's plain fields are read one by one
local held -- something is in quarantine
local is_over -- reading has had all the time there is: what is stopped now is not to blame
local again = {} -- nodes that got another object after some of their slots had been read: { node, levels up to }
-- `memo`, with several connections: object → { path → value }, so that a method is called once per event.
local under_way = {}

local function describe(node, slot)
  if node.plan.key == "" then return "the app" end
  return node.plan.key .. " " .. slot.text
end

-- A slot's value differs from the last one: encode, keep, send (or, on first reading, put it into the view message).
local function changed(node, k, raw)
  local slot = node.plan.slots[k]
  local text, kept = values.encode(raw, node[k], slot.text)
  if not text then return end
  connection.spend(conn, #text)
  local id = node.first + k - 1
  -- That a refused text is put right is no reason to take away the message why it was refused.
  if conn.errors[id] and node[k] ~= plans.REFUSED then connection.clear_error(conn, id, slot.level) end
  node[k] = kept
  if node.values then
    node.values[k] = text
  else
    emit(conn, slot.level, format('{"type":"update","id":%d,"value":%s}', id, text))
  end
end

-- A message about what a slot shows must not come before the view that the slot belongs to.
local function emit_late(node, slot, fragment)
  local pending = node.values
  if pending then
    pending.late = pending.late or {}
    pending.late[#pending.late + 1] = fragment
  else
    emit(conn, slot.level, fragment)
  end
end

-- A shown object was replaced by one of the same type: its slots follow in this pass, except those that had their turn.
local function follow(node, object)
  node.object = object
  if not node.values then
    again[#again + 1] = { node = node, up_to = level == ALL and LOW or level - 1 }
  end
  for _, made in next, node.kids and node.kids.made or NOTHING do follow(made, object) end
end

-- So many variables more are to be shown. `freed()`: how many go for them.
local function check_room(count, freed)
  local total = conn.variables + count
  if total <= limits.variables or (freed and total - freed() <= limits.variables) then return end
  raise("LIMIT_VARIABLES", format("The page would have more than %d variables.", limits.variables))
end

local function show(node, k, slot, object)
  local kids = node.kids or tree.kids(node)
  local id, kid = node.first + k - 1, kids[k]
  if object == nil then
    if kid then
      tree.destroy(conn, kid)
      kids[k] = nil
      emit_late(node, slot, format('{"type":"view","id":%d,"viewdef":null}', id))
    end
    return
  end
  if type(object) ~= "table" then
    raise("TYPE_MISSING", "Path '" .. slot.text .. "' yields a " .. type(object) .. "; a view shows an object.")
  end
  local scope = kid and kid.scope or tree.scope(node, slot)
  local plan = plans.for_object(scope, object, slot.wrapper)
  if kid and kid.plan == plan then
    if not rawequal(kid.object, object) then follow(kid, object) end
    return
  end
  check_room(plan.n - (kid and kid.plan.n or 0))
  local new = tree.make(id, scope, object, plan)
  conn.torn = true
  if kid then tree.destroy(conn, kid) end
  kids[k] = new
  tree.place(conn, new)
  conn.torn = false
end

local function make_node(scope, id, object) return tree.make(id, scope, object, plans.for_object(scope, object)) end

-- A row that has an id but is not yet in the tree: an object becomes a node, a value is shown as it is.
local function make_row(scope, id, object)
  if type(object) ~= "table" or values.is_array(object) then return { id = id, object = object } end
  local ok, row = xpcall(make_node, handler, scope, id, object)
  if ok then return row end
  row = errors.from(row, "LUA_ERROR")
  -- One row after the other would run into it: it is the list's.
  if limits.is_hit(row) then error(row, 0) end
  return { id = id, object = object, failure = row }
end

local function encode_row(object, text)
  local content = values.encode(object, nil, text)
  connection.spend(conn, #content)
  return content
end

local function place_row(row, slot, where)
  conn.variables = conn.variables + 1
  if row.plan then
    tree.place(conn, row)
    return
  end
  local failure, text = row.failure, nil
  if not failure then
    local ok, result = xpcall(encode_row, handler, row.object, slot.text)
    if ok then text = result else failure = result end
  end
  row.failure = nil
  if failure then
    connection.set_error(conn, row.id, slot.level, errors.from(failure, "LUA_ERROR"), where)
  else
    emit(conn, slot.level, format('{"type":"update","id":%d,"value":%s}', row.id, text))
  end
end

local function show_list(node, k, slot, raw)
  local kids = node.kids or tree.kids(node)
  local id, kid = node.first + k - 1, kids[k]
  if not kid then
    kid = { id = id, scope = tree.scope(node, slot), rows = {}, shown = false, part = windows.new(slot) }
    kids[k] = kid
  end
  local objects, n, part = elements.of(slot, raw, kid)
  if not objects or (not part and lists.agree(kid, objects, n)) then return end
  local new, more = {}, 0
  local function freed()
    local rows, sum = kid.rows, 0
    for _, row in ipairs(rows) do sum = sum + 1 + (row.plan and row.plan.n or 0) end
    local gone = #rows + #new - n
    return gone > 0 and sum // #rows * gone or 0
  end
  local fields = lists.update(kid, objects, n, function(object)
    local row = make_row(kid.scope, conn.next_id, object)
    more = more + 1 + (row.plan and row.plan.n or 0)
    new[#new + 1] = row
    check_room(more, freed)
    conn.next_id = conn.next_id + 1
    return row
  end, function(row) tree.drop_row(conn, row) end)
  local window = part and windows.take(kid.part, part)
  if window then fields = fields and fields .. "," .. window or window end
  if not fields then return end
  conn.torn = true
  emit_late(node, slot, format('{"type":"list","id":%d,%s}', id, fields))
  for position = 1, #new do place_row(new[position], slot, describe(node, slot)) end
  conn.torn = false
end

-- What a slot leads to, when several connections are read.
local function read(node, slot)
  local object, memo = node.object, under_way.memo
  if not slot.calls or slot.up > 0 then return slot.get(object, node) end
  local known = memo[object]
  if not known then
    known = {}
    memo[object] = known
  end
  local entry = known[slot.text]
  if not entry then
    entry = { slot.get(object, node) }
    known[slot.text] = entry
  end
  return entry[1]
end

-- Reads a slot that is more than a plain field.
local function evaluate(node, k)
  local slot = node.plan.slots[k]
  local raw
  if under_way.memo then raw = read(node, slot) else raw = slot.get(node.object, node) end
  -- What failed is tried again: a reload may have brought the type.
  if slot.create and raw == nil and (node[k] == plans.UNSET or node[k] == plans.FAILED) then
    raw = wrappers.create(slot.create)
    slot.set(node.object, node, raw)
  end
  if slot["not"] then raw = not raw end
  local id = node.first + k - 1
  if slot.wrapper then
    local records, owner = tree.kids(node).wrappers, conn
    raw, records[k] = wrappers.wrap(slot, id, raw, records[k], function(id, priority, name, value)
      -- The app may keep the variable longer than the page shows it.
      if not node.dead and not owner.closed then connection.emit_property(owner, id, priority, name, value) end
    end)
  end
  if slot.use == "value" then
    if raw ~= node[k] then changed(node, k, raw) end
    return
  end
  if slot.use == "view" then show(node, k, slot, raw) else show_list(node, k, slot, raw) end
  node[k] = false -- not UNSET any more
  if conn.errors[id] then connection.clear_error(conn, id, slot.level) end
end

-- Is this slot not to be read now? Then it shows why.
local function hold_back(node, k, slot)
  local e = quarantine.error(slot, node.object)
  if not e then return false end
  local id = node.first + k - 1
  if node[k] ~= plans.FAILED or not conn.errors[id] then
    node[k] = plans.FAILED
    connection.set_error(conn, id, slot.level, e, describe(node, slot))
  end
  return true
end

local function evaluate_held(node, k)
  local slot, object = node.plan.slots[k], node.object
  if hold_back(node, k, slot) then return end
  evaluate(node, k)
  quarantine.release(slot, object)
end

-- One slot after the other, so that it is known which one fails.
local function read_carefully(node, steps)
  local calls, names, at = steps.calls, steps.names, steps.at
  for f = j - calls + 1, #names do
    j = calls + f
    local k = at[f]
    local slot = node.plan.slots[k]
    if not (held and hold_back(node, k, slot)) then
      local raw = node.object[names[f]]
      if raw ~= node[k] then changed(node, k, raw) end
      if held then quarantine.release(slot, node.object) end
    end
  end
end

local function run(list, count)
  local memo = under_way.memo
  local ask, pause = level ~= ALL and i or count + 1, 1
  while i <= count do
    if i >= ask and j == 0 and count - i >= WORTH and not (careful or held) then
      local found = first_changed(list, i, count, level, NAMES)
      pause = found - i < WORTH and min(2 * pause, LONGEST_PAUSE) or 1
      i, ask = found, found + pause
      if i > count then return end
    end
    local node = list[i]
    local steps = node.plan[level]
    if not node.dead and steps then
      local calls = steps.calls
      while j < calls do
        j = j + 1
        local k, name = steps.complex[j], steps.methods[j]
        if held then
          evaluate_held(node, k)
        elseif name and not memo then
          local object = node.object
          local raw = (object[name] or path.method(object, name, node.plan.slots[k]))(object)
          if raw ~= node[k] then changed(node, k, raw) end
        else
          evaluate(node, k)
        end
      end
      if careful or (held and steps.read) then
        if not careful then j, careful = calls, true end
        read_carefully(node, steps)
        careful = false
      elseif steps.read then
        j = calls + 1
        steps.read(node, node.object, changed)
      end
    end
    if node.values then tree.finish(conn, node) end
    i, j = i + 1, 0
  end
end

-- The slot that was being read failed: it gets the error; detection goes on behind it.
local function fail(node, e)
  local steps = node.plan[level]
  local k = steps and (steps.complex[j] or steps.at[j - steps.calls])
  if not k or conn.torn then error(e, 0) end -- not while reading: our own mistake, or no memory is left
  local slot = node.plan.slots[k]
  node[k] = plans.FAILED
  if (e.code == "LIMIT_TIME" and not is_over) or e.code == "LIMIT_MEMORY" then
    e = errors.about(e, errors.place_of(path.code(slot, node.object)))
    quarantine.add(slot, node.object, e)
    held = true
  end
  connection.set_error(conn, node.first + k - 1, slot.level, e, describe(node, slot))
end

-- The time limit was hit. What comes now has a new, shorter one, or everything that is read after one endless getter
-- would be stopped as well.
local function begin_slice()
  if host("slice", "") == "over" then is_over = true end
end

-- Reads the slots of one level of the first `n` nodes.
local function pass(nodes, n, which)
  level, i, j, careful = which, 1, 0, false
  local careful_i, failed_i, failed_j, late_i, late_j
  while true do
    local ok, e = xpcall(run, handler, nodes, n)
    if ok then return end
    e = errors.from(e, "LUA_ERROR")
    local node = nodes[i]
    local steps = node.plan[level]
    local is_late = e.code == "LIMIT_TIME" and not is_over
    if is_late then begin_slice() end
    if steps and not careful and j > steps.calls and careful_i ~= i then
      careful, careful_i, j = true, i, steps.calls -- one of the plain fields: reading them one by one tells which
    elseif is_late and steps and j > 0 and not (late_i == i and late_j == j) then
      late_i, late_j, j = i, j, j - 1 -- once more: it may be what came before that took all the time
    else
      if i == failed_i and j == failed_j then error(e, 0) end
      failed_i, failed_j = i, j
      fail(node, e)
    end
  end
end

-- Reads nodes that have come into being, until none is left. They make further ones.
local function read_fresh()
  while conn.fresh[1] do
    local nodes = conn.fresh
    conn.fresh = {}
    pass(nodes, #nodes, ALL)
  end
end

-- Nodes that have got another object are read again at the levels that had had their turn.
local function read_again()
  local guard = 0
  while again[1] and guard < 100 do
    guard = guard + 1
    local entries = move(again, 1, #again, 1, {})
    for n = 1, #entries do again[n] = nil end
    for _, entry in next, entries do
      for which = HIGH, entry.up_to do
        if not entry.node.dead then pass({ entry.node }, 1, which) end
      end
      -- What this one shows has had its turn too, so it follows with all its slots.
      for _, later in next, again do later.up_to = LOW end
    end
    read_fresh()
  end
end

local function detect_one(c)
  conn = c
  if c.exchanged then tree.reorder(c) elseif c.dead > 0 then tree.sweep(c) end
  -- Nodes that come now are read whole when they come; they must not have another turn at a lower level.
  local order = c.order
  local high, medium, low = #order[1], #order[2], #order[3]
  if c.exchanged then read_fresh() end
  if high > 0 then pass(order[1], high, HIGH) end
  if c.fresh[1] then read_fresh() end
  pass(order[2], medium, MEDIUM) -- the node above variable 1 is always there
  if c.fresh[1] then read_fresh() end
  if low > 0 then pass(order[3], low, LOW) end
  if c.fresh[1] then read_fresh() end
  if again[1] then read_again() end
  if c.exchanged then
    -- What came in place of others goes to their place: parents first.
    tree.reorder(c)
    c.exchanged = false
  end
end

--- Reads everything that `c` watches and puts what changed into its buffers. Raises only when detection itself fails.
--- `shared` is a table for the results of methods during one event, given when several connections are read.
function detect.run(c, shared)
  under_way.memo = shared
  held, is_over = not quarantine.is_empty(), false
  for n = 1, #again do again[n] = nil end -- left over when detection failed
  detect_one(c)
  under_way.memo = nil
end

--- Enters a variable that a client asked for. Its value follows as an `update`.
function detect.add(c, parent, id, slot)
  local plan = slot.alone
  if not plan then
    plan = plans.compile({ key = parent.plan.key, slots = { slot } })
    slot.alone = plan
  end
  local node = tree.make(0, parent.scope, parent.object, plan)
  node.first, node.owner = id, parent
  tree.kids(parent).made[id] = node
  c.made = c.made + 1
  tree.enter(c, node)
end

return detect
