import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled, type Bridged } from "../support/scene.ts";
import { bind, deliver, ScriptedHost, update, view, viewdef, welcome } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const app = viewdef(
  `<p></p><input><button>b</button>`,
  bind(0, "value", 0),
  bind(1, "value", 1, { write: true, keypress: true }),
  bind(2, "action", 2, { repeat: true }),
);
const first = (text: string) => [
  welcome(),
  deliver({ "App.DEFAULT": app }),
  view(1, "App.DEFAULT", 2, [text, "", null]),
];
const state = "document.documentElement.dataset.moonpoolState";

t.test("the state of the connection stands on <html>, and scripts can follow it", async (t) => {
  const host = await ScriptedHost.start(t);
  const page = await chromium.open(t, host.url);
  const connection = await host.connection();
  t.equal(await page.evaluate(state), "connecting");
  await page.evaluate(
    `window.seen = []; for (const state of ["connected", "disconnected"]) moonpool.on(state, () => seen.push(state))`,
  );
  await settled(page, connection, ...first("x"));
  t.equal(await page.evaluate(state), "connected");
  connection.socket.close(1001);
  await page.waitForFunction(`${state} === "disconnected"`);
  t.same(await page.evaluate("seen"), ["connected", "disconnected"]);
  await page.evaluate("moonpool.reconnect()");
  await settled(page, await host.connection(), ...first("y"));
  t.equal(await page.evaluate("moonpool.state"), "connected");
});

t.test(
  "a page that is idle acknowledges within a second, a busy one every 16 frames, and any frame does",
  async (t) => {
    const { page, connection } = await scene(t, chromium, app, { values: ["", "", null] });
    await connection.acknowledged(1);
    t.strictSame(connection.frames, [{ ack: 1 }]);
    for (let index = 0; index < 20; index++) connection.send(update(2, index));
    await connection.acknowledged(17);
    t.strictSame(connection.frames.slice(0, 2), [{ ack: 1 }, { ack: 17 }]);
    await page.locator("p", { hasText: "19" }).waitFor();
    await page.locator("button").click();
    t.match(await connection.frame(), { seq: 1, ack: 21 });
  },
);

t.test(
  "after a lost connection everything starts anew: ids, numbers, viewdefs; the old page stays until then, what was typed longer",
  async (t) => {
    const { page, connection, host } = await scene(t, chromium, app, { values: ["old", "", null] });
    await page.locator("button").click();
    t.equal((await connection.frame()).seq, 1);
    const before = await page.evaluate(() => (window as never as Bridged).moonpool.statistics());
    connection.socket.terminate();
    await page.waitForFunction(`${state} === "disconnected"`);
    t.equal(await page.locator("p").textContent(), "old");
    const warned = page.waitForEvent("console", (message) => message.type() === "warning");
    await page.locator("input").fill("typed");
    await page.evaluate("moonpool.reconnect()");
    const next = await host.connection();
    await settled(page, next, ...first("new"));
    t.match((await warned).text(), /1 changes made while offline were dropped/);
    t.equal(await page.locator("p").textContent(), "new");
    t.equal(await page.locator("input").inputValue(), "typed");
    t.match(await next.frame(), { seq: 1, messages: [{ type: "update", id: 3, value: "typed" }] });
    const after = await page.evaluate(() => (window as never as Bridged).moonpool.statistics());
    t.strictSame({ ...after, frames: 0 }, { ...before, frames: 0 });
    await page.locator("button").click();
    t.strictSame(await next.frame(), {
      seq: 2,
      ack: 1,
      event: true,
      messages: [{ type: "update", id: 4, value: null }],
    });
  },
);

t.test(
  "a frame that cannot be read is reported, and the page gets everything anew on another connection",
  async (t) => {
    const { page, connection, host } = await scene(t, chromium, app, { values: ["old", "", null] });
    let current = connection;
    for (const [index, text] of ['{"seq":2,"ack":0,"mess', "null", '{"seq":2,"ack":0,"messages":{}}'].entries()) {
      const closed = new Promise((resolve) => current.socket.once("close", resolve));
      current.socket.send(text);
      t.match(await current.frame(), {
        seq: 1,
        event: false,
        messages: [{ type: "error", code: "FRAME_NOT_JSON", message: `The page cannot read a frame: ${text}` }],
      });
      await closed;
      current = await host.connection();
      await settled(page, current, ...first(`new ${index}`));
      t.equal(await page.locator("p").textContent(), `new ${index}`);
    }
  },
);

