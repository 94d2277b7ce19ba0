-- One prototype for each example of `ui-value`. None has a line of code: the fields follow the controls.

local fields = {}

fields.Text = session:prototype("Gallery.Text", { name = "Ada", town = "London" })
fields.Number = session:prototype("Gallery.Number", { count = 3, price = 2.5 })
fields.Checkbox = session:prototype("Gallery.Checkbox", { agreed = true })
fields.Radio = session:prototype("Gallery.Radio", { size = "medium" })
fields.Select = session:prototype("Gallery.Select", { drink = "tea" })
fields.SelectMultiple = session:prototype("Gallery.SelectMultiple", { toppings = { "basil", "olives" } })
fields.Range = session:prototype("Gallery.Range", { volume = 40 })
fields.Date = session:prototype("Gallery.Date", { day = "2026-03-20", time = "09:30" })
fields.Textarea = session:prototype("Gallery.Textarea", { note = "Two lines,\nif you like." })
fields.Editable = session:prototype("Gallery.Editable", { headline = "Click and write" })
fields.Output = session:prototype("Gallery.Output", { percent = 60 })

-- The same kinds with Shoelace's components.
fields.SlInput = session:prototype("Gallery.SlInput", { city = "Lisbon", guests = 2 })
fields.SlTextarea = session:prototype("Gallery.SlTextarea", { note = "Grows with its text." })
fields.SlCheckbox = session:prototype("Gallery.SlCheckbox", { news = true, airplane = false })
fields.SlRadio = session:prototype("Gallery.SlRadio", { plan = "yearly" })
fields.SlSelect = session:prototype("Gallery.SlSelect", { fruit = "pear" })
fields.SlSelectMultiple = session:prototype("Gallery.SlSelectMultiple", { days = { "tue", "thu" } })
fields.SlRange = session:prototype("Gallery.SlRange", { level = 30, stars = 4 })
fields.SlColor = session:prototype("Gallery.SlColor", { colour = "#6d5dfc" })
fields.SlDate = session:prototype("Gallery.SlDate", { day = "2026-06-21" })

return fields
