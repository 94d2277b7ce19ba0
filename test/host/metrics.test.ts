import { createHook } from "node:async_hooks";
import fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import t from "tap";
import { Connection } from "../../src/host/connection.ts";
import { HostMetrics, type Statistics } from "../../src/host/metrics.ts";
import { recoveryOf } from "../../src/host/recovery.ts";
import { SessionHost, type SessionHostSettings } from "../../src/host/session-host.ts";
import { errors, type WireError } from "../../src/protocol/main.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakePool, reloaded, type Answer } from "../support/fake-pool.ts";
import { hostSettings } from "../support/host-settings.ts";
import { MemoryWire, settled } from "../support/memory-wire.ts";
import { readMetrics, valueOf } from "../support/prometheus.ts";

const quiet = { error() {}, warn() {}, info() {}, debug() {}, trace() {} };
const failure: WireError = { code: "LUA_ERROR", message: "main.lua:3: boom", file: "main.lua", line: 3 };

function setup(settings: Partial<SessionHostSettings> = {}, answer?: Answer) {
  const clock = new FakeClock();
  const pool = new FakePool(answer);
  const metrics = new HostMetrics(clock);
  const own = {
    limits: { maxBytes: 1_000, maxMessages: 5 },
    luaLimits: { timers: 100, variables: 100, output: 100_000 },
    maxConnections: 1,
    sessionTimeout: 60_000,
    recovery: recoveryOf({ circuit: { failures: 2 } }),
    meter: metrics,
  };
  const host = new SessionHost(pool, hostSettings(clock, { ...own, ...settings }));
  metrics.count(() => host.census());
  return { clock, pool, metrics, host };
}

const read = async (metrics: HostMetrics) => readMetrics((await metrics.text()).text);

/** Every number of the statistics as a sample of the text should have it. */
function samplesOf(statistics: Statistics): [name: string, labels: Record<string, string>, value: number][] {
  const labelled = (name: string, label: string, counts: Record<string, number>): ReturnType<typeof samplesOf> =>
    Object.entries(counts).map(([value, count]) => [`moonpool_${name}`, { [label]: value }, count]);
  const { times } = statistics;
  const timings = { event: times.event, wake: times.wake, store_flush: times.storeFlush, reload: times.reload };
  return [
    ...labelled("sessions", "state", statistics.sessions),
    ["moonpool_connections", {}, statistics.connections],
    ["moonpool_circuits_open", {}, statistics.circuitsOpen],
    ["moonpool_sessions_started_total", {}, statistics.sessionsStarted],
    ["moonpool_frames_received_total", {}, statistics.framesReceived],
    ["moonpool_frames_sent_total", {}, statistics.framesSent],
    ["moonpool_bytes_sent_total", {}, statistics.bytesSent],
    ["moonpool_circuit_opened_total", {}, statistics.circuitsOpened],
    ["moonpool_sleeps_total", {}, statistics.sleeps],
    ["moonpool_wakes_total", {}, statistics.wakes],
    ...labelled("sessions_ended_total", "why", statistics.sessionsEnded),
    ...labelled("events_total", "kind", statistics.events),
    ...labelled("recoveries_total", "step", statistics.recoveries),
    ...labelled("thread_deaths_total", "why", statistics.threadDeaths),
    ...Object.entries(statistics.errors).map(([code, count]): ReturnType<typeof samplesOf>[number] => [
      "moonpool_errors_total",
      { code, who: errors[code as keyof typeof errors].who },
      count,
    ]),
    ...Object.entries(timings).flatMap(([name, { count }]): ReturnType<typeof samplesOf> => [
      [`moonpool_${name}_seconds_count`, {}, count],
      [`moonpool_${name}_seconds_bucket`, { le: "+Inf" }, count],
    ]),
  ];
}

