-- Text for comparing: lower case and without the accents of Western Europe, so that "emilie" finds "Émilie" and she
-- stands among the E's. (Lua's own `lower` knows ASCII only.)

local plain = {}
for base, accented in pairs({
  a = "àáâãäåÀÁÂÃÄÅ",
  c = "çÇ",
  e = "èéêëÈÉÊË",
  i = "ìíîïÌÍÎÏ",
  n = "ñÑ",
  o = "òóôõöøÒÓÔÕÖØ",
  s = "ß",
  u = "ùúûüÙÚÛÜ",
  y = "ýÿÝ",
}) do
  for _, code in utf8.codes(accented) do
    plain[utf8.char(code)] = base
  end
end

return function(text)
  if text:find("[\128-\255]") then
    text = text:gsub(utf8.charpattern, plain)
  end
  return text:lower()
end
