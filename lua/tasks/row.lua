-- A task as the list shows it. A global, because the viewdef names it: `?itemWrapper=TaskRow`.

TaskRow = session:prototype("TaskRow", {
  item = EMPTY,
})

function TaskRow:editor()
  local editor = self.item.list.editor
  if editor and editor.task == self.item then
    return editor
  end
end

function TaskRow:isEditing()
  return self:editor() ~= nil
end

function TaskRow:isCursor()
  return self.item.list.cursor == self.item
end

function TaskRow:pick()
  self.item.list.cursor = self.item
end

function TaskRow:edit()
  self.item.list:edit(self.item)
end

function TaskRow:moveUp()
  self:pick()
  self.item.list:move(self.item, -1)
end

function TaskRow:moveDown()
  self:pick()
  self.item.list:move(self.item, 1)
end

function TaskRow:isFirst()
  return self.item.list:neighbour(self.item, -1) == nil
end

function TaskRow:isLast()
  return self.item.list:neighbour(self.item, 1) == nil
end

function TaskRow:remove()
  self.item.list:remove(self.item)
end

return TaskRow
