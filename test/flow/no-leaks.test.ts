import type { Page } from "playwright-core";
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";
import type { Bridged } from "../support/scene.ts";

/** Every step changes the page in one of ten ways; after ten steps it is as it was before. */
const site: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
local Leaf = session:prototype("Leaf", { text = "" })
function Leaf:press() self.text = self.text .. "!" end
local Card = session:prototype("Card", { leaf = EMPTY, leaves = EMPTY, name = "", checked = true })
local Panel = session:prototype("Panel", { card = EMPTY, color = "red" })
local Frame = session:prototype("Frame", { card = EMPTY })
local App = session:prototype("App", { step = 0, main = EMPTY, rows = EMPTY, words = EMPTY, broken = false, kilobytes = 0 })

local function card(name)
  return Card:new{ name = name, leaf = Leaf:new{ text = name }, leaves = { Leaf:new{ text = "a" }, Leaf:new{ text = "b" } } }
end
function App:fill()
  self.main = Panel:new{ card = card("main") }
  self.rows = {}
  for i = 1, 8 do self.rows[i] = card("row " .. i) end
  self.words = { "one", "two", "three" }
end
local changes = {
  function(app) app.main = nil end,
  function(app) app.main = Frame:new{ card = card("framed") } end,
  function(app) app.main = Panel:new{ card = card("main") } end,
  function(app) for i = 1, 4 do table.remove(app.rows, 2) end end,
  function(app) for i = 1, 4 do table.insert(app.rows, 2, Panel:new{ card = card("new") }) end end,
  function(app) for i, row in ipairs(app.rows) do if row.type == "Panel" then app.rows[i] = Frame:new{ card = row.card } end end end,
  function(app) table.sort(app.rows, function(a, b) return (a.name or "") < (b.name or "") end) end,
  function(app) app.words = { "three", card("no word"), 4 } end,
  function(app) app.broken = true end,
  function(app) app.broken = false app:fill() end,
}
function App:change()
  changes[self.step % #changes + 1](self)
  self.step = self.step + 1
end
function App:risky() return self.broken and nothing.at.all or "fine" end
function App:measure()
  collectgarbage()
  collectgarbage()
  self.kilobytes = collectgarbage("count")
end
local app = App:new()
app:fill()
session:createAppVariable(app)
`,
  "viewdefs/App.DEFAULT.html": `<template><main><b id="step" ui-value="step"></b><button id="change" ui-action="change()"></button>
<button id="measure" ui-action="measure()"></button><i id="kilobytes" ui-value="kilobytes"></i>
<u ui-value="risky()"></u><div ui-view="main" class="wide" ui-class-broken="broken"></div>
<ul ui-viewlist="rows"></ul><ol ui-viewlist="words"><li class="word"></li></ol></main></template>`,
  "viewdefs/Card.DEFAULT.html": `<template>text<p ui-value="name" ui-attr-title="name" ui-class-on="checked" ui-event-mouseover="checked"></p>
<input ui-value="name?keypress"><input type="checkbox" ui-value="checked"><select ui-value="name"><option>main</option></select>
<span ui-view="leaf"></span><div ui-viewlist="leaves"></div></template>`,
  "viewdefs/Leaf.DEFAULT.html": `<template><em ui-value="text"></em><button ui-action="press()" ui-event-keypress-enter="press()"></button></template>`,
  "viewdefs/Panel.DEFAULT.html": `<template><section ui-style-color="color"><div ui-view="card"></div></section></template>`,
  "viewdefs/Frame.DEFAULT.html": `<template><style>.x { top: 0 }</style><div ui-view="card"></div></template>`,
};

const host = await startRealHost(t, site, { rate: { perSecond: 1e6, burst: 1e6 }, development: false });
const chromium = await Chromium.launch(t);

/** Makes `count` changes, each one seen in the page before the next. */
function change(page: Page, count: number): Promise<void> {
  return page.evaluate(async (count) => {
    const step = document.querySelector("#step")!;
    const end = Number(step.textContent) + count;
    await new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => {
        if (Number(step.textContent) < end) return press();
        observer.disconnect();
        resolve();
      });
      const press = (): void => document.querySelector<HTMLElement>("#change")!.click();
      observer.observe(step, { childList: true, characterData: true, subtree: true });
      press();
    });
  }, count);
}

/** How much there is of everything, in the page and in the VM, with all garbage collected. */
async function measure(page: Page): Promise<{ counts: Record<string, number>; kilobytes: number; heap: number }> {
  const before = await page.locator("#kilobytes").textContent();
  await page.locator("#measure").dispatchEvent("click");
  const kilobytes = page.locator("#kilobytes");
  await page.waitForFunction((before) => document.querySelector("#kilobytes")?.textContent !== before, before);
  const tools = await page.context().newCDPSession(page);
  await tools.send("HeapProfiler.enable");
  for (let round = 0; round < 3; round++) await tools.send("HeapProfiler.collectGarbage");
  await tools.send("Performance.enable");
  const { metrics } = await tools.send("Performance.getMetrics");
  const metric = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? NaN;
  const { frames: _, ...statistics } = await page.evaluate(() => (window as never as Bridged).moonpool.statistics());
  const counts = {
    ...statistics,
    elements: await page.locator("*").count(),
    nodes: metric("Nodes"),
    listeners: metric("JSEventListeners"),
    documents: metric("Documents"),
  };
  await tools.detach();
  return { counts, kilobytes: Number(await kilobytes.textContent()), heap: metric("JSHeapUsedSize") };
}

t.test("after 1,000 re-renders nodes, listeners, variables and the memory of page and VM are as before", async (t) => {
  const page = await chromium.open(t, `${host.origin}/`);
  await page.locator("#change").waitFor({ state: "attached" });
  await change(page, 100);
  const before = await measure(page);
  await change(page, 1000);
  const after = await measure(page);
  t.strictSame(after.counts, before.counts);
  t.ok((before.counts["listeners"] ?? 0) > 50, "they were counted");
  t.ok((before.counts["variables"] ?? 0) > 100, "they were counted");
  // A table that has had its most entries keeps room for twice as many, once; a variable kept per change would be 100 KB.
  t.ok(
    Math.abs(after.kilobytes - before.kilobytes) < 32,
    `Lua: ${before.kilobytes} KB before, ${after.kilobytes} KB after`,
  );
  // One variable kept per change would be as much here, one view 1 MB; engines keep some of what they learn.
  t.ok(after.heap - before.heap < 500_000, `page: ${before.heap} bytes before, ${after.heap} after`);
});
