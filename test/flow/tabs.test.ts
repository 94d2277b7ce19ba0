import type { Page } from "playwright-core";
import t, { type Test } from "tap";
import { Chromium } from "../support/chromium.ts";
import { comes } from "../support/demo.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";

const site: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
total = 0 -- a global of the session
local Item = session:prototype("Item", { text = "" })
local Detail = session:prototype("Detail", { note = "" })
local App = session:prototype("App", { name = "", items = EMPTY, detail = EMPTY })
function App:add()
  total = total + 1
  self.items[#self.items + 1] = Item:new{ text = "item " .. total }
end
function App:reverse()
  local n = #self.items
  for i = 1, n // 2 do self.items[i], self.items[n - i + 1] = self.items[n - i + 1], self.items[i] end
end
function App:count() return #self.items .. " of " .. total end
function App:toggle() self.detail = not self.detail and Detail:new{ note = "shown" } or nil end
session:createAppVariable(App:new{ items = {} })
`,
  "viewdefs/App.DEFAULT.html": `<template><main><input id="name" ui-value="name?keypress"><h1 ui-value="name"></h1>
<button id="add" ui-action="add()?repeat">Add</button><button id="reverse" ui-action="reverse()?repeat">Reverse</button>
<button id="toggle" ui-action="toggle()?repeat">Toggle</button><b id="count" ui-value="count()"></b>
<ul ui-viewlist="items"></ul><div ui-view="detail"></div></main></template>`,
  "viewdefs/Item.DEFAULT.html": `<template><li><input ui-value="text?keypress"></li></template>`,
  "viewdefs/Detail.DEFAULT.html": `<template><p ui-value="note"></p></template>`,
};

const host = await startRealHost(t, site, { rate: { perSecond: 1e6, burst: 1e6 } });
const chromium = await Chromium.launch(t);

async function open(t: Test): Promise<Page> {
  const page = await chromium.open(t, `${host.origin}/`);
  await page.locator("main").waitFor();
  return page;
}

/** Another tab of the same browser; what it throws fails the test. */
async function openBeside(t: Test, page: Page, url = page.url()): Promise<Page> {
  const tab = await page.context().newPage();
  tab.on("pageerror", (error) => t.fail(`the page reports an error: ${String(error)}`));
  await tab.goto(url);
  await tab.locator("main").waitFor();
  return tab;
}

/** All that a tab shows. */
function shown(page: Page): Promise<unknown> {
  return page.evaluate(() => ({
    name: document.querySelector<HTMLInputElement>("#name")?.value,
    title: document.querySelector("h1")?.textContent,
    count: document.querySelector("#count")?.textContent,
    items: Array.from(document.querySelectorAll<HTMLInputElement>("li input"), ({ value }) => value),
    detail: document.querySelector("p")?.textContent ?? null,
  }));
}

const press = (page: Page, button: string): Promise<void> => page.locator(`#${button}`).dispatchEvent("click");

t.test("what is done in one tab is seen in all tabs of the session: values, lists, views", async (t) => {
  const first = await open(t);
  const tabs = [first, await openBeside(t, first), await openBeside(t, first)] as const;
  await tabs[0].locator("#name").fill("Anna");
  await press(tabs[1], "add");
  await press(tabs[2], "add");
  await tabs[1].locator("h1", { hasText: "Anna" }).waitFor();
  await press(tabs[1], "toggle");
  for (const tab of tabs) {
    await comes(
      t,
      () => shown(tab),
      { name: "Anna", title: "Anna", count: "2 of 2", items: ["item 1", "item 2"], detail: "shown" },
      "all",
    );
  }
  await tabs[2].locator("li input").nth(1).fill("changed");
  await press(tabs[0], "reverse");
  await press(tabs[1], "toggle");
  for (const tab of tabs) {
    await comes(
      t,
      () => shown(tab),
      { name: "Anna", title: "Anna", count: "2 of 2", items: ["changed", "item 1"], detail: null },
      "all",
    );
  }
});

t.test("tabs that act at the same time lose nothing and end alike", async (t) => {
  const first = await open(t);
  const tabs = [first, await openBeside(t, first), await openBeside(t, first)];
  await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(async () => {
        const pressAll = (): void => {
          for (const id of ["add", "reverse", "toggle", "add"]) document.querySelector<HTMLElement>(`#${id}`)!.click();
        };
        for (let round = 0; round < 10; round++) {
          pressAll();
          await new Promise((resolve) => setTimeout(resolve));
        }
      }),
    ),
  );
  for (const tab of tabs) await comes(t, () => tab.locator("#count").textContent(), "60 of 60", "none is missing");
  const state = await shown(first);
  t.match(state, { detail: null }, "toggled thirty times");
  for (const tab of tabs) t.strictSame(await shown(tab), state);
  t.strictSame(await shown(await openBeside(t, first)), state, "and a new tab shows the same");
});

t.test("a tab that closes, even right after a click, does no harm, and its click counts", async (t) => {
  const first = await open(t);
  const second = await openBeside(t, first);
  await second.evaluate(() => document.querySelector<HTMLElement>("#add")!.click());
  await second.close();
  await first.locator("#count", { hasText: "1 of 1" }).waitFor();
  await press(first, "add");
  await press(first, "toggle");
  await comes(
    t,
    () => shown(first),
    { name: "", title: "", count: "2 of 2", items: ["item 1", "item 2"], detail: "shown" },
    "it goes on",
  );
});

t.test("a page that is loaded again keeps its URL and shows the session's state", async (t) => {
  const page = await open(t);
  const url = page.url();
  await page.locator("#name").fill("kept");
  await press(page, "add");
  await press(page, "toggle");
  await page.locator("p").waitFor();
  const before = await shown(page);
  for (let round = 0; round < 3; round++) {
    await page.reload();
    await page.locator("main").waitFor();
    t.equal(page.url(), url);
    t.strictSame(await shown(page), before);
  }
  await press(page, "add");
  await page.locator("#count", { hasText: "2 of 2" }).waitFor();
});

t.test("two sessions never see each other, neither in one browser nor in two", async (t) => {
  const first = await open(t);
  const sameBrowser = await openBeside(t, first, `${host.origin}/`);
  const otherBrowser = await open(t);
  const pages = [first, sameBrowser, otherBrowser];
  t.equal(new Set(pages.map((page) => page.url())).size, 3, "each start page is a session of its own");
  const fresh = await shown(otherBrowser);
  await first.locator("#name").fill("secret");
  for (let round = 0; round < 5; round++) await press(first, "add");
  await first.locator("#count", { hasText: "5 of 5" }).waitFor();
  for (const page of [sameBrowser, otherBrowser]) {
    t.strictSame(await shown(page), fresh);
    await press(page, "add");
    await page.locator("#count", { hasText: "1 of 1" }).waitFor();
    t.notMatch(await page.content(), "secret");
  }
  t.equal(await first.locator("#count").textContent(), "5 of 5");
});
