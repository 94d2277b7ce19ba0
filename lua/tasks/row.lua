-- A task as the list shows it. A global, because the viewdef names it: `?itemWrapper=TaskRow`.

TaskRow = session:prototype("TaskRow", {
  baseItem = EMPTY,
})

function TaskRow:editor()
  local editor = self.baseItem.list.editor
  if editor and editor.task == self.baseItem then
    return editor
  end
end

function TaskRow:isEditing()
  return self:editor() ~= nil
end

function TaskRow:isCursor()
  return self.baseItem.list.cursor == self.baseItem
end

function TaskRow:pick()
  self.baseItem.list.cursor = self.baseItem
end

function TaskRow:edit()
  self.baseItem.list:edit(self.baseItem)
end

function TaskRow:moveUp()
  self:pick()
  self.baseItem.list:move(self.baseItem, -1)
end

function TaskRow:moveDown()
  self:pick()
  self.baseItem.list:move(self.baseItem, 1)
end

function TaskRow:isFirst()
  return self.baseItem.list:neighbour(self.baseItem, -1) == nil
end

function TaskRow:isLast()
  return self.baseItem.list:neighbour(self.baseItem, 1) == nil
end

function TaskRow:remove()
  self.baseItem.list:remove(self.baseItem)
end

return TaskRow
