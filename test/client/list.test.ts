import t from "tap";
import type { ServerMessage, Viewdef } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, update, view, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

const place = (id: number, ...entries: [row: number, before: number, count?: number][]): ServerMessage => ({
  type: "list",
  id,
  place: entries.map(([row, before, count]) => ({ row, before, ...(count !== undefined && { count }) })),
});
const remove = (id: number, ...rows: number[]): ServerMessage => ({ type: "list", id, remove: rows });
/** Rows `first` … as views of Row.DEFAULT whose slot, the variable 100 × row, is their name. */
const rows = (first: number, names: string[]): ServerMessage[] =>
  names.map((name, index) => view(first + index, "Row.DEFAULT", 100 * (first + index), [name]));
const ROW: Record<string, Viewdef> = {
  "Row.DEFAULT": viewdef(`<li><input><b></b></li>`, bind(2, "value", 0)),
};
const LIST = viewdef(`<ul><li class="row" style="color: red">exemplar</li><li>static</li></ul>`, bind(0, "list", 0));

t.test("rows stand where the exemplar stood, with its class and style; elements after it stay", async (t) => {
  const { page, connection } = await scene(t, chromium, LIST, {
    values: [[]],
    viewdefs: ROW,
    more: [place(2, [10, 0, 3]), ...rows(10, ["a", "b", "c"])],
  });
  t.equal(await page.locator("ul").textContent(), "abcstatic");
  const row = page.locator("li").first();
  t.equal(await row.getAttribute("class"), "row");
  t.equal(await row.evaluate((element) => element.style.color), "red");
  t.equal(await row.getAttribute("data-ui-viewdef"), "Row.DEFAULT");
  await settled(page, connection, remove(2, 10, 12), place(2, [20, 11], [21, 0]), ...rows(20, ["first", "last"]));
  t.equal(await page.locator("ul").textContent(), "firstblaststatic");
  await settled(page, connection, remove(2, 20, 11, 21));
  t.equal(await page.locator("ul").textContent(), "static");
});

for (const how of ["moveBefore", "insertBefore"] as const) {
  t.test(`moved rows keep their nodes, what was typed and the focus (${how})`, async (t) => {
    const { page, connection } = await scene(t, chromium, LIST, {
      values: [[]],
      viewdefs: ROW,
      more: [place(2, [10, 0, 5]), ...rows(10, ["a", "b", "c", "d", "e"])],
      head: how === "insertBefore" ? "<script>delete Element.prototype.moveBefore</script>" : "",
    });
    t.equal(await page.evaluate("'moveBefore' in document.body"), how === "moveBefore");
    await page.evaluate(`window.before = [...document.querySelectorAll("li.row")]`);
    await page.locator("input").nth(2).pressSequentially("typed");
    const order = () => page.locator("li.row b").allTextContents();
    // The server's smallest set of moves takes the focused row from the middle to the front.
    await settled(page, connection, place(2, [12, 10]));
    t.same(await order(), ["c", "a", "b", "d", "e"]);
    await settled(page, connection, place(2, [14, 12], [13, 14], [10, 0], [11, 10]));
    t.same(await order(), ["d", "e", "c", "b", "a"]);
    t.equal(await page.evaluate("before[2].contains(document.activeElement)"), true);
    t.equal(await page.locator("input").nth(2).inputValue(), "typed");
    await page.keyboard.type("!");
    t.equal(await page.locator("input").nth(2).inputValue(), "typed!");
    t.equal(await page.evaluate(`[...document.querySelectorAll("li.row")].every((row) => before.includes(row))`), true);
  });
}

t.test(
  "values without a view are clones of the exemplar with the text; later values change the same node",
  async (t) => {
    const { page, connection } = await scene(t, chromium, LIST, {
      values: [[]],
      more: [place(2, [10, 0, 4]), update(10, "x"), update(11, 3), update(12, false), update(13, "")],
    });
    t.equal(
      await page
        .locator("ul")
        .innerHTML()
        .then((html) => html.replace("<!---->", "")),
      `<li class="row" style="color: red;">x</li><li class="row" style="color: red;">3</li><li class="row" style="color: red;">false</li><li class="row" style="color: red;"></li><li>static</li>`,
    );
    await page.evaluate(`window.first = document.querySelector("li")`);
    await settled(page, connection, update(10, "<y>"));
    t.equal(await page.locator("li").first().textContent(), "<y>");
    t.equal(await page.evaluate(`first === document.querySelector("li")`), true);
  },
);

