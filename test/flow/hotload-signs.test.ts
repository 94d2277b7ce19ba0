import t from "tap";
import type { Page } from "playwright-core";
import { comes } from "../support/demo.ts";
import { startHotSite } from "../support/hot-site.ts";

const lua = (text: string) => `App = session:prototype("App", {})
function App:text() return "${text}" end
if not session:getApp() then session:createAppVariable(App:new()) end
`;
const files = {
  "lua/main.lua": lua("first"),
  "viewdefs/App.DEFAULT.html": `<template><p ui-value="text()"></p></template>`,
};

const toast = (page: Page) => page.locator("moonpool-hotload .toast");
const sign = (page: Page) => page.locator("moonpool-hotload .sign");
const overlay = (page: Page) => page.locator("moonpool-errors li");
const text = (page: Page) => page.locator("p").textContent();

const site = await startHotSite(t, files);

t.test(
  "a notice says what was reloaded, in how many sessions and how fast, and goes by itself (S3-28, S4-33)",
  async (t) => {
    const page = await site.open(t);
    await site.open(t);
    site.save("lua/main.lua", lua("second"));
    await toast(page)
      .filter({ hasText: /^main\.lua · 2 sessions · \d+ ms$/ })
      .waitFor();
    t.equal(await toast(page).getAttribute("aria-live"), "polite");
    t.equal(await text(page), "second");
    await comes(t, () => toast(page).textContent(), "", "the notice goes");
  },
);

t.test("a sign tells the state of the connection (S4-34)", async (t) => {
  const page = await site.open(t);
  await comes(t, () => sign(page).getAttribute("data-state"), "connected", "connected");
  t.match(await sign(page).textContent(), "connected, hot reload on", "also for those who do not see it");
});

t.test(
  "an error is shown with its place, source, advice and what still runs, the page works on, and the next good save takes it away (S4-52, D2-01)",
  async (t) => {
    const page = await site.open(t);
    const before = await text(page);
    site.save("lua/main.lua", `${lua("third")}local x =`);
    await overlay(page).waitFor();
    const shown = (await overlay(page).textContent()) ?? "";
    for (const part of ["LUA_SYNTAX", "lua/main.lua:4", "local x =", "Still running: the code from before"])
      t.ok(shown.includes(part), `${part} is in ${shown}`);
    t.match(await overlay(page).locator("a").getAttribute("href"), /^vscode:\/\/file\/.*lua\/main\.lua:4/);
    t.equal(await text(page), before, "the code from before");
    site.save("lua/main.lua", lua("fourth"));
    await comes(t, () => text(page), "fourth", "the good version");
    await comes(t, () => overlay(page).count(), 0, "the error is gone");
    site.save("viewdefs/App.DEFAULT.html", `<template><p ui-value="text(("></p></template>`);
    await overlay(page).waitFor();
    t.match(await overlay(page).textContent(), /viewdefs\/App\.DEFAULT\.html:1/);
    site.save("viewdefs/App.DEFAULT.html", `<template><p title="x" ui-value="text()"></p></template>`);
    await page.locator("p[title=x]").waitFor();
    await comes(t, () => overlay(page).count(), 0, "that one too");
  },
);

t.test(
  "Ctrl+Shift+R connects again, H says how things are, T turns notices off and on; nothing else is on the console (S4-35, S4-36, S4-55)",
  async (t) => {
    const page = await site.open(t);
    await comes(t, () => sign(page).getAttribute("data-state"), "connected", "connected");
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    await page.keyboard.press("Control+Shift+H");
    await comes(t, async () => said.length, 1, "statistics");
    t.match(said[0], /moonpool.*connected.*reloads/);
    await page.keyboard.press("Control+Shift+T");
    await toast(page).filter({ hasText: "Notices off" }).waitFor();
    await comes(t, () => toast(page).textContent(), "", "it goes");
    site.save("lua/main.lua", lua("quiet"));
    await comes(t, () => text(page), "quiet", "reloaded");
    t.equal(await toast(page).textContent(), "", "without a notice");
    await page.keyboard.press("Control+Shift+T");
    await toast(page).filter({ hasText: "Notices on" }).waitFor();
    const frames = () =>
      page.evaluate(
        () => (globalThis as never as { moonpool: { statistics(): { frames: number } } }).moonpool.statistics().frames,
      );
    const count = await frames();
    await page.keyboard.press("Control+Shift+R");
    await page.waitForFunction(
      (before) =>
        (globalThis as never as { moonpool: { statistics(): { frames: number } } }).moonpool.statistics().frames >
        before,
      count,
    );
    t.equal(await text(page), "quiet", "a new connection shows the same");
    t.equal(said.length, 1, "and nothing else was said");
  },
);

t.test("the host's options turn notices, sign and shortcuts off (S4-38)", async (t) => {
  const hotload = { toasts: false, indicator: false, shortcuts: false };
  const quiet = await startHotSite(t, files, { hotload });
  const page = await quiet.open(t);
  await comes(t, () => text(page), "first", "shown");
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  await page.keyboard.press("Control+Shift+H");
  quiet.save("lua/main.lua", lua("second"));
  await comes(t, () => text(page), "second", "reloaded");
  t.equal(await toast(page).textContent(), "");
  t.equal(await sign(page).count(), 0);
  t.same(said, []);
});
