-- What a file declared when it ran: the value it returned, its globals, prototypes, wrappers and timers, the app, and the
-- variables of the file that its functions share. Kept while files may be run again, because a reload has to know what
-- has become different since: by the next version of the file, or by what the app did in the meantime.
local M = ...
local declarations = {}

local _G = _G
local host, modules, prototype, state, timers, wrappers = M.host, M.modules, M.prototype, M.session, M.timers, M.wrappers
local load = M.raw.load
local getinfo, getupvalue, getmetatable = M.raw.debug.getinfo, M.raw.debug.getupvalue, M.raw.debug.getmetatable
local error, ipairs, next, rawequal, setmetatable, type = error, ipairs, next, rawequal, setmetatable, type

-- More than this of a file is data: what there is of it beyond is not compared.
local MOST_FIELDS <const> = 20000
local MOST_VISITS <const> = 20000

-- Stand for values that are not compared.
local FUNCTION, OTHER = {}, {}
declarations.FUNCTION = FUNCTION

--- The id of a function of a file, which says where it stands and what it is (src/workers/lua-code), and its chunk name.
function declarations.identify(f)
  local info = getinfo(f, "S")
  return info.lastlinedefined, info.source
end
local identify = declarations.identify

local by_hash = setmetatable({}, { __mode = "v" })

--- What the functions of a version of a file have for upvalues: id → list of variable names, false for what is none of the file's.
function declarations.variables(record)
  local name = record.chunk .. "\n" .. record.hash
  local result = by_hash[name]
  if not result then
    local code, message = host("variables", name)
    result = load(code or error(message, 0), "=moonpool/variables", "b")()
    by_hash[name] = result
  end
  return result
end

-- Tables that this file did not make, as far as that is known: whatever is in them is the affair of others.
local function foreigners(record)
  local foreign = { [_G] = true }
  for key, value in next, modules.loaded do
    if type(value) == "table" and key ~= record.key and not record.names[key] then foreign[value] = true end
  end
  return foreign
end

-- A picture of a value to compare others with: plain values as they are, a table as { table, fields, meta }.
local function snapshot(value, context)
  local kind = type(value)
  if kind == "function" then return FUNCTION end
  if kind ~= "table" then return (kind == "userdata" or kind == "thread") and OTHER or value end
  local picture = context.seen[value]
  if picture then return picture end
  picture = { table = value }
  context.seen[value] = picture
  if context.foreign[value] or prototype.is_prototype(value) then return picture end
  local fields = {}
  picture.fields = fields
  for name, field in next, value do
    context.count = context.count + 1
    if context.count > MOST_FIELDS then
      picture.fields = nil
      return picture
    end
    fields[name] = snapshot(field, context)
  end
  local meta = getmetatable(value)
  if type(meta) == "table" then picture.meta = snapshot(meta, context) end
  return picture
end

--- Are two pictures of equal things?
local function equal(a, b, seen)
  if rawequal(a, b) then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  if rawequal(a, FUNCTION) or rawequal(b, FUNCTION) or rawequal(a, OTHER) or rawequal(b, OTHER) then return false end
  if rawequal(a.table, b.table) then return true end
  if not a.fields or not b.fields then return false end
  if seen[a] == b then return true end
  seen[a] = b
  for name, field in next, a.fields do
    if not equal(field, b.fields[name], seen) then return false end
  end
  for name in next, b.fields do
    if a.fields[name] == nil then return false end
  end
  return equal(a.meta, b.meta, seen)
end
declarations.equal = equal

-- Is there a plain value in two pictures that differs? Tables and functions are healed for those who hold them; these are not.
local function plain_changed(a, b, seen)
  if rawequal(a, b) then return false end
  local x, y = type(a) == "table", type(b) == "table"
  if not x or not y then return not (x and rawequal(a, FUNCTION)) or not (y and rawequal(b, FUNCTION)) end
  if not a.fields or not b.fields or seen[a] == b then return false end
  seen[a] = b
  for name, field in next, a.fields do
    local other = b.fields[name]
    if other ~= nil and plain_changed(field, other, seen) then return true end
  end
  return false
