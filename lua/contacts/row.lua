-- What a row of the list knows beyond its contact. A global, because the viewdef names it: `?itemWrapper=ContactRow`.
-- The list makes one for each contact that it shows, with the contact in `item`.

ContactRow = session:prototype("ContactRow", {
  item = EMPTY,
})

function ContactRow:open()
  self.item:open()
end

function ContactRow:isSelected()
  return self.item:isOpen()
end

function ContactRow:ariaSelected()
  return self:isSelected() and "true" or "false"
end

-- The letter above the first contact that begins with it.
function ContactRow:heading()
  return self.item.book.headings[self.item] or ""
end

return ContactRow