t.test("what parts tell is in the statistics and, number for number, in the text for Prometheus", async (t) => {
  const metrics = new HostMetrics(new FakeClock(1_000));
  metrics.count(() => ({
    sessions: { starting: 1, awake: 2, asleep: 3, dormant: 4, failed: 5 },
    connections: 6,
    circuitsOpen: 7,
  }));
  for (const kind of ["start", "frame", "frame", "timer"] as const) metrics.event(kind);
  for (const time of [0.05, 3, 7_000]) metrics.answered(time);
  metrics.frameReceived();
  metrics.frameSent("äb");
  metrics.frameSent("c");
  metrics.sessionStarted();
  metrics.sessionEnded("timeout");
  metrics.recovered("restart");
  metrics.threadDied("stuck");
  metrics.circuitOpened();
  metrics.slept();
  metrics.woke(4);
  metrics.flushed(2);
  metrics.reloaded(30);
  metrics.error(failure, "0123456789abcdef");
  metrics.error({ code: "RATE_LIMIT", message: "" });
  const statistics = metrics.statistics();
  t.match(statistics, {
    since: 1_000,
    sessions: { dormant: 4 },
    connections: 6,
    circuitsOpen: 7,
    events: { start: 1, frame: 2, timer: 1, connect: 0 },
    framesReceived: 1,
    framesSent: 2,
    bytesSent: 4,
    sessionsStarted: 1,
    sessionsEnded: { timeout: 1, asked: 0 },
    recoveries: { restart: 1, rollback: 0 },
    threadDeaths: { stuck: 1, died: 0 },
    circuitsOpened: 1,
    sleeps: 1,
    wakes: 1,
    errors: { LUA_ERROR: 1, RATE_LIMIT: 1 },
    times: { event: { count: 3, longest: 7_000 }, wake: { total: 4 }, storeFlush: { total: 2 }, reload: { total: 30 } },
  });
  for (let round = 0; round < 2; round++) {
    const families = await read(metrics);
    for (const [name, labels, value] of samplesOf(statistics)) t.equal(valueOf(families, name, labels), value, name);
    const samples = [...families.values()].flatMap((family) => family.samples);
    const others = samples.filter(({ name }) => !/_(bucket|sum)$/.test(name)).length;
    t.equal(samplesOf(statistics).filter(([name]) => !name.endsWith("_bucket")).length, others, "and nothing else");
    t.equal(valueOf(families, "moonpool_event_seconds_bucket", { le: "0.0001" }), 1);
    t.equal(valueOf(families, "moonpool_event_seconds_bucket", { le: "0.005" }), 2);
  }
});

t.test("what happens to sessions, frames and events is counted where it happens", async (t) => {
  const { clock, pool, metrics, host } = setup();
  const session = await host.create("anna");
  const wire = new MemoryWire();
  const { connection, detach } = session.attach(wire);
  connection.receive('{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1}]}');
  connection.receive('{"ack":0}');
  await settled();
  let statistics = metrics.statistics();
  t.match(statistics.events, { start: 1, connect: 1, frame: 1, disconnect: 0 });
  t.equal(statistics.times.event.count, 3, "each event was answered");
  t.equal(statistics.framesReceived, 2);
  t.equal(statistics.framesSent, wire.frames.length);
  t.match(statistics, { sessionsStarted: 1, connections: 1, sessions: { awake: 1 } });
  detach();
  await settled();
  t.equal(metrics.statistics().connections, 0);
  clock.advance(2 * 60_000);
  t.match(metrics.statistics().sessionsEnded, { timeout: 1 });
  for (let index = 0; index < 10; index++) await host.create("anna");
  clock.advance(15_000);
  await host.create("the one that needs room");
  t.match(metrics.statistics().sessionsEnded, { room: 1 });
  host.end((await host.create("anna").catch(() => host.living()[0]!)).id);
  pool.sessions.at(-2)?.say({ kind: "failed", error: failure });
  await settled();
  statistics = metrics.statistics();
  t.match(statistics.sessionsEnded, { asked: 1, failed: 1 });
  t.match(statistics.sessions, { failed: 1 });
  await host.close();
});

