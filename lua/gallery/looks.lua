-- Examples of `ui-attr-*`, `ui-class-*`, `ui-style-*` and `ui-html`.

local looks = {}

looks.Attr = session:prototype("Gallery.Attr", { locked = true, tip = "A title, from Lua" })
looks.Class = session:prototype("Gallery.Class", { loud = true, round = false })

local Style = session:prototype("Gallery.Style", { width = 60, hue = 250 })
looks.Style = Style

function Style:percent()
  return self.width .. "%"
end

looks.Html = session:prototype("Gallery.Html", {
  source = 'Some <b>bold</b> words, <em>nice</em> ones.<script>alert("never")</script><img src="favicon.svg" width="16" alt="moon" onload="alert(1)">',
})

local Replace = session:prototype("Gallery.Replace", { strong = true })
looks.Replace = Replace

function Replace:markup()
  return self.strong and "<strong>strong</strong>" or "<em>emphasised</em>"
end

function Replace:change()
  self.strong = not self.strong
end

return looks
