import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import type { Value } from "../../src/protocol/main.ts";
import { Browser, type Tab } from "../support/browser.ts";
import { counter, firstPage, slots } from "../support/real-host.ts";
import { refusedUpgrade } from "../support/refused-upgrade.ts";
import { ServedProcess } from "../support/served-process.ts";
import { makeSite, removeSite, writeSiteFile } from "../support/site.ts";

const kills = Number(process.env["KILLS"] ?? 6);

function site(t: Test, files: Record<string, string> = counter): string {
  const dir = makeSite(files);
  t.teardown(() => removeSite(dir));
  return dir;
}

/** A tab that presses the counter's button and knows which presses were acknowledged. */
class Presser {
  readonly #browser: Browser;
  readonly #path: string;
  #tab: Tab | undefined;
  #variable = 0;
  /** Presses that were sent, and those that were acknowledged, by this and former tabs. */
  sent = 0;
  acknowledged = 0;
  shown: Value | undefined;

  constructor(browser: Browser, path: string) {
    this.#browser = browser;
    this.#path = path;
  }

  async connect(): Promise<void> {
    const tab = await this.#browser.connect(this.#path);
    const page = await firstPage(tab);
    await page.until(() => page.values.has(page.slot(slots.count)));
    this.#tab = tab;
    this.#variable = page.slot(slots.press);
    this.shown = page.values.get(page.slot(slots.count));
    const before = this.acknowledged;
    tab.socket.on("message", (data) => {
      const { ack } = JSON.parse((data as Buffer).toString()) as { ack: number };
      this.acknowledged = Math.max(this.acknowledged, before + ack);
    });
  }

  press(): void {
    if (this.#tab?.socket.readyState !== 1) return;
    this.#tab.send([{ type: "update", id: this.#variable, value: null }]);
    this.sent++;
  }

  /** What the page shows when all presses have been answered. */
  async count(): Promise<Value | undefined> {
    this.#tab?.close();
    await this.#tab?.closed;
    await this.connect();
    return this.shown;
  }
}

t.test(
  `kill -9 under load, ${kills} times: what was acknowledged is there, nothing twice, everybody goes on`,
  async (t) => {
    const dir = site(t);
    const served = await ServedProcess.start(t, ["--dir", dir, "--rate", "100000/100000"]);
    const pressers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const browser = new Browser(served.origin);
        const presser = new Presser(browser, await browser.start());
        await presser.connect();
        return presser;
      }),
    );
    for (let kill = 1; kill <= kills; kill++) {
      const rounds = 20 + ((kill * 37) % 60);
      for (let round = 0; round < rounds; round++) {
        for (const presser of pressers) presser.press();
        await new Promise((resolve) => setTimeout(resolve, round % 3));
      }
      await served.kill("SIGKILL");
      await served.start();
      await Promise.all(pressers.map((presser) => presser.connect()));
      for (const [index, presser] of pressers.entries()) {
        const count = Number(presser.shown);
        if (count < presser.acknowledged || count > presser.sent)
          t.fail(`session ${index}: ${count} presses, ${presser.acknowledged} acknowledged, ${presser.sent} sent`);
        // Those that were not acknowledged may have been carried out or not; from here on it is known.
        presser.sent = presser.acknowledged = count;
      }
    }
    t.ok(pressers.every(({ acknowledged }) => acknowledged > 0));
    for (const presser of pressers) presser.press();
    for (const presser of pressers) t.equal(await presser.count(), presser.sent);
  },
);

t.test("SIGTERM saves sessions, tells browsers to come back, and ends with code 0", async (t) => {
  const dir = site(t);
  const served = await ServedProcess.start(t, ["--dir", dir]);
  const browser = new Browser(served.origin);
  const path = await browser.start();
  const tab = await browser.connect(path);
  const page = await firstPage(tab);
  page.write(slots.press, null);
  page.write(slots.name, "Ada");
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  const code = served.kill("SIGTERM");
  t.match(await tab.closed, { code: 1001 });
  t.equal(await code, 0);
  await served.start();
  const again = await firstPage(await browser.connect(path));
  await again.until(() => again.values.has(again.slot(slots.name)));
  t.equal(again.values.get(again.slot(slots.count)), 1);
  t.equal(again.values.get(again.slot(slots.name)), "Ada");
  t.equal((await new Browser(served.origin).get(path)).status, 403, "it is still its browser's session");
});

t.test("SIGTERM ends with code 0 although pages come back while a session is still being saved", async (t) => {
  const strategy = `() => { console.error("deciding"); return new Promise((done) => setTimeout(done, 2_500, "rollback")); }`;
  const config = `export default { timeLimit: 500, recovery: { strategy: ${strategy} } };`;
  const served = await ServedProcess.start(t, ["--dir", site(t, { ...counter, "moonpool.config.js": config })]);
  const browser = new Browser(served.origin);
  const path = await browser.start();
  const tab = await browser.connect(path);
  const page = await firstPage(tab);
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  page.write(slots.loop, null);
  while (!served.log.includes("deciding")) await new Promise((resolve) => setTimeout(resolve, 20));
  const code = served.kill("SIGTERM");
  t.match(await tab.closed, { code: 1001, reason: /^RETRY / });
  const late = await refusedUpgrade(t, served.origin, `/_moonpool/ws${path}`);
  t.equal(late.status, 503, "it is still closing");
  await late.ended;
  t.equal(await code, 0);
  await served.start();
  const again = await firstPage(await browser.connect(path));
  await again.until(() => again.values.has(again.slot(slots.count)));
  t.equal(again.values.get(again.slot(slots.count)), 1);
});

t.test("after a restart with newer files sessions wake with their state and run the newer code", async (t) => {
  const files = {
    ...counter,
    "lua/main.lua": `local step = require("step")
local App = session:prototype("App", { count = 0, name = "" })
function App:press() self.count = self.count + step.size() end
if not session:getApp() then session:createAppVariable(App:new()) end`,
    "lua/step.lua": `return { size = function() return 1 end }`,
  };
  const dir = site(t, files);
  const served = await ServedProcess.start(t, ["--dir", dir]);
  const browser = new Browser(served.origin);
  const url = await browser.start();
  const page = await firstPage(await browser.connect(url));
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  await served.kill("SIGKILL");
  writeSiteFile(dir, "lua/step.lua", `return { size = function() return 10 end }`);
  const viewdef = path.join(dir, "viewdefs/App.DEFAULT.html");
  fs.writeFileSync(viewdef, fs.readFileSync(viewdef, "utf8").replace("<div>", "<div class='newer'>"));
  await served.start();
  const again = await firstPage(await browser.connect(url));
  await again.until(() => again.values.has(again.slot(slots.count)));
  t.equal(again.values.get(again.slot(slots.count)), 1, "the state of before");
  t.match(again.viewdefs.get("App.DEFAULT")?.html, "newer", "the viewdef of now");
  again.write(slots.press, null);
  await again.until(() => again.values.get(again.slot(slots.count)) === 11);
  t.equal(again.values.get(again.slot(slots.count)), 11, "the code of now");
});

t.test("in memory, sessions end with the process: their URLs say so", async (t) => {
  const dir = site(t);
  const served = await ServedProcess.start(t, ["--dir", dir, "--durability", "memory", "--secret", "0123456789abcdef"]);
  const browser = new Browser(served.origin);
  const url = await browser.start();
  await served.kill("SIGKILL");
  await served.start();
  t.equal((await browser.get(url)).status, 404);
  t.notOk(fs.existsSync(path.join(dir, ".moonpool")), "and nothing is written");
});
