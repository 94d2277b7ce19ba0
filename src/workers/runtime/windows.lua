-- Which part of its array a list shows (`?first=`, `?last=`, `?window`), and how that part follows what happens to the
-- array. Nothing here walks the array, with one exception that is rare: an array of 100,000
-- elements costs what its rows cost.
--
--     array     . . . . . . . [ . . . k . . . . . . ( r r r r r r ) . . . . . . . ]
--     0-based                 base              base + lo       + length         base + total = size, or less
--
-- [ ] is the range that `first` or `last` leaves, ( ) the window, r its rows, k one more row that the page wants to keep.
--
-- A window stays with its rows, not with their places: when elements come or go in front of them, it moves along. Where a
-- row is now is guessed from how many elements came or went, and looked for nearby; after a sort it is nowhere near, and
-- the window stays where it is. A window at an end of the list takes in what is added there, up to twice its size.
local M = ...
local windows = {}

local limits = M.limits
local same = M.tables.same
local max, min = math.max, math.min
local format = string.format
local ipairs, rawequal = ipairs, rawequal

-- So far from its guessed places an element is looked for.
local NEAR <const> = 500

--- The part of a list that `slot` asks for; nil if it shows all.
function windows.new(slot)
  if not (slot.window or slot.first or slot.last) then return nil end
  return {
    base = 0, size = 0, total = 0, lo = 0, length = 0,
    count = slot.window, -- rows that the page has asked for; nil: all
    shown = {}, -- the elements of which the rows of the window were made
    kept = nil, -- { element, at }: what the page wants to keep, and its place in the array
    outside = 0, -- where its row is: -1 before those of the window, 1 behind them, 0 among them
    start = nil, -- where the page wants the window to begin
  }
end

-- Where `element`, which was at `at`, is in `source` now; nil if it is not near.
local function find(source, size, element, at, shift)
  local moved = at + shift
  if rawequal(source[at + 1], element) then return at end
  if moved >= 0 and moved < size and rawequal(source[moved + 1], element) then return moved end
  for distance = 1, NEAR do
    for side = -distance, distance, 2 * distance do
      local one, other = at + side, moved + side
      if one >= 0 and one < size and rawequal(source[one + 1], element) then return one end
      if other >= 0 and other < size and rawequal(source[other + 1], element) then return other end
    end
  end
  return nil
end

local function is_same(part, source, base, size, total)
  if part.start or size ~= part.size or base ~= part.base or total ~= part.total then return false end
  local kept = part.kept
  if kept and not rawequal(source[kept.at + 1], kept.element) then return false end
  local shown, before = part.shown, base + part.lo
  local first = same(shown, 1, source, before + 1, part.length, 1) + 1
  for i = first, part.length do
    if not rawequal(shown[i], source[before + i]) then return false end
  end
  return true
end

-- Where the window's rows begin now, within the range: where the first of them is that is still there. Looks at one, two,
-- four, eight rows and so on; nil if none of these is near.
local function begin_of(part, source, base, size, total)
  local i = 0
  while i < part.length do
    local now = find(source, size, part.shown[i + 1], part.base + part.lo + i, size - part.size)
    if now then
      -- Those before it that came after the last one that was looked at.
      while i > 0 and now > base and rawequal(source[now], part.shown[i]) do i, now = i - 1, now - 1 end
      if now >= base and now < base + total then return now - base end
    end
    i = 2 * i + 1
  end
  return nil
end

-- The window over a range of `total` elements: where it begins and ends.
local function window_of(part, source, base, size, total)
  local count = part.count
  if not count then return 0, total end
  local first, last
  if part.start then
    first, last = part.start, part.start + count
  else
    local begin = begin_of(part, source, base, size, total) or part.lo
    local at_start, at_end = part.lo == 0, part.length > 0 and part.lo + part.length >= part.total
    first = at_start and 0 or begin
    last = at_end and total or begin + part.length
    if last - first > 2 * count then
      if at_end and not at_start then
        first = last - 2 * count
      else
        first = begin
        last = begin + count
      end
    end
  end
  first = max(0, min(first, total - count))
  return first, min(total, max(last, first + count))
end

local function kept_of(part, source, base, size, total)
  local kept = part.kept
  if not kept then return nil end
  local at = find(source, size, kept.element, kept.at, size - part.size)
  -- Somebody is at work in it, so it is worth a walk.
  if not at and size <= limits.variables then
    for i = 1, size do
      if rawequal(source[i], kept.element) then
        at = i - 1
        break
      end
    end
  end
  if not at or at < base or at >= base + total then return nil end
  return { element = kept.element, at = at }
end

--- What is to be shown of `source`, an array of `size` elements, now: nil if it is what was shown before. Else what `take`
--- takes; `places` are the rows' places in the array, from 1, and `n` how many there are.
function windows.look(part, slot, source, size)
  local total = min(size, slot.first or slot.last or size)
  local base = slot.last and size - total or 0
  if is_same(part, source, base, size, total) then return nil end
  local first, last = window_of(part, source, base, size, total)
  local kept = kept_of(part, source, base, size, total)
  local outside = 0
  if kept and kept.at < base + first then outside = -1 elseif kept and kept.at >= base + last then outside = 1 end
  local places, shown, n = {}, {}, 0
  if outside < 0 then places[1], n = kept.at + 1, 1 end
  for at = base + first + 1, base + last do
    n = n + 1
    places[n] = at
    shown[at - base - first] = source[at]
  end
  if outside > 0 then
    n = n + 1
    places[n] = kept.at + 1
  end
  return {
    base = base, size = size, total = total, lo = first, length = last - first,
    kept = kept, outside = outside, shown = shown, places = places, n = n,
  }
end

--- The `window` field of a `list` message, as it is; nil if all of the range is shown.
function windows.field(part)
  if not part.count then return nil end
  local more = part.told and format(',"kept":%d', part.told) or ""
  return format('"window":{"start":%d,"total":%d%s}', part.lo, part.total, more)
end

--- That is shown now. Returns the `window` field of the `list` message, nil if there is nothing to say.
function windows.take(part, now)
  local kept = now.outside ~= 0 and now.kept.at - now.base or nil
  local is_news = part.count and (part.start or part.lo ~= now.lo or part.total ~= now.total or part.told ~= kept)
  for _, name in ipairs({ "base", "size", "total", "lo", "length", "kept", "outside", "shown" }) do part[name] = now[name] end
  part.start, part.told = nil, kept
  return is_news and windows.field(part) or nil
end

--- The page wants to see `count` rows from `start` on, and to keep that of `rows` which is variable `keep`.
function windows.ask(part, rows, start, count, keep)
  local kept = nil
  local before = part.outside < 0 and 1 or 0
  for i, row in ipairs(rows) do
    if row.id == keep then
      local place = i - before
      if place >= 1 and place <= part.length then
        kept = { element = part.shown[place], at = part.base + part.lo + place - 1 }
      else
        kept = part.kept
      end
    end
  end
  part.start, part.count, part.kept = start, count, kept
end

return windows
