import type { Page } from "playwright-core";
import t, { type Test } from "tap";
import { Chromium } from "../support/chromium.ts";
import { comes } from "../support/demo.ts";
import { driven, edit } from "../support/driven-page.ts";
import { startHotSite } from "../support/hot-site.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";

/** Rows of a list: a hundred thousand in some, and in others as many as show the same. */
const rowsOf = (name: string): number => (name === "self" || name === "page" ? 100_000 : 20_000);

/** Of each kind of list one page, by its namespace; rows have the class "row", what is scrolled has the id "box". */
const lists: Record<string, string> = {
  box: `<div id="box" style="height: 300px; overflow: auto"><header style="height: 50px">above</header>
    <div ui-viewlist="rows?window"></div><footer>below</footer></div>`,
  self: `<div id="box" style="height: 300px; overflow: auto" ui-viewlist="rows?window"></div>`,
  page: `<header style="height: 300px">above</header><div ui-viewlist="rows?window"></div><footer>below</footer>`,
  list: `<ul id="box" style="height: 300px; overflow: auto" ui-viewlist="rows?window"></ul>`,
  numbers: `<ol id="box" style="height: 300px; overflow: auto" ui-viewlist="rows?window"></ol>`,
  table: `<div id="box" style="height: 300px; overflow: auto"><table style="border-spacing: 0 4px"><thead><tr><th>Name</th></tr></thead>
    <tbody ui-viewlist="rows?window"></tbody></table></div>`,
  grid: `<div id="box" style="height: 300px; overflow: auto; display: grid; gap: 6px; grid-auto-rows: max-content" ui-viewlist="rows?window"></div>`,
  flex: `<div id="box" style="height: 300px; overflow: auto; display: flex; flex-direction: column; gap: 3px" ui-viewlist="rows?window"></div>`,
  uneven: `<div id="box" style="height: 300px; overflow: auto" ui-viewlist="rows?window"></div>`,
  log: `<div id="box" style="height: 300px; overflow: auto" ui-viewlist="rows?window&scrollOnOutput"></div>`,
  shadow: `<scroll-box><div ui-viewlist="rows?window"></div></scroll-box>`,
};
const tags: Record<string, string> = { list: "li", numbers: "li", table: "tr" };
const rowOf = (name: string): string => {
  const tag = tags[name] ?? "div";
  const cell = tag === "tr" ? "td" : "span";
  const height = name === "uneven" ? ` ui-style-height="height()"` : "";
  return `<template><${tag} class="row" style="flex: none; height: 24px" ui-attr-data-name="name"${height}><${cell}><b ui-value="name"></b><input ui-value="note"></${cell}></${tag}></template>`;
};

const site: Record<string, string> = {
  "html/index.html": plainPage.replace(
    "<div ui-app>",
    `<script>customElements.define("scroll-box", class extends HTMLElement {
      constructor() {
        super();
        const inner = document.createElement("div");
        inner.id = "inner";
        inner.style.cssText = "height: 300px; overflow: auto";
        inner.append(document.createElement("slot"));
        this.attachShadow({ mode: "open" }).append(inner);
      }
    })</script><div ui-app>`,
  ),
  "lua/main.lua": `
local Row = session:prototype("Row", { name = 0, note = "" })
function Row:height() return 16 + self.name * 7 % 40 .. "px" end
local app = session:prototype("App", { rows = EMPTY, shown = EMPTY }):new{ rows = {}, shown = {} }
local made = 0
local function fresh() made = made + 1 return Row:new{ name = made } end
local function insert(at, count)
  table.move(app.rows, at, #app.rows, at + count)
  for i = at, at + count - 1 do app.rows[i] = fresh() end
end
local function remove(at, count)
  local n = #app.rows
  table.move(app.rows, at + count, n + count, at)
end
${driven.lua("app = app, insert = insert, remove = remove")}
function app:choose(name)
  for i = #self.rows + 1, (name == "self" or name == "page") and 100000 or 20000 do self.rows[i] = fresh() end
  self.shown = { type = "Shown" .. name, rows = self.rows }
end
session:createAppVariable(app)
`,
  "viewdefs/App.DEFAULT.html": `<template><main style="margin: 0">${driven.html}<input id="choose" hidden ui-value="choose(_)"><div ui-view="shown"></div></main></template>`,
};
for (const [name, html] of Object.entries(lists)) {
  site[`viewdefs/Shown${name}.DEFAULT.html`] = `<template><section ui-namespace="${name}">${html}</section></template>`;
  site[`viewdefs/Row.${name}.html`] = rowOf(name);
}

