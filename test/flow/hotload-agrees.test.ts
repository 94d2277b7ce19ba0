import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { Mirror } from "../support/mirror.ts";
import { type Piece, RandomTemplates, randomOf, textOf } from "../support/random-template.ts";
import { startRealHost, type RealHost } from "../support/real-host.ts";

const SEEDS = process.env["SEEDS"] ? process.env["SEEDS"].split(",").map(Number) : [5, 23, 77];
const EDITS = 40;

/** Everything that a template may bind; `state()` says which version it is and how often `stir` was called. */
const main = (round: number): string => `
Person = session:prototype("Person", { name = "", note = "", on = true, boss = EMPTY, tags = EMPTY, presses = 0 })
Cell = session:prototype("Cell", { name = "" })
App = session:prototype("App", { name = "Anna", title = "Hello", on = true, off = false, words = "big extra", color = "green",
  css = "left: 3px", html = "<i>i</i>", word = "round", size = 4, boss = EMPTY, deputy = EMPTY, people = EMPTY, tags = EMPTY,
  cells = EMPTY, presses = 0, stirs = 0 })
${"-- A line more.\n".repeat(round % 3)}
function App:state() return "${round}/" .. self.stirs end
function App:press() self.presses = self.presses + 1 end
function Person:press() self.presses = self.presses + 1 end
function App:stir()
  self.stirs = self.stirs + 1
  table.insert(self.people, 1, table.remove(self.people))
  self.title, self.on, self.deputy = "title ${round}", not self.on, self.deputy == nil and self.people[1] or nil
  self.tags[#self.tags + 1] = "tag ${round}"
end
if not session:getApp() then
  local function person(name) return Person:new{ name = name, note = "about " .. name, tags = { name, "p" } } end
  local app = App:new{ people = { person("Bob"), person("Carol"), person("Dave") }, tags = { "x", "y" } }
  app.cells = { Cell:new{ name = "1" }, Cell:new{ name = "2" } }
  app.boss = person("Eve")
  app.boss.boss = person("Mallory")
  session:createAppVariable(app)
end
`;
const FIXED: Piece = {
  tag: "p",
  attributes: { "ui-value": "state()", "ui-event-stir": "stir()" },
  children: [],
  fixed: true,
};

function save({ dir }: RealHost, name: string, text: string): void {
  const file = path.join(dir, name);
  fs.writeFileSync(`${file}.new~`, text);
  fs.renameSync(`${file}.new~`, file);
}

for (const seed of SEEDS) {
  t.test(`after any edits of viewdefs and code an open tab shows what a new one is shown (${seed})`, async (t) => {
    const random = randomOf(seed);
    const app = new RandomTemplates(random, {
      values: ["name", "title"],
      flags: ["on", "off"],
      views: ["boss", "deputy"],
      lists: ["people", "tags"],
    });
    const one = new RandomTemplates(random, {
      values: ["name", "note"],
      flags: ["on"],
      views: ["boss"],
      lists: ["tags"],
    });
    const templates = { App: app.make(8, FIXED), Person: one.make(3) };
    const viewdef = (piece: Piece): string => `<template>${textOf(piece)}</template>`;
    const host = await startRealHost(
      t,
      {
        "lua/main.lua": main(0),
        "viewdefs/App.DEFAULT.html": viewdef(templates.App),
        "viewdefs/Person.DEFAULT.html": viewdef(templates.Person),
        "viewdefs/Cell.DEFAULT.html": `<template><tr><td ui-value="name"></td></tr></template>`,
      },
      { hotload: true },
    );
    const browser = host.browser();
    const session = await browser.start();
    const old = await Mirror.of(await browser.connect(session));
    const shows = (state: string): boolean => old.shown().slots?.some(({ value }) => value === state) ?? false;
    for (let round = 1; round <= EDITS; round++) {
      if (random(3) > 0) templates.App = app.edit(templates.App);
      if (random(3) === 0) templates.Person = one.edit(templates.Person);
      save(host, "viewdefs/App.DEFAULT.html", viewdef(templates.App));
      save(host, "viewdefs/Person.DEFAULT.html", viewdef(templates.Person));
      save(host, "lua/main.lua", main(round));
      await old.until(() => shows(`${round}/${round - 1}`));
      const stir = old.viewdefs.get("App.DEFAULT")?.bindings.find(({ name }) => name === "stir")?.slot ?? NaN;
      old.write(old.slot(stir));
      await old.until(() => shows(`${round}/${round}`));
      const fresh = await Mirror.of(await browser.connect(session));
      t.strictSame(old.shown(), fresh.shown(), `edit ${round}`);
      t.equal(old.ids.length, fresh.ids.length, "no variable is left over");
      fresh.tab.close();
    }
    t.strictSame(old.faults, []);
  });
}
