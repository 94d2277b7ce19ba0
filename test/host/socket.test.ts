import { connect } from "node:net";
import { once } from "node:events";
import t from "tap";
import { WebSocket } from "ws";
import type { Refusal, Tab } from "../support/browser.ts";
import { changesOf, echo, FakePool, outcomeOf } from "../support/fake-pool.ts";
import { startHost } from "../support/host.ts";
import { refusedUpgrade } from "../support/refused-upgrade.ts";

const update = (value: unknown): object => ({ type: "update", id: 3, value });

/** The status and code with which a connection was refused. */
async function refusalOf(connecting: Promise<Tab>): Promise<string> {
  const refusal = await connecting.then(
    () => undefined,
    (refusal: Refusal) => refusal,
  );
  return refusal === undefined ? "connected" : `${refusal.status} ${refusal.body.code}`;
}

t.test("page → socket → session → one frame: welcome first, then what the session says", async (t) => {
  const host = await startHost(t, { development: true });
  const browser = host.browser();
  const tab = await browser.connect(await browser.start());
  t.strictSame(await tab.next(), {
    seq: 1,
    ack: 0,
    messages: [
      { type: "welcome", protocol: 1, connection: 1, development: true },
      { type: "update", id: 1, value: "hello" },
    ],
  });
  tab.send([update("x")]);
  t.strictSame(await tab.next(), {
    seq: 2,
    ack: 1,
    messages: [{ type: "update", id: 1, value: '1 1\nupdate 3 "x"' }],
  });
  tab.close();
  await tab.closed;
  t.strictSame(host.pool.only.events.map(({ kind, connection }) => `${kind} ${connection}`).slice(0, 3), [
    "start 0",
    "connect 1",
    "frame 1",
  ]);
});

t.test("who may not connect is told why by status and code, before the upgrade", async (t) => {
  const host = await startHost(t, { origins: ["https://friend.example"] });
  const browser = host.browser();
  const path = await browser.start();
  t.equal(await refusalOf(browser.connect(path, { origin: "https://evil.example" })), "403 ORIGIN_REFUSED");
  t.equal(await refusalOf(browser.connect(path, { origin: "null" })), "403 ORIGIN_REFUSED");
  t.equal(
    await refusalOf(browser.connect(path, { origin: host.origin.replace(/\d+$/, "1") })),
    "403 ORIGIN_REFUSED",
    "another port",
  );
  t.equal(await refusalOf(host.browser().connect(path)), "403 SESSION_FOREIGN");
  const other = host.browser();
  await other.start();
  t.equal(await refusalOf(other.connect(path)), "403 SESSION_FOREIGN");
  t.equal(await refusalOf(browser.connect(`/${"0".repeat(32)}`)), "404 SESSION_UNKNOWN");
  t.strictSame(
    host.pool.sessions[0]?.events.map(({ kind }) => kind),
    ["start"],
    "the session noticed nothing",
  );
  t.equal(await refusalOf(browser.connect(path, { origin: "https://friend.example" })), "connected");
  t.equal(await refusalOf(browser.connect(path, {})), "connected", "no browser, no origin; the cookie is right");
  t.equal(await refusalOf(browser.connect(path)), "connected");
});

t.test("a script can ask by plain GET why its WebSocket failed", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const path = await browser.start();
  t.equal((await browser.get(`/_moonpool/ws${path}`)).status, 426);
  const gone = await browser.get(`/_moonpool/ws/${"0".repeat(32)}`);
  t.equal(gone.status, 404);
  t.match(await gone.json(), { code: "SESSION_UNKNOWN", message: "This session does not exist any more." });
});

t.test("with share: link everybody who knows the URL joins the session", async (t) => {
  const host = await startHost(t, { share: "link" });
  const path = await host.browser().start();
  const tab = await host.browser().connect(path);
  t.match(await tab.next(), { messages: [{ type: "welcome", connection: 1 }, {}] });
});