/** Making and sorting so many rows may take a while where many tests share few cores. */
const timeLimit = 60_000;
const host = await startRealHost(t, site, { timeLimit });
const chromium = await Chromium.launch(t);

/** A page with one of the lists. */
async function open(t: Test, name: string): Promise<Page> {
  const page = await chromium.open(t, `${host.origin}/`, { viewport: { width: 600, height: 400 } });
  await page.waitForFunction(`document.getElementById("choose")`);
  await page.evaluate(`document.body.style.margin = 0; moonpool.updateValue("choose", "${name}")`);
  await page.locator(".row").first().waitFor();
  return page;
}

/** What is seen of a list: names of the rows in sight, and where the first of them is; undefined while some are missing. */
interface Sight {
  names: number[];
  top: number;
}

function sight(page: Page): Promise<Sight | undefined> {
  return page.evaluate(() => {
    const box =
      document.getElementById("box") ?? document.querySelector("scroll-box")?.shadowRoot?.getElementById("inner");
    const clip = box ? box.getBoundingClientRect() : { top: 0, bottom: innerHeight };
    const spaces = [...document.querySelectorAll("[aria-hidden]")].map((space) => space.getBoundingClientRect());
    const isIn = ({ top, bottom }: { top: number; bottom: number }) =>
      bottom > clip.top + 0.5 && top < clip.bottom - 0.5;
    if (spaces.some((rect) => rect.height > 0 && isIn(rect))) return undefined;
    const rows = [...document.querySelectorAll<HTMLElement>(".row")].filter((row) => isIn(row.getBoundingClientRect()));
    return {
      names: rows.map((row) => Number(row.dataset["name"])),
      top: rows[0]?.getBoundingClientRect().top ?? 0,
    };
  });
}

/** Resolves when all rows in sight are there, in order and without a gap. */
async function whole(t: Test, page: Page, what: string): Promise<Sight> {
  let seen: Sight | undefined;
  await comes(t, async () => (seen = await sight(page)) !== undefined && seen.names.length > 0, true, what);
  return seen ?? { names: [], top: 0 };
}

const scrollTo = (page: Page, top: number): Promise<void> =>
  page.evaluate((top) => {
    const inner = document.querySelector("scroll-box")?.shadowRoot?.getElementById("inner");
    (document.getElementById("box") ?? inner ?? document.scrollingElement)?.scrollTo({ top, behavior: "instant" });
  }, top);

const heightOf = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const inner = document.querySelector("scroll-box")?.shadowRoot?.getElementById("inner");
    return (document.getElementById("box") ?? inner ?? document.scrollingElement)?.scrollHeight ?? 0;
  });

const count = (page: Page): Promise<number> => page.locator(".row").count();
const isRun = (names: number[]): boolean =>
  names.every((name, index) => index === 0 || name === (names[index - 1] ?? 0) + 1);

/** The distance from row to row, and what is above the first, where rows are of one height. */
const layouts: Record<string, { pitch: number; above: number }> = {
  box: { pitch: 24, above: 50 },
  self: { pitch: 24, above: 0 },
  page: { pitch: 24, above: 300 },
  list: { pitch: 24, above: 0 },
  numbers: { pitch: 24, above: 0 },
  grid: { pitch: 30, above: 0 },
  flex: { pitch: 27, above: 0 },
  shadow: { pitch: 24, above: 0 },
};