t.test("a first frame that cannot be read is reported, too", async (t) => {
  const host = await ScriptedHost.start(t);
  const page = await chromium.open(t, host.url);
  const connection = await host.connection();
  connection.socket.send("<html>");
  t.match(await connection.frame(), { seq: 1, ack: 0, messages: [{ code: "FRAME_NOT_JSON" }] });
  await settled(page, await host.connection(), ...first("x"));
  t.equal(await page.locator("p").textContent(), "x");
});

t.test("a connection that fails is tried again by itself", async (t) => {
  const { page, connection, host } = await scene(t, chromium, app, { values: ["", "", null], allow: /WebSocket|503/ });
  host.refuse = 503;
  connection.socket.terminate();
  await page.waitForEvent("response", (response) => response.request().method() === "HEAD");
  t.equal(await page.evaluate("moonpool.state"), "disconnected");
  host.refuse = undefined;
  await settled(page, await host.connection(), ...first("back"));
  t.equal(await page.locator("p").textContent(), "back");
});

t.test("when the host knows the session no more, the page stops trying", async (t) => {
  const { page, connection, host } = await scene(t, chromium, app, { values: ["", "", null], allow: /WebSocket|404/ });
  host.refuse = 404;
  connection.socket.terminate();
  await page.waitForFunction(`${state} === "ended"`);
});

t.test("what was typed and not sent yet leaves with the page", async (t) => {
  const plain = viewdef(`<input>`, bind(0, "value", 0, { write: true }));
  const { page, connection } = await scene(t, chromium, plain, { values: [""] });
  await page.locator("input").pressSequentially("unsent");
  await page.goto("about:blank");
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "unsent" }]);
});

t.test("when the host says that the session ended, the page stays away", async (t) => {
  const { page, connection } = await scene(t, chromium, app, { values: ["", "", null] });
  connection.socket.close(4000, "SESSION_ENDED");
  await page.waitForFunction(`${state} === "ended"`);
  await page.evaluate("moonpool.reconnect()");
  t.equal(await page.evaluate("moonpool.state"), "ended");
});

t.test("input while offline is kept up to a limit, with one warning", async (t) => {
  const { page, connection } = await scene(t, chromium, app, { values: ["", "", null] });
  connection.socket.terminate();
  await page.waitForFunction(`${state} === "disconnected"`);
  const warnings: string[] = [];
  page.on("console", (message) => warnings.push(message.text()));
  await page.evaluate(`for (let index = 0; index < 1100; index++) document.querySelector("button").click()`);
  t.same(warnings, ["moonpool: offline for too long: further changes are dropped"]);
  t.equal(await page.evaluate("moonpool.statistics().waiting"), 1000);
});

t.test("under a prefix the page finds its host", async (t) => {
  const { page } = await scene(t, chromium, app, { values: ["x", "", null], prefix: "/some/where" });
  t.equal(await page.locator("p").textContent(), "x");
});

t.test(
  "a page without ui-app shows the app at its end, and content of ui-app stays until the app is there",
  async (t) => {
    const { page } = await scene(t, chromium, app, { values: ["x", "", null], body: "<h1>mine</h1>" });
    t.equal(await page.locator("body > h1 ~ p").textContent(), "x");
    const host = await ScriptedHost.start(t);
    host.body = `<div ui-app class="shell">loading</div>`;
    const other = await chromium.open(t, host.url);
    const connection = await host.connection();
    await settled(other, connection, welcome());
    t.equal(await other.locator("body").textContent(), "loading");
    await settled(other, connection, ...first("y").slice(1));
    t.equal(await other.locator("p.shell").textContent(), "y");
  },
);
