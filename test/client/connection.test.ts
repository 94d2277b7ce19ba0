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
  const next = await host.connection();
  t.same(await page.evaluate("seen"), ["connected", "disconnected"]);
  await settled(page, next, ...first("y"));
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
  "when the host does not know the connection any more, everything starts anew: ids, numbers, viewdefs",
  async (t) => {
    const { page, connection, host } = await scene(t, chromium, app, {
      values: ["old", "", null],
      allow: /WebSocket|503/,
    });
    await page.locator("button").click();
    t.equal((await connection.frame()).seq, 1);
    const before = await page.evaluate(() => (window as never as Bridged).moonpool.statistics());
    connection.holdAck = true;
    await page.locator("button").click();
    await connection.frame();
    host.refuse = 503;
    connection.socket.terminate();
    await page.waitForFunction(`${state} !== "connected"`);
    t.equal(await page.locator("p").textContent(), "old", "the old page stays until then");
    await page.locator("input").fill("typed");
    await page.locator("button").click();
    host.refuse = undefined;
    const next = await host.connection();
    t.match(next.resumption, { connection: "1", applied: "1" });
    await settled(page, next, ...first("new"));
    t.equal(await page.locator("p").textContent(), "new");
    t.equal(await page.locator("moonpool-connection output").textContent(), "2 changes could not be sent.");
    t.equal(await page.locator("input").inputValue(), "typed", "what was typed stays longer");
    t.match(await next.frame(), { seq: 1, messages: [{ type: "update", id: 3, value: "typed" }] });
    const after = await page.evaluate(() => (window as never as Bridged).moonpool.statistics());
    t.strictSame({ ...after, frames: 0 }, { ...before, frames: 0 });
    await page.locator("button").click();
    t.match(await next.frame(), { seq: 2, ack: 1, event: true });
  },
);

t.test("a page goes on with its connection: both sides send again what the other has not got", async (t) => {
  const { page, connection, host } = await scene(t, chromium, app, {
    values: ["old", "", null],
    allow: /WebSocket|503/,
  });
  connection.holdAck = true;
  await page.locator("button").click();
  await connection.frame();
  await page.locator("input").focus();
  await page.evaluate("window.kept = document.querySelector('input')");
  host.refuse = 503;
  connection.socket.terminate();
  await page.waitForFunction(`${state} !== "connected"`);
  for (let click = 0; click < 2; click++)
    await page.locator("button").evaluate((button) => (button as HTMLElement).click());
  await page.locator("moonpool-connection output", { hasText: "2 changes will be sent." }).waitFor();
  host.refuse = undefined;
  const next = await host.connection();
  t.strictSame(next.resumption, { connection: "1", applied: "1", acknowledged: "0" });
  next.resume(connection);
  t.match(await next.frame(), { seq: 1, messages: [{ id: 4 }] }, "what was not acknowledged");
  t.match(await next.frame(), { seq: 2, messages: [{ id: 4 }, { id: 4 }] }, "and what was done meanwhile, in order");
  await settled(page, next, update(2, "new"));
  t.equal(await page.locator("p").textContent(), "new");
  t.ok(await page.evaluate("window.kept === document.activeElement"), "the page is the same");
  t.equal(await page.locator("moonpool-connection output").textContent(), "");
  // The other way round: of what the host sends twice, nothing happens twice.
  next.socket.terminate();
  const last = await host.connection();
  t.strictSame(last.resumption, { connection: "1", applied: "2", acknowledged: "2" });
  last.resume(next);
  last.socket.send(JSON.stringify({ seq: 2, ack: 2, messages: [update(2, "stale")] }));
  await settled(page, last, update(3, "typed"));
  t.equal(await page.locator("p").textContent(), "new");
});

