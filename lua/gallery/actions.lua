-- Examples of `ui-action`, `ui-event-*`, `ui-event-keypress-*` and of a form.

local actions = {}

local Action = session:prototype("Gallery.Action", { count = 0 })
actions.Action = Action

function Action:add(amount)
  self.count = self.count + amount
end

function Action:set(text)
  self.count = tonumber(text)
end

function Action:isZero()
  return self.count == 0
end

local Event = session:prototype("Gallery.Event", { inside = false, pokes = 0, seen = "" })
actions.Event = Event

function Event:enter()
  self.inside = true
end

function Event:leave()
  self.inside = false
end

function Event:poke()
  self.pokes = self.pokes + 1
end

-- `(_)` passes on what the browser knows about the event.
function Event:notice(event)
  local keys = {}
  for key in pairs(event) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for index, key in ipairs(keys) do
    keys[index] = key .. "=" .. tostring(event[key])
  end
  self.seen = table.concat(keys, " ")
end

local Key = session:prototype("Gallery.Key", { text = "", pressed = "nothing yet" })
actions.Key = Key

function Key:enter()
  self.pressed = 'Enter, with text "' .. self.text .. '"'
end

function Key:clear()
  self.text = ""
  self.pressed = "Escape"
end

function Key:press(name)
  self.pressed = name
end

local Form = session:prototype("Gallery.Form", { mail = "", code = "", sent = 0 })
actions.Form = Form

function Form:mailError()
  if not self.mail:find("@", 1, true) then return "An address has an @ in it." end
end

-- Reads without and writes with an argument: what people type is made of capitals.
function Form:letters(text)
  if text then self.code = text:upper():sub(1, 6) end
  return self.code
end

function Form:codeError()
  if #self.code < 6 then return "Six letters, please." end
end

function Form:isDirty()
  return self.mail ~= "" or self.code ~= ""
end

function Form:send()
  if self:mailError() or self:codeError() then return end
  self.sent = self.sent + 1
  self.mail, self.code = "", ""
end

return actions
