import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import t, { type Test } from "tap";
import type { PageModel } from "../support/page-model.ts";
import { counter, firstPage, slots, startRealHost } from "../support/real-host.ts";
import { writeSiteFile } from "../support/site.ts";
import { ThreadKiller } from "../support/thread-killer.ts";

/** As `counter`, and a timer counts too: `loop()` sets it. */
const ticking = {
  ...counter,
  "lua/main.lua": counter["lua/main.lua"]!.replace(
    "while true do end",
    "session:setTimeout(function() self.count = self.count + 100 end, 400)",
  ),
};
const sleepy = { sleepAfter: 40 };

const count = (page: PageModel): unknown => page.values.get(page.slot(slots.count));

/** Waits until `isSo`, for ten seconds at most. */
async function until(t: Test, isSo: () => boolean): Promise<void> {
  for (let look = 0; look < 1_000 && !isSo(); look++) await new Promise((resolve) => setTimeout(resolve, 10));
  t.ok(isSo());
}

t.test("sessions that nothing happens in sleep, and go on with the next press where they were", async (t) => {
  const host = await startRealHost(t, counter, sleepy);
  const pages = await Promise.all(Array.from({ length: 4 }, async () => (await host.open()).page));
  for (let round = 1; round <= 5; round++) {
    for (const page of pages) page.write(slots.press, null);
    for (const page of pages) await page.until(() => count(page) === round);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const page of pages) t.same(page.faults, []);
});

t.test("a timer rings in a session that sleeps, with pages and without", async (t) => {
  const host = await startRealHost(t, ticking, sleepy);
  const { page } = await host.open();
  page.write(slots.loop, null);
  await page.until(() => count(page) === 100);
  const other = await host.open();
  other.page.write(slots.press, null);
  other.page.write(slots.loop, null);
  await other.page.until(() => count(other.page) === 1);
  other.page.tab.close();
  await until(t, () => host.app.moonpool.connectionCount === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const again = await firstPage(await other.browser.connect(other.path));
  await again.until(() => count(again) === 101);
  t.equal(count(again), 101);
});

t.test("several tabs show a session that slept, and one that is opened wakes it", async (t) => {
  const host = await startRealHost(t, counter, sleepy);
  const { browser, path, page } = await host.open();
  page.write(slots.press, null);
  await page.until(() => count(page) === 1);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const second = await firstPage(await browser.connect(path));
  t.equal(count(second), 1);
  await new Promise((resolve) => setTimeout(resolve, 150));
  second.write(slots.press, null);
  for (const each of [page, second]) await each.until(() => count(each) === 2);
  t.equal(count(page), 2);
});

t.test("restart: a session that cannot go on begins anew, and its pages come back to the fresh one", async (t) => {
  const files = {
    ...counter,
    "lua/main.lua": counter["lua/main.lua"]!.replace(
      "while true do end",
      `string.find(("a"):rep(4000), (".-"):rep(30) .. "b")`,
    ),
  };
  const host = await startRealHost(t, files, { timeLimit: 1_000, recovery: { strategy: "restart" } });
  const { browser, path, page } = await host.open();
  const second = await firstPage(await browser.connect(path));
  page.write(slots.press, null);
  for (const each of [page, second]) await each.until(() => count(each) === 1);
  page.write(slots.loop, null);
  for (const each of [page, second]) t.match(await each.tab.closed, { code: 1001, reason: "RESTARTED" });
  const fresh = await Promise.all([0, 1].map(async () => firstPage(await browser.connect(path))));
  for (const each of fresh) await each.until(() => count(each) === 0);
  fresh[0]!.write(slots.press, null);
  for (const each of fresh) await each.until(() => count(each) === 1);
});

/** As editors save: the new text under another name, then the name. */
function save(dir: string, name: string, text: string): void {
  writeSiteFile(dir, `${name}.new~`, text);
  fs.renameSync(path.join(dir, `${name}.new~`), path.join(dir, name));
}

/** A counter that counts in other steps. */
function counting(step: number): string {
  return `
local App = session:prototype("App", { count = 0, name = "" })
function App:press() self.count = self.count + ${step} end
if not session:getApp() then session:createAppVariable(App:new()) end`;
}

t.test("a session that is only in the store has the files of now when it is opened, and its state", async (t) => {
  const files = { ...counter, "lua/main.lua": counting(1) };
  const host = await startRealHost(t, files, { ...sleepy, hotload: true });
  const { moonpool } = host.app;
  const { browser, path: url, page } = await host.open();
  page.write(slots.press, null);
  await page.until(() => count(page) === 1);
  page.tab.close();
  await until(t, () => moonpool.sessionCount === 0);
  const reloads = moonpool.reloads?.count ?? 0;
  save(host.dir, "lua/main.lua", counting(10));
  await until(t, () => (moonpool.reloads?.count ?? 0) > reloads);
  t.equal(moonpool.sessionCount, 0, "nobody wakes it for that");
  const again = await firstPage(await browser.connect(url));
  await again.until(() => count(again) === 1);
  again.write(slots.press, null);
  await again.until(() => count(again) === 11);
  t.same(again.faults, []);
});

t.test("a session that sleeps while a page shows it has a file as soon as it is saved, and its state", async (t) => {
  const files = { ...counter, "lua/main.lua": counting(1) };
  const host = await startRealHost(t, files, { ...sleepy, hotload: true });
  const { moonpool } = host.app;
  const { page } = await host.open();
  page.write(slots.press, null);
  await page.until(() => count(page) === 1);
  await until(t, () => moonpool.awakeCount === 0);
  save(host.dir, "lua/main.lua", counting(10));
  save(host.dir, "viewdefs/App.DEFAULT.html", counter["viewdefs/App.DEFAULT.html"]!.replace("<div>", "<div id='new'>"));
  await page.until(() => page.viewdefs.get("App.DEFAULT")?.html.includes("new") === true);
  page.write(slots.press, null);
  await page.until(() => count(page) === 11);
  t.same(page.faults, []);
});

t.test("a session whose thread has died can be reloaded on another, which has never seen its files", async (t) => {
  const killer = new ThreadKiller();
  t.teardown(() => killer.close());
  const tmpdir = process.env["TMPDIR"];
  process.env["TMPDIR"] = t.testdir({});
  const temporary = (): string[] => fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith("moonpool-sources-"));
  t.teardown(() => {
    if (tmpdir === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = tmpdir;
  });
  const files = { ...counter, "lua/main.lua": counting(1) };
  const host = await startRealHost(t, files, { hotload: true });
  t.equal(temporary().length, 1);
  const { page } = await host.open();
  page.write(slots.press, null);
  await page.until(() => count(page) === 1);
  await killer.kill(killer.living[0]!, "terminate");
  const reloads = host.app.moonpool.reloads?.count ?? 0;
  save(host.dir, "lua/main.lua", counting(10));
  await until(t, () => (host.app.moonpool.reloads?.count ?? 0) > reloads);
  page.write(slots.press, null);
  await page.until(() => Number(count(page)) > 1);
  t.equal(count(page), 11);
  t.same(page.faults, []);
  await host.app.close();
  t.same(temporary(), [], "what was only for that is removed");
});
