-- How one order of rows becomes another: which rows go, which are placed where. Work and message are proportional to
-- the part that changed, and a row that stays in order is never mentioned.
local lists = {}

local concat, format = table.concat, string.format
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
      local size = count > 1 and format(',"count":%d', count) or ""
      entries[#entries + 1] = format('{"row":%d%s,"before":%d}', first, size, before)
      before, i = first, i - count
    end
  end
  return entries
end

--- Brings `rows` (array of records with `id` and `object`) into the order of `objects`, an array of `n` values. Objects
--- are matched by identity, equal values by occurrence. `make(object)` returns the record of a new row (ids grow from
--- call to call), `drop(row)` ends one. Returns the new array of rows and the fields of the `list` message without
--- braces, or nil when nothing changed.
function lists.update(rows, objects, n, make, drop)
  local old = #rows
  local shortest = old < n and old or n
  local head = 0
  while head < shortest and rawequal(rows[head + 1].object, objects[head + 1]) do head = head + 1 end
  if head == old and head == n then return rows, nil end
  local tail = 0
  while tail < shortest - head and rawequal(rows[old - tail].object, objects[n - tail]) do tail = tail + 1 end

  local pool, chain, was = {}, {}, {} -- pool: object → its first row of before; chain: row → the next with that object
  for i = old - tail, head + 1, -1 do
    local row = rows[i]
    local key = key_of(row.object)
    was[row], chain[row] = i, pool[key]
    pool[key] = row
  end

  local result, middle, size = {}, {}, 0
  for i = 1, head do result[i] = rows[i] end
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
    result[i], middle[size] = row, row
  end
  for i = 1, tail do result[n - tail + i] = rows[old - tail + i] end

  local removed = {}
  if next(pool) ~= nil then -- false can be a key
    local gone = {}
    for _, row in next, pool do
      while row do
        gone[row] = true
        row = chain[row]
      end
    end
    for i = head + 1, old - tail do
      local row = rows[i]
      if gone[row] then
        removed[#removed + 1] = row.id
        drop(row)
      end
    end
  end

  local places = placements(middle, size, stable_rows(middle, size, was), tail > 0 and result[n - tail + 1].id or 0)
  -- Nothing to say after all: a value that differs from itself (NaN) kept its row.
  if not removed[1] and not places[1] then return result, nil end
  local fields = {}
  if removed[1] then fields[1] = '"remove":[' .. concat(removed, ",") .. "]" end
  if places[1] then fields[#fields + 1] = '"place":[' .. concat(places, ",") .. "]" end
  return result, concat(fields, ",")
end

--- The fields of a `list` message, without braces, to which there are these rows and no others.
function lists.whole(rows)
  return '"all":true,"place":[' .. concat(placements(rows, #rows, {}, 0), ",") .. "]"
end

return lists
