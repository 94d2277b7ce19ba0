-- One prototype for each example of `ui-value`. None has a line of code: the fields follow the controls.

local fields = {}

-- The first values are the instance's own. As defaults of the prototype they would shine through when somebody empties
-- a field, which sets it to nil.
local function example(name, values)
  local proto = session:prototype("Gallery." .. name, {})
  function proto:new()
    local inst = {}
    for field, value in pairs(values) do
      inst[field] = value
    end
    return session:create(self, inst)
  end
  return proto
end

fields.Text = example("Text", { name = "Ada", town = "London" })
fields.Number = example("Number", { count = 3, price = 2.5 })
fields.Checkbox = example("Checkbox", { agreed = true })
fields.Radio = example("Radio", { size = "medium" })
fields.Select = example("Select", { drink = "tea" })
fields.SelectMultiple = example("SelectMultiple", { toppings = { "basil", "olives" } })
fields.Range = example("Range", { volume = 40 })
fields.Date = example("Date", { day = "2026-03-20", time = "09:30" })
fields.Textarea = example("Textarea", { note = "Two lines,\nif you like." })
fields.Editable = example("Editable", { headline = "Click and write" })
fields.Output = example("Output", { percent = 60 })

-- The same kinds with Shoelace's components.
fields.SlInput = example("SlInput", { city = "Lisbon", guests = 2 })
fields.SlTextarea = example("SlTextarea", { note = "Grows with its text." })
fields.SlCheckbox = example("SlCheckbox", { news = true, airplane = false })
fields.SlRadio = example("SlRadio", { plan = "yearly" })
fields.SlSelect = example("SlSelect", { fruit = "pear" })
fields.SlSelectMultiple = example("SlSelectMultiple", { days = { "tue", "thu" } })
fields.SlRange = example("SlRange", { level = 30, stars = 4 })
fields.SlColor = example("SlColor", { colour = "#6d5dfc" })
fields.SlDate = example("SlDate", { day = "2026-06-21" })

return fields