for (const [name, { pitch, above }] of Object.entries(layouts)) {
  t.test(
    `${name}: wherever one scrolls to in ${rowsOf(name)} rows, the rows are those that belong there`,
    async (t) => {
      const page = await open(t, name);
      const first = await whole(t, page, "the first rows");
      t.equal(first.names[0] ?? 1, 1);
      const full = above + rowsOf(name) * pitch;
      const half = Math.floor(full / 2);
      const height = await heightOf(page);
      t.ok(Math.abs(height - full) < 60, `${height} pixels high, as ${full} for all rows`);
      for (const at of [40, 400, 3000, half, half + 100, half - 500, half >> 1, full - 5000, 5000, 0]) {
        await scrollTo(page, at);
        const { names, top } = await whole(t, page, `at ${at}`);
        t.ok(isRun(names), `${at}: ${names.join(" ")}`);
        const offset = at - above;
        if (offset >= 0) {
          t.equal(names[0], Math.floor(offset / pitch) + (offset % pitch < 24 ? 1 : 2), `the first in sight at ${at}`);
          const box =
            name === "page"
              ? 0
              : await page.evaluate(
                  () =>
                    (document.getElementById("box") ?? document.querySelector("scroll-box"))?.getBoundingClientRect()
                      .top ?? 0,
                );
          t.ok(Math.abs(top - box + offset - ((names[0] ?? 0) - 1) * pitch) < 1, `at its place at ${at}`);
        }
        t.ok((await count(page)) <= 80, "few rows are in the page");
      }
      await scrollTo(page, full);
      const last = await whole(t, page, "the end");
      t.equal(last.names.at(-1), rowsOf(name));
      t.ok(Math.abs((await heightOf(page)) - full) < 60);
    },
  );
}

t.test("table: rows stand in the body, under each other, at any place", async (t) => {
  const page = await open(t, "table");
  for (const at of [0, 900, 300_000, 299_000, 100, 0]) {
    await scrollTo(page, at);
    const { names } = await whole(t, page, `at ${at}`);
    t.ok(isRun(names), `${at}: ${names.join(" ")}`);
    t.equal(await page.locator("tbody > tr.row").count(), await count(page));
  }
});

t.test("rows of an <ol> have the numbers that they would have among all", async (t) => {
  const page = await open(t, "numbers");
  await scrollTo(page, 240_000);
  const { names } = await whole(t, page, "at row 10,000");
  const snapshot = await page.locator("ol").ariaSnapshot();
  t.match(snapshot, "listitem");
  const increment = await page
    .locator("ol > [aria-hidden]")
    .first()
    .evaluate((space) => getComputedStyle(space).counterIncrement);
  const first = Number(await page.locator(".row").first().getAttribute("data-name"));
  t.equal(increment, `list-item ${first - 1}`);
  t.equal(names[0], 10_001);
});

t.test("uneven: what is in sight does not jump when rows come and go, and both ends can be reached", async (t) => {
  const page = await open(t, "uneven");
  await whole(t, page, "the first rows");
  /** Scrolls by `step`, and looks how far each row in sight moved when other rows have come. */
  const go = async (step: number): Promise<void> => {
    const jump = await page.evaluate(async (step) => {
      const box = document.getElementById("box") as HTMLElement;
      const places = () =>
        new Map(
          [...box.querySelectorAll<HTMLElement>(".row")].map((row) => [
            row.dataset["name"],
            row.getBoundingClientRect().top,
          ]),
        );
      const before = places();
      const top = box.scrollTop;
      box.scrollTo({ top: top + step, behavior: "instant" });
      const moved = box.scrollTop - top;
      for (let frames = 0; frames < 12; frames++) await new Promise(requestAnimationFrame);
      const clip = box.getBoundingClientRect();
      let most = 0;
      for (const [name, now] of places()) {
        const was = before.get(name);
        if (was !== undefined && now > clip.top && now < clip.bottom)
          most = Math.max(most, Math.abs(was - moved - now));
      }
      return most;
    }, step);
    t.ok(jump < 1.5, `rows in sight moved by ${jump} pixels of their own`);
    const { names } = await whole(t, page, "scrolled");
    t.ok(isRun(names), names.join(" "));
  };
  await scrollTo(page, 350_000);
  const { names } = await whole(t, page, "in the middle");
  t.ok((names[0] ?? 0) > 7_000 && (names[0] ?? 0) < 13_000, `row ${names[0]} is about where it ought to be`);
  for (let step = 0; step < 12; step++) await go(-200);
  for (let step = 0; step < 12; step++) await go(170);
  for (let tries = 0; tries < 5; tries++) {
    await scrollTo(page, 1e9);
    await whole(t, page, "the end");
  }
  t.equal((await whole(t, page, "the end")).names.at(-1), rowsOf("uneven"));
  for (let tries = 0; tries < 5; tries++) {
    await scrollTo(page, 0);
    await whole(t, page, "the beginning");
  }
  t.equal((await whole(t, page, "the beginning")).names[0], 1);
  for (let step = 0; step < 8; step++) await go(250);
  for (let step = 0; step < 7; step++) await go(-250);
});

