-- The last element comes first, in the same table.

return function(array)
  local count = #array
  for place = 1, count // 2 do
    local other = count + 1 - place
    array[place], array[other] = array[other], array[place]
  end
end
