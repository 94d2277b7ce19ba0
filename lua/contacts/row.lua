-- What a row of the list knows beyond its contact. A global, because the viewdef names it: `?itemWrapper=ContactRow`.
-- The list makes one for each contact that it shows, with the contact in `baseItem`.

ContactRow = session:prototype("ContactRow", {
  baseItem = EMPTY,
})

function ContactRow:open()
  self.baseItem:open()
end

function ContactRow:isSelected()
  return self.baseItem:isOpen()
end

function ContactRow:ariaSelected()
  return self:isSelected() and "true" or "false"
end

-- The letter above the first contact that begins with it.
function ContactRow:heading()
  return self.baseItem.book.headings[self.baseItem] or ""
end

return ContactRow
