import type { Page } from "playwright-core";
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, deliver, viewdef, view, welcome } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const app = viewdef("<p>here</p>");

/** When the page has tried to connect, in ms since its socket was lost. */
interface Attempts {
  attempts: number[];
}

/**
 * Takes the network away from a page, whose clock is the test's from now on: attempts fail, or lead to nothing at all. Returns
 * when that was.
 */
async function unplug(page: Page, attempt: "fails" | "hangs" = "fails"): Promise<number> {
  await page.clock.install();
  return page.evaluate((fate) => {
    const attempts: number[] = [];
    Object.assign(window, { attempts });
    window.WebSocket = class extends EventTarget {
      static readonly OPEN = 1;
      readonly readyState = 0;
      constructor() {
        super();
        attempts.push(Date.now());
        if (fate === "fails") queueMicrotask(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })));
      }
      close() {}
    } as never;
    return Date.now();
  }, attempt);
}

t.test(
  "a page without its host tries again at once, then after pauses that double up to 15 seconds, for ever",
  async (t) => {
    const { page, connection } = await scene(t, chromium, app);
    let before = await unplug(page);
    connection.socket.terminate();
    await page.locator("html[data-moonpool-state=disconnected]").waitFor();
    await page.clock.runFor(180_000);
    const { attempts } = await page.evaluate<Attempts>("({ attempts: window.attempts })");
    t.ok(attempts.length > 12, `${attempts.length} attempts in three minutes`);
    for (const [failures, time] of attempts.entries()) {
      const longest = Math.min(200 * 2 ** failures, 15_000);
      // The clock of the page ran while its socket was being lost.
      if (failures > 0) t.ok(time - before >= longest / 2 && time - before <= longest + 1, `${time - before} ms`);
      before = time;
    }
  },
);

t.test("a page that is seen again, or has its network again, does not wait for the next attempt", async (t) => {
  const { page, connection } = await scene(t, chromium, app);
  await unplug(page);
  connection.socket.terminate();
  await page.locator("html[data-moonpool-state=disconnected]").waitFor();
  await page.clock.runFor(60_000);
  for (const [target, event] of [
    ["window", "online"],
    ["document", "visibilitychange"],
    ["window", "pageshow"],
  ]) {
    const tries = `attempts.length`;
    const code = `{ const before = ${tries}; ${target}.dispatchEvent(new Event("${event}")); window.more = ${tries} - before }`;
    await page.evaluate(code);
    t.equal(await page.evaluate("window.more"), 1, `${event}`);
  }
});

t.test("an attempt that leads nowhere does not keep a page from another one when its network is back", async (t) => {
  const { page, connection } = await scene(t, chromium, app);
  await unplug(page, "hangs");
  connection.socket.terminate();
  // The next attempt comes soon, and may have begun already.
  await page.locator("html:not([data-moonpool-state=connected])").waitFor();
  await page.clock.runFor(3_000);
  t.equal(await page.evaluate("attempts.length"), 1);
  await page.evaluate(`dispatchEvent(new Event("online")); dispatchEvent(new Event("pageshow"))`);
  t.equal(await page.evaluate("attempts.length"), 2, "and one that has just begun is not disturbed");
});

t.test("a page whose connection another page has gets one of its own", async (t) => {
  const { connection, host } = await scene(t, chromium, app);
  connection.socket.close(4001, "REPLACED");
  t.same((await host.connection()).resumption, {});
});

t.test("a page that the browser puts aside says so, and goes on when it is shown again", async (t) => {
  const { page, connection, host } = await scene(t, chromium, app);
  const closed = new Promise((resolve) => connection.socket.once("close", resolve));
  await page.evaluate(`dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))`);
  t.equal(await closed, 4002);
  await page.evaluate(`dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`);
  const next = await host.connection();
  t.match(next.resumption, { connection: "1" });
  next.resume(connection);
  await page.locator("html[data-moonpool-state=connected]").waitFor();
});

t.test("links that lead to a mail program or to a download leave the connection alone", async (t) => {
  const links = viewdef(
    `<a href="mailto:a@example.org">mail</a><a href="data:text/plain,x" download="x.txt">file</a><b></b>`,
    bind(2, "value", 0),
  );
  const { page, connection } = await scene(t, chromium, links, { values: [""] });
  const downloaded = page.waitForEvent("download");
  await page.locator("a").first().click();
  await page.locator("a").last().click();
  await (await downloaded).cancel();
  await settled(page, connection, { type: "update", id: 2, value: "still here" });
  t.equal(await page.locator("b").textContent(), "still here");
  t.equal(connection.socket.readyState, 1);
});

t.test("an older socket can do nothing any more when a newer one is there", async (t) => {
  const shown = viewdef("<p></p>", bind(0, "value", 0));
  const { page, connection, host } = await scene(t, chromium, shown, { values: ["old"] });
  await page.evaluate("moonpool.hold = WebSocket.prototype.close; WebSocket.prototype.close = () => {}");
  await page.evaluate(`dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))`);
  await page.evaluate(`dispatchEvent(new Event("online"))`);
  const next = await host.connection();
  await settled(page, next, welcome(), deliver({ "App.DEFAULT": shown }), view(1, "App.DEFAULT", 2, ["new"]));
  connection.send({ type: "update", id: 2, value: "from before" });
  connection.socket.close(4000);
  await settled(page, next, { type: "update", id: 2, value: "newer" });
  t.equal(await page.locator("p").textContent(), "newer");
  t.equal(await page.evaluate("moonpool.state"), "connected");
});
