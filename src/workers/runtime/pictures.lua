-- Pictures of what a file declared, to be compared with what the app made of it and with what the next version declares.
-- A plain value is its own picture. That of a table is { fields, meta }, without what it holds under functions and tables; of
-- one that is another's affair there is no more than that it is it. That of a function is { id, source, cells }: where it
-- stands, and the variables of its own that it was born with. That of a coroutine is { begins }, the picture of its function.
local M = ...
local pictures = {}

local nested, prototype, sandbox, versions, walk = M.nested, M.prototype, M.sandbox, M.versions, M.walk
local getmetatable, getupvalue = M.raw.debug.getmetatable, M.raw.debug.getupvalue
local ipairs, next, rawequal, rawlen, setmetatable, type = ipairs, next, rawequal, rawlen, setmetatable, type
local identify = versions.identify

-- More than this in one thing is data: what there is of it is not compared.
local MOST_FIELDS <const> = 20000
local NOTHING = {}
-- Stands for what cannot be compared.
local OTHER = {}

-- picture → the table or coroutine that it shows. Pictures keep nothing alive.
local shown = setmetatable({}, { __mode = "kv" })
-- Pictures of functions that may be of another version soon while they themselves are not made anew: those of other files
-- than the one that declared them, and what a file did not declare again.
local borrowed = setmetatable({}, { __mode = "k" })

--- What pictures of a file's declarations are made with. `foreign` has the tables whose content is another's affair;
--- `begun` has what the file found, and what others have added while it ran: see declarations.lua.
function pictures.context(record, foreign, begun)
  return {
    key = record.key, source = "@" .. record.chunk, foreign = foreign, before = begun.found, others = begun.others, seen = {}, count = 0,
  }
end

-- Other keys are things that a file may make anew each time that it runs.
local function is_name(key)
  local kind = type(key)
  return kind == "string" or kind == "number" or kind == "boolean"
end
pictures.is_name = is_name

local take_any

--- A picture of the former version that holds for the new one as well.
function pictures.keep(picture)
  if type(picture) == "table" and picture.id then borrowed[picture] = true end
  return picture
end

local function take_function(f, context)
  local id, source = identify(f)
  if not id then return walk.is_born(f) and f or OTHER end
  local picture = { id = id, source = source }
  context.seen[f] = picture
  if source ~= context.source then borrowed[picture] = true end
  for i, name in ipairs(versions.names(id, source) or NOTHING) do
    if not name then
      local _, value = getupvalue(f, i)
      picture.cells = picture.cells or {}
      picture.cells[i] = take_any(value, context)
    end
  end
  return picture
end

-- What the file did not touch of a table that it found is declared as it was; what the app put there is not declared.
local function take_found(value, picture, found, others, context)
  local fields, former = {}, found.picture.fields
  picture.fields = fields
  for name, field in next, value do
    local last = former[name]
    local is_found = rawequal(field, found.fields[name])
    if is_found and (last == nil or not rawequal(field, shown[last])) then
      fields[name] = pictures.keep(last)
    elseif is_name(name) and not (others and nested.is_others(others, name, field)) then
      fields[name] = take_any(field, context)
    end
  end
end

-- A list in which some items are others': its own are counted without them.
local function close_up(fields, n)
  local to = 0
  for i = 1, n do
    local field = fields[i]
    fields[i] = nil
    if field ~= nil then
      to = to + 1
      fields[to] = field
    end
  end
end

local function take_table(value, context)
  local picture = {}
  context.seen[value], shown[picture] = picture, value
  local owner = prototype.owner(value)
  if context.foreign[value] or walk.is_born(value) or (owner and owner ~= context.key) then return picture end
  local found, others = context.before[value], context.others[value]
  if found then
    take_found(value, picture, found, others, context)
  else
    local fields, own, is_whole = {}, 0, rawequal(value, context.whole)
    picture.fields = fields
    for name, field in next, value do
      own, context.count = own + 1, context.count + 1
      if context.count > MOST_FIELDS then
        picture.fields, picture.large = nil, true
        return picture
      end
      if is_name(name) and not (others and nested.is_others(others, name, field)) then fields[name] = take_any(field, context) end
      -- What a module has under one name is large or not, whatever it has under others.
      if is_whole and type(name) == "string" then context.count = own end
    end
    if others then close_up(fields, rawlen(value)) end
  end
  -- These two are not the file's.
  if owner then picture.fields.type, picture.fields.__index = nil, nil end
  local meta = getmetatable(value)
  if type(meta) == "table" then picture.meta = take_any(meta, context) end
  return picture
