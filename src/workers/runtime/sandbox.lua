-- What user code finds in its globals: the safe part of the standard library, answered from event time.
local M = ...
local sandbox = {}

local host = M.host
local os, math, string, table = os, math, string, table
local concat, floor, pack, sub = table.concat, math.floor, table.pack, string.sub
local error, load, select, setmetatable, tonumber, tostring, type =
  error, load, select, setmetatable, tonumber, tostring, type
local collectgarbage, random, randomseed = collectgarbage, math.random, math.randomseed
local os_time, os_date, os_difftime = os.time, os.date, os.difftime

local now, started = 0, 0 -- ms since 1970
-- Since the session's own time and luck began: has code asked for the time? And the first random number, if nobody has asked
-- for one.
local asked, first = false, 0

--- Sets the time that the event is processed at.
function sandbox.set_time(milliseconds) now = milliseconds end

--- The time of the event being processed, in ms since 1970.
function sandbox.time() return now end

--- Begins the session's clock and its own sequence of random numbers. `seed` is 32 hex digits.
function sandbox.start(seed)
  asked, started = false, now
  local high, low = tonumber(sub(seed, 1, 16), 16), tonumber(sub(seed, 17, 32), 16)
  randomseed(high, low)
  first = random(0)
  randomseed(high, low)
end

--- Has code asked for what is the session's own since `start`: the time, or a random number? To be called once.
function sandbox.is_own() return asked or random(0) ~= first end

--- Takes what is the session's own away again.
function sandbox.forget()
  now, started, first = 0, 0, 0
  randomseed(0, 0)
end

local safe_os = {
  time = function(t)
    if t == nil then
      asked = true
      return floor(now / 1000)
    end
    return os_time(t)
  end,
  clock = function() return (now - started) / 1000 end,
  date = function(form, t)
    if form ~= nil and type(form) ~= "string" then error("bad argument #1 to 'date' (string expected, got " .. type(form) .. ")", 2) end
    if not t then asked = true end
    return os_date(form or "%c", t or floor(now / 1000))
  end,
  difftime = os_difftime,
}

-- Text chunks only: a binary one can break the VM.
local function safe_load(chunk, name, _, ...)
  if type(chunk) == "function" then
    local parts = {}
    for piece in chunk do
      if piece == "" then break end
      parts[#parts + 1] = piece
    end
    chunk = concat(parts)
  end
  if type(chunk) ~= "string" then error("bad argument #1 to 'load' (string or function expected, got " .. type(chunk) .. ")", 2) end
  if select("#", ...) > 0 then return load(chunk, name or "=load", "t", (...)) end
  return load(chunk, name or "=load", "t")
end

-- A full collection is one call that no limit interrupts.
local MOST_COLLECTIONS <const> = 20
local collections = 0

-- The collector's mode belongs to the runtime: images stay small only in the mode it was born with.
local allowed = { count = true, collect = true, step = true, isrunning = true }
local function safe_collectgarbage(option, argument)
  option = option or "collect"
  if not allowed[option] then error("bad argument #1 to 'collectgarbage' (option '" .. tostring(option) .. "' is not available)", 2) end
  if option == "collect" or option == "step" then
    collections = collections + 1
    if collections > MOST_COLLECTIONS then return 0 end
  end
  return collectgarbage(option, argument or 0)
end

--- A new event begins: it may collect garbage again.
function sandbox.begin() collections = 0 end

-- The host keeps less than this of one text.
local LONGEST_TEXT <const> = 40000

--- What is logged of a text.
function sandbox.cut(text) return #text > LONGEST_TEXT and sub(text, 1, LONGEST_TEXT) or text end

local function print(...)
  local parts = pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  host("log", "info\n" .. sandbox.cut(concat(parts, "\t", 1, parts.n)) .. "\n")
end

-- Nothing leads from a coroutine that has not begun to its function; hot reload has to find it. So a coroutine begins in a
-- function of ours, and that goes over to the app's by a tail call.
local create, wrap, getupvalue = coroutine.create, coroutine.wrap, M.raw.debug.getupvalue
-- Coroutine, and what `wrap` gave for it → function whose first upvalue is the app's.
local starters = setmetatable({}, { __mode = "k" })

--- The function that a coroutine begins with; its first upvalue is the app's. Also for what `coroutine.wrap` gave.
function sandbox.starter(co) return starters[co] end

local function starter(f, name)
  if type(f) ~= "function" then error("bad argument #1 to '" .. name .. "' (function expected)", 3) end
  return function(...) return f(...) end
end

local function safe_create(f)
  local start = starter(f, "create")
  local co = create(start)
  starters[co] = start
  return co
end

local function safe_wrap(f)
  local start = starter(f, "wrap")
  local resume = wrap(start)
  local _, co = getupvalue(resume, 1)
  starters[co], starters[resume] = start, start
  return resume
end

local kept = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset",
  "select", "setmetatable", "tonumber", "tostring", "type", "xpcall", "_VERSION",
  "coroutine", "math", "string", "table", "utf8",
}

--- Replaces the globals of the state by those that user code may have.
function sandbox.close()
  local globals = { _G = _G, os = safe_os, load = safe_load, collectgarbage = safe_collectgarbage, print = print }
  for _, name in ipairs(kept) do globals[name] = _G[name] end
  -- Names of Lua 5.1 that older apps use.
  globals.unpack = table.unpack
  globals.loadstring = function(text, name) return safe_load(text, name) end
  string.dump = nil
  coroutine.create, coroutine.wrap = safe_create, safe_wrap
  math.randomseed = function(...)
    -- Without an argument Lua seeds from the clock and an address, which a replay could not repeat.
    if select("#", ...) == 0 then return randomseed(random(0), random(0)) end
    return randomseed(...)
  end
  for name in next, _G do
    if globals[name] == nil then _G[name] = nil end
  end
  for name, value in next, globals do _G[name] = value end
end

return sandbox