end

-- Walks from `queue` over the tables of a file and its functions, nearest first. Returns the functions by id, and the
-- file's variables: name → { f, i }, upvalue i of f.
local function collect(queue, record, foreign)
  local variables, source = declarations.variables(record), "@" .. record.chunk
  local functions, cells, seen = {}, {}, {}
  local at, last = 1, #queue
  local function add(value)
    local kind = type(value)
    if (kind == "table" or kind == "function") and not seen[value] then
      seen[value] = true
      last = last + 1
      queue[last] = value
    end
  end
  while at <= last and at < MOST_VISITS do
    local value = queue[at]
    at = at + 1
    if type(value) == "function" then
      local id, from = identify(value)
      local names = from == source and variables[id]
      if names then
        functions[id] = functions[id] or value
        for i, name in ipairs(names) do
          if name and name ~= "_ENV" and not cells[name] then cells[name] = { value, i } end
          local _, inner = getupvalue(value, i)
          add(inner)
        end
      end
    elseif not foreign[value] then
      for name, field in next, value do
        add(name)
        add(field)
      end
      add(getmetatable(value))
    end
  end
  return functions, cells
end

local function copy(t)
  local result = {}
  for name, value in next, t do result[name] = value end
  return result
end

-- Before a file runs.
local function begin(record)
  local outer_app = state.app_module
  state.app_module = nil
  return { globals = copy(_G), former = record.declared, timers = copy(timers.pending), app_module = outer_app }
end

-- After it ran: `record.declared` is what it declared.
local function done(record, value, begun)
  local former = begun.former
  local foreign = foreigners(record)
  local declared = { globals = {}, value = nil, wrappers = {}, timers = {}, app = nil, cells = nil, functions = nil, base = {} }
  local queue = { }
  local function root(x)
    if type(x) == "table" or type(x) == "function" then queue[#queue + 1] = x end
  end
  local context = { seen = {}, foreign = foreign, count = 0 }
  root(value)
  for name, now in next, _G do
    if not rawequal(begun.globals[name], now) or (former and former.globals[name] ~= nil) then root(now) end
  end
  for _, proto in next, prototype.of_module(record.key) do root(proto) end
  for _, name in ipairs(wrappers.of_module(record.key)) do root(wrappers.registered[name]) end
  for handle, timer in next, timers.pending do
    if not begun.timers[handle] and timer.module == record.key then
      declared.timers[handle] = timer
      root(timer.f)
    end
  end
  if state.app_module == record.key then root(state.app) else state.app_module = begun.app_module end
  for name, timer in next, former and former.timers or {} do
    if timers.pending[name] == timer then root(timer.f) end
  end
  declared.functions, declared.cells = collect(queue, record, foreign)
  declared.value = snapshot(value, context)
  for name, now in next, _G do
    if not rawequal(begun.globals[name], now) then
      declared.globals[name] = snapshot(now, context)
    elseif former and former.globals[name] ~= nil then
      declared.globals[name] = former.globals[name]
    end
  end
  for _, name in ipairs(wrappers.of_module(record.key)) do
    declared.wrappers[name] = snapshot(wrappers.registered[name], context)
  end
  if state.app_module == record.key then declared.app = snapshot(state.app, context) end
  for name, cell in next, declared.cells do
    local _, present = getupvalue(cell[1], cell[2])
    declared.base[name] = snapshot(present, context)
  end
  record.declared = declared
end

--- Begins to keep record of what files declare.
function declarations.enable() modules.observe(begin, done) end

--- A picture of a value.
function declarations.picture(value, record)
  return snapshot(value, { seen = {}, foreign = foreigners(record), count = 0 })
end

--- Did a plain value change that others may have taken from the file?
function declarations.plain_changed(old, new)
  local seen = {}
  if plain_changed(old.value, new.value, seen) then return true end
  for name, before in next, old.globals do
    local now = new.globals[name]
    if now ~= nil and plain_changed(before, now, seen) then return true end
  end
  return false
end

return declarations
