import type { Page } from "playwright-core";
import t, { type Test } from "tap";
import { Chromium } from "../support/chromium.ts";
import { FlakyNetwork } from "../support/flaky-network.ts";
import { counter, startRealHost } from "../support/real-host.ts";
import { ServedProcess } from "../support/served-process.ts";
import { makeSite, removeSite, writeSiteFile } from "../support/site.ts";

const chromium = await Chromium.launch(t);
/** Each click counts, also while the one before waits. */
const site = {
  ...counter,
  "viewdefs/App.DEFAULT.html": `<template><div><b ui-value="count"></b><input name="name" ui-value="name"><button ui-action="press()?repeat"></button></div></template>`,
};
const allow = /WebSocket|ERR_|Failed to load resource/;
const connected = "html[data-moonpool-state=connected]";
const disconnected = "html:not([data-moonpool-state=connected])";

/** A page of a host in a process of its own. */
async function serve(t: Test): Promise<{ dir: string; served: ServedProcess; page: Page }> {
  const dir = makeSite(site);
  t.teardown(() => removeSite(dir));
  const served = await ServedProcess.start(t, ["--dir", dir]);
  return { dir, served, page: await chromium.open(t, served.origin, { allow }) };
}

t.test("15 connections that break, with three clicks each while that happens: the count is 45", async (t) => {
  const host = await startRealHost(t, site);
  const network = await FlakyNetwork.start(t, host.origin);
  const page = await chromium.open(t, network.origin, { allow });
  const button = page.locator("button");
  await button.waitFor();
  await page.evaluate("window.kept = document.querySelector('button')");
  for (let turn = 0; turn < 15; turn++) {
    // One that may be answered, one that is lost on its way, one while there is no connection.
    await button.click();
    network.isHolding = true;
    await button.click();
    network.isDown = true;
    network.cut();
    await page.locator(disconnected).waitFor();
    await button.click();
    network.isDown = false;
    await page.evaluate("moonpool.reconnect()");
    await page.locator(connected).waitFor();
  }
  await page.locator("b", { hasText: /^45$/ }).waitFor();
  t.ok(await page.evaluate("window.kept.isConnected"), "on one and the same page");
});

t.test("a page that was away for long gets what has changed meanwhile, and what it did is delivered", async (t) => {
  const host = await startRealHost(t, {
    ...site,
    "lua/main.lua": `${counter["lua/main.lua"]}
function App:press() self.count = self.count + 1 session:setInterval(function() self.count = self.count + 1000 end, 20) end`.replaceAll(
      "local App",
      "App",
    ),
  });
  const network = await FlakyNetwork.start(t, host.origin);
  const page = await chromium.open(t, network.origin, { allow });
  await page.locator("button").click();
  await page.locator("b", { hasText: /001$/ }).waitFor();
  const before = Number(await page.locator("b").textContent());
  network.isDown = true;
  network.cut();
  await page.locator(disconnected).waitFor();
  await page.locator("input").fill("typed meanwhile");
  await page.locator("input").blur();
  await page.waitForTimeout(300);
  network.isDown = false;
  await page.locator(connected).waitFor();
  await page.waitForFunction((count) => Number(document.querySelector("b")?.textContent) > count + 10_000, before);
  t.equal(await page.locator("input").inputValue(), "typed meanwhile");
  const second = await page.context().newPage();
  await second.goto(page.url());
  await second.locator("b", { hasText: /./ }).waitFor();
  t.equal(await second.locator("input").inputValue(), "typed meanwhile", "and the session has it");
});

t.test(
  "viewdefs that are edited while a page is away: it gets them, and what it did before it knew is delivered",
  async (t) => {
    const host = await startRealHost(t, site, { hotload: true });
    const network = await FlakyNetwork.start(t, host.origin);
    const page = await chromium.open(t, network.origin, { allow });
    const here = await page.context().newPage();
    await here.goto(page.url().replace(network.origin, host.origin));
    await page.locator("button").click();
    await page.locator("b", { hasText: /^1$/ }).waitFor();
    await page.evaluate("window.kept = [...document.querySelectorAll('b, input')]");
    network.isDown = true;
    network.cut();
    await page.locator(disconnected).waitFor();
    for (const word of ["first", "second"]) {
      const text = site["viewdefs/App.DEFAULT.html"].replace("<div>", `<div><i>${word}</i><em ui-value="name"></em>`);
      writeSiteFile(host.dir, "viewdefs/App.DEFAULT.html", text);
      await here.locator("i", { hasText: word }).waitFor();
    }
    await page.locator("button").click();
    await page.locator("input").fill("typed meanwhile");
    await page.locator("input").blur();
    await page.locator("button").click();
    network.isDown = false;
    await page.locator(connected).waitFor();
    await page.locator("i", { hasText: "second" }).waitFor();
    await page.locator("b", { hasText: /^3$/ }).waitFor();
    await here.locator("b", { hasText: /^3$/ }).waitFor();
    await here.locator("em", { hasText: "typed meanwhile" }).waitFor();
    t.equal(await page.locator("input").inputValue(), "typed meanwhile");
    t.ok(await page.evaluate("window.kept.every((element) => element.isConnected)"), "elements are the same ones");
  },
);

t.test(
  "kill -9 of the host: the page stays as it is, with focus, caret and text; what was done is delivered once",
  async (t) => {
    const { served, page } = await serve(t);
    const [button, input] = [page.locator("button"), page.locator("input")];
    await button.click();
    await page.locator("b", { hasText: /^1$/ }).waitFor();
    await page.evaluate("window.kept = [...document.querySelectorAll('b, input, button')]");
    for (let kill = 0; kill < 3; kill++) {
      await button.click();
      await input.focus();
      await input.pressSequentially("ab");
      await served.kill("SIGKILL");
      await page.locator(disconnected).waitFor();
      await input.pressSequentially("cd");
      await button.evaluate((element) => (element as HTMLElement).click());
      await served.start();
      await page.locator(connected).waitFor();
      await page.locator("b", { hasText: new RegExp(`^${3 + 2 * kill}$`) }).waitFor();
      t.equal(await input.inputValue(), "abcd".repeat(kill + 1));
      t.ok(await page.evaluate("document.activeElement === window.kept[1]"), "the caret is where it was");
    }
    t.ok(await page.evaluate("window.kept.every((element) => element.isConnected)"));
    await input.blur();
    const second = await page.context().newPage();
    await second.goto(page.url());
    await second.locator("b", { hasText: /^7$/ }).waitFor();
    t.equal(await second.locator("input").inputValue(), "abcd".repeat(3), "and the session has what was typed");
    t.notMatch(served.log, /"level":50/);
  },
);

t.test(
  "a host that is started with another version of a view: what is typed stays, with focus and caret",
  async (t) => {
    const { dir, served, page } = await serve(t);
    const input = page.locator("input");
    await input.focus();
    await input.pressSequentially("half a word");
    await input.press("ArrowLeft");
    await served.kill("SIGKILL");
    await page.locator(disconnected).waitFor();
    writeSiteFile(
      dir,
      "viewdefs/App.DEFAULT.html",
      `<template><div><h1>New</h1><b ui-value="count"></b><input name="name" ui-value="name"></div></template>`,
    );
    await served.start();
    await page.locator("h1", { hasText: "New" }).waitFor();
    await page.waitForFunction(() => document.querySelector("input")?.value === "half a word");
    t.ok(await page.evaluate("document.activeElement === document.querySelector('input')"));
    t.equal(await page.evaluate("document.activeElement.selectionStart"), 10);
  },
);