t.test("a row can change between a plain value, a view and nothing", async (t) => {
  const { page, connection } = await scene(t, chromium, LIST, {
    values: [[]],
    viewdefs: ROW,
    more: [place(2, [10, 0, 2]), update(10, "plain"), update(11, "other")],
  });
  const text = () => page.locator("ul").textContent();
  await settled(page, connection, view(10, "Row.DEFAULT", 1000, ["view"]));
  t.equal(await text(), "viewotherstatic");
  await settled(page, connection, view(10, null), update(10, null));
  t.equal(await text(), "otherstatic");
  await settled(page, connection, update(10, "back"));
  t.equal(await text(), "backotherstatic");
});

t.test("tables, selects and other elements that only take certain children can be lists", async (t) => {
  const app = viewdef(
    `<table><thead><tr><th>h</th></tr></thead><tbody><tr class="x"></tr></tbody></table><table id="t2"></table><select></select><ol></ol><section></section>`,
    bind(0, "list", 0),
    bind(6, "list", 1),
    bind(7, "list", 2),
    bind(8, "list", 3),
    bind(9, "list", 4),
  );
  const row = viewdef(`<tr><td></td></tr>`, bind(1, "value", 0));
  const { page } = await scene(t, chromium, app, {
    values: [[], [], [], [], []],
    viewdefs: { "Row.DEFAULT": row },
    more: [
      place(2, [10, 0, 2]),
      ...rows(10, ["a", "b"]),
      place(3, [20, 0]),
      ...rows(20, ["c"]),
      place(4, [30, 0]),
      update(30, "option"),
      place(5, [40, 0]),
      update(40, "item"),
      place(6, [50, 0]),
      update(50, "div"),
    ],
  });
  t.same(await page.locator("tbody > tr.x > td").allTextContents(), ["a", "b"]);
  t.equal(await page.locator("thead th").textContent(), "h");
  t.equal(await page.locator("#t2 td").textContent(), "c");
  t.equal(await page.locator("select > option").textContent(), "option");
  t.equal(await page.locator("ol > li").textContent(), "item");
  t.equal(await page.locator("section > div").textContent(), "div");
});

t.test("when all rows go at once, what a script has put beside them stays, and rows can come again", async (t) => {
  const { page, connection } = await scene(t, chromium, viewdef(`<ul></ul>`, bind(0, "list", 0)), {
    values: [[]],
    viewdefs: ROW,
    more: [place(2, [10, 0, 3]), ...rows(10, ["a", "b", "c"])],
  });
  await settled(page, connection, remove(2, 10, 11, 12));
  t.equal(await page.locator("ul > *").count(), 0);
  await settled(page, connection, place(2, [20, 0, 2]), ...rows(20, ["d", "e"]));
  await page.evaluate(`{
    const mine = document.createElement("li");
    mine.textContent = "mine";
    document.querySelector("ul").prepend(mine);
  }`);
  t.equal(await page.locator("ul").textContent(), "minede");
  await settled(page, connection, remove(2, 20, 21));
  t.equal(await page.locator("ul").textContent(), "mine");
  await settled(page, connection, place(2, [30, 0, 2]), ...rows(30, ["f", "g"]));
  t.equal(await page.locator("ul").textContent(), "minefg");
});

t.test("rows with several roots move as one", async (t) => {
  const { page, connection } = await scene(t, chromium, viewdef(`<dl><dt></dt></dl>`, bind(0, "list", 0)), {
    values: [[]],
    viewdefs: { "Row.DEFAULT": viewdef(`<dt></dt><dd></dd>;`, bind(0, "value", 0), bind(1, "value", 0)) },
    more: [place(2, [10, 0, 3]), ...rows(10, ["a", "b", "c"])],
  });
  await settled(page, connection, place(2, [12, 10]));
  t.equal(await page.locator("dl").textContent(), "cc;aa;bb;");
});

