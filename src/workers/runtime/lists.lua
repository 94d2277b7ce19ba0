-- How one order of rows becomes another: which rows go, which are placed where. Work and message are proportional to
-- the part that changed, and a row that stays in order is never mentioned. What did not change is only compared, by the host.
local M = ...
local lists = {}

local same = M.tables.same
local concat, format, move = table.concat, string.format, table.move
local next, rawequal = next, rawequal

local NAN, NIL = {}, {}
--- A value as the key of a table: what cannot be one (nil, NaN) stands under another name.
local function key_of(object)
  if object == nil then return NIL end
  return object ~= object and NAN or object
end
lists.key_of = key_of

-- The rows of a longest run that is in its old order already, as a set: they need not move. `was[row]` is the old
-- position, nil for a new row. Patience sorting, O(n log n).
local function stable_rows(rows, n, was)
  local tails, before, length = {}, {}, 0 -- tails[k]: index of the last row of the best run of length k
  for i = 1, n do
    local position = was[rows[i]]
    if position then
      local low, high = 1, length
      while low <= high do
        local middle = (low + high) // 2
        if was[rows[tails[middle]]] < position then low = middle + 1 else high = middle - 1 end
      end
      before[i] = tails[low - 1]
      tails[low] = i
      if low > length then length = low end
    end
  end
  local stable, i = {}, tails[length]
  while i do
    stable[rows[i]] = true
    i = before[i]
  end
  return stable
end

local function placement(first, count, before)
  local size = count > 1 and format(',"count":%d', count) or ""
  return format('{"row":%d%s,"before":%d}', first, size, before)
end

-- Entries of `place`, last first, so that the row in front of which something goes already stands where it stays.
local function placements(rows, n, stable, after)
  local entries = {}
  local before, i = after, n
  while i >= 1 do
    local row = rows[i]
    if stable[row] then
      before, i = row.id, i - 1
    else
      local first, count = row.id, 1
      while i > count do
        local previous = rows[i - count]
        if stable[previous] or previous.id ~= first - 1 then break end
        first, count = previous.id, count + 1
      end
      entries[#entries + 1] = placement(first, count, before)
      before, i = first, i - count
    end
  end
  return entries
end

-- How many of the objects that a list shows, from the `i`th on, are those from the `k`th on; `step` is 1, or -1 for those
-- before.
local function matching(shown, i, objects, k, most, step)
  local count = same(shown, i, objects, k, most, step)
  while count < most and rawequal(shown[i + step * count], objects[k + step * count]) do count = count + 1 end
  return count
end

-- Lists of fewer rows keep no array of their objects, and nobody looks whether a single one of fewer rows has moved.
local MANY <const> = 16

--- Are these `n` objects, in this order, for certain what a list shows?
function lists.agree(list, objects, n)
  local rows, shown = list.rows, list.shown
  if #rows ~= n then return false end
  if shown then return same(shown, 1, objects, 1, n, 1) == n end
  if n >= MANY then return false end
  for i = 1, n do
    if not rawequal(rows[i].object, objects[i]) then return false end
  end
  return true
end

-- The element at `from` is to be the one at `to`.
local function shift(t, from, to)
  local element = t[from]
  if from < to then move(t, from + 1, to, from) else move(t, to, from - 1, to + 1) end
  t[to] = element
end

-- If one row has moved from one end of the `size` rows behind `head` to the other: moves it, and returns the entry of
-- `place` for that.
local function move_one(list, objects, head, size)
  local rows, shown = list.rows, list.shown
  local from, to = head + size, head + 1
  if not rawequal(shown[from], objects[to]) or matching(shown, to, objects, to + 1, size - 1, 1) < size - 1 then
    from, to = to, from
    if not rawequal(shown[from], objects[to]) or matching(shown, from + 1, objects, from, size - 1, 1) < size - 1 then
      return nil
    end
  end
  shift(rows, from, to)
  shift(shown, from, to)
  local after = rows[to + 1]
  return placement(rows[to].id, 1, after and after.id or 0)
end

-- Array `t` of `old` elements with the `size` ones of `middle` instead of `count` ones behind the first `head`. The same
-- table, unless that would be the wrong size for what is in it.
local function splice(t, old, head, count, middle, size)
  local n = old + size - count
  if n > 2 * old or 2 * n < old then
    local result = move(t, 1, head, 1, {})
    move(middle, 1, size, head + 1, result)
    return move(t, head + count + 1, old, head + size + 1, result)
  end
  if size ~= count then move(t, head + count + 1, old, head + size + 1) end
  move(middle, 1, size, head + 1, t)
  for i = n + 1, old do t[i] = nil end
  return t
end

local function objects_of(rows)
  local objects = {}
  for i = 1, #rows do objects[i] = rows[i].object end
  return objects
end

--- Brings a list's `rows` (array of records with `id` and `object`), and `shown`, the array of their objects, which is false
--- when there are few or it has to be made, into the order of `objects`, an array of `n` values. Objects are matched by identity, equal values by
--- occurrence. `make(object)` returns the record of a new row (ids grow from call to call), `drop(row)` ends one. Returns
--- the fields of the `list` message without braces, or nil when nothing changed.
function lists.update(list, objects, n, make, drop)
  local rows = list.rows
  local shown = list.shown or objects_of(rows)
  list.shown = #rows >= MANY and shown
  local old = #rows
  local shortest = old < n and old or n
  local head = matching(shown, 1, objects, 1, shortest, 1)
  if head == old and head == n then return nil end
  local tail = matching(shown, old, objects, n, shortest - head, -1)
  if old == n and n - head - tail >= MANY then
    local entry = move_one(list, objects, head, n - head - tail)
    if entry then return '"place":[' .. entry .. "]" end
  end

  local pool, chain, was = {}, {}, {} -- pool: object → its first row of before; chain: row → the next with that object
  for i = old - tail, head + 1, -1 do
    local row = rows[i]
    local key = key_of(row.object)
    was[row], chain[row] = i, pool[key]
    pool[key] = row
  end

  local middle, size = {}, 0
  for i = head + 1, n - tail do
    local object = objects[i]
    local key = key_of(object)
    local row = pool[key]
    if row then
      pool[key] = chain[row]
    else
      row = make(object)
    end
    size = size + 1
    middle[size] = row
  end

  local gone, removed = {}, {}
  if next(pool) ~= nil then -- false can be a key
    local is_left = {}
    for _, row in next, pool do
      while row do
        is_left[row] = true
        row = chain[row]
      end
    end
    for i = head + 1, old - tail do
      local row = rows[i]
      if is_left[row] then
        gone[#gone + 1] = row
        removed[#removed + 1] = row.id
      end
    end
  end

  local after = tail > 0 and rows[old - tail + 1].id or 0
  local places = placements(middle, size, stable_rows(middle, size, was), after)
  local fields = {}
  if removed[1] then fields[1] = '"remove":[' .. concat(removed, ",") .. "]" end
  if places[1] then fields[#fields + 1] = '"place":[' .. concat(places, ",") .. "]" end
  local count = old - tail - head
  list.shown = false -- should there be no memory for what comes
  list.rows = splice(rows, old, head, count, middle, size)
  list.shown = n >= MANY and splice(shown, old, head, count, objects_of(middle), size)
  for i = 1, #gone do drop(gone[i]) end
  -- Nothing to say after all: a value that differs from itself (NaN) kept its row.
  return fields[1] and concat(fields, ",")
end

--- The fields of a `list` message, without braces, to which there are these rows and no others.
function lists.whole(rows)
  return '"all":true,"place":[' .. concat(placements(rows, #rows, {}, 0), ",") .. "]"
end

return lists
