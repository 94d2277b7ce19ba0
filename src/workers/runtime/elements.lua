-- What a list shows of its value: the elements of an array, of a lua.ViewList, or of a part of these, or their presenters.
local M = ...
local elements = {}

local values, windows, wrappers = M.values, M.windows, M.wrappers
local type = type

local NOTHING = {}

--- What the rows of list `kid` (tree.lua) of `slot`, whose value is `raw`, are to show, and how many there are. With a part of
--- the array, also what that is now; nothing at all if it is what it was. Raises LIST_EXPECTED and what presenters raise.
function elements.of(slot, raw, kid)
  local part, is_list = kid.part, type(raw) == "table" and wrappers.is_list(raw)
  if raw == nil then raw = NOTHING elseif is_list then raw = raw.items end
  local n
  if is_list then n = #raw elseif part then n = values.list_size(raw, slot.what) else n = values.list_length(raw, slot.what) end
  local now = nil
  if part then
    now = windows.look(part, slot, raw, n)
    if not now then
      if kid.presenters then kid.presenters.list.value = raw end
      return nil
    end
    n = now.n
  end
  local objects = raw
  if slot.itemWrapper and not is_list then
    objects, kid.presenters = wrappers.present(slot, raw, kid.presenters, now and now.places)
    if not now then n = #objects end
  elseif now then
    objects = {}
    for i = 1, n do objects[i] = raw[now.places[i]] end
  end
  return objects, n, now
end

return elements
