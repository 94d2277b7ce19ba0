-- The Tasks page.

local Task = require("tasks.task")
local TaskEditor = require("tasks.editor")
require("tasks.row")

local TaskList = session:prototype("TaskList", {
  tasks = EMPTY,
  draft = "",
  filter = "all",
  -- the task that the keyboard acts on
  cursor = EMPTY,
  editor = EMPTY,
})

local beginning = {
  { "Water the tomatoes", true },
  { "Write the agenda for Thursday", false },
  { "Book the train to Basel", false },
  { "Return the library books", true },
  { "Call Rosa about the recipe", false },
  { "Fix the bicycle light", false },
}

function TaskList:new(inst)
  inst = session:create(self, inst)
  inst.tasks = {}
  for index, task in ipairs(beginning) do
    inst.tasks[index] = Task:new({ list = inst, title = task[1], done = task[2] })
  end
  return inst
end

local function indexOf(tasks, wanted)
  for index, task in ipairs(tasks) do
    if task == wanted then
      return index
    end
  end
end

-- What is shown -----------------------------------------------------------------------------------------------------

function TaskList:passes(task)
  return self.filter == "all" or task.done == (self.filter == "done")
end

function TaskList:visible()
  if self.filter == "all" then
    return self.tasks
  end
  local visible = {}
  for _, task in ipairs(self.tasks) do
    if self:passes(task) then
      visible[#visible + 1] = task
    end
  end
  return visible
end

function TaskList:isEmpty()
  return #self:visible() == 0
end

local nothing = {
  all = "Nothing to do. Add something above, or enjoy the day.",
  open = "Everything is done.",
  done = "Nothing is done yet.",
}

function TaskList:emptyText()
  return nothing[self.filter]
end

function TaskList:setFilter(filter)
  self.filter = filter
end

function TaskList:isFilter(filter)
  return self.filter == filter
end

function TaskList:pressed(filter)
  return self.filter == filter and "true" or "false"
end

-- Counters ----------------------------------------------------------------------------------------------------------

function TaskList:total()
  return #self.tasks
end

function TaskList:countDone()
  local count = 0
  for _, task in ipairs(self.tasks) do
    if task.done then
      count = count + 1
    end
  end
  return count
end

function TaskList:countOpen()
  return #self.tasks - self:countDone()
end

function TaskList:hasDone()
  return self:countDone() > 0
end

function TaskList:percentDone()
  return #self.tasks == 0 and 0 or self:countDone() * 100 // #self.tasks
end

function TaskList:summary()
  local open = self:countOpen()
  if #self.tasks == 0 then
    return "No tasks"
  elseif open == 0 then
    return "All done"
  end
  return open == 1 and "One task open" or open .. " tasks open"
end

-- Adding and removing -----------------------------------------------------------------------------------------------

function TaskList:canAdd()
  return Task.titleOf(self.draft) ~= ""
end

function TaskList:add()
  if not self:canAdd() then
    return
  end
  local task = Task:new({ list = self, title = Task.titleOf(self.draft) })
  table.insert(self.tasks, 1, task)
  self.draft = ""
  self.cursor = task
  -- what one has just written must not be hidden by the filter
  if self.filter == "done" then
    self.filter = "all"
  end
end

function TaskList:remove(task)
  if self.cursor == task then
    self.cursor = self:neighbour(task, 1) or self:neighbour(task, -1)
  end
  if self.editor and self.editor.task == task then
    self.editor = nil
  end
  local index = indexOf(self.tasks, task)
  if index then
    table.remove(self.tasks, index)
  end
end

function TaskList:clearDone()
  local count = self:countDone()
  session:notify(count == 1 and "One task was cleared." or count .. " tasks were cleared.")
  for index = #self.tasks, 1, -1 do
    if self.tasks[index].done then
      self:remove(self.tasks[index])
    end
  end
end

-- Order -------------------------------------------------------------------------------------------------------------

-- The task before (-1) or after (1) this one among those that are shown.
function TaskList:neighbour(task, distance)
  local visible = self:visible()
  local index = indexOf(visible, task)
  return index and visible[index + distance]
end

-- The row moves with all that is in it: its focus, its checkbox, a half-written title.
function TaskList:move(task, distance)
  local neighbour = self:neighbour(task, distance)
  if neighbour then
    local to = indexOf(self.tasks, neighbour)
    table.remove(self.tasks, indexOf(self.tasks, task))
    table.insert(self.tasks, to, task)
  end
end

-- The keyboard: keys reach the list while an editor in it has the focus, too, and belong to the editor then. ----------

function TaskList:edit(task)
  if self.editor then
    self.editor:commit()
  end
  self.cursor = task
  self.editor = TaskEditor:new({ task = task, text = task.title })
end

function TaskList:stepCursor(distance)
  if self.editor then
    return
  end
  local visible = self:visible()
  local index = indexOf(visible, self.cursor)
  if index then
    self.cursor = visible[index + distance] or self.cursor
  else
    self.cursor = visible[distance > 0 and 1 or #visible]
  end
end

function TaskList:moveCursor(distance)
  if self.cursor and not self.editor then
    self:move(self.cursor, distance)
  end
end

function TaskList:toggleCursor()
  if self.cursor and not self.editor then
    self.cursor.done = not self.cursor.done
  end
end

function TaskList:editCursor()
  if self.cursor and not self.editor then
    self:edit(self.cursor)
  end
end

function TaskList:removeCursor()
  if self.cursor and not self.editor then
    self:remove(self.cursor)
  end
end

return TaskList
