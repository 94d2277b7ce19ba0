/** The site that `moonpool init` makes: file name → text. */
export const starterSite: Readonly<Record<string, string>> = {
  "lua/main.lua": `-- Runs once for every browser session, before its page is shown.
local Notebook = require("notebook")

if not session:getApp() then
  local notebook = Notebook:new({ notes = {} })
  notebook:write("Open lua/notebook.lua and viewdefs/ to see how this page is made.")
  session:createAppVariable(notebook)
end
`,
  "lua/notebook.lua": `-- Plain Lua objects. What they hold is shown by viewdefs/TYPE.DEFAULT.html; nobody has to say that it changed.
local Note = session:prototype("Note", { text = "", done = false })

function Note:remove()
  self.notebook:remove(self)
end

local Notebook = session:prototype("Notebook", { draft = "", notes = EMPTY })

function Notebook:write(text)
  table.insert(self.notes, Note:new({ text = text, notebook = self }))
end

-- Called by the button, and by Enter in the input.
function Notebook:add()
  local text = self.draft:match("^%s*(.-)%s*$")
  if text == "" then return end
  self:write(text)
  self.draft = ""
end

function Notebook:remove(note)
  for position, each in ipairs(self.notes) do
    if each == note then
      table.remove(self.notes, position)
      return
    end
  end
end

function Notebook:isEmpty()
  return #self.notes == 0
end

function Notebook:summary()
  local open = 0
  for _, note in ipairs(self.notes) do
    if not note.done then open = open + 1 end
  end
  return open == 0 and "All done." or open .. " to do"
end

return Notebook
`,
  "viewdefs/Notebook.DEFAULT.html": `<template>
  <main class="notebook">
    <h1>Notebook</h1>
    <p class="summary" ui-value="summary()"></p>
    <div class="new">
      <input
        placeholder="What is to be done?"
        aria-label="New note"
        ui-value="draft?keypress"
        ui-event-keypress-enter="add()"
      />
      <button ui-action="add()">Add</button>
    </div>
    <ul ui-viewlist="notes"></ul>
    <p class="empty" ui-attr-hidden="!isEmpty()">Nothing here yet.</p>
  </main>
</template>
`,
  "viewdefs/Note.DEFAULT.html": `<template>
  <li class="note" ui-class-done="done">
    <label><input type="checkbox" ui-value="done" /><span ui-value="text"></span></label>
    <button class="remove" aria-label="Remove" ui-action="remove()">×</button>
  </li>
</template>
`,
  "html/index.html": `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Notebook</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="style.css" />
  </head>
  <body>
    <div ui-app></div>
  </body>
</html>
`,
  "html/style.css": `:root {
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #1d2126);
  --ground: light-dark(#eef1f5, #121417);
  --ink: light-dark(#1f2933, #e4e7eb);
  --faint: light-dark(#66788a, #8796a5);
  --line: light-dark(#d9e0e7, #323a43);
  --accent: light-dark(#2563eb, #6aa2ff);
}

* {
  box-sizing: border-box;
}

body {
  margin: 0;
  padding: 3rem 1rem;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif;
}

.notebook {
  max-width: 34rem;
  margin: 0 auto;
  padding: 2rem;
  background: var(--paper);
  border: 1px solid var(--line);
  border-radius: 1rem;
  box-shadow: 0 0.5rem 2rem rgb(0 0 0 / 8%);
}

h1 {
  margin: 0;
  font-size: 1.75rem;
  line-height: 1.2;
}

.summary,
.empty {
  margin: 0.25rem 0 1.5rem;
  color: var(--faint);
}

.new {
  display: flex;
  gap: 0.5rem;
}

.new input {
  flex: 1;
  min-width: 0;
  padding: 0.6rem 0.8rem;
  border: 1px solid var(--line);
  border-radius: 0.5rem;
  background: transparent;
  color: inherit;
  font: inherit;
}

button {
  padding: 0.6rem 1.1rem;
  border: 0;
  border-radius: 0.5rem;
  background: var(--accent);
  color: var(--paper);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}

:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}

ul {
  margin: 1rem 0 0;
  padding: 0;
  list-style: none;
}

.note {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 1rem;
  padding: 0.5rem 0;
  border-bottom: 1px solid var(--line);
}

.note label {
  display: flex;
  gap: 0.75rem;
  align-items: baseline;
  overflow-wrap: anywhere;
}

.note input {
  accent-color: var(--accent);
}

.note.done span {
  color: var(--faint);
  text-decoration: line-through;
}

.note .remove {
  padding: 0 0.6rem;
  background: transparent;
  color: var(--faint);
  font-size: 1.25rem;
}

.note .remove:hover {
  color: var(--ink);
}

.empty {
  margin: 1.5rem 0 0;
  text-align: center;
}
`,
};
