-- A Lua value as one would write it in Lua, with its type: what a field really holds after somebody has used a control.

local function literal(value)
  if type(value) == "string" then
    return '"' .. value:gsub("[\\\"]", "\\%0"):gsub("\n", "\\n") .. '"'
  elseif type(value) == "table" then
    if value.type then
      return value.type .. " object"
    end
    local parts = {}
    for index, element in ipairs(value) do
      parts[index] = literal(element)
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
  end
  return tostring(value)
end

return function(name, value)
  return name .. " = " .. literal(value), math.type(value) or type(value)
end