t.test("two tabs: each has its connection; one closing does not harm the other", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const path = await browser.start();
  const first = await browser.connect(path);
  await first.next();
  const second = await browser.connect(path);
  t.match(await second.next(), { messages: [{ type: "welcome", connection: 2 }, {}] });
  first.close();
  await first.closed;
  second.send([update("still here")]);
  t.match(await second.next(), { seq: 2, ack: 1 });
  t.equal(host.app.moonpool.connectionCount, 1);
});

t.test("every bad frame is answered with a code, changes nothing, and the session goes on", async (t) => {
  const host = await startHost(t, { rate: { perSecond: 1_000, burst: 1_000 } });
  const browser = host.browser();
  const tab = await browser.connect(await browser.start());
  const frame = (messages: unknown, seq: unknown = ++tab.seq): string =>
    JSON.stringify({ seq, ack: tab.ack, event: true, messages });
  const cases: [string, () => string | Buffer][] = [
    ["FRAME_NOT_JSON", () => "hello"],
    ["FRAME_NOT_JSON", () => `{"seq":${++tab.seq},"ack":0,`],
    ["FRAME_NOT_JSON", () => ""],
    ["FRAME_INVALID", () => "[]"],
    ["FRAME_INVALID", () => frame([{ type: "update", id: "three", value: 1 }])],
    ["FRAME_INVALID", () => frame([update(1), { type: "dance" }])],
    ["FRAME_INVALID", () => frame({})],
    ["FRAME_INVALID", () => Buffer.from([1, 2, 3])],
    ["FRAME_SEQ", () => frame([update(1)], tab.seq + 2)],
    ["FRAME_TOO_MANY", () => frame(Array.from({ length: 10_000 }, () => update(1)))],
    ["FRAME_TOO_LARGE", () => frame([update("x".repeat(10 * 1024 * 1024))])],
    ["FRAME_TOO_LARGE", () => frame([update("ü".repeat(600 * 1024))])],
    ["FRAME_INVALID", () => JSON.stringify({ ack: 1_000_000 })],
  ];
  for (const [code, text] of cases) {
    tab.sendText(text());
    const fault = await tab.find("error");
    t.equal(fault.code, code, fault.message);
    t.ok(fault.message.length < 200);
  }
  const { events } = host.pool.only;
  t.strictSame(
    events.map(({ kind }) => kind),
    ["start", "connect"],
  );
  tab.send([update("after all that")]);
  t.match(await tab.find("update"), { value: /^1 \d+\nupdate 3 "after all that"$/ });
});

t.test("a frame larger than the socket's limit ends that connection only", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const path = await browser.start();
  const tab = await browser.connect(path);
  const other = await browser.connect(path);
  tab.sendText("x".repeat(17 * 1024 * 1024));
  t.equal((await tab.closed).code, 1009);
  other.send([update(1)]);
  t.ok(await other.find("update", ({ value }) => value !== "hello"));
});

t.test("a flood is cut, and who goes on is shut out with 1008; others are not touched", async (t) => {
  const host = await startHost(t, { rate: { perSecond: 1, burst: 10 } });
  const browser = host.browser();
  const path = await browser.start();
  const tab = await browser.connect(path);
  const other = await browser.connect(path);
  for (let count = 0; count < 200; count++) tab.send([update(count)]);
  t.equal((await tab.find("error")).code, "RATE_LIMIT");
  t.strictSame(await tab.closed, { code: 1008, reason: "RATE_LIMIT" });
  t.equal(host.pool.only.events.filter(({ kind }) => kind === "frame").length, 10);
  other.send([update("calm")]);
  t.ok(await other.find("update", ({ value }) => value !== "hello"));
});

t.test("a session that ends tells its tabs, by message and close code", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const tab = await browser.connect(await browser.start());
  host.pool.only.say({ kind: "failed", error: { code: "LIMIT_MEMORY", message: "secret place: not enough memory" } });
  const fault = await tab.find("error");
  t.equal(fault.code, "SESSION_ENDED");
  t.notMatch(fault.message, "secret place", "details are for development mode");
  t.strictSame(await tab.closed, { code: 4000, reason: "SESSION_ENDED" });
});

