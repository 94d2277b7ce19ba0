import type { Page } from "playwright-core";
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { comes } from "../support/demo.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";

const site: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
local App = session:prototype("App", { count = 0 })
function App:say() self.count = self.count + 1 session:notify("said " .. self.count, { kind = "success", duration = 0 }) end
function App:fail() session:notify("never said") while true do end end
function App:later() session:setTimeout(function() session:notify("from a timer", { duration = 0 }) print("it rang") end, 3000) end
session:notify("Welcome", { duration = 0 })
session:createAppVariable(App:new())
`,
  "viewdefs/App.DEFAULT.html": `<template><main><b id="count" ui-value="count"></b><button id="say" ui-action="say()">say</button>
<button id="fail" ui-action="fail()">fail</button><button id="later" ui-action="later()">later</button></main></template>`,
};

const chromium = await Chromium.launch(t);

t.test("what Lua says is seen in every tab of the session, once, and only if its event has happened", async (t) => {
  const host = await startRealHost(t, site, { timeLimit: 500, development: false });
  const page = await chromium.open(t, host.origin);
  const texts = (of = page) => of.locator("moonpool-toasts [part=text]").allTextContents();
  const said = (of: Page, text: string) =>
    of.locator("moonpool-toasts [part=text]", { hasText: text }).waitFor({ timeout: 30_000 });
  await said(page, "Welcome");
  const second = await page.context().newPage();
  await second.goto(page.url());
  await second.locator("#count").waitFor();
  await page.locator("#fail").click();
  await page.locator("#say").click();
  await Promise.all([said(page, "said 1"), said(second, "said 1")]);
  t.same(await texts(), ["Welcome", "said 1"], "in the tab where it was asked for");
  t.same(await texts(second), ["said 1"], "and in the other, which was not there before");
});

t.test("what is said while nobody looks is seen by who comes back, although the session slept", async (t) => {
  const lines: string[] = [];
  const logger = { level: "info", stream: { write: (line: string) => void lines.push(line) } };
  const host = await startRealHost(t, site, { sleepAfter: 40, development: false, logger });
  const page = await chromium.open(t, host.origin);
  await page.locator("#later").click();
  await page.locator("#say").click();
  await page.locator("#count", { hasText: "1" }).waitFor();
  const url = page.url();
  await page.goto("about:blank");
  await comes(t, async () => host.app.moonpool.connectionCount, 0, "nobody is there");
  const rang = () => lines.some((line) => line.includes("it rang"));
  t.equal(rang(), false);
  await comes(t, async () => rang() && host.app.moonpool.awakeCount === 0, true, "it was said, and the session sleeps");
  await page.goto(url);
  const texts = page.locator("moonpool-toasts [part=text]");
  await texts.getByText("from a timer").waitFor({ timeout: 30_000 });
  t.same(await texts.allTextContents(), ["from a timer"]);
});
