import type { Edited } from "../reload/saving.ts";

/** A notebook that counts each event that reaches it; both files show a mark of their version. */
export const lua: Edited = {
  file: "lua/main.lua",
  text: (mark) => `local Note = session:prototype("Note", { text = "", done = false })
local App = session:prototype("App", { events = 0, draft = "", notes = EMPTY })
function App:count() self.events = self.events + 1 end
function App:edit(text) self:count() self.draft = text end
function App:add()
  self:count()
  table.insert(self.notes, Note:new{ text = self.draft })
  if #self.notes > 20 then table.remove(self.notes, 1) end
end
function App:turn()
  self:count()
  for _, note in ipairs(self.notes) do note.done = not note.done end
end
function App:label() return "${mark}" end
if not session:getApp() then session:createAppVariable(App:new{ notes = {} }) end
`,
};

export const viewdef: Edited = {
  file: "viewdefs/App.DEFAULT.html",
  text: (mark) => `<template><main data-version="${mark}"><b ui-value="events"></b><i ui-value="label()"></i>
<input ui-value="edit(_)?keypress"><p ui-value="draft"></p>
<button ui-action="add()?repeat"></button><button ui-action="turn()?repeat"></button><ul ui-viewlist="notes"></ul></main></template>`,
};

export const note = {
  file: "viewdefs/Note.list-item.html",
  text: `<template><li ui-class-done="done"><span ui-value="text"></span></li></template>`,
};

/** What each user does in one visit: about a quarter of a minute. Every event is one that the app counts. */
export const script = {
  "moonpool-load": 1,
  think: "100..400",
  begin: [{ press: "App.add()" }, { press: "App.add()" }],
  steps: [
    {
      repeat: 6,
      steps: [
        { type: "App.edit(_)", text: "note ${random}", pause: "40..120" },
        { press: "App.add()" },
        {
          choose: [
            { weight: 4, steps: [{ press: "App.turn()" }] },
            { weight: 2, steps: [{ reload: true }] },
            { weight: 2, steps: [{ drop: "50..1500" }] },
            { weight: 1, steps: [{ leave: "200..1500" }] },
            // Longer than the host lets a session be awake without events.
            { weight: 1, steps: [{ wait: "3s..4s" }] },
          ],
        },
      ],
    },
  ],
  end: [{ read: "App.events" }],
};