t.test(
  "a browser that does not read costs bounded memory, pauses its connection, and is brought up to date later",
  async (t) => {
    const pool = new FakePool((event, session) => {
      if (event.kind !== "frame") return echo(event, session);
      // A burst far beyond what the system's buffers hold: 400 changes of 100 KB, of two variables.
      for (let count = 1; count <= 400; count++) {
        const value = JSON.stringify(`${count} `.padEnd(100_000, "x"));
        const medium = `{"type":"update","id":${2 + (count % 2)},"value":${value}}`;
        session.say(outcomeOf([changesOf(event.connection, { medium })]));
      }
    });
    const host = await startHost(t, {}, pool);
    const browser = host.browser();
    const tab = await browser.connect(await browser.start());
    await tab.next();
    tab.socket.pause();
    tab.send([update("go")]);
    const { events } = pool.only;
    await until(() => events.some(({ kind }) => kind === "pause"));
    t.strictSame(
      events.map(({ kind }) => kind),
      ["start", "connect", "frame", "pause"],
    );
    tab.socket.resume();
    let bytes = 0;
    tab.socket.on("message", (data) => (bytes += (data as Buffer).length));
    const last = await tab.find(
      "update",
      ({ id, value }) => id === 2 && typeof value === "string" && value.startsWith("400 "),
    );
    t.ok(last);
    await until(() => events.some(({ kind }) => kind === "resume"));
    t.ok(bytes < 30_000_000, `${bytes} of 40,000,000 bytes were sent`);
  },
);

t.test("a half-open connection that answers no close does not hold up the host", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const path = await browser.start();
  const port = Number(new URL(host.origin).port);
  const socket = connect(port, "127.0.0.1");
  t.teardown(() => socket.destroy());
  const headers = { host: `127.0.0.1:${port}`, upgrade: "websocket", connection: "upgrade", ...browser.headers() };
  const lines = Object.entries({
    ...headers,
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  });
  socket.write(
    `GET /_moonpool/ws${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
  );
  await once(socket, "data");
  const started = Date.now();
  await host.app.close();
  t.ok(Date.now() - started < 10_000);
});

t.test("closing the host: browsers are told to come back later, VMs end, nothing listens", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const path = await browser.start();
  const tab = await browser.connect(path);
  await tab.next();
  await host.app.close();
  t.equal((await tab.closed).code, 1001);
  t.ok(host.pool.isClosed);
  t.ok(host.pool.only.isClosed);
  await t.rejects(fetch(host.origin));
  await t.rejects(once(new WebSocket(host.origin.replace("http", "ws")), "open"));
});

t.test(
  "who comes back while sessions are still being saved does not hold up the host, nor who says nothing",
  async (t) => {
    const host = await startHost(t);
    const browser = host.browser();
    const path = await browser.start();
    const tab = await browser.connect(path);
    const early = await refusedUpgrade(t, host.origin, "/%zz");
    let saved = (): void => {};
    const saving = new Promise<void>((resolve) => (saved = resolve));
    host.pool.only.leave = () => saving;
    const closed = host.app.close();
    t.equal((await tab.closed).code, 1001);
    await early.ended;
    const own = `/_moonpool/ws${path}`;
    for (const [address, status] of [
      [own, 503],
      [own, 503],
      ["/", 503],
      ["/%zz", 400],
    ] as const) {
      const late = await refusedUpgrade(t, host.origin, address);
      t.equal(late.status, status, address);
      await late.ended;
    }
    // The first is ended with all connections of that time, the second comes later.
    for (const when of ["before", "after"]) {
      const silent = connect(Number(new URL(host.origin).port), "127.0.0.1").resume();
      t.teardown(() => silent.destroy());
      await once(silent, "connect");
      if (when === "before") await once(silent, "close");
    }
    t.notOk(host.pool.isClosed, "it waits for the sessions");
    saved();
    await closed;
    t.ok(host.pool.isClosed);
  },
);

/** Waits until something is so, looking at every turn of the event loop. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
