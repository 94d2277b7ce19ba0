import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fastify from "fastify";
import t from "tap";
import type { Statistics } from "../../src/host/main.ts";
import { moonpoolOn } from "../../src/host/plugin.ts";
import { Browser } from "../support/browser.ts";
import { FakePool } from "../support/fake-pool.ts";
import { listen, startHost } from "../support/host.ts";
import { readMetrics, valueOf } from "../support/prometheus.ts";
import { counter, firstPage, slots, startRealHost, type RealHost } from "../support/real-host.ts";
import { makeSite, removeSite, writeSiteFile } from "../support/site.ts";
import { until } from "../support/watched-site.ts";
import { threads } from "../support/started-threads.ts";

const statisticsOf = ({ app }: RealHost): Statistics => app.moonpool.statistics();

t.test("a time limit that is hit is counted, and how long it took", async (t) => {
  const host = await startRealHost(t, counter, { timeLimit: 100 });
  const { page } = await host.open();
  page.write(slots.loop, null);
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  t.match(statisticsOf(host), {
    errors: { LIMIT_TIME: 1 },
    sessionsStarted: 1,
    threadDeaths: { stuck: 0, died: 0 },
    events: { start: 1, connect: 1, frame: 2 },
  });
  const { event } = statisticsOf(host).times;
  t.ok(event.count >= 4, "the page may have been put right by then, which is an event, too");
  t.ok(event.longest >= 100, "the loop kept it as long as it may");
  t.match(host.app.moonpool.errors(), [{ code: "LIMIT_TIME", who: "app", count: 1 }]);
});

t.test("a Lua error is counted with its file and line, and decides nothing", async (t) => {
  const host = await startRealHost(t);
  const { page, path } = await host.open();
  page.write(slots.fail, null);
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  t.match(host.app.moonpool.errors(), [
    { code: "LUA_ERROR", who: "app", message: /on purpose/, file: "lua/main.lua", line: 6, session: path.slice(1, 9) },
  ]);
  t.match(statisticsOf(host), { errors: { LUA_ERROR: 1 }, recoveries: { rollback: 0, retry: 0, restart: 0, end: 0 } });
});

t.test("threads that die are counted by why, with what was decided and the circuit that opened", async (t) => {
  const main = counter["lua/main.lua"]!.replace(
    "while true do end",
    `string.find(("a"):rep(4000), (".-"):rep(30) .. "b")`,
  );
  const recovery = { circuit: { failures: 1, pause: 60_000 } };
  const host = await startRealHost(t, { ...counter, "lua/main.lua": main }, { timeLimit: 100, recovery });
  const pages = [(await host.open()).page, (await host.open()).page];
  const press = async (count: number): Promise<void> => {
    for (const page of pages) page.write(slots.press, null);
    for (const page of pages) await page.until(() => page.values.get(page.slot(slots.count)) === count);
  };
  await press(1);
  await threads.findLast(({ threadId }) => threadId > 0)?.terminate();
  await press(2);
  t.strictSame(statisticsOf(host).threadDeaths, { stuck: 0, died: 1 }, "once, although it had two sessions");
  const [stuck, other] = pages;
  stuck!.write(slots.loop, null);
  await stuck!.until(() => stuck!.faults.includes("CIRCUIT_OPEN"));
  stuck!.write(slots.press, null);
  other!.write(slots.press, null);
  await other!.until(() => other!.values.get(other!.slot(slots.count)) === 3);
  await until(() => (statisticsOf(host).errors.CIRCUIT_OPEN ?? 0) === 2);
  t.match(statisticsOf(host), {
    threadDeaths: { stuck: 1, died: 1 },
    errors: { LIMIT_TIME: 1 },
    recoveries: { rollback: 1, restart: 0 },
    circuitsOpened: 1,
    circuitsOpen: 1,
    sessionsStarted: 2,
  });
  t.match(host.app.moonpool.errors(), [
    { code: "CIRCUIT_OPEN", count: 2 },
    { code: "LIMIT_TIME", count: 1 },
  ]);
});

