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

-- How many rows, from the one at `i` on, are those of the objects from `k` on; `step` is 1, or -1 for those before.
local function matching(rows, i, objects, k, most, step)
  local count = same(rows, i, objects, k, most, step, "object")
  while count < most and rawequal(rows[i + step * count].object, objects[k + step * count]) do count = count + 1 end
  return count
end

--- Are these the rows of these `n` objects, in this order?
function lists.agree(rows, objects, n)
  return #rows == n and matching(rows, 1, objects, 1, n, 1) == n
end

-- With a middle of fewer rows there is no need to look for a single one that moved.
local FEW <const> = 16

-- If one row has moved from one end of the `size` rows behind `head` to the other: moves it, and returns the entry of
-- `place` for that.
local function move_one(rows, objects, head, size)
  local first, last = head + 1, head + size
  local row
  if rawequal(rows[last].object, objects[first]) and matching(rows, first, objects, first + 1, size - 1, 1) == size - 1 then
    row = rows[last]
    move(rows, first, last - 1, first + 1)
    rows[first] = row
    return placement(row.id, 1, rows[first + 1].id)
  end
  if rawequal(rows[first].object, objects[last]) and matching(rows, first + 1, objects, first, size - 1, 1) == size - 1 then
    row = rows[first]
    move(rows, first + 1, last, first)
    rows[last] = row
    local after = rows[last + 1]
    return placement(row.id, 1, after and after.id or 0)
  end
  return nil
end

-- `rows` with the `size` rows of `middle` instead of the `count` ones behind the first `head`. The same table, unless that
-- would be the wrong size for what is in it.
local function splice(rows, head, count, middle, size)
  local old = #rows
  local n = old + size - count
  local result = rows
  if n > 2 * old or 2 * n < old then
    result = move(rows, 1, head, 1, {})
    move(middle, 1, size, head + 1, result)
    return move(rows, head + count + 1, old, head + size + 1, result)
  end
  if size ~= count then move(rows, head + count + 1, old, head + size + 1) end
  move(middle, 1, size, head + 1, rows)
  for i = n + 1, old do rows[i] = nil end
  return rows
end

--- Brings `rows` (array of records with `id` and `object`) into the order of `objects`, an array of `n` values. Objects
--- are matched by identity, equal values by occurrence. `make(object)` returns the record of a new row (ids grow from
--- call to call), `drop(row)` ends one. Returns the array of rows, which may be another table, and the fields of the `list`
--- message without braces, or nil when nothing changed.
function lists.update(rows, objects, n, make, drop)
  local old = #rows
  local shortest = old < n and old or n
  local head = matching(rows, 1, objects, 1, shortest, 1)
  if head == old and head == n then return rows, nil end
  local tail = matching(rows, old, objects, n, shortest - head, -1)
  if old == n and n - head - tail > FEW then
    local entry = move_one(rows, objects, head, n - head - tail)
    if entry then return rows, '"place":[' .. entry .. "]" end
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
  rows = splice(rows, head, old - tail - head, middle, size)
  for i = 1, #gone do drop(gone[i]) end
  -- Nothing to say after all: a value that differs from itself (NaN) kept its row.
  return rows, fields[1] and concat(fields, ",")
end

--- The fields of a `list` message, without braces, to which there are these rows and no others.
function lists.whole(rows)
  return '"all":true,"place":[' .. concat(placements(rows, #rows, {}, 0), ",") .. "]"
end

return lists