t.test("errors of every way into a log or a page are counted, each once", async (t) => {
  const { pool, metrics, host } = setup();
  const session = await host.create("anna");
  const { connection } = session.attach(new MemoryWire());
  const counts = (): Statistics["errors"] => metrics.statistics().errors;
  t.throws(() => session.attach(new MemoryWire()), { code: "CONNECTION_LIMIT" });
  connection.receive("x");
  connection.receiveBinary();
  connection.receiveTooLarge('{"seq":1');
  connection.receive('{"seq":9,"ack":0,"event":true,"messages":[]}');
  t.strictSame(counts(), { FRAME_NOT_JSON: 1, FRAME_INVALID: 1, FRAME_TOO_LARGE: 1, FRAME_SEQ: 1 });
  for (let index = 0; index < 105; index++) connection.receive('{"ack":0}');
  t.ok((counts().RATE_LIMIT ?? 0) >= 5, "every frame that is refused counts, not every answer");
  const [vm] = pool.sessions;
  pool.isStuck = true;
  vm?.say({ kind: "log", level: "error", message: "boom", error: failure });
  vm?.say({ kind: "log", level: "info", message: "hello" });
  void session.reload({ lua: ["lua/main.lua"], gone: [], viewdefs: [] }, 1);
  vm?.say(reloaded({ error: { ...failure, code: "LUA_SYNTAX" } }));
  for (let index = 0; index < 2; index++)
    vm?.say({ kind: "refused", error: { code: "LIMIT_TIME", message: "too slow" } });
  await settled();
  t.match(counts(), { LUA_ERROR: 1, LUA_SYNTAX: 1, LIMIT_TIME: 2, CIRCUIT_OPEN: 1 });
  t.match(metrics.statistics(), { circuitsOpened: 1, circuitsOpen: 1 });
  vm?.end({ code: "SESSION_ENDED", message: "gone" });
  await settled();
  t.equal(counts().SESSION_ENDED, 1);
  t.match(metrics.statistics(), { circuitsOpen: 0, sessionsEnded: { failed: 1 } });
  await host.close();
});

t.test("an error that is told in several places, being the same one, is one", async (t) => {
  const { metrics, host } = setup({}, ({ kind }, session) => {
    if (kind === "start") session.say({ kind: "failed", error: failure });
  });
  const error = await host.create("anna").catch((error: Error) => error);
  t.match(error, { code: "LUA_ERROR" });
  metrics.error(error as never);
  t.strictSame(metrics.statistics().errors, { LUA_ERROR: 1 });
  t.match(metrics.errors(), [{ code: "LUA_ERROR", file: "main.lua", line: 3, count: 1 }]);
  t.equal(metrics.statistics().sessionsEnded.failed, 0, "it never started");
  await host.close();
});

t.test("the last hundred errors that differ are kept: what, where, how often, when, in which session", async (t) => {
  const clock = new FakeClock(1_000);
  const metrics = new HostMetrics(clock);
  metrics.error(failure, "0123456789abcdef");
  clock.advance(5);
  metrics.error({ ...failure, message: "main.lua:3: another" }, "fedcba9876543210");
  t.strictSame(metrics.errors(), [
    {
      code: "LUA_ERROR",
      who: "app",
      message: "main.lua:3: another",
      file: "main.lua",
      line: 3,
      count: 2,
      first: 1_000,
      last: 1_005,
      session: "fedcba98",
    },
  ]);
  for (let line = 4; line < 102; line++) metrics.error({ ...failure, line });
  for (let index = 0; index < 500; index++) metrics.error({ code: "FRAME_INVALID", message: `client ${index}` });
  t.equal(metrics.errors().length, 100);
  t.match(metrics.errors()[0], { code: "FRAME_INVALID", message: "client 499", count: 500 }, "the newest first");
  t.match(metrics.errors()[99], { line: 3, count: 2 });
  metrics.error({ code: "INTERNAL", message: "x".repeat(10_000) });
  t.equal(metrics.errors().length, 100);
  t.equal(metrics.errors()[99]?.line, 4, "the one that did not happen for the longest time went");
  t.ok((metrics.errors()[0]?.message.length ?? Infinity) < 2_100);
  t.equal(metrics.statistics().errors.LUA_ERROR, 100, "what went is still counted");
});

