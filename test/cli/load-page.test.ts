import t from "tap";
import { Randomness } from "../../src/cli/load/randomness.ts";
import { PageModel } from "../../src/cli/load/page/page-model.ts";
import { readViewdef, withoutOptions } from "../../src/cli/load/page/shown-viewdef.ts";
import { compileViewdef } from "../../src/host/viewdefs/compile.ts";
import type { ServerMessage } from "../../src/protocol/main.ts";
import { Mirror, type Shown } from "../support/mirror.ts";
import { startRealHost } from "../support/real-host.ts";
import { writeSiteFile } from "../support/site.ts";

/** Lists in views in lists, which an action changes in the way that its number says. */
const site: Record<string, string> = {
  "lua/main.lua": `
local Row = session:prototype("Row", { name = "", inner = EMPTY })
local Leaf = session:prototype("Leaf", { name = "" })
local App = session:prototype("App", { rows = EMPTY, chosen = EMPTY, changes = 0 })
local made = 0
local function leaf() made = made + 1 return Leaf:new{ name = "leaf " .. made } end
local function row() made = made + 1 return Row:new{ name = "row " .. made, inner = { leaf() } } end
function Row:touch() self.name = self.name .. "!" end
function App:change(n)
  local rows, kind, at = self.rows, n % 7, n // 7
  self.changes = self.changes + 1
  local place = #rows == 0 and 1 or at % #rows + 1
  if kind == 0 or #rows == 0 then table.insert(rows, place, row())
  elseif kind == 1 then table.remove(rows, place)
  elseif kind == 2 then table.insert(rows, 1, table.remove(rows, place))
  elseif kind == 3 then rows[place].inner[#rows[place].inner + 1] = leaf()
  elseif kind == 4 then table.remove(rows[place].inner, 1)
  elseif kind == 5 then self.chosen = rows[place].inner[1]
  else self.chosen = nil end
end
if not session:getApp() then session:createAppVariable(App:new{ rows = {} }) end
`,
  "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="changes"></b><i ui-event-go="change(_)"></i><div ui-view="chosen"></div><ul ui-viewlist="rows"></ul></main></template>`,
  "viewdefs/Row.list-item.html": `<template><li><b ui-value="name"></b><i ui-action="touch()"></i><ul ui-viewlist="inner"></ul></li></template>`,
  "viewdefs/Leaf.DEFAULT.html": `<template><b ui-value="name"></b></template>`,
};

/** What each view of a viewdef shows in its first slot, in the order of the page. */
function firstSlots(shown: Shown, viewdef: string): unknown[] {
  const here = shown.viewdef === viewdef ? [shown.slots?.[0]?.value] : [];
  const below = [...(shown.slots ?? []), ...(shown.rows ?? [])];
  return [...here, ...below.flatMap((each) => firstSlots(each, viewdef))];
}

t.test("the nth view of a viewdef is the nth on the page, however rows and views come, move and go", async (t) => {
  const host = await startRealHost(t, site, { hotload: true });
  const browser = host.browser();
  const tab = await browser.connect(await browser.start());
  const mirror = new Mirror(tab);
  const model = new PageModel();
  const step = async (): Promise<void> => model.apply(await mirror.step());
  await step();
  const never = (): number => 0;
  const agree = (): void => {
    for (const [key, path] of [
      ["Row.list-item", "name"],
      ["Leaf.DEFAULT", "name"],
    ] as const) {
      const expected = firstSlots(mirror.shown(), key);
      const found = expected.map((_, index) => model.value(model.find(`${key}.${path}`, index + 1, never) ?? 0));
      t.same(found, expected);
      t.equal(model.find(`${key}.${path}`, expected.length + 1, never), undefined);
      if (expected.length > 0) {
        const last = model.find(`${key}.${path}`, -1, never) ?? 0;
        t.equal(model.value(last), expected.at(-1));
        t.same(model.nameOf(last), { viewdef: key, path, row: expected.length }, "its name leads back to it");
      }
    }
  };
  const chance = new Randomness(99);
  for (let change = 0; change < 150; change++) {
    const { seq } = tab;
    mirror.write(model.find("App.change(_)", 1, never) ?? 0, chance.index(7_000));
    t.equal(tab.seq, seq + 1);
    await step();
    agree();
    if (change === 75) {
      // The rows go on under other ids.
      writeSiteFile(
        host.dir,
        "viewdefs/Row.list-item.html",
        site["viewdefs/Row.list-item.html"]!.replace("<li>", '<li><u ui-class-x="name"></u>'),
      );
      await step();
      while (mirror.reloads.length === 0) await step();
      agree();
    }
  }
});

