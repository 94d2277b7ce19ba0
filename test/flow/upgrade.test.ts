import path from "node:path";
import t, { type Test } from "tap";
import { openStore } from "../../src/host/store/open-store.ts";
import { Browser } from "../support/browser.ts";
import type { PageModel } from "../support/page-model.ts";
import { counter, firstPage, slots } from "../support/real-host.ts";
import { ServedProcess } from "../support/served-process.ts";
import { makeSite, removeSite } from "../support/site.ts";

/** Presses are kept in a list and in a closure's variable, too; a timer is not part of a portable state. */
const files = {
  ...counter,
  "lua/main.lua": `
local App = session:prototype("App", { count = 0, name = "", presses = EMPTY })
local total = 0
session:keep("total", function() return total end, function(value) total = value end)
function App:press()
  total = total + 1
  table.insert(self.presses, { number = total })
  self.count = #self.presses + total
end
session:createAppVariable(App:new({ presses = {} }))`,
};

class Upgrade {
  readonly served: ServedProcess;
  readonly #dir: string;

  private constructor(served: ServedProcess, dir: string) {
    this.served = served;
    this.#dir = dir;
  }

  static async start(t: Test): Promise<Upgrade> {
    const dir = makeSite(files);
    t.teardown(() => removeSite(dir));
    return new Upgrade(await ServedProcess.start(t, ["--dir", dir]), dir);
  }

  /** A new session whose button was pressed so often. */
  async open(presses: number): Promise<{ browser: Browser; url: string; page: PageModel }> {
    const browser = new Browser(this.served.origin);
    const url = await browser.start();
    const page = await firstPage(await browser.connect(url));
    await press(page, presses);
    return { browser, url, page };
  }

  /** As another version of Moonpool, whose VMs are born otherwise. To be called while it is down. `without`: blobs that are lost. */
  async change(...without: string[]): Promise<void> {
    const store = await openStore({ durability: "disk", dir: path.join(this.#dir, ".moonpool/store") });
    const seed = Buffer.from((await store.blob("seed"))!).toString();
    store.putBlob("seed", Buffer.from(seed === "1" ? "2" : "1"));
    for (const name of without) store.removeBlob(name);
    await store.close();
  }

  /** What the log says of restored sessions. */
  restored(): string[] {
    const lines = this.served.log.split("\n").filter((line) => line.includes("STATE_RESTORED"));
    return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  }
}

async function press(page: PageModel, times: number): Promise<void> {
  for (let each = 0; each < times; each++) page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 2 * times);
}

/** The page of a session that is opened again; it may have to connect twice, as pages do that are told to. */
async function again(browser: Browser, url: string, count: number): Promise<PageModel> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      const page = await firstPage(await browser.connect(url));
      await page.until(() => page.values.get(page.slot(slots.count)) === count);
      return page;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("closed")) throw error;
    }
  }
  throw new Error("the session does not come back");
}

t.test(
  "after SIGTERM and a start with other VMs, sessions go on with their portable state: nothing is lost",
  async (t) => {
    const upgrade = await Upgrade.start(t);
    const opened = await Promise.all([1, 2, 3].map((presses) => upgrade.open(presses)));
    t.equal(await upgrade.served.kill("SIGTERM"), 0);
    await upgrade.change();
    await upgrade.served.start();
    for (const [index, { browser, url }] of opened.entries()) {
      const page = await again(browser, url, 2 * (index + 1));
      page.write(slots.press, null);
      await page.until(() => page.values.get(page.slot(slots.count)) === 2 * (index + 2));
      t.same(page.faults, [], "and its code runs");
    }
    t.equal(upgrade.restored().length, 3);
    for (const message of upgrade.restored()) t.match(message, /^IMAGE_FOREIGN: .* Nothing is lost by that\.$/);

    // And once more, with what came since.
    t.equal(await upgrade.served.kill("SIGTERM"), 0);
    await upgrade.change();
    await upgrade.served.start();
    for (const [index, { browser, url }] of opened.entries()) await again(browser, url, 2 * (index + 2));
    t.equal(upgrade.restored().length, 3);
  },
);

t.test(
  "after kill -9 and a start with other VMs, a session goes on from its last rest; the log says how much is lost",
  async (t) => {
    const upgrade = await Upgrade.start(t);
    const { browser, url } = await upgrade.open(2);
    await upgrade.served.kill("SIGTERM");
    await upgrade.served.start();
    const page = await again(browser, url, 4);
    for (let each = 0; each < 3; each++) page.write(slots.press, null);
    await page.until(() => page.values.get(page.slot(slots.count)) === 10);
    await upgrade.served.kill("SIGKILL");
    await upgrade.change();
    await upgrade.served.start();
    await again(browser, url, 4);
    // Another tab came and pressed three times; that of before may have been put aside in between.
    t.match(upgrade.restored(), [/^IMAGE_FOREIGN: .* The last [45] events before that are lost\.$/]);
  },
);

t.test("a session in whose image nothing of it is yet is repeated whole, also after kill -9", async (t) => {
  const upgrade = await Upgrade.start(t);
  const browser = new Browser(upgrade.served.origin);
  const url = await browser.start();
  await upgrade.served.kill("SIGKILL");
  await upgrade.change();
  await upgrade.served.start();
  const page = await again(browser, url, 0);
  await press(page, 1);
  t.same(upgrade.restored(), []);
});

t.test("a session without a portable state that cannot be loaded ends, with the reason", async (t) => {
  const upgrade = await Upgrade.start(t);
  const { browser, url } = await upgrade.open(1);
  await upgrade.served.kill("SIGTERM");
  await upgrade.change(`state${url}`);
  await upgrade.served.start();
  const tab = await browser.connect(url);
  t.match(await tab.closed, { reason: "SESSION_ENDED" });
  t.match(upgrade.served.log, /IMAGE_FOREIGN/);
  t.same(upgrade.restored(), []);
});