t.test("no text from outside becomes a label, and none makes memory grow, whatever is sent or raised", async (t) => {
  const clock = new FakeClock();
  const metrics = new HostMetrics(clock);
  const settings = {
    limits: { maxBytes: 500, maxMessages: 5 },
    rate: { perSecond: Infinity, burst: 1e9 },
    development: true,
    clock,
    log: quiet,
    meter: metrics,
    viewdef: () => undefined,
  };
  const events = {
    refusal: () => undefined,
    frame: () => undefined,
    resync() {},
    pause() {},
    resume() {},
    refresh() {},
    gone() {},
    activity() {},
  };
  const connection = new Connection(1, "0123456789abcdef", new MemoryWire(), settings, events);
  const before = await read(metrics);
  const text = fc.string({ unit: "binary", maxLength: 300 });
  const odd = fc.oneof(
    text,
    fc.constantFrom("__proto__", "constructor", "toString", "LUA_ERROR", 'a"b\n'),
    fc.integer(),
  );
  fc.assert(
    fc.property(
      fc.record({ code: odd, message: odd, file: odd, line: odd, id: odd }, { requiredKeys: [] }),
      fc.oneof(
        text,
        fc.json(),
        fc.record({ seq: odd, ack: odd, messages: odd }).map((frame) => JSON.stringify(frame)),
      ),
      (raised, frame) => {
        metrics.error(raised as unknown as WireError, "0123456789abcdef");
        connection.receive(frame);
      },
    ),
    { numRuns: 1_000, seed: 4 },
  );
  connection.detach();
  const after = await read(metrics);
  t.strictSame([...after.keys()], [...before.keys()]);
  for (const [name, { samples }] of after) {
    if (name !== "moonpool_errors_total") t.equal(samples.length, before.get(name)?.samples.length, name);
    else for (const { labels } of samples) t.equal(errors[labels["code"] as keyof typeof errors]?.who, labels["who"]);
  }
  t.ok((valueOf(after, "moonpool_errors_total", { code: "LUA_ERROR", who: "app" }) ?? 0) > 50);
  t.ok((valueOf(after, "moonpool_errors_total", { code: "FRAME_NOT_JSON", who: "client" }) ?? 0) > 50);
  t.ok(metrics.errors().length <= 100);
  t.ok(JSON.stringify(metrics.errors()).length < 100 * 3_000);
});

t.test("counting starts no timer and nothing else that would keep a process alive", async (t) => {
  const made: string[] = [];
  const hook = createHook({
    init: (_id, type) => {
      if (type !== "PROMISE") made.push(type);
    },
  }).enable();
  const metrics = new HostMetrics(new FakeClock());
  metrics.answered(1);
  metrics.error(failure);
  metrics.statistics();
  await metrics.text();
  hook.disable();
  t.strictSame(made, []);
});

t.test("docs/metrics.md lists every metric with its type and its labels, and no other", async (t) => {
  const page = fs.readFileSync(path.resolve(import.meta.dirname, "../../../docs/metrics.md"), "utf8");
  const listed = Array.from(page.matchAll(/^\| `(moonpool_\w+)` \| (\w+) \| (.*?) \|/gm), ([, name, type, labels]) => [
    name,
    type,
    labels?.match(/(?<=^|, )`\w+`/g)?.map((label) => label.slice(1, -1)) ?? [],
  ]);
  const metrics = new HostMetrics(new FakeClock());
  metrics.error(failure);
  const exposed = Array.from(await read(metrics), ([name, { type, samples }]) => [
    name,
    type,
    Object.keys(samples[0]?.labels ?? {}).filter((label) => label !== "le"),
  ]);
  const byName = (lines: unknown[][]) => lines.toSorted(([one], [other]) => String(one).localeCompare(String(other)));
  t.strictSame(byName(listed), byName(exposed));
});