t.test("what people see stays where it is while rows come and go elsewhere", async (t) => {
  const page = await open(t, "box");
  await scrollTo(page, 50 + 24 * 5000 + 7);
  const before = await whole(t, page, "row 5,001");
  t.equal(before.names[0], 5001);
  const same = async (what: string): Promise<void> => {
    const { names, top } = await whole(t, page, what);
    t.same(names, before.names, what);
    t.ok(Math.abs(top - before.top) < 1, `${what}: at its place`);
  };
  await edit(page, "insert(1, 1)");
  await same("one row more above");
  await edit(page, "insert(100, 300)");
  await same("300 rows more above");
  await edit(page, "remove(10, 200)");
  await same("200 rows less above");
  await edit(page, "insert(#app.rows + 1, 1)");
  await same("one row more below");
  await scrollTo(page, (await page.evaluate(() => document.getElementById("box")?.scrollTop ?? 0)) + 24);
  const later = await whole(t, page, "scrolled on");
  t.same(later.names[0], 5002);
  await scrollTo(page, 0);
  const top = await whole(t, page, "the beginning");
  await edit(page, "insert(1, 1)");
  const now = await whole(t, page, "one more at the beginning, which is in sight");
  t.equal(now.names[1], top.names[0]);
});

t.test("a row in which somebody types is kept, with the focus and what was typed, wherever one scrolls", async (t) => {
  const page = await open(t, "box");
  await page.locator('[data-name="4"] input').click();
  await page.keyboard.type("half");
  await page.evaluate(`window.field = document.activeElement`);
  for (const at of [2000, 240_000, 700, 400_000]) {
    await scrollTo(page, at);
    const { names } = await whole(t, page, `at ${at}`);
    t.ok(isRun(names), names.join(" "));
    t.equal(await page.evaluate(`document.activeElement === field && field.isConnected`), true, "it has the focus");
  }
  await edit(page, "insert(1, 1)");
  await edit(page, "table.sort(app.rows, function(one, other) return one.name > other.name end)");
  t.equal(await page.evaluate(`document.activeElement === field && field.value`), "half", "also when all is sorted");
  await page.keyboard.type(" way");
  await comes(
    t,
    async () => {
      const names = (await sight(page))?.names ?? [];
      return names.includes(4) && names.every((name, index) => name === (names[0] ?? 0) - index);
    },
    true,
    "typing brings it into sight, among its neighbours",
  );
  t.equal(await page.evaluate(`document.activeElement === field`), true);
  await page.keyboard.press("Tab");
  await edit(page, `assert(app.rows[#app.rows - 3].note == "half way", app.rows[#app.rows - 3].note)`);
  t.equal(await page.locator(".ui-error").count(), 0);
});

t.test("a log with a window stays at its end while lines come, until somebody scrolls up", async (t) => {
  const page = await open(t, "log");
  const all = rowsOf("log");
  const end = async (name: number, what: string) => {
    await comes(t, async () => (await sight(page))?.names.at(-1), name, what);
  };
  await end(all, "it is at its end");
  for (let round = 1; round <= 5; round++) {
    await edit(page, "insert(#app.rows + 1, 3)");
    await end(all + 3 * round, "it follows");
  }
  await edit(page, "insert(#app.rows + 1, 500)");
  await end(all + 515, "also when much comes at once");
  await page.locator("#box").hover();
  await page.mouse.wheel(0, -200);
  await comes(t, async () => (await sight(page))?.names.includes(all + 515), false, "scrolled up");
  const before = await whole(t, page, "scrolled up");
  for (const code of ["insert(#app.rows + 1, 1)", "insert(#app.rows + 1, 400)"]) {
    await edit(page, code);
    const now = await whole(t, page, "left there");
    t.same([now.names, Math.round(now.top)], [before.names, Math.round(before.top)]);
  }
  await scrollTo(page, 1e9);
  await end(all + 916, "back at its end");
  await edit(page, "insert(#app.rows + 1, 1)");
  await end(all + 917, "it follows again");
});