t.test("sleeping and waking are counted, and where sessions are is known", async (t) => {
  const host = await startRealHost(t, counter, { sleepAfter: 40 });
  const { page } = await host.open();
  await until(() => statisticsOf(host).sessions.asleep === 1);
  const { sleeps, wakes } = statisticsOf(host);
  t.ok(sleeps >= 1);
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  const after = statisticsOf(host);
  t.ok(after.wakes > wakes);
  t.equal(after.times.wake.count, after.wakes);
  page.tab.socket.close();
  await until(() => statisticsOf(host).sessions.dormant === 1);
  t.match(statisticsOf(host), { sessions: { awake: 0, asleep: 0 }, connections: 0 });
});

t.test("reloads are counted with their time, and errors in what was saved with their place", async (t) => {
  const host = await startRealHost(t, counter, { hotload: true });
  const { page } = await host.open();
  writeSiteFile(host.dir, "lua/main.lua", counter["lua/main.lua"]!.replace("+ 1", "+ 10"));
  await until(() => statisticsOf(host).times.reload.count === 1);
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 10);
  t.strictSame(statisticsOf(host).errors, {});
  t.equal(statisticsOf(host).events.reload, 1);
  writeSiteFile(host.dir, "lua/main.lua", `${counter["lua/main.lua"]}\nthis is no Lua`);
  await until(() => host.app.moonpool.errors().length > 0);
  t.match(host.app.moonpool.errors(), [{ code: "LUA_SYNTAX", who: "app", file: "lua/main.lua", count: 1 }]);
  writeSiteFile(host.dir, "viewdefs/App.DEFAULT.html", "no template");
  await until(() => host.app.moonpool.errors().length > 1);
  t.match(host.app.moonpool.errors()[0], { file: "viewdefs/App.DEFAULT.html", line: 1 });
});

t.test("how long the store takes is counted where it takes any time", async (t) => {
  const host = await startRealHost(t, counter, { durability: "disk" });
  const { page } = await host.open();
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  const { events, times } = statisticsOf(host);
  t.ok(times.storeFlush.count >= events.start + events.connect + events.frame);
  const memory = await startRealHost(t, counter, { durability: "memory" });
  await memory.open();
  t.equal(statisticsOf(memory).times.storeFlush.count, 0);
});

t.test("the text of a host at work is what Prometheus reads, and says the same as the statistics", async (t) => {
  const host = await startRealHost(t);
  const { page } = await host.open();
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  const browser = new Browser(host.origin);
  const response = await browser.get("/_moonpool/metrics");
  t.equal(response.status, 200);
  t.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  t.equal(response.headers.get("cache-control"), "no-store");
  const families = readMetrics(await response.text());
  t.equal(valueOf(families, "moonpool_events_total", { kind: "frame" }), 1);
  t.equal(valueOf(families, "moonpool_sessions", { state: "awake" }), 1);
  t.equal(valueOf(families, "moonpool_event_seconds_count"), 3);
  t.equal(valueOf(families, "moonpool_event_seconds_bucket", { le: "+Inf" }), 3);
  await browser.get("/00000000000000000000000000000000");
  const told = (await (await browser.get("/_moonpool/statistics")).json()) as Statistics & { recentErrors: object[] };
  t.match(told, { events: { frame: 1 }, errors: { SESSION_UNKNOWN: 1 }, recentErrors: [{ code: "SESSION_UNKNOWN" }] });
  t.match(told, { sessionsStarted: 1, connections: 1 });
});

