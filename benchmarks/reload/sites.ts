import fs from "node:fs";
import path from "node:path";
import { makeSite } from "../support/site.ts";
import type { Edited } from "./saving.ts";
import { repository } from "../support/site.ts";

/** A site in a folder of its own, and the files of it that are edited. */
export interface EditedSite {
  dir: string;
  lua: Edited;
  viewdef: Edited;
  remove: () => void;
}

/** Slots of the app's view in `smallSite`. */
export const slots = { step: 1 };

/** The smallest app that does something, and that can say how much Lua memory it has. */
export function smallSite(): EditedSite {
  const lua: Edited = {
    file: "lua/main.lua",
    text: (mark) => `local App = session:prototype("App", { n = 0, kilobytes = 0, measured = 0 })
function App:label() return "${mark}" end
function App:step() self.n = self.n + 1 end
function App:measure()
  collectgarbage()
  collectgarbage()
  self.kilobytes, self.measured = collectgarbage("count"), self.measured + 1
end
if not session:getApp() then session:createAppVariable(App:new()) end
`,
  };
  const viewdef: Edited = {
    file: "viewdefs/App.DEFAULT.html",
    text: (mark) => `<template><main data-version="${mark}"><b ui-value="n"></b><button ui-action="step()">+1</button>
<p ui-value="label()"></p><i id="kilobytes" ui-value="kilobytes" ui-attr-title="measured"></i><button id="measure" ui-action="measure()"></button></main></template>
`,
  };
  const { dir, remove } = makeSite({ [lua.file]: lua.text("first"), [viewdef.file]: viewdef.text("first") });
  return { dir, lua, viewdef, remove };
}

/** The demo, whose first page is Contacts. Each version of its files shows a mark in every row of the list. */
export function contactsSite(): EditedSite {
  const { dir, remove } = makeSite({});
  for (const folder of ["lua", "viewdefs", "html"])
    fs.cpSync(path.join(repository, folder), path.join(dir, folder), { recursive: true });
  const edit = (file: string, place: string, text: (mark: string) => string): Edited => {
    const original = fs.readFileSync(path.join(dir, file), "utf8");
    if (!original.includes(place)) throw new Error(`${file} has no ${place}`);
    return { file, text: (mark) => original.replace(place, () => text(mark)) };
  };
  return {
    dir,
    lua: edit(
      "lua/contacts/contact.lua",
      "return position",
      (mark) => `position = position .. "${mark}" return position`,
    ),
    viewdef: edit("viewdefs/contacts/Contact.list-item.html", `"person"`, (mark) => `"person" data-version="${mark}"`),
    remove,
  };
}
