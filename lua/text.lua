-- What people type, made fit to be kept. Each costs one pass over the text, whatever is in it.

local text = {}

-- The first `limit` characters.
function text.cut(value, limit)
  local rest = utf8.offset(value, limit + 1)
  return rest and value:sub(1, rest - 1) or value
end

-- The text without the blanks around it. The usual "^%s*(.-)%s*$" tries every end again for every blank in the text: a
-- megabyte of them would take minutes.
function text.trim(value)
  local first = value:find("%S")
  return first and value:match(".*%S", first) or ""
end

return text
