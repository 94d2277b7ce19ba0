import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository, which is the site of the demo, seen from dist/benchmarks/support. */
export const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** A site on disk for a benchmark: `files` by path relative to it. Returns its folder and the undo. */
export function makeSite(files: Record<string, string>): { dir: string; remove: () => void } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-bench-"));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return { dir, remove: () => fs.rmSync(dir, { recursive: true, force: true }) };
}

/** One number that a click increments: the smallest event there is. Slot 0 shows it, slot 1 is the action. */
export const counterSite = {
  "lua/main.lua": `local App = session:prototype("App", { n = 0 })
function App:step() self.n = self.n + 1 end
session:createAppVariable(App:new())`,
  "viewdefs/App.DEFAULT.html": `<template><div><b ui-value="n"></b><button ui-action="step()"></button></div></template>`,
};

/** The same, and slot 2 is an action that never ends. */
export const hogSite = {
  "lua/main.lua": `local App = session:prototype("App", { n = 0 })
function App:step() self.n = self.n + 1 end
function App:loop() while true do end end
session:createAppVariable(App:new())`,
  "viewdefs/App.DEFAULT.html": `<template><div><b ui-value="n"></b><button ui-action="step()"></button><button ui-action="loop()"></button></div></template>`,
};

/** A site with `count` further viewdef files that nothing shows. */
export function withViewdefs(files: Record<string, string>, count: number): Record<string, string> {
  const more = { ...files };
  for (let i = 0; i < count; i++)
    more[`viewdefs/extra/Extra${i}.DEFAULT.html`] =
      `<template><div><b ui-value="name"></b><i ui-view="inner"></i></div></template>`;
  return more;
}

/** `count` watched variables in rows of ten, of which an event (slot 1 of the app) changes one. */
export function watchedSite(count: number): Record<string, string> {
  const fields = Array.from({ length: 10 }, (_, i) => `f${i}`);
  return {
    "lua/main.lua": `local Row = session:prototype("Row", {})
local App = session:prototype("App", { rows = EMPTY })
local app = App:new{ rows = {} }
for i = 1, ${Math.ceil(count / 10)} do app.rows[i] = Row:new{ ${fields.map((field, i) => `${field} = i * ${i}`).join(", ")} } end
local n = 0
function App:step() n = n + 1; self.rows[#self.rows // 2 + 1].f5 = n end
session:createAppVariable(app)`,
    "viewdefs/App.DEFAULT.html": `<template><div><div ui-viewlist="rows"></div><button ui-action="step()"></button></div></template>`,
    "viewdefs/Row.list-item.html": `<template><div>${fields.map((field) => `<b ui-value="${field}"></b>`).join("")}</div></template>`,
  };
}

/** What the last row of `listSite` shows, and no other. */
export const lastRow = (count: number): string => `row ${count}"`;

/**
 * A list of `count` rows with three bindings each; slot 1 changes one row, slot 2 moves one, slot 3 inserts one, in the middle;
 * slot 4 changes one of the first ten. With `options` such as `?window` for the list.
 */
export function listSite(count: number, options = ""): Record<string, string> {
  return {
    "lua/main.lua": `local Row = session:prototype("Row", { name = "", n = 0, done = false })
local App = session:prototype("App", { rows = EMPTY })
local app = App:new{ rows = {} }
for i = 1, ${count} do app.rows[i] = Row:new{ name = "row " .. i, n = i } end
function App:change() local row = self.rows[#self.rows // 2]; row.n = row.n + 1 end
function App:move() table.insert(self.rows, 1, table.remove(self.rows, #self.rows // 2)) end
function App:near() local row = self.rows[${Math.min(10, count)}]; row.n = row.n + 1 end
function App:insert() table.insert(self.rows, #self.rows // 2, Row:new{ name = "new" }) end
session:createAppVariable(app)`,
    "viewdefs/App.DEFAULT.html": `<template><div><div ui-viewlist="rows${options}"></div><b ui-action="change()"></b><b ui-action="move()"></b><b ui-action="insert()"></b><b ui-action="near()"></b></div></template>`,
    "viewdefs/Row.list-item.html": `<template><div><b ui-value="name"></b><b ui-value="n"></b><input type="checkbox" ui-value="done"></div></template>`,
  };
}

/** A text that is sent while it is typed, and shown beside its field. */
export const typingSite = {
  "lua/main.lua": `local App = session:prototype("App", { text = "" })
session:createAppVariable(App:new())`,
  "viewdefs/App.DEFAULT.html": `<template><div><input id="field" ui-value="text?keypress"><b id="text" ui-value="text"></b></div></template>`,
};