t.test("nobody is told unless it was asked for, and then this machine only, unless it is public", async (t) => {
  const addresses = ["/_moonpool/metrics", "/_moonpool/statistics"];
  const status = async (app: RealHost["app"], url: string, options: object = {}): Promise<number> =>
    (await app.inject({ url, ...options })).statusCode;
  const closed = await startHost(t);
  const local = await startHost(t, { metrics: true });
  const open = await startHost(t, { metrics: "public" });
  const development = await startHost(t, { development: true });
  const never = await startHost(t, { development: true, metrics: false });
  const proxied = await startHost(t, { metrics: true, trustProxy: true });
  const elsewhere = { remoteAddress: "192.0.2.7" };
  for (const url of addresses) {
    t.equal(await status(closed.app, url), 404, "off");
    t.equal(await status(never.app, url), 404, "switched off");
    t.equal(await status(development.app, url), 200, "development mode");
    t.equal(await status(development.app, url, elsewhere), 404, "development mode, from elsewhere");
    t.equal(await status(local.app, url), 200, "this machine");
    for (const remoteAddress of ["::1", "::ffff:127.0.0.1", "127.1.2.3"])
      t.equal(await status(local.app, url, { remoteAddress, headers: { host: "[::1]:80" } }), 200, remoteAddress);
    for (const remoteAddress of ["192.0.2.7", "::ffff:10.0.0.1", "fe80::1", "::127.0.0.1", "2001:db8::1"])
      t.equal(await status(local.app, url, { remoteAddress }), 404, remoteAddress);
    for (const header of ["x-forwarded-for", "forwarded", "via", "x-real-ip"])
      t.equal(await status(local.app, url, { headers: { [header]: "127.0.0.1" } }), 404, `passed on: ${header}`);
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"])
      t.equal(await status(local.app, url, { headers: { host } }), 404, `a name that was made to lead here: ${host}`);
    const claims = { ...elsewhere, headers: { "x-forwarded-for": "127.0.0.1", "x-forwarded-host": "localhost" } };
    t.equal(await status(proxied.app, url, claims), 404, "who only claims to be here");
    t.equal(await status(open.app, url, elsewhere), 200, "public");
  }
  await t.rejects(startHost(t, { metrics: "everybody" as never }), { code: "CONFIG_INVALID", message: /`metrics`/ });
});

t.test("the app's hooks guard what is public", async (t) => {
  const app = fastify();
  const dir = makeSite({ "lua/main.lua": "" });
  t.teardown(async () => {
    await app.close();
    removeSite(dir);
  });
  app.addHook("onRequest", async (request, reply) => {
    if (request.headers.authorization !== "Bearer it's me") return reply.code(401).send();
    return undefined;
  });
  const plugin = moonpoolOn(async () => new FakePool());
  await app.register(plugin, { dir, metrics: "public" });
  const url = "/_moonpool/metrics";
  t.equal((await app.inject(url)).statusCode, 401);
  t.equal((await app.inject({ url, headers: { authorization: "Bearer it's me" } })).statusCode, 200);
});

t.test("two instances share no number and no error", async (t) => {
  const app = fastify();
  const dir = makeSite({ "lua/main.lua": "" });
  t.teardown(async () => {
    await app.close();
    removeSite(dir);
  });
  const plugin = moonpoolOn(async () => new FakePool());
  for (const prefix of ["/one", "/two"]) await app.register(plugin, { dir, prefix, metrics: true, hotload: false });
  const browser = new Browser(await listen(app));
  await firstPage(await browser.connect(await browser.start("/one")));
  await browser.get("/one/00000000000000000000000000000000");
  const read = async (prefix: string) => readMetrics(await (await browser.get(`${prefix}/_moonpool/metrics`)).text());
  const [one, two] = [await read("/one"), await read("/two")];
  t.equal(valueOf(one, "moonpool_sessions_started_total"), 1);
  t.equal(valueOf(two, "moonpool_sessions_started_total"), 0);
  t.equal(valueOf(one, "moonpool_connections"), 1);
  t.equal(valueOf(two, "moonpool_connections"), 0);
  t.equal(valueOf(one, "moonpool_errors_total", { code: "SESSION_UNKNOWN", who: "client" }), 1);
  t.equal(two.get("moonpool_errors_total")?.samples.length, 0);
  t.strictSame(app.moonpool.at("/two")?.errors(), []);
  t.equal(app.moonpool.at("/one")?.errors().length, 1);
});

t.test(
  "a program that closes its host ends by itself: what counts leaves no timer; the numbers can still be had",
  async (t) => {
    const dir = makeSite(counter);
    t.teardown(() => removeSite(dir));
    const file = new URL("../fixtures/read-metrics-and-close.js", import.meta.url).pathname;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, dir]);
    t.equal(stderr, "");
    t.equal(stdout, "200\n200\n1\n");
  },
);
