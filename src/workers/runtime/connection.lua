-- One browser tab: its variable tree and what it is to be sent. Several of them show the same objects.
local M = ...
local connection = {}

local errors, limits, plans = M.errors, M.limits, M.plans
local encode_string = M.json.encode_string
local concat, format = table.concat, string.format
local ipairs, next = ipairs, next

local letters = { "h", "m", "l" }
local by_name = { high = 1, medium = 2, low = 3 }

--- A connection whose variable 1 shows what `app()` returns, in viewdefs of `namespace`. With `development`
--- its page is told where errors are.
function connection.new(number, app, namespace, development)
  local root_plan = plans.compile({ key = "", slots = { {
    text = "", up = 0, segments = {}, ["not"] = false, access = "r", priority = "medium", use = "view", namespace = namespace,
  } } })
  root_plan.slots[1].get = app
  local root = root_plan.make(0, { depth = 0, plans = {} }, {}, root_plan)
  root.first = 1
  return {
    number = number,
    namespace = namespace,
    development = development,
    next_id = 2,
    order = { {}, { root }, {} }, -- by priority: nodes with something to read, parents before children
    by_first = { [1] = root }, -- first variable → node
    widest = 1, -- most slots of a node so far: how far `find` looks
    errors = {}, -- id → Error
    out = { {}, {}, {} }, -- fragments to send, by priority
    size = 0, -- bytes of values and errors among them
    variables = 0, -- that it shows
    fresh = {}, -- nodes made and not yet read
    viewdefs = {}, -- keys and versions to send with the next changes
    sent = {}, -- key → version
    made = 0, -- variables that the client asked for
    closed = false,
    torn = false, -- something is about to be put into the tree: an error now leaves half of it there
    dead = 0, -- destroyed nodes that still stand in `order`
    paused = false,
    urgent = false,
    renamed = {}, -- { time, ids }: which variable has which id since, the oldest first
    exchanged = false, -- viewdefs were exchanged, and detection has not run since
    outdated = false, -- they were while the connection was paused
    refreshed = false, -- and its page asks for everything
  }
end

--- The node above variable 1.
function connection.root(conn) return conn.by_first[1] end

--- Adds a message. `level` is 1 (high) to 3 (low).
function connection.emit(conn, level, fragment)
  local list = conn.out[level]
  list[#list + 1] = fragment
end
local emit = connection.emit

--- Values of so many bytes are to be sent. Raises LIMIT_OUTPUT when one event would send too much.
function connection.spend(conn, bytes)
  if conn.size + bytes > limits.output then
    errors.raise("LIMIT_OUTPUT", format("One event would send more than %d bytes.", limits.output))
  end
  conn.size = conn.size + bytes
end

--- Sends a property of a variable.
function connection.emit_property(conn, id, priority, name, value)
  connection.spend(conn, #name + #value)
  emit(conn, by_name[priority], format('{"type":"update","id":%d,"properties":{%s:%s}}', id, encode_string(name), encode_string(value)))
end

--- Sends a fault that belongs to no variable that exists. `id` is the number that the client used, if any.
function connection.fault(conn, e, id)
  emit(conn, 1, '{"type":"error",' .. errors.encode(e, conn.development) .. (id and format(',"id":%d}', id) or "}"))
end

-- So many bytes more there are for saying that there is no room.
local RESERVE <const> = 16384

--- Tells the page of a variable's error, unless there is no room even for errors: a list may have a hundred thousand rows, each
--- with the same fault.
function connection.show_error(conn, id, level, e)
  conn.errors[id] = e
  local fragment = format('{"type":"update","id":%d,"error":{%s}}', id, errors.encode(e, conn.development))
  if conn.size + #fragment > limits.output + RESERVE then return end
  conn.size = conn.size + #fragment
  emit(conn, level, fragment)
end

--- Sends a notice, if there is room.
function connection.notify(conn, message)
  if conn.size + #message > limits.output + RESERVE then
    errors.log(errors.make("LIMIT_OUTPUT", format("One event would send more than %d bytes.", limits.output)), "notify")
    return
  end
  conn.size = conn.size + #message
  emit(conn, 1, message)
end

--- Gives a variable an error, unless it has the same one already. `where` names the binding in the log.
function connection.set_error(conn, id, level, e, where)
  local present = conn.errors[id]
  if present and present.code == e.code and present.message == e.message and present.line == e.line then return end
  connection.show_error(conn, id, level, e)
  errors.log(e, where)
end

--- Takes a variable's error away.
function connection.clear_error(conn, id, level)
  conn.errors[id] = nil
  emit(conn, level, format('{"type":"update","id":%d,"error":null}', id))
end

--- Notes that this connection needs the viewdef of a plan, in the version that the plan was made of.
function connection.need_viewdef(conn, plan)
  local key, hash = plan.key, plan.hash
  if conn.sent[key] ~= hash then
    conn.sent[key] = hash
    conn.viewdefs[#conn.viewdefs + 1] = key .. " " .. hash
  end
end

--- The lines of the output text for this connection (docs/architecture.md), appended to `lines`; empties the buffers.
function connection.write(conn, lines)
  local out = conn.out
  conn.size = 0
  if not (out[1][1] or out[2][1] or out[3][1] or conn.viewdefs[1]) then
    conn.urgent = false
    return
  end
  lines[#lines + 1] = format("c %d %d", conn.number, conn.urgent and 1 or 0)
  if conn.viewdefs[1] then
    lines[#lines + 1] = "v " .. concat(conn.viewdefs, "\t")
    conn.viewdefs = {}
  end
  for level = 1, 3 do
    if out[level][1] then
      lines[#lines + 1] = letters[level] .. " " .. concat(out[level], ",")
      out[level] = {}
    end
  end
  conn.urgent = false
end

-- So long a page may send what it sent before it knew of new ids, ms; and so many changes are remembered.
local RENAMED_TIME <const> = 60000
local RENAMED_MOST <const> = 64

--- Variables get new ids: `ids` is old → new. What is under way from the page still has the old ones.
function connection.rename(conn, ids, now)
  local kept = {}
  local list = conn.renamed
  for i = #list - RENAMED_MOST + 2, #list do
    local entry = list[i]
    if entry and now - entry.time < RENAMED_TIME then kept[#kept + 1] = entry end
  end
  kept[#kept + 1] = { time = now, ids = ids }
  conn.renamed = kept
end

--- The present id of a variable that the page calls `id`.
function connection.present_id(conn, id)
  for _, entry in ipairs(conn.renamed) do id = entry.ids[id] or id end
  return id
end

--- The node that has variable `id`, and which of its slots that is; nil if there is none.
function connection.find(conn, id)
  local by_first = conn.by_first
  for first = id, id - conn.widest + 1, -1 do
    local node = by_first[first]
    if node then
      if id < first + node.plan.n then return node, id - first + 1 end
      return nil
    end
  end
  return nil
end

--- The node whose own variable is `id` (the one that its parent shows). Looks at all of them; only `create` needs it.
function connection.node(conn, id)
  for _, node in next, conn.by_first do
    if node.id == id then return node end
  end
  return nil
end

return connection