end

local function take_coroutine(co, start, context)
  local picture, _, f = {}, getupvalue(start, 1)
  context.seen[co], shown[picture] = picture, co
  picture.begins = take_any(f, context)
  return picture
end

function take_any(value, context)
  local kind = type(value)
  if kind == "table" then return context.seen[value] or take_table(value, context) end
  if kind == "function" or kind == "thread" then
    local start = not context.seen[value] and sandbox.starter(value)
    if start then return take_coroutine(value, start, context) end
  end
  if kind == "function" then return context.seen[value] or take_function(value, context) end
  if kind == "userdata" or kind == "thread" then return context.seen[value] or OTHER end
  return value
end

--- A picture of a value.
function pictures.take(value, context)
  context.count, context.whole = 0, value
  return take_any(value, context)
end

--- The table or coroutine that a picture shows, if it still exists.
function pictures.table(picture) return shown[picture] end

--- Is it the picture of a function?
function pictures.is_function(picture) return type(picture) == "table" and picture.id ~= nil end

local function same_function(a, b)
  return a.source == b.source and b.id ~= nil and versions.corresponds(a.source, a.id, b.id)
end

-- Does the code of a coroutine do the same in both versions?
local function same_beginning(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return rawequal(a, b) end
  return same_function(a, b) and (a.id == b.id or versions.is_alike(a.source, a.id))
end

local function equal(a, b, seen)
  if rawequal(a, b) then return not rawequal(a, OTHER) end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  if a.id then return same_function(a, b) end
  if a.begins ~= nil then return same_beginning(a.begins, b.begins) end
  local x = shown[a]
  if x ~= nil and rawequal(x, shown[b]) then return true end
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

--- Are these pictures, the second one of the newer version, of equal things?
function pictures.equal(a, b) return equal(a, b, {}) end

--- Is it the picture of a coroutine?
function pictures.is_coroutine(picture) return type(picture) == "table" and picture.begins ~= nil end

--- Is this function what became of the one that the picture shows?
function pictures.is_of(picture, f)
  local id, source = identify(f)
  return id ~= nil and source == picture.source and versions.corresponds(source, picture.id, id)
end

--- Does the app still have there what the file declared?
function pictures.untouched(present, picture)
  if type(picture) ~= "table" then return rawequal(present, picture) end
  if picture.id then return type(present) == "function" and pictures.is_of(picture, present) end
  return present ~= nil and rawequal(present, shown[picture])
end

local function is_plain(picture) return picture ~= nil and type(picture) ~= "table" end

local function plain_changed(a, b, seen)
  if rawequal(a, b) then return false end
  if type(a) ~= "table" or type(b) ~= "table" then return is_plain(a) or is_plain(b) end
  if a.id or b.id then return not (a.id and b.id) end
  if a.large or b.large then return true end
  if not a.fields or not b.fields or seen[a] == b then return false end
  seen[a] = b
  for name, field in next, a.fields do
    if plain_changed(field, b.fields[name], seen) then return true end
  end
  for name, field in next, b.fields do
    if a.fields[name] == nil and plain_changed(nil, field, seen) then return true end
  end
  return false
end

--- Is there a plain value in two pictures that differs? Tables and functions are healed for those who hold them; these are
--- not.
function pictures.plain_changed(a, b) return plain_changed(a, b, {}) end

--- After a reload: the tables and coroutines that were pictured in `context` and have become others.
function pictures.follow(context, twins)
  for value, picture in next, context.seen do
    local twin = twins[value]
    if twin and shown[picture] ~= nil then shown[picture] = twin end
  end
end

--- After a reload: what functions of files that ran again are now.
function pictures.follow_borrowed()
  for picture in next, borrowed do
    local edit = versions.edits[picture.source]
    local id = edit and versions.successor(edit, picture.id)
    if id then picture.id = id end
  end
end

return pictures
