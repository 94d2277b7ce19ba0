// Lists keyed by identity, in everything that can hold rows: scenarios C1–C19 and B13, seed rows D2-33, D2-34.
import type { Page } from "playwright-core";
import t, { type Test } from "tap";
import { Chromium } from "../support/chromium.ts";
import { driven, edit } from "../support/driven-page.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";

/** The same rows in all of these; each row is an element of class "row" with `data-name`. */
const KINDS = ["ul", "table", "grid", "select", "plain", "presented"] as const;

const site: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
local Row = session:prototype("Row", { name = "", note = "", hot = false })
local app = session:prototype("App", { rows = EMPTY, others = EMPTY, typed = "", sent = EMPTY }):new{ sent = {} }
Presenter = session:prototype("Presenter", { baseItem = EMPTY, index = 0, list = EMPTY, made = 0 })
local made = 0
function Presenter:new(inst) made = made + 1 inst.made = made return session:create(self, inst) end
local known = {}
local function row(name) known[name] = known[name] or Row:new{ name = name } return known[name] end
local function set(text)
  local rows = {}
  for name in text:gmatch("%S+") do rows[#rows + 1] = row(name) end
  app.rows = rows
end
set("a b c d e f g h")
app.others = { row("x"), row("y") }
function app:write(text) self.typed = text table.insert(self.sent, "typed " .. text) end
function app:submit() table.insert(self.sent, "sent " .. self.typed) end
${driven.lua("app = app, row = row, set = set, Row = Row, known = known")}
session:createAppVariable(app)
`,
  "viewdefs/App.DEFAULT.html": `<template><main>${driven.html}
<ul class="list" ui-viewlist="rows"></ul><table class="list"><tbody ui-viewlist="rows" ui-namespace="TABLE"></tbody></table>
<div class="list grid" style="display: grid; grid-template-columns: 1fr 1fr" ui-viewlist="rows"></div>
<select class="list" multiple ui-viewlist="rows" ui-namespace="OPTION"></select>
<section class="list" ui-viewlist="rows"></section><section class="list" ui-viewlist="rows?itemWrapper=Presenter"></section>
<div id="others" ui-viewlist="others"></div>
<div id="last" ui-viewlist="rows?last=5" ui-namespace="SHORT"></div><div id="first" ui-viewlist="rows?first=5" ui-namespace="SHORT"></div>
<form ui-event-submit="submit()"><input id="field" ui-value="write(_)?keypress"><ol ui-viewlist="sent"></ol><button>send</button></form></main></template>`,
  "viewdefs/Row.list-item.html": `<template><li class="row" ui-attr-data-name="name" ui-class-hot="hot"><b ui-value="name"></b><input ui-value="note?keypress"></li></template>`,
  "viewdefs/Row.SHORT.html": `<template><b class="row" ui-attr-data-name="name"></b></template>`,
  "viewdefs/Row.TABLE.html": `<template><tr class="row" ui-attr-data-name="name" ui-class-hot="hot"><td><b ui-value="name"></b></td><td><input ui-value="note?keypress"></td></tr></template>`,
  "viewdefs/Row.OPTION.html": `<template><option class="row" ui-attr-data-name="name" ui-class-hot="hot" ui-attr-value="name" ui-value="name"></option></template>`,
  "viewdefs/Presenter.list-item.html": `<template><p class="row" ui-attr-data-name="baseItem.name" ui-class-hot="baseItem.hot"><b ui-value="index"></b> <i ui-value="made"></i><input ui-value="baseItem.note"></p></template>`,
};

const host = await startRealHost(t, site);
const chromium = await Chromium.launch(t);

async function open(t: Test): Promise<Page> {
  const page = await chromium.open(t, `${host.origin}/`);
  await page.locator("#edit").waitFor({ state: "attached" });
  return page;
}

/** Names of the rows of each list. */
function names(page: Page, selector = ".list"): Promise<string[]> {
  return page
    .locator(selector)
    .evaluateAll((lists) =>
      lists.map((list) =>
        Array.from(list.querySelectorAll<HTMLElement>(".row"), (row) => row.dataset["name"]).join(" "),
      ),
    );
}

/** All lists show these rows in this order. */
async function show(t: Test, page: Page, expected: string, what?: string): Promise<void> {
  for (const [index, shown] of (await names(page)).entries())
    t.equal(shown, expected, `${KINDS[index]}: ${what ?? expected}`);
}

/** Marks every row's element, so that one can see which are the same later. */
const mark = (page: Page): Promise<void> =>
  page.evaluate(() => {
    for (const row of document.querySelectorAll<HTMLElement & { mark?: string | undefined }>(".list .row"))
      row.mark ??= row.dataset["name"];
  });

/** Rows whose element is another one than that which was marked for it; of rows in `of` there are no others. */
const strangers = (page: Page, of: string): Promise<string[]> =>
  page.evaluate(
    (of) =>
      Array.from(document.querySelectorAll<HTMLElement & { mark?: string | undefined }>(".list .row"))
        .filter((row) => of.split(" ").includes(row.dataset["name"] ?? "") && row.mark !== row.dataset["name"])
        .map((row) => `${row.localName} ${row.dataset["name"]}`),
    of,
  );

t.test("C1–C3: rows come, change and go, and nothing else is touched", async (t) => {
  const page = await open(t);
  await show(t, page, "a b c d e f g h");
  await mark(page);
  await page.evaluate(() => {
    const touched: string[] = [];
    Object.assign(window, { touched });
    new MutationObserver((records) => {
      for (const { target } of records) {
        const row = (target instanceof Element ? target : target.parentElement)?.closest<HTMLElement>(".row, #others");
        if (row) touched.push(row.dataset["name"] ?? row.id);
      }
    }).observe(document.querySelector("main") as Element, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
  });
  await edit(page, "row('c').hot = true");
  t.equal(await page.locator(".list .row.hot").count(), KINDS.length, "a row changes in every list");
  t.same(await page.evaluate(`[...new Set(touched)]`), ["c"], "and no other row");
  await page.evaluate(`touched.length = 0`);
  await edit(page, "table.remove(app.rows, 2)");
  await show(t, page, "a c d e f g h");
  await edit(page, "table.insert(app.rows, 4, row('new'))");
  await show(t, page, "a c d new e f g h");
  const touched = await page.evaluate<string[]>(`[...new Set(touched)]`);
  t.notOk(touched.includes("others"), "other lists are not touched");
  t.same(await strangers(page, "a c d e f g h"), [], "rows that stay keep their elements");
});

t.test("C4–C7, C10: any other order, with rows that come and go, is exactly the session's order", async (t) => {
  const page = await open(t);
  await mark(page);
  await edit(page, "table.insert(app.rows, 1, table.remove(app.rows, 2))");
  await show(t, page, "b a c d e f g h", "C4");
  await edit(page, "row('a').hot = true set('h n1 a b n2 g')");
  await show(t, page, "h n1 a b n2 g", "C6");
  t.equal(await page.locator(".list .row.hot").count(), KINDS.length, "C7: rows that stay show what changed in them");
  t.same(await strangers(page, "a b g h"), []);
  await edit(page, "set('g n2 b a n1 h')");
  await show(t, page, "g n2 b a n1 h", "C10");
  t.same(await strangers(page, "a b g h"), []);
  await edit(page, "app.rows = {}");
  await show(t, page, "", "C5");
  await edit(page, "set('a b')");
  await show(t, page, "a b", "and from nothing");
});

t.test("C8, C9, C11, C13: other lists and back, filtering, many at once", async (t) => {
  const page = await open(t);
  await edit(page, "fruits = app.rows set('kale leek') veggies = app.rows");
  await show(t, page, "kale leek", "C8");
  await edit(page, "app.rows = fruits");
  await show(t, page, "a b c d e f g h", "C8: and back");
  await edit(page, "set('b e')");
  await show(t, page, "b e", "C9: filtered");
  await edit(page, "table.insert(app.rows, 1, row('first'))");
  await show(t, page, "first b e", "C11: one in front");
  await edit(page, "app.rows = fruits");
  await show(t, page, "a b c d e f g h", "C9, C11: all again");
  await edit(page, "app.rows[#app.rows + 1] = row('last')");
  await show(t, page, "a b c d e f g h last", "C11: one behind");
  await edit(page, "for i = 1, 5 do table.insert(app.rows, 3 + i, row('m' .. i)) end");
  await show(t, page, "a b c m1 m2 m3 m4 m5 d e f g h last", "C13");
});

t.test("C14–C19: lists with a limit show so many, whatever comes where", async (t) => {
  const page = await open(t);
  const limits = async (last: string, first: string, what: string) =>
    t.same(await names(page, "#last, #first"), [last, first], what);
  await limits("d e f g h", "a b c d e", "C14");
  await page.evaluate(() => {
    const changes: number[] = [];
    Object.assign(window, { changes });
    for (const id of ["last", "first"])
      new MutationObserver((records) => changes.push(records.length)).observe(document.getElementById(id) as Element, {
        childList: true,
      });
  });
  await edit(page, "app.rows[#app.rows + 1] = row('i')");
  await limits("e f g h i", "a b c d e", "C15, C17: one more behind");
  await edit(page, "for i = 1, 10 do app.rows[#app.rows + 1] = row('j' .. i) end");
  await limits("j6 j7 j8 j9 j10", "a b c d e", "C15, C17: ten more behind");
  await edit(page, "table.insert(app.rows, 1, row('0'))");
  await limits("j6 j7 j8 j9 j10", "0 a b c d", "C16, C18: one more in front");
  await edit(page, "table.insert(app.rows, #app.rows - 1, row('p')) table.insert(app.rows, 3, row('q'))");
  await limits("j7 j8 p j9 j10", "0 a q b c", "C19");
  await edit(page, "set('a b')");
  await limits("a b", "a b", "fewer than that");
  t.ok((await page.evaluate<number[]>(`changes`)).length <= 12, "what does not change is not touched");
});

t.test(
  "30 random shuffles: the order is the session's, every row keeps its element, what was typed, and the focus",
  async (t) => {
    const page = await open(t);
    await edit(
      page,
      "local text = {} for i = 1, 40 do text[i] = 'r' .. i end set(table.concat(text, ' ')) math.randomseed(7)",
    );
    await mark(page);
    for (const list of ["ul", "table", ".grid"])
      await page.locator(`${list} [data-name="r17"] input`).fill(`in ${list}`);
    await page.locator(`table [data-name="r23"] input`).pressSequentially("half");
    await page.evaluate(`window.focused = document.activeElement; document.querySelector("select").value = "r5"`);
    for (let round = 0; round < 30; round++) {
      await edit(
        page,
        `local rows = app.rows
       for i = #rows, 2, -1 do local j = math.random(i) rows[i], rows[j] = rows[j], rows[i] end
       local text = {} for i, one in ipairs(rows) do text[i] = one.name end app.rows[1].note = app.rows[1].note
       app.order = table.concat(text, " ")`,
      );
      const [first = "", ...others] = await names(page);
      t.ok(
        others.every((other) => other === first),
        "all lists agree",
      );
      t.equal(first.split(" ").length, 40);
      await edit(page, `assert(app.order == "${first}", app.order)`);
      t.equal(await page.locator(".ui-error").count(), 0, "as the session has it");
      t.equal(await page.evaluate(`document.activeElement === focused`), true, "the focus stays");
      await page.keyboard.type("+");
    }
    t.same(await strangers(page, first40), []);
    t.equal(await page.locator(`table [data-name="r23"] input`).inputValue(), `half${"+".repeat(30)}`);
    t.equal(await page.locator(`.grid [data-name="r17"] input`).inputValue(), "in .grid");
    t.equal(await page.evaluate(`document.querySelector("select").value`), "r5", "the option that was chosen is");
  },
);
const first40 = Array.from({ length: 40 }, (_, index) => `r${index + 1}`).join(" ");

t.test("rows keep where they are scrolled to, what plays, running animations and frames when they move", async (t) => {
  const page = await open(t);
  await page.evaluate(async () => {
    for (const row of document.querySelectorAll<HTMLElement>("ul .row, table .row td, .grid .row")) {
      const box = document.createElement("div");
      box.style.cssText = "overflow: auto; height: 20px";
      box.append(document.createElement("p"));
      box.querySelector("p")!.style.height = "300px";
      row.append(box, document.createElement("iframe"));
      box.scrollTop = 50;
    }
    const canvas = document.createElement("canvas");
    canvas.getContext("2d")?.fillRect(0, 0, 4, 4);
    const videos: HTMLVideoElement[] = [];
    const animations: Animation[] = [];
    for (const row of document.querySelectorAll<HTMLElement>(".list:not(select) .row")) {
      const video = document.createElement("video");
      video.muted = true;
      video.srcObject = canvas.captureStream(20);
      (row.querySelector("td") ?? row).append(video);
      videos.push(video);
      animations.push(row.animate([{ opacity: 0.5 }, { opacity: 1 }], { duration: 1e6 }));
    }
    for (const animation of animations) animation.currentTime = 5e5;
    await Promise.all(videos.map((video) => video.play()));
    for (const frame of document.querySelectorAll("iframe"))
      Object.assign(frame.contentWindow as Window, { kept: true });
    Object.assign(window, { videos, animations });
  });
  for (const order of ["h g f e d c b a", "d a h b g c f e", "a b c d e f g h"]) {
    await edit(page, `set("${order}")`);
    await show(t, page, order);
    const state = await page.evaluate(() => {
      const { videos, animations } = window as never as { videos: HTMLVideoElement[]; animations: Animation[] };
      return {
        scrolled: [...document.querySelectorAll(".row div")].filter(({ scrollTop }) => scrollTop !== 50).length,
        paused: videos.filter(({ paused }) => paused).length,
        stopped: animations.filter(({ playState, currentTime }) => playState !== "running" || Number(currentTime) < 5e5)
          .length,
        frames: [...document.querySelectorAll("iframe")].filter(
          (frame) => !(frame.contentWindow as never as { kept?: boolean })?.kept,
        ).length,
      };
    });
    t.same(state, { scrolled: 0, paused: 0, stopped: 0, frames: 0 }, order);
  }
});

t.test("presenters are made once for each element, and follow it (D2-33, D2-34)", async (t) => {
  const page = await open(t);
  const presented = () =>
    page
      .locator("section .row:has(i)")
      .evaluateAll((rows) =>
        rows.map(
          (row) =>
            `${(row as HTMLElement).dataset["name"]} ${row.querySelector("b")?.textContent} ${row.querySelector("i")?.textContent}`,
        ),
      );
  await edit(page, "set('a b c')");
  const made = Object.fromEntries((await presented()).map((text) => [text[0], text.split(" ")[2]]));
  await edit(page, "set('c a b')");
  t.same(await presented(), [`c 0 ${made["c"]}`, `a 1 ${made["a"]}`, `b 2 ${made["b"]}`]);
  await edit(page, "set('c x a b')");
  const [, x = ""] = await presented();
  t.match(x, /^x 1 \d+$/);
  t.notOk(Object.values(made).includes(x.split(" ")[2] ?? ""), "one more was made");
  t.same(
    (await presented()).filter((text) => text[0] !== "x"),
    [`c 0 ${made["c"]}`, `a 2 ${made["a"]}`, `b 3 ${made["b"]}`],
  );
});

t.test(
  "B13: a list that grows with each key of a form beside it has each row once, and the field what was typed",
  async (t) => {
    const page = await open(t);
    const field = page.locator("#field");
    await field.click();
    const said = (text: string) => page.locator("ol li", { hasText: new RegExp(`^${text}$`) });
    await page.keyboard.type("a");
    await said("typed a").waitFor();
    await page.keyboard.type("b");
    await said("typed ab").waitFor();
    await page.keyboard.press("Enter");
    await said("sent ab").waitFor();
    t.same(await page.locator("ol li").allTextContents(), ["typed a", "typed ab", "sent ab"]);
    t.equal(await field.inputValue(), "ab");
    t.equal(await page.evaluate(`document.activeElement.id`), "field");
  },
);

t.test("one row that moves in a list of 300 is at most 200 bytes on the wire", async (t) => {
  const wire = await startRealHost(t, {
    "html/index.html": plainPage,
    "lua/main.lua": `
local Row = session:prototype("Row", { name = "" })
local app = session:prototype("App", { rows = EMPTY }):new{ rows = {} }
for i = 1, 300 do app.rows[i] = Row:new{ name = "a row with a rather long name, number " .. i } end
function app:move(places) table.insert(self.rows, places[2], table.remove(self.rows, places[1])) end
session:createAppVariable(app)`,
    "viewdefs/App.DEFAULT.html": `<template><ul ui-viewlist="rows"></ul><i ui-action="move(_)"></i></template>`,
    "viewdefs/Row.list-item.html": `<template><li ui-value="name"></li></template>`,
  });
  const { page } = await wire.open();
  const sizes: number[] = [];
  page.tab.socket.on("message", (data: Buffer) => void (data.includes('"messages"') && sizes.push(data.length)));
  for (const places of [
    [1, 300],
    [300, 1],
    [150, 151],
    [20, 290],
    [290, 20],
  ]) {
    page.tab.send([{ type: "update", id: page.slot(1), value: places }]);
    const messages = await page.step();
    t.same(
      messages.map(({ type }) => type),
      ["list"],
    );
  }
  t.equal(sizes.length, 5);
  t.ok(Math.max(...sizes) <= 200, `${sizes.join(", ")} bytes`);
});
