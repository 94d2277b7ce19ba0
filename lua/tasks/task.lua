-- Something to do.

local Task = session:prototype("Task", {
  title = "",
  done = false,
  list = EMPTY,
})

return Task