t.test("every path of a viewdef is found in what the browser gets of it", async (t) => {
  const text = `<template>
  <section ui-class-isOpen="open"><b ui-value="name?priority=high"></b><input ui-value="name?keypress">
  <button ui-action='say("a?b", 2)?repeat'></button><template><i ui-value="never"></i></template>
  <svg><g ui-attr-viewBox="box"></g></svg><p ui-event-keypress-ctrl-enter="go()" ui-event-click="clicked(_)" ui-style---x="../x"></p>
  <div ui-viewlist="rows?window"></div><div ui-view="a.0.b?wrapper=W"></div><em ui-error="wrong()"></em></section></template>`;
  const { compiled, problems } = compileViewdef("A.DEFAULT", text, { file: "A", uiCode: false });
  t.same(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  const { viewdef, plan } = compiled!;
  const { slots, paths } = readViewdef(viewdef);
  t.same(
    paths,
    plan.slots.map((slot) => withoutOptions(slot.text)),
  );
  t.same(
    [...slots.keys()].sort(),
    ["../x", "a.0.b", "box", "clicked(_)", "go()", "name", "open", "rows", 'say("a?b", 2)', "wrong()"].sort(),
  );
  const written = viewdef.bindings.find(({ write }) => write)?.slot;
  t.equal(slots.get("name"), written, "of two with a path the one that can be written to");
});

t.test("an address means the viewdef that it names, else the type's DEFAULT, else another of the type", async (t) => {
  const model = new PageModel();
  const viewdef = { html: '<b ui-value="x"></b>', bindings: [{ at: 0, kind: "value", slot: 0 }] } as const;
  const viewdefs = Object.fromEntries(
    ["A.COMPACT", "A.DEFAULT", "A.B.DEFAULT", "A.list"].map((key) => [
      key,
      { ...viewdef, bindings: [...viewdef.bindings] },
    ]),
  );
  const view = (id: number, key: string, first: number): ServerMessage => ({
    type: "view",
    id,
    viewdef: key,
    first,
    values: [null],
  });
  model.apply([
    { type: "update", id: 1, properties: { viewdefs } },
    view(1, "A.COMPACT", 2),
    view(2, "A.DEFAULT", 3),
    view(3, "A.B.DEFAULT", 4),
  ]);
  const find = (address: string): number | undefined => model.find(address, 1, () => 0);
  t.equal(find("A.x"), 3);
  t.equal(find("A.COMPACT.x"), 2);
  t.equal(find("A.B.x"), 4);
  t.equal(find("A.list.x"), undefined, "it is shown nowhere");
  t.equal(find("A.y"), undefined);
  model.apply([{ type: "view", id: 2, viewdef: null }]);
  t.equal(find("A.x"), 2, "what is shown counts");
  t.equal(find("A.B.x"), undefined, "what was below a view goes with it");
});

t.test(
  "many rows placed one by one in a frame stand where they were put, and more than a page can show are refused",
  async (t) => {
    const model = new PageModel();
    const viewdef = { html: '<b ui-value="x"></b>', bindings: [{ at: 0, kind: "list" as const, slot: 0 }] };
    const row = { html: '<b ui-value="x"></b>', bindings: [{ at: 0, kind: "value" as const, slot: 0 }] };
    const many = 100_000;
    const [first, slots] = [10, 1_000_000];
    // The last first, each in front of the one before it.
    const place = Array.from({ length: many }, (_, index) => ({
      row: first + many - 1 - index,
      before: index === 0 ? 0 : first + many - index,
    }));
    model.apply([
      { type: "update", id: 1, properties: { viewdefs: { "App.DEFAULT": viewdef, "Row.list-item": row } } },
      { type: "view", id: 1, viewdef: "App.DEFAULT", first: 2, values: [null] },
      { type: "list", id: 2, place },
      { type: "list", id: 2, remove: [first + 1], place: [{ row: first, count: 1, before: first + 3 }] },
      ...[first, first + 2, first + 3, first + many - 1].map((id): ServerMessage => ({
        type: "view",
        id,
        viewdef: "Row.list-item",
        first: slots + id,
        values: [id],
      })),
    ]);
    const shown = [1, 2, 3, -1].map((which) => model.value(model.find("Row.list-item.x", which, () => 0) ?? 0));
    t.same(shown, [first + 2, first, first + 3, first + many - 1]);
    const blocks = Array.from({ length: 400 }, (_, index) => ({ row: 1e7 + index, count: 150_000, before: 0 }));
    t.throws(() => model.apply([{ type: "list", id: 2, place: blocks }]), {
      code: "LOAD_PROTOCOL",
      message: /200000 rows/,
    });
    const more = { type: "list", id: 3, place: [{ row: 2e7, count: 150_000, before: 0 }] } as const;
    t.throws(
      () => model.apply([{ ...more, place: [...more.place] }]),
      { code: "LOAD_PROTOCOL" },
      "in frames one by one, too",
    );
  },
);
