-- Something to do.

local text = require("text")

local TITLE_LENGTH = 200

local Task = session:prototype("Task", {
  title = "",
  done = false,
  list = EMPTY,
})

-- What somebody typed, as a title.
function Task.titleOf(typed)
  return text.trim(text.cut(typed, TITLE_LENGTH))
end

return Task