t.test("scrolling asks for rows in few small questions, and leaves nothing behind", async (t) => {
  const page = await open(t, "self");
  await whole(t, page, "the first rows");
  const before = await page.evaluate(`moonpool.statistics()`);
  for (let at = 0; at < 6000; at += 60) await scrollTo(page, at);
  await scrollTo(page, 500_000);
  await whole(t, page, "far away");
  await scrollTo(page, 0);
  await whole(t, page, "back");
  const after = await page.evaluate<Record<string, number>>(`moonpool.statistics()`);
  const { frames, ...rest } = after;
  t.ok((frames ?? 0) - (before as { frames: number }).frames < 60, "not one for each pixel");
  t.ok((rest["variables"] ?? 0) < 400, `${rest["variables"]} variables`);
  await page.evaluate(`moonpool.updateValue("choose", "list")`);
  await page.locator("ul").waitFor();
  await page.evaluate(`moonpool.updateValue("choose", "self")`);
  await page.locator("ul").waitFor({ state: "detached" });
  await comes(
    t,
    () => page.evaluate(`moonpool.statistics().listeners`),
    (before as { listeners: number }).listeners,
    "listeners",
  );
});

t.test("a list with a window goes on where it is when its viewdefs are edited", async (t) => {
  const hot = await startHotSite(t, site, { timeLimit });
  const page = await hot.open(t, { viewport: { width: 600, height: 400 } });
  await page.waitForFunction(`document.getElementById("choose")`);
  await page.evaluate(`document.body.style.margin = 0; moonpool.updateValue("choose", "box")`);
  await page.locator(".row").first().waitFor();
  await scrollTo(page, 50 + 24 * 3000 + 7);
  const before = await whole(t, page, "row 3,001");
  t.equal(before.names[0], 3001);
  await page.locator(`[data-name="3004"] input`).fill("typed");
  await page.evaluate(`window.kept = document.querySelector('[data-name="3004"]')`);
  const same = async (what: string): Promise<void> => {
    const { names, top } = await whole(t, page, what);
    t.same(names, before.names, what);
    t.ok(Math.abs(top - before.top) < 1.5, `${what}: at its place`);
    t.equal(
      await page.evaluate(`kept.isConnected && kept.querySelector("input").value`),
      "typed",
      `${what}: the row goes on`,
    );
  };
  hot.edit("viewdefs/Row.box.html", "<b ", `<i class="new">new</i><b `);
  await page.locator(`[data-name="3004"] .new`).waitFor();
  await same("rows have another element in them");
  hot.edit("viewdefs/Shownbox.DEFAULT.html", "<footer>below", `<footer class="after">changed`);
  await page.locator(".after").waitFor({ state: "attached" });
  await same("what is around the list is another text");
  hot.edit(
    "viewdefs/Shownbox.DEFAULT.html",
    `<div ui-viewlist="rows?window"></div>`,
    `<section><p hidden></p><article ui-viewlist="rows?window"></article></section>`,
  );
  await page.locator("article .row").first().waitFor();
  const moved = await whole(t, page, "the list is in another element");
  t.ok(isRun(moved.names) && moved.names.includes(3004), `${moved.names.join(" ")}: about where it was`);
  t.equal(await page.evaluate(`kept.isConnected && kept.querySelector("input").value`), "typed");
  t.equal(await page.locator("[aria-hidden]").count(), 2, "one space at each end");
  await scrollTo(page, 24 * 15_000);
  t.ok(isRun((await whole(t, page, "far away")).names), "and it goes on to work");
  hot.edit("viewdefs/Shownbox.DEFAULT.html", "rows?window", "rows?window=20&last=1000");
  await comes(
    t,
    async () => Math.round((await heightOf(page)) / 1000),
    24,
    "other options: another list, whose end is near",
  );
  await scrollTo(page, 1e9);
  t.equal((await whole(t, page, "the end")).names.at(-1), rowsOf("box"));
  hot.edit("viewdefs/Shownbox.DEFAULT.html", "rows?window=20&last=1000", "rows?last=10");
  await comes(t, () => count(page), 10, "no window any more");
  t.equal(await page.locator("[aria-hidden]").count(), 0);
});
