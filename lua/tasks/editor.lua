-- The field that takes the place of a task's title. It holds the text until it is committed, so Escape costs nothing.

local Task = require("tasks.task")

local TaskEditor = session:prototype("TaskEditor", {
  task = EMPTY,
  text = "",
})

-- Also called when the field loses the focus; after Escape there is nothing left to commit.
function TaskEditor:commit()
  local list = self.task.list
  if list.editor ~= self then
    return
  end
  list.editor = nil
  local title = Task.titleOf(self.text)
  if title == "" then
    list:remove(self.task)
  else
    self.task.title = title
  end
end

function TaskEditor:cancel()
  local list = self.task.list
  if list.editor == self then
    list.editor = nil
  end
end

return TaskEditor
