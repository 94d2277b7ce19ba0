import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { normalDom } from "../support/normal-dom.ts";
import { RandomTemplates, randomOf, textOf, type Piece } from "../support/random-template.ts";
import type { Bridged } from "../support/scene.ts";
import { Stage, type Thing } from "../support/stage.ts";

const chromium = await Chromium.launch(t);
const SEEDS = process.env["SEEDS"] ? process.env["SEEDS"].split(",").map(Number) : [3, 17, 101, 4711];
const EDITS = 40;

const person = (name: string): Thing => ({ type: "Person", name, on: name !== "Bob", note: `about ${name}` });
const APP = {
  name: "Anna",
  title: "Hello",
  on: true,
  off: false,
  words: "extra more",
  css: "left: 3px; top: 1px",
  color: "green",
  html: "<i>i</i> and <b>b</b>",
  boss: person("Eve"),
  deputy: person("Mallory"),
  people: [person("Bob"), person("Carol"), person("Dave")],
  tags: ["x", "y", "z"],
  cells: [
    { type: "Cell", name: "1" },
    { type: "Cell", name: "2" },
  ],
  word: "round",
  size: 4,
  typed: "start",
};
const CELL = `<tr><td ui-value="name"></td></tr>`;
const FIELD: Piece = { tag: "input", attributes: { "ui-value": "typed", name: "typing" }, children: [], fixed: true };

/** How much there is of everything, without what depends on how it came about. */
const counts = (stage: Stage) =>
  stage.page.evaluate(() => {
    const { frames: _, waiting: _waiting, ...rest } = (window as never as Bridged).moonpool.statistics();
    return rest;
  });

for (const seed of SEEDS) {
  t.test(`after any edits the page is what it would be from the beginning, and typing goes on (${seed})`, async (t) => {
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
    const templates = { App: app.make(8, FIELD), Person: one.make(3) };
    const texts = () => ({ App: textOf(templates.App), Person: textOf(templates.Person), Cell: CELL });
    const stage = await Stage.open(t, chromium, texts(), APP);
    const fresh = await stage.again(await chromium.open(t, stage.host.url));
    await stage.page.locator("[name=typing]").focus();
    await stage.page.keyboard.press("End");
    let typed = "start";
    for (let round = 0; round < EDITS; round++) {
      const before = texts();
      if (random(3) > 0) templates.App = app.edit(templates.App);
      if (random(3) === 0) templates.Person = one.edit(templates.Person);
      await stage.edit(texts());
      await fresh.renew(texts());
      const changes = [
        ["title", `title ${round}`],
        ["on", round % 2 === 0],
        ["words", `extra ${round % 3 ? "one" : "two"}`],
        ["css", `left: ${round % 5}px; top: ${round}px`],
      ] as const;
      if (round % 2)
        for (const one of [stage, fresh]) for (const [field, value] of changes) await one.set(field, value);
      const [shown, expected] = [
        await normalDom(stage.page, "[name=typing]"),
        await normalDom(fresh.page, "[name=typing]"),
      ];
      const told = { seed, round, before, after: texts() };
      const field = await stage.page
        .locator("[name=typing]")
        .evaluate((input: HTMLInputElement) => [input === document.activeElement, input.value, input.selectionStart]);
      typed += "k";
      await stage.page.keyboard.type("k");
      if (!t.equal(shown, expected, told)) return;
      t.same(field, [true, typed.slice(0, -1), typed.length - 1], told);
      if (!t.same(await counts(stage), await counts(fresh), told)) return;
      if (!t.same(stage.reports, [], told)) return;
    }
  });
}
