-- Wrappers stand between a variable's value and its view: lua.ViewList and lua.ViewListItem, and the app's own.
local M = ...
local wrappers = {}

local errors, key_of = M.errors, M.lists.key_of
local raise = errors.raise
local error, getmetatable, ipairs, pairs, rawequal, rawget, setmetatable, tostring, type =
  error, getmetatable, ipairs, pairs, rawequal, rawget, setmetatable, tostring, type
local gmatch, lower, match = string.gmatch, string.lower, string.match
local remove = table.remove

local globals = _G -- the table: what the app calls `_G` may be another one
local registered = {} -- ui.registerWrapper and ui.registerPresenter: name → table
local registrars = {} -- name → tracking key of the file that registered it
wrappers.registered = registered

--- Makes `class` known as `name` to path options. Without it the name is that of a global, dots lead into tables.
function wrappers.register(name, class)
  if type(name) ~= "string" then errors.argument(1, "registerWrapper", "string", name) end
  registered[name], registrars[name] = class, M.modules.current()
end

--- The names that a file has registered.
function wrappers.of_module(key)
  local names = {}
  for name, registrar in pairs(registrars) do
    if registrar == key then names[#names + 1] = name end
  end
  return names
end

--- What one file registered is another's from now on.
function wrappers.move_module(from, to)
  for _, name in ipairs(wrappers.of_module(from)) do registrars[name] = to end
end

--- Forgets what a file has registered.
function wrappers.remove_module(key)
  for _, name in ipairs(wrappers.of_module(key)) do registered[name], registrars[name] = nil, nil end
end

local function find_class(name)
  local class = registered[name]
  if class then return class end
  class = globals
  for part in gmatch(name, "[^.]+") do
    class = type(class) == "table" and class[part] or nil
  end
  return class
end

-- `NAME:new(argument)` for a name that stands in a path option.
local function construct(name, argument, failure)
  local class = find_class(name)
  if type(class) ~= "table" or class.new == nil then
    raise("WRAPPER_MISSING", "There is no global table '" .. name .. "' with a function 'new'.")
  end
  local ok, object = errors.guard(class.new, class, argument)
  if not ok then error(object.code == "LUA_ERROR" and errors.with(object, failure) or object, 0) end
  if type(object) ~= "table" then
    raise(failure, "'" .. name .. ":new' returned " .. tostring(object) .. " instead of an object.")
  end
  return object
end

--- The object of `?create=NAME`.
function wrappers.create(name)
  return construct(name, nil, "CREATE_FAILED")
end

-- ------------------------------------------------------------------------------------------------ ViewListItem

local ViewListItem = { type = "lua.ViewListItem" }
ViewListItem.__index = ViewListItem

--- Takes the element out of the list's array.
function ViewListItem:remove() self.list:remove(self) end

-- ---------------------------------------------------------------------------------------------------- ViewList

local ViewList = { type = "lua.ViewList", selectionIndex = -1 }
ViewList.__index = ViewList

local function bring_up_to_date(item, index)
  if item.index == index then return end
  -- A presenter made of the constructor's argument has the index too.
  local presenter = item.item
  if not rawequal(presenter, item.baseItem) and type(presenter) == "table" and rawget(presenter, "index") == item.index then
    presenter.index = index
  end
  item.index = index
end

local function new_item(list, element, index)
  local item = setmetatable({ baseItem = element, index = index, list = list, item = element }, ViewListItem)
  local name = rawget(list, "_itemWrapper")
  if name then
    item.item = construct(name, { baseItem = element, index = index, list = list }, "WRAPPER_FAILED")
  end
  return item
end

--- Brings `items` into step with the array: every element keeps its item wherever it moves to. With `_places` only the
--- elements at those have one.
function ViewList:sync()
  local array, items = self.value or {}, self.items
  local places = rawget(self, "_places")
  local n = places and #places or M.values.list_length(array, "A lua.ViewList")
  local same = n == #items
  for i = 1, same and n or 0 do
    local at = places and places[i] or i
    if not rawequal(items[i].baseItem, array[at]) or (places and items[i].index ~= at - 1) then same = false break end
  end
  if same then return end
  local pool = {} -- element → its items of before, the first one last
  for i = #items, 1, -1 do
    local key = key_of(items[i].baseItem)
    pool[key] = { item = items[i], next = pool[key] }
  end
  local result = {}
  for i = 1, n do
    local at = places and places[i] or i
    local element = array[at]
    if element ~= nil then
      local key = key_of(element)
      local entry = pool[key]
      local item
      if entry then
        pool[key], item = entry.next, entry.item
        bring_up_to_date(item, at - 1)
      else
        item = new_item(self, element, at - 1)
      end
      result[#result + 1] = item
    end
  end
  self.items = result
end

--- The items, one for each element.
function ViewList:getItems()
  return self.items
end

--- Takes the element at a 0-based index out of the array.
function ViewList:removeAt(index)
  local places = rawget(self, "_places")
  if self.value and index >= 0 and index < (places and #self.value or #self.items) then
    remove(self.value, index + 1)
    -- Which places are shown then is for the list to say that shows them.
    if not places then self:sync() end
  end
end

--- Takes an element out of the array; give its ViewListItem, its presenter or the element itself.
function ViewList:remove(what)
  for i, item in ipairs(self.items) do
    if rawequal(item, what) or rawequal(item.item, what) or rawequal(item.baseItem, what) then
      self:removeAt(rawget(self, "_places") and item.index or i - 1)
      return
    end
  end
end

--- `lua.ViewList:new(variable)`: a list over the variable's array, presenters by its `itemWrapper`.
function ViewList:new(variable)
  local list = setmetatable({ items = {}, value = variable:getValue(), _itemWrapper = variable:getProperty("itemWrapper") }, self)
  list:sync()
  return list
end

wrappers.library = { ViewList = ViewList, ViewListItem = ViewListItem }

local MOST_BASES <const> = 50

--- Is this a lua.ViewList (or something derived from it)?
function wrappers.is_list(object)
  local class = getmetatable(object)
  for _ = 1, MOST_BASES do
    if type(class) ~= "table" then return false end
    if rawequal(class, ViewList) then return true end
    local up = rawget(class, "__index")
    class = not rawequal(up, class) and up or getmetatable(class)
  end
  return false
end

-- ---------------------------------------------------------------------------------------------------- Variable

-- What a wrapper's constructor is given. Its functions work with a colon and with a dot (reference: only with a dot).
local function handle(id, slot)
  local state = { id = id, value = nil, wrapper = nil, stale = false, properties = {}, told = {}, emit = nil }
  for name, value in pairs(slot.properties or {}) do state.properties[name] = value end
  for _, name in ipairs({ "itemWrapper", "wrapper", "namespace", "fallbackNamespace", "access", "priority", "create" }) do
    state.properties[name] = slot[name]
  end
  state.properties.path = slot.text
  local variable = { _id = id }
  local function argument(a, b)
    if a == variable then return b end
    return a
  end
  function variable.getID() return state.id end
  function variable.getValue() return state.value end
  function variable.getWrapper() return state.wrapper end
  function variable.getProperty(a, b)
    local value = state.properties[argument(a, b)]
    if value == "" then return nil end
    return value
  end
  function variable.setProperty(a, b, c)
    local name, value = a, b
    if a == variable then name, value = b, c end
    if type(name) ~= "string" then errors.argument(2, "setProperty", "string", name) end
    local plain, priority = match(name, "^(.*):(%a+)$")
    priority = priority and lower(priority)
    if priority == "high" or priority == "medium" or priority == "low" then name = plain else priority = "medium" end
    value = value == nil and "" or tostring(value)
    if state.properties[name] ~= value then
      state.properties[name], state.told[name] = value, priority
      state.emit(state.id, priority, name, value)
    end
  end
  return variable, state
end

--- The variable of a wrapper has another id from now on.
function wrappers.move(record, id)
  record.state.id, record.variable._id = id, id
end

--- Sends once more what the wrapper has said of its variable.
function wrappers.tell(record)
  local state = record.state
  for name, priority in pairs(state.told) do state.emit(state.id, priority, name, state.properties[name]) end
end

--- The wrapper of a slot over `value`. `record` (nil the first time) is what the last call returned second.
--- `emit(id, priority, name, value)` sends a property of the variable to the page.
--- A wrapper is made once; on change its `value` is set and `sync` called, or, without a `sync`, `new` is called again
--- (where `variable:getWrapper()` gives the present one).
function wrappers.wrap(slot, id, value, record, emit)
  if value == nil then return nil, nil end
  if not record then
    local variable, state = handle(id, slot)
    state.emit = emit
    record = { variable = variable, state = state }
    state.value = value
    state.wrapper = construct(slot.wrapper, variable, "WRAPPER_FAILED")
  end
  local wrapper, state = record.state.wrapper, record.state
  state.emit = emit
  if not rawequal(value, state.value) then state.stale = true end
  state.value = value
  if wrappers.is_list(wrapper) then
    -- An array may have other elements though it is the same table.
    wrapper.value = value
    wrapper:sync()
  elseif state.stale then
    -- Stale until it has taken the value: an error in it must not be forgotten by the next event.
    if type(wrapper.sync) == "function" then
      wrapper.value = value
      wrapper:sync()
    else
      state.wrapper = construct(slot.wrapper, record.variable, "WRAPPER_FAILED")
    end
    state.stale = false
  end
  return state.wrapper, record
end

--- The presenters of `?itemWrapper=` directly on a ui-viewlist: one for each element, kept while the element is there.
--- Returns the list of presenters (the same table while nothing changed); `record` is as for `wrap`. `places`: only those
--- elements are shown.
function wrappers.present(slot, array, record, places)
  record = record or {
    list = setmetatable({ items = {}, _itemWrapper = slot.itemWrapper }, ViewList),
    items = {}, -- of which `presenters` was made; the app can have the list sync itself at any time
    presenters = {},
  }
  local list = record.list
  list.value, list._places = array, places
  list:sync()
  if record.items ~= list.items then
    local presenters = {}
    for i, item in ipairs(list.items) do presenters[i] = item.item end
    record.items, record.presenters = list.items, presenters
  end
  return record.presenters, record
end

return wrappers