t.test("a row whose view is itself a view moves with what that shows", async (t) => {
  const { page, connection } = await scene(t, chromium, LIST, {
    values: [[]],
    viewdefs: {
      "lua.ViewListItem.list-item": viewdef(`<div></div>`, bind(0, "view", 0)),
      "Row.DEFAULT": viewdef(`<li></li>`, bind(0, "value", 0)),
    },
    more: [
      place(2, [10, 0, 2]),
      view(10, "lua.ViewListItem.list-item", 20, [null]),
      view(11, "lua.ViewListItem.list-item", 21, [null]),
      view(20, "Row.DEFAULT", 30, ["a"]),
      view(21, "Row.DEFAULT", 31, ["b"]),
    ],
  });
  await settled(page, connection, place(2, [11, 10]));
  t.equal(await page.locator("ul").textContent(), "bastatic");
  t.equal(
    await page.locator("li.row").first().getAttribute("data-ui-viewdef"),
    "lua.ViewListItem.list-item Row.DEFAULT",
  );
  await settled(page, connection, view(21, null), view(20, "Row.DEFAULT", 40, ["new"]));
  t.equal(await page.locator("ul").textContent(), "newstatic");
  await settled(page, connection, place(2, [10, 11]), view(21, "Row.DEFAULT", 41, ["again"]));
  t.equal(await page.locator("ul").textContent(), "newagainstatic");
});

t.test("any sequence of places and removals leaves the rows in the server's order", async (t) => {
  const { page, connection } = await scene(t, chromium, viewdef(`<ul><li></li></ul>`, bind(0, "list", 0)), {
    values: [[]],
  });
  let seed = 7;
  const random = (below: number) => (seed = (seed * 16_807) % 2_147_483_647) % below;
  let expected: number[] = [];
  let next = 1000;
  for (let round = 0; round < 40; round++) {
    const messages: ServerMessage[] = [];
    const gone = expected.filter(() => random(5) === 0);
    expected = expected.filter((id) => !gone.includes(id));
    const entries: { row: number; count: number; before: number }[] = [];
    for (let index = random(6); index >= 0; index--) {
      const isNew = expected.length < 3 || random(2) === 0;
      const count = isNew ? 1 + random(3) : 1;
      const row = isNew ? next : (expected[random(expected.length)] as number);
      if (isNew) next += count;
      const moved = Array.from({ length: count }, (_, offset) => row + offset);
      expected = expected.filter((id) => !moved.includes(id));
      const at = random(expected.length + 1);
      entries.push({ row, count, before: expected[at] ?? 0 });
      expected.splice(at, 0, ...moved);
      if (isNew) messages.push(...moved.map((id) => update(id, id)));
    }
    await settled(page, connection, { type: "list", id: 2, remove: gone, place: entries }, ...messages);
    t.equal(await page.locator("ul").textContent(), expected.join(""));
  }
});

t.test(
  "ids in rows do not collide: labels and ARIA attributes lead to elements of their own row (D2-37)",
  async (t) => {
    const row = viewdef(
      `<li><label for="name">Name</label><input id="name" aria-describedby="hint other"><p id="hint"></p></li>`,
      bind(3, "value", 0),
    );
    const { page, connection } = await scene(t, chromium, LIST, {
      values: [[]],
      viewdefs: { "Row.DEFAULT": row },
      more: [place(2, [10, 0, 3]), ...rows(10, ["a", "b", "c"])],
    });
    const ids = () => page.evaluate<string[]>(`[...document.querySelectorAll("[id]")].map(({ id }) => id)`);
    t.equal(new Set(await ids()).size, 6);
    t.ok((await ids()).includes("name"), "what is there once has the id that the viewdef says");
    const own = () =>
      page.evaluate(() =>
        [...document.querySelectorAll("li.row")].every((row) => {
          const input = row.querySelector("input");
          const [hint = "", other] = input?.getAttribute("aria-describedby")?.split(" ") ?? [];
          return (
            row.querySelector("label")?.control === input &&
            row.contains(document.getElementById(hint)) &&
            other === "other"
          );
        }),
      );
    t.equal(await own(), true);
    for (const name of ["b", "c"]) {
      await page.locator("li.row", { hasText: name }).locator("label").click();
      t.equal(await page.evaluate(`document.activeElement.closest("li").querySelector("p").textContent`), name);
    }
    await settled(page, connection, remove(2, 10), place(2, [20, 0]), ...rows(20, ["d"]));
    t.equal(new Set(await ids()).size, 6);
    t.equal(await own(), true);
    await settled(page, connection, remove(2, 20, 11, 12), place(2, [30, 0]), ...rows(30, ["e"]));
    t.same(await ids(), ["name", "hint"], "alone again, with the plain ids");
  },
);