t.test(
  "a page that is told everything once more goes on with what it shows; errors that are over go away",
  async (t) => {
    const list = viewdef(`<p></p><input><ul></ul>`, bind(0, "value", 0), bind(1, "value", 1), bind(2, "list", 2));
    const row = viewdef(`<li><i></i></li>`, bind(1, "value", 0));
    const { page, connection } = await scene(t, chromium, list, {
      values: ["old", "", null],
      viewdefs: { "Row.list-item": row },
      more: [
        { type: "list", id: 4, place: [{ row: 10, count: 3, before: 0 }] },
        view(10, "Row.list-item", 20, ["a"]),
        view(11, "Row.list-item", 30, ["b"]),
        view(12, "Row.list-item", 40, ["c"]),
        { type: "update", id: 2, error: { code: "LUA_ERROR", message: "boom" } },
        { type: "update", id: 3, error: { code: "LUA_ERROR", message: "boom" } },
      ],
    });
    await page.evaluate("window.kept = [...document.querySelectorAll('p, input, li')]");
    t.equal(await page.evaluate("moonpool.statistics().errors"), 2);
    await settled(
      page,
      connection,
      { type: "refresh" },
      deliver({ "App.DEFAULT": list, "Row.list-item": row }),
      view(1, "App.DEFAULT", 2, ["new", "", null]),
      { type: "update", id: 3, error: { code: "LUA_ERROR", message: "boom" } },
      {
        type: "list",
        id: 4,
        all: true,
        place: [
          { row: 10, before: 0 },
          { row: 50, before: 10 },
          { row: 12, before: 50 },
        ],
      },
      view(12, "Row.list-item", 40, ["c"]),
      view(50, "Row.list-item", 60, ["d"]),
      view(10, "Row.list-item", 20, ["A"]),
    );
    t.equal(await page.locator("p").textContent(), "new");
    t.same(await page.locator("li").allTextContents(), ["c", "d", "A"]);
    t.same(
      await page.evaluate("window.kept.map((element) => element.isConnected)"),
      [true, true, true, false, true],
      "the elements are the same",
    );
    t.equal(await page.evaluate("moonpool.statistics().errors"), 1);
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

t.test("what is done while offline is kept up to a limit, and then visibly refused", async (t) => {
  const { page, connection, host } = await scene(t, chromium, app, { values: ["", "", null], allow: /WebSocket|503/ });
  host.refuse = 503;
  connection.socket.terminate();
  await page.waitForFunction(`${state} !== "connected"`);
  await page.evaluate(`for (let index = 0; index < 1100; index++) document.querySelector("button").click()`);
  t.equal(await page.locator("moonpool-connection output").textContent(), "100 changes could not be sent.");
  t.equal(await page.evaluate("moonpool.statistics().waiting"), 1000);
  host.refuse = undefined;
  const next = await host.connection();
  next.resume(connection);
  t.equal((await next.messages()).length, 1000);
});

t.test("a host that is silent is asked, then said to be slow, and then left for another socket", async (t) => {
  const { page, connection, host } = await scene(t, chromium, app, { values: ["", "", null] });
  await connection.acknowledged(1);
  connection.holdAck = true;
  await page.locator("button").click();
  await connection.frame();
  await page.locator("moonpool-connection output", { hasText: "slow" }).waitFor();
  t.equal(await page.evaluate("document.documentElement.hasAttribute('data-moonpool-slow')"), true);
  const closed = new Promise((resolve) => connection.socket.once("close", resolve));
  const next = await host.connection();
  t.equal(await closed, 4002, "which is no farewell");
  t.ok(
    connection.frames.some((frame) => "ping" in frame),
    "it was asked first",
  );
  next.resume(connection, 1);
  await page.waitForFunction(`${state} === "connected"`);
  t.equal(await page.locator("moonpool-connection output").textContent(), "");
});

t.test("a frame that is missing, here or there, is found with another socket", async (t) => {
  const { page, connection, host } = await scene(t, chromium, app, { values: ["", "", null] });
  connection.socket.send(JSON.stringify({ seq: 3, ack: 0, messages: [update(2, "after the gap")] }));
  const next = await host.connection();
  t.match(next.resumption, { applied: "1" });
  next.resume(connection);
  await settled(page, next, update(2, "missed"));
  t.equal(await page.locator("p").textContent(), "missed");
  next.send({ type: "error", code: "FRAME_SEQ", message: "seq is 3, but 2 is next." });
  const last = await host.connection();
  t.match(last.resumption, { applied: "3" });
});

t.test("what waits leaves in frames of a size that hosts take; what none would take is told", async (t) => {
  const fields = viewdef(
    `<textarea></textarea>`.repeat(4),
    ...[0, 1, 2, 3].map((at) => bind(at, "value", at, { write: true })),
  );
  const { page, connection, host } = await scene(t, chromium, fields, {
    values: ["", "", "", ""],
    allow: /WebSocket|503/,
  });
  host.refuse = 503;
  connection.socket.terminate();
  await page.waitForFunction(`${state} !== "connected"`);
  for (const [id, size] of [150_000, 150_000, 15_000_000, 5].entries())
    await page.evaluate(`uiStore.update(${id + 2}, "x".repeat(${size}))`);
  host.refuse = undefined;
  const next = await host.connection();
  next.resume(connection);
  t.match(await next.frame(), { seq: 1, messages: [{ id: 2 }] });
  t.match(await next.frame(), { seq: 2, messages: [{ id: 3 }, { id: 5 }] });
  await page.locator("moonpool-connection output", { hasText: "1 change could not be sent." }).waitFor();
  next.send({ type: "error", code: "FRAME_TOO_LARGE", message: "" });
  await page.locator("moonpool-connection output", { hasText: "2 changes could not be sent." }).waitFor();
});

t.test("a page that never gets its first frame says so, too", async (t) => {
  const host = await ScriptedHost.start(t);
  const page = await chromium.open(t, "about:blank", { allow: /WebSocket|503|404/ });
  await page.routeWebSocket(/_moonpool/, (socket) => void socket.close({ code: 1011 }));
  await page.goto(host.url);
  await page.locator("moonpool-connection output", { hasText: "Connecting …" }).waitFor();
  const other = await chromium.open(t, host.url);
  (await host.connection()).socket.close(1008, "CONNECTION_LIMIT");
  await other.locator("moonpool-connection output", { hasText: "This is open in too many tabs." }).waitFor();
  t.equal(await other.locator("moonpool-connection a").count(), 0);
});

t.test("a page that shows the connection itself prevents the built-in notice, and is told the same", async (t) => {
  const { page, connection } = await scene(t, chromium, app, { values: ["", "", null] });
  await page.evaluate(`window.reports = []; document.addEventListener("moonpool-connection", (event) => {
    event.preventDefault(); reports.push(event.detail.state) })`);
  connection.socket.close(4000, "SESSION_ENDED");
  await page.waitForFunction(`${state} === "ended"`);
  t.equal(await page.evaluate("window.reports.at(-1)"), "ended");
  t.equal(await page.locator("moonpool-connection").count(), 0);
});

t.test("a session that is gone leaves the choice to begin a new one, and no loop", async (t) => {
  const { page, connection } = await scene(t, chromium, app, { values: ["", "", null], prefix: "/some" });
  connection.socket.close(4000, "SESSION_ENDED");
  const notice = page.locator("moonpool-connection output");
  await notice.filter({ hasText: "This session has ended." }).waitFor();
  t.equal(await page.getByRole("status").count(), 1);
  t.equal(await notice.locator("a").getAttribute("href"), "/some/");
});

t.test("with a latency whatever passes takes longer, in the same order", async (t) => {
  const { page, connection } = await scene(t, chromium, app, { values: ["", "", null] });
  await page.evaluate("moonpool.latency(200); window.begin = performance.now()");
  await page.locator("button").click();
  await connection.frame();
  connection.send(update(2, "one"));
  connection.send(update(2, "two"));
  await page.locator("p", { hasText: "two" }).waitFor();
  t.ok((await page.evaluate<number>("performance.now() - window.begin")) >= 200);
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
