-- Lists that a file declares, edited in the source while the app has changed them. Elements are told by what they are and
-- not by their numbers: what the source adds, removes or edits is added, removed or edited in the list as the app has it.
local M = ...
local sequences = {}

local pictures = M.pictures
local max = math.max
local move = table.move
local ipairs, next, rawget, rawlen, rawset, type = ipairs, next, rawget, rawlen, rawset, type

-- Above so many comparisons only what two lists begin and end with is recognised.
local MOST_COMPARISONS <const> = 40000
local NOTHING = {}

-- The longest common subsequence of items first_a … last_a and first_b … last_b goes into `found`: a → b.
local function common(first_a, last_a, first_b, last_b, same, found)
  local width, lengths, equal = last_b - first_b + 2, {}, {}
  local function cell(a, b) return (a - first_a) * width + b - first_b end
  for a = last_a + 1, first_a, -1 do
    for b = last_b + 1, first_b, -1 do
      local length = 0
      if a <= last_a and b <= last_b then
        equal[cell(a, b)] = same(a, b)
        length = equal[cell(a, b)] and lengths[cell(a + 1, b + 1)] + 1 or max(lengths[cell(a + 1, b)], lengths[cell(a, b + 1)])
      end
      lengths[cell(a, b)] = length
    end
  end
  local a, b = first_a, first_b
  while a <= last_a and b <= last_b do
    if equal[cell(a, b)] then
      found[a] = b
      a, b = a + 1, b + 1
    elseif lengths[cell(a + 1, b)] >= lengths[cell(a, b + 1)] then
      a = a + 1
    else
      b = b + 1
    end
  end
end

-- Items that stand alone though they are the same have been moved.
local function find_moved(n, m, same, found)
  local taken, free, alone = {}, {}, {}
  for _, b in next, found do taken[b] = true end
  for b = 1, m do free[#free + 1] = not taken[b] and b or nil end
  for a = 1, n do alone[#alone + 1] = not found[a] and a or nil end
  if #free * #alone > MOST_COMPARISONS then return end
  for _, a in ipairs(alone) do
    for _, b in ipairs(free) do
      if not found[a] and not taken[b] and same(a, b) then found[a], taken[b] = b, true end
    end
  end
end

-- What stands between two pairs on both sides has been edited: it is paired in its order, as far as `alike` allows.
local function find_edited(n, m, alike, found)
  local taken = {}
  for _, b in next, found do taken[b] = true end
  local b = 1
  for a = 1, n do
    if found[a] then
      b = found[a] + 1
    elseif b <= m and not taken[b] and alike(a, b) then
      found[a] = b
      b = b + 1
    end
  end
end

-- Which of `n` items are which of `m` others: a → b.
local function align(n, m, same, alike)
  local found, first, last = {}, 1, 0
  while first <= n and first <= m and same(first, first) do
    found[first] = first
    first = first + 1
  end
  while n - last >= first and m - last >= first and same(n - last, m - last) do
    found[n - last] = m - last
    last = last + 1
  end
  if (n - last - first + 2) * (m - last - first + 2) <= MOST_COMPARISONS then
    common(first, n - last, first, m - last, same, found)
  end
  find_moved(n, m, same, found)
  find_edited(n, m, alike, found)
  return found
end

local function inverse(found)
  local result = {}
  for a, b in next, found do result[b] = a end
  return result
end

local function is_rising(found, n)
  local highest = 0
  for a = 1, n do
    local b = found[a] or highest
    if b < highest then return false end
    highest = b
  end
  return true
end

-- One list in its order, with what only the other one has: behind the item that it stands behind there, or at the end.
-- `ours[a]` is what is to be there of item a, if anything; `links[a]` is its number in the other list, and `extras[b]` what
-- that has alone.
local function weave(n, ours, links, m, extras)
  local linked, behind, place, waiting, result = {}, {}, 0, {}, {}
  for a = 1, n do
    if ours[a] ~= nil and links[a] then linked[links[a]] = a end
  end
  for b = 1, m do
    if linked[b] then
      behind[place], place, waiting = waiting, linked[b], {}
    elseif extras[b] ~= nil then
      waiting[#waiting + 1] = extras[b]
    end
  end
  for a = 0, n do
    if ours[a] ~= nil then result[#result + 1] = ours[a] end
    for _, extra in ipairs(behind[a] or NOTHING) do result[#result + 1] = extra end
  end
  return move(waiting, 1, #waiting, #result + 1, result)
end

-- What stands in a table, without metamethods: items 1 … n.
local function items_of(t)
  local items = { n = rawlen(t) }
  for i = 1, items.n do items[i] = rawget(t, i) end
  return items
end

local function align_source(base, new, context)
  local now = {}
  for n = 1, new.n do now[n] = context.picture(new[n]) end
  return align(base.n, new.n, function(b, n)
    return pictures.equal(base[b], now[n])
  end, function(b, n)
    return type(base[b]) == type(now[n]) and pictures.is_function(base[b]) == pictures.is_function(now[n])
  end)
end

-- A plain value in the place of another, in a list that has as many as before, is that place with another value in it.
local function align_app(old, base)
  local places = old.n == base.n
  return align(old.n, base.n, function(p, b)
    return pictures.untouched(old[p], base[b])
  end, function(p, b)
    return places and type(old[p]) ~= "table" and type(base[b]) ~= "table"
  end)
end

-- What becomes of the list. `base_of` and `new_of`: which element of the app's list is which of the former source, and which
-- of those is which of the new one.
local function merged(old, base, new, base_of, new_of, value, context)
  local old_of, former = inverse(base_of), inverse(new_of)
  local ours, theirs, added, put, links = {}, {}, {}, {}, {}
  for n = 1, new.n do
    local b = former[n]
    local p = old_of[b]
    if not b then
      ours[n] = context.twins[new[n]] or new[n]
      added[n] = ours[n]
    elseif p then
      ours[n], links[n] = value(old[p], base[b], new[n], context), p
    else
      -- The app has taken it out of the list, and may have it somewhere else.
      value(pictures.table(base[b]), base[b], new[n], context)
    end
  end
  for p = 1, old.n do
    local b = base_of[p]
    if new_of[b] then
      theirs[p] = ours[new_of[b]]
    elseif not b or not pictures.untouched(old[p], base[b]) then
      theirs[p], put[p] = old[p], old[p]
    end
  end
  if is_rising(base_of, old.n) then return weave(new.n, ours, links, old.n, put) end
  return weave(old.n, theirs, inverse(links), new.n, added)
end

--- Brings the list in table `old` up to date. `fields` are the pictures of what was declared, `new` is declared now; `value`
--- and `context` are those of merge.lua. Returns the number up to which the fields of these tables are done with.
function sequences.merge(old, fields, new, value, context)
  local base, declared, present = items_of(fields), items_of(new), items_of(old)
  if base.n == 0 and declared.n == 0 then return 0 end
  local result = merged(present, base, declared, align_app(present, base), align_source(base, declared, context), value, context)
  local count = max(present.n, #result)
  for i = 1, count do rawset(old, i, result[i]) end
  return max(count, base.n, declared.n)
end

return sequences
