import t from "tap";
import { recoveryOf } from "../../src/host/recovery.ts";
import { SessionHost, type SessionHostSettings } from "../../src/host/session-host.ts";
import type { KeptState } from "../../src/host/kept-state.ts";
import { describeSession } from "../../src/host/store/session-description.ts";
import { MoonpoolError, type WireError } from "../../src/protocol/main.ts";
import type { FromSession } from "../../src/protocol/worker-message.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { changesOf, echo, FakePool, outcomeOf, reloaded, type Answer } from "../support/fake-pool.ts";
import { hostSettings } from "../support/host-settings.ts";
import { MemoryWire, settled } from "../support/memory-wire.ts";

interface Setup {
  host: SessionHost;
  pool: FakePool;
  clock: FakeClock;
  log: string[];
}

function settingsOf(clock: FakeClock, log: string[], settings: Partial<SessionHostSettings> = {}): SessionHostSettings {
  const note = (level: string) => (fields: object, message: string) =>
    log.push(`${level} ${JSON.stringify(fields)} ${message}`);
  const lines = {
    error: note("error"),
    warn: note("warn"),
    info: note("info"),
    debug: note("debug"),
    trace: note("trace"),
  };
  return hostSettings(clock, { log: lines, ...settings });
}

function setup(settings: Partial<SessionHostSettings> = {}, pool = new FakePool()): Setup {
  const clock = new FakeClock();
  const log: string[] = [];
  return { host: new SessionHost(pool, settingsOf(clock, log, settings)), pool, clock, log };
}

const HOUR = 60 * 60_000;
const refuses: Answer = ({ kind }, session) => {
  if (kind !== "start") return;
  const error = { code: "LUA_ERROR", message: "main.lua:3: boom", file: "main.lua", line: 3 } as const;
  session.say({ kind: "failed", error });
  queueMicrotask(() => session.end());
};

t.test("a session exists when its main.lua ran; its id and seed are 128 random bits", async (t) => {
  const { host, pool } = setup();
  const first = await host.create("anna");
  const second = await host.create("anna");
  t.match(first.id, /^[0-9a-f]{32}$/);
  t.not(first.id, second.id);
  t.equal(host.size, 2);
  t.equal(await host.find(first.id), first);
  t.equal(first.browser, "anna");
  const seeds = pool.sessions.map(
    ({ events }) => JSON.parse(events[0]?.body ?? "") as { seed: string; development: boolean },
  );
  t.match(seeds[0]?.seed, /^[0-9a-f]{32}$/);
  t.not(seeds[0]?.seed, seeds[1]?.seed);
  t.equal(seeds[0]?.development, true);
});

t.test("a broken main.lua rejects with its error, is logged with its place, and leaves nothing", async (t) => {
  const { host, log } = setup({}, new FakePool(refuses));
  const error = (await host.create("anna").catch((error: unknown) => error)) as MoonpoolError;
  t.equal(error.code, "LUA_ERROR");
  t.strictSame(error.at, { file: "main.lua", line: 3 });
  t.equal(host.size, 0);
  t.match(log[0], /error .*"code":"LUA_ERROR".* session did not start: main.lua:3: boom/);
});

t.test("all events of a session come in one order, with a time that never runs backwards", async (t) => {
  const { host, pool, clock } = setup();
  const session = await host.create("anna");
  const first = session.attach(new MemoryWire());
  const second = session.attach(new MemoryWire());
  second.connection.receive('{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1}]}');
  clock.advance(-5_000);
  first.connection.receive('{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":2}]}');
  first.detach();
  second.detach();
  second.detach();
  const { events } = pool.only;
  t.strictSame(
    events.map(({ kind, connection }) => `${kind} ${connection}`),
    ["start 0", "connect 1", "connect 2", "frame 2", "frame 1", "disconnect 1", "disconnect 2"],
  );
  t.ok(events.every(({ time }, index) => time >= (events[index - 1]?.time ?? 0)));
});

t.test("each tab gets its own changes; one that closes does not touch the other", async (t) => {
  const { host, pool } = setup();
  const session = await host.create("anna");
  const wires = [new MemoryWire(), new MemoryWire()];
  const [first, second] = wires.map((wire) => session.attach(wire));
  await settled();
  t.strictSame(
    wires.map(({ messages }) => messages[0]),
    [
      { type: "welcome", protocol: 1, connection: 1, development: true },
      { type: "welcome", protocol: 1, connection: 2, development: true },
    ],
  );
  first?.detach();
  const changes = [1, 2].map((number) => changesOf(number, { high: `{"type":"update","id":1,"value":${number}}` }));
  pool.only.say(outcomeOf(changes));
  second?.connection.receive('{"seq":1,"ack":0,"event":true,"messages":[]}');
  await settled();
  t.strictSame(
    wires.map(({ messages }) => messages.length),
    [2, 3],
  );
  t.strictSame(wires[1]?.messages[2], { type: "update", id: 1, value: 2 });
  t.equal(session.connectionCount, 1);
  t.equal(session.attach(new MemoryWire()).connection.number, 3, "numbers are not used again");
});

t.test("more newcomers than there is room for are refused, and have room when others go", async (t) => {
  const { host } = setup({ maxSessions: 2 });
  const first = await host.create("anna");
  await host.create("bert");
  await t.rejects(host.create("carl"), { code: "SESSION_LIMIT" });
  host.end(first.id);
  t.ok(await host.create("carl"));
  const full = setup({}, new FakePool(undefined, 0));
  await t.rejects(full.host.create("anna"), { code: "SESSION_LIMIT" }, "the pool's own limit counts as well");
  t.equal(full.host.size, 0);
});

t.test("when there is no room left, the oldest session that nobody connected to in time makes some", async (t) => {
  const own = setup({ maxSessions: 3 });
  const pools = setup({}, new FakePool(undefined, 3));
  for (const { host, clock } of [own, pools]) {
    const used = await host.create("anna");
    used.attach(new MemoryWire()).detach();
    const oldest = await host.create("a robot");
    clock.advance(1_000);
    const other = await host.create("a robot");
    clock.advance(8_999);
    await t.rejects(host.create("bert"), { code: "SESSION_LIMIT" }, "its browser may be about to connect");
    clock.advance(1);
    t.ok(await host.create("bert"));
    t.equal(await host.find(oldest.id), undefined);
    t.equal(other.state, "running");
    t.equal(used.state, "running");
    t.equal(host.size, 3);
    await t.rejects(host.create("carl"), { code: "SESSION_LIMIT" });
  }
});

t.test("a session is not sent more than a bounded number of events and of text that it has not answered", async (t) => {
  for (const [size, most] of [
    [1, 1_000],
    // 4 MiB of 9 KB each.
    [9_000, 465],
  ] as const) {
    const { host, pool } = setup({ rate: { perSecond: Infinity, burst: 1 } });
    const session = await host.create("anna");
    const wire = new MemoryWire();
    const { connection } = session.attach(wire);
    await settled();
    pool.isStuck = true;
    const frames = (): number => pool.only.events.filter(({ kind }) => kind === "frame").length;
    const value = "x".repeat(size);
    const send = (seq: number): void =>
      connection.receive(JSON.stringify({ seq, ack: 0, event: false, messages: [{ type: "update", id: 1, value }] }));
    for (let seq = 1; seq <= 1_100; seq++) send(seq);
    t.equal(frames(), most);
    t.match(wire.messages.at(-1), { type: "error", code: "RATE_LIMIT" });
    pool.only.say({ kind: "resumed", nextTimer: undefined });
    await settled();
    send(1_101);
    t.equal(frames(), most, "what is no answer answers nothing");
    pool.only.say({ kind: "done" });
    pool.only.say(outcomeOf([changesOf(1, { high: '{"type":"update","id":1,"value":1}' })]));
    await settled();
    t.equal(wire.frames.at(-1)?.applied, 2);
    for (let seq = 1_102; seq <= 1_105; seq++) send(seq);
    t.equal(frames(), most + 1, "beside what corrects the page, there is room for one");
  }
});

t.test(
  "an error that Lua code made up is an error of the catalogue, with nothing in it that does not belong",
  async (t) => {
    const made = {
      code: "constructor",
      message: 7,
      line: "3",
      file: "lua/main.lua",
      more: true,
    } as unknown as WireError;
    const { host, log } = setup(
      {},
      new FakePool((_, session) => {
        session.say({ kind: "log", level: "warn", message: "from Lua", error: made });
        session.say({ kind: "failed", error: made });
      }),
    );
    const error = (await host.create("anna").catch((error: unknown) => error)) as MoonpoolError;
    t.equal(error.code, "LUA_ERROR");
    t.equal(error.message, "The Lua code raised an error.");
    t.type(error.advice, "string");
    t.strictSame(error.at, { file: "lua/main.lua" });
    t.match(log[0], /"code":"LUA_ERROR"} lua\/main.lua: from Lua$/);
  },
);

t.test("a session takes only so many tabs", async (t) => {
  const { host } = setup({ maxConnections: 1 });
  const session = await host.create("anna");
  const { detach } = session.attach(new MemoryWire());
  t.throws(() => session.attach(new MemoryWire()), { code: "CONNECTION_LIMIT" });
  detach();
  t.ok(session.attach(new MemoryWire()));
});

t.test("a session ends by its last activity, not by its age, and never under an open tab", async (t) => {
  const { host, pool, clock } = setup({ sessionTimeout: HOUR });
  const session = await host.create("anna");
  const { connection, detach } = session.attach(new MemoryWire());
  clock.advance(30 * HOUR);
  t.equal(host.size, 1, "a tab is open");
  connection.receive('{"ack":0}');
  detach();
  clock.advance(HOUR - 60_000);
  t.equal(host.size, 1);
  const again = session.attach(new MemoryWire());
  again.detach();
  clock.advance(HOUR - 60_000);
  t.equal(host.size, 1, "a connect is activity");
  clock.advance(3 * 60_000);
  t.equal(host.size, 0);
  t.ok(pool.only.isClosed);
  t.equal(await host.find(session.id), undefined);
});

t.test("a session that nobody ever connected to goes after minutes", async (t) => {
  const { host, clock } = setup({ sessionTimeout: 0 });
  await host.create("a robot");
  const used = await host.create("anna");
  used.attach(new MemoryWire()).detach();
  clock.advance(7 * 60_000);
  t.equal(host.size, 1);
  clock.advance(1_000 * HOUR);
  t.equal(host.size, 1, "timeout 0: a used one stays");
});

t.test(
  "a VM that fails ends its session: tabs are told why, the others go on, and its URL may try again",
  async (t) => {
    const { host, pool } = setup();
    const session = await host.create("anna");
    const other = await host.create("bert");
    const wire = new MemoryWire();
    const otherWire = new MemoryWire();
    const { detach } = session.attach(wire);
    other.attach(otherWire);
    await settled();
    pool.sessions[0]?.say({ kind: "failed", error: { code: "LIMIT_MEMORY", message: "not enough memory" } });
    await settled();
    const fault = wire.messages.at(-1);
    t.match(fault, { type: "error", code: "SESSION_ENDED", message: /not enough memory/ });
    t.strictSame(wire.closed, { code: 4000, reason: "SESSION_ENDED" });
    detach();
    t.equal(otherWire.closed, undefined);
    t.equal(host.size, 1);
    t.equal(session.state, "failed");
    t.throws(() => session.attach(new MemoryWire()), { code: "SESSION_ENDED" });

    pool.answer = refuses;
    await t.rejects(host.revive(session), { code: "LUA_ERROR" });
    t.equal((await host.find(session.id))?.browser, "anna", "the URL still belongs to its browser");
    pool.answer = echo;
    const [revived, again] = await Promise.all([host.revive(session), host.revive(session)]);
    t.equal(revived, again, "two tabs that load at once get the same session");
    t.equal(revived.id, session.id);
    t.equal(revived.state, "running");
    t.equal(host.size, 2);
  },
);

t.test("a thread that dies ends its sessions like any failure", async (t) => {
  const { host, pool } = setup();
  const session = await host.create("anna");
  const wire = new MemoryWire();
  session.attach(wire);
  pool.only.end({ code: "SESSION_ENDED", message: "The worker thread ended." });
  await settled();
  t.equal(session.state, "failed");
  t.equal(wire.closed?.code, 4000);
});

t.test("close ends sessions, also starting ones, and leaves no timer", async (t) => {
  const { host, pool, clock } = setup({}, new FakePool(() => {}));
  const starting = host.create("anna");
  const refused = t.rejects(starting, { code: "SESSION_ENDED" });
  host.close();
  await refused;
  t.ok(pool.only.isClosed);
  t.equal(clock.pending, 0);
  await t.rejects(host.create("bert"), { code: "SESSION_LIMIT" });
});

t.test("what Lua logs goes to the log with its place and a short session id", async (t) => {
  const { host, pool, log } = setup();
  const session = await host.create("anna");
  pool.only.say({ kind: "log", level: "info", message: "hello from Lua" });
  const error = {
    code: "LUA_ERROR",
    message: "boom",
    id: 7,
    file: "lua/app.lua",
    line: 12,
    stack: "traceback",
  } as const;
  pool.only.say({ kind: "log", level: "error", message: "Button:press failed: boom", error });
  await settled();
  const short = session.id.slice(0, 8);
  t.strictSame(log, [
    `info {"session":"${short}"} hello from Lua`,
    `error {"session":"${short}","code":"LUA_ERROR","variable":7,"stack":"traceback"} lua/app.lua:12: Button:press failed: boom`,
  ]);
});

t.test("a reload is an event like others; its answer is delivered at once, as what became of it", async (t) => {
  const { host, pool } = setup({ hotload: true });
  const session = await host.create("anna");
  t.match(JSON.parse(pool.only.events[0]?.body ?? ""), { hotload: true });
  const wire = new MemoryWire();
  const { connection } = session.attach(wire);
  await settled();
  const high = '{"type":"update","id":1,"value":"new"}';
  pool.answer = (event, fake) => {
    if (event.kind !== "reload") return echo(event, fake);
    fake.say(reloaded({ files: ["lua/a.lua"] }, outcomeOf([changesOf(1, { high })], false)));
  };
  connection.receive('{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1}]}');
  const changes = { lua: ["lua/a.lua"], gone: ["lua/b.lua"], viewdefs: ["A.DEFAULT"] };
  const result = await session.reload(changes, 1);
  t.match(result, { files: ["lua/a.lua"], notes: [] });
  t.strictSame(
    pool.only.events.map(({ kind }) => kind),
    ["start", "connect", "frame", "reload"],
  );
  t.equal(pool.only.events.at(-1)?.body, "lua lua/a.lua\ngone lua/b.lua\nviewdef A.DEFAULT");
  t.strictSame(wire.messages.at(-1), JSON.parse(high), "although nobody waits for it");
  t.equal(wire.frames.at(-1)?.applied, undefined, "and after the frame before it");
});

t.test("a reload of a session that ends, or has ended, is over", async (t) => {
  const { host, pool } = setup();
  const sessions = [await host.create("anna"), await host.create("bert"), await host.create("carl")];
  pool.isStuck = true;
  const nothing = { lua: [], gone: [], viewdefs: [] };
  const reloads = sessions.map((session) => session.reload(nothing, 1));
  host.end(sessions[0]!.id);
  pool.sessions[1]?.say({ kind: "failed", error: { code: "LIMIT_MEMORY", message: "full" } });
  pool.sessions[2]?.end({ code: "SESSION_ENDED", message: "its thread died" });
  t.strictSame(await Promise.all(reloads), [undefined, undefined, undefined]);
  t.equal(await sessions[0]?.reload(nothing, 1), undefined);
});

t.test(
  "while files are watched, an error that keeps sessions from starting answers by itself, until a file changes",
  async (t) => {
    const { host, pool, log, clock } = setup({ hotload: true }, new FakePool(refuses));
    const tries = async (): Promise<number> => {
      await t.rejects(host.create("anna"), { code: "LUA_ERROR", at: { file: "main.lua", line: 3 } });
      return pool.sessions.length;
    };
    t.equal(await tries(), 1);
    t.equal(await tries(), 1);
    t.equal(log.length, 1, "and is not logged with every page that waits");
    host.siteChanged();
    t.equal(await tries(), 2);
    clock.advance(30_000);
    t.equal(await tries(), 3, "or for half a minute");
    host.siteChanged();
    pool.answer = echo;
    await host.create("anna");
  },
);

t.test("an error of a start that a change overtook says nothing about what is there now", async (t) => {
  const { host, pool } = setup({ hotload: true }, new FakePool(() => {}));
  const first = host.create("anna");
  await settled();
  host.siteChanged();
  pool.only.say({ kind: "failed", error: { code: "LUA_ERROR", message: "old" } });
  await t.rejects(first);
  pool.answer = echo;
  await host.create("anna");
});

t.test(
  "a session that failed is not tried again either, and comes back at its own URL when a file changes",
  async (t) => {
    const { host, pool } = setup({ hotload: true });
    const session = await host.create("anna");
    pool.answer = refuses;
    pool.only.say({ kind: "failed", error: { code: "LIMIT_MEMORY", message: "full" } });
    await settled();
    await t.rejects(host.revive(session), { code: "LUA_ERROR" });
    await t.rejects(host.revive(session), { code: "LUA_ERROR" });
    t.equal(pool.sessions.length, 2);
    pool.answer = echo;
    host.siteChanged();
    t.equal((await host.revive(session)).id, session.id);
  },
);

t.test("no room is nothing that is remembered", async (t) => {
  const { host } = setup({ hotload: true, maxSessions: 1 });
  const session = await host.create("anna");
  await t.rejects(host.create("bert"), { code: "SESSION_LIMIT" });
  host.end(session.id);
  await host.create("bert");
});

/** A pool whose answers to a start and to frames say that the next timer is due at the time in `due`. */
function timed(due: { at: number | undefined }): FakePool {
  return new FakePool(({ kind }, session) => {
    if (kind === "start") session.say({ kind: "started", nextTimer: due.at });
    else session.say({ kind: "done", nextTimer: due.at });
  });
}

t.test("a timer event comes when the session's next timer is due, as the last answer said", async (t) => {
  const due = { at: undefined as number | undefined };
  const { host, pool, clock } = setup({}, timed(due));
  const times = (): number[] => pool.only.events.filter(({ kind }) => kind === "timer").map(({ time }) => time);
  due.at = clock.now() + 50;
  const start = clock.now();
  const session = await host.create("anna");
  const { connection } = session.attach(new MemoryWire());
  await settled();
  clock.advance(40);
  due.at = start + 200;
  connection.receive('{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1}]}');
  await settled();
  clock.advance(100);
  t.same(times(), [], "it was set to a later time");
  pool.isStuck = true;
  clock.advance(60);
  t.same(times(), [start + 200]);
  clock.advance(1_000);
  t.same(times(), [start + 200], "not again before the first one is answered");
  pool.isStuck = false;
  due.at = start + 100;
  pool.only.say({ kind: "done", nextTimer: due.at });
  await settled();
  clock.advance(1);
  t.equal(times().length, 2, "a time that is over already is due at once");
  due.at = undefined;
  await settled();
  clock.advance(10_000);
  t.equal(times().length, 2, "and none is none");
});

t.test("a session's clock never goes back, whatever is done to the host's", async (t) => {
  const { host, pool, clock } = setup();
  const session = await host.create("anna");
  const { connection } = session.attach(new MemoryWire());
  await settled();
  const start = clock.now();
  clock.advance(-60_000);
  connection.receive('{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1}]}');
  t.equal(pool.only.events.at(-1)?.time, start);
});

const tooLong: WireError = { code: "LIMIT_TIME", message: "too long" };
const press = '{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1}]}';

t.test("a page whose connect or resume was not carried out has to come anew; others stay", async (t) => {
  const { host, pool } = setup();
  const session = await host.create("anna");
  const [first, second] = [new MemoryWire(), new MemoryWire()];
  session.attach(first);
  await settled();
  pool.isStuck = true;
  session.attach(second);
  pool.only.say({ kind: "refused", error: tooLong });
  await settled();
  t.same(second.closed, { code: 1001, reason: "REFUSED" });
  t.equal(first.closed, undefined);
  t.match(first.messages.at(-1), { type: "error", code: "LIMIT_TIME" });
  t.equal(session.state, "running");
});

t.test("a session that begins anew gets a start and nothing of its former pages, which come anew", async (t) => {
  const { host, pool } = setup();
  const session = await host.create("anna");
  const wires = [new MemoryWire(), new MemoryWire()];
  const tabs = wires.map((wire) => session.attach(wire));
  await settled();
  pool.isStuck = true;
  tabs[0]!.connection.receive(press);
  pool.only.say({ kind: "refused", error: tooLong });
  pool.only.say({ kind: "restarting" });
  await settled();
  for (const wire of wires) t.same(wire.closed, { code: 1001, reason: "RESTARTED" });
  for (const { detach } of tabs) detach();
  t.same(
    pool.only.events.map(({ kind }) => kind),
    ["start", "connect", "connect", "frame", "resync", "start"],
  );
  const seeds = pool.only.events.filter(({ kind }) => kind === "start").map(({ body }) => body);
  t.not(seeds[0], seeds[1]);
  pool.only.say({ kind: "started" });
  pool.isStuck = false;
  const wire = new MemoryWire();
  session.attach(wire);
  await settled();
  t.match(wire.messages.at(-1), { type: "update", value: "hello" });
});

t.test("events that keep failing are not tried for a while, then one is, and if that works all are", async (t) => {
  const { host, pool, clock } = setup({ recovery: recoveryOf({ circuit: { failures: 2, pause: 1_000 } }) });
  const session = await host.create("anna");
  const wire = new MemoryWire();
  const { connection } = session.attach(wire);
  await settled();
  let seq = 0;
  const faults = (): string[] => wire.messages.flatMap((message) => (message.type === "error" ? [message.code] : []));
  const frames = (): number => pool.only.events.filter(({ kind }) => kind === "frame").length;
  const send = async (answer?: FromSession): Promise<void> => {
    pool.answer = (event, other) => {
      if (answer === undefined || event.kind !== "frame") echo(event, other);
      else other.say(answer);
    };
    connection.receive(press.replace('"seq":1', `"seq":${++seq}`));
    await settled();
  };
  await send({ kind: "refused", error: tooLong });
  await send();
  await send({ kind: "refused", error: tooLong });
  t.same(faults(), ["LIMIT_TIME", "LIMIT_TIME", "CIRCUIT_OPEN"]);
  await send();
  t.equal(frames(), 3, "it was not tried");
  session.attach(new MemoryWire());
  await settled();
  clock.advance(1_000);
  session.attach(new MemoryWire());
  await settled();
  await send({ kind: "refused", error: tooLong });
  t.equal(frames(), 4, "one is tried");
  clock.advance(1_999);
  await send();
  t.equal(frames(), 4, "twice as long");
  clock.advance(1);
  await send();
  await send();
  t.equal(frames(), 6);
  t.equal(session.state, "running");
});

t.test("a session that failed leaves its thread at once and keeps nothing when it is ended", async (t) => {
  const { host, pool } = setup();
  const session = await host.create("anna");
  pool.only.say({ kind: "failed", error: { code: "IMAGE_FOREIGN", message: "foreign" } });
  await settled();
  t.equal(pool.only.isAbandoned, true);
  t.same(pool.forgotten, []);
  t.equal(host.end(session.id), true);
  t.same(pool.forgotten, [session.id]);
  t.equal(host.end(session.id), false);
});

t.test(
  "a frame that is not carried out is followed by what corrects its page, for that page alone, and only once",
  async (t) => {
    for (const development of [true, false]) {
      const error = { code: "LIMIT_TIME", message: "stopped", file: "lua/main.lua", line: 3 } as const;
      const refusesFrames: Answer = (event, session) => {
        if (event.kind === "frame" || event.kind === "resync") session.say({ kind: "refused", error });
        else echo(event, session);
      };
      const { host, pool } = setup({ development }, new FakePool(refusesFrames));
      const session = await host.create("anna");
      const { connection } = session.attach(new MemoryWire());
      session.attach(new MemoryWire());
      connection.receive(
        JSON.stringify({
          seq: 1,
          ack: 0,
          event: true,
          messages: [
            { type: "update", id: 12, value: "x\ny" },
            { type: "create", id: -1, parent: 1, path: "name" },
            { type: "destroy", id: -1 },
          ],
        }),
      );
      await settled();
      const events = pool.only.events.filter(({ kind }) => kind === "frame" || kind === "resync");
      t.same(
        events.map(({ kind, connection: number }) => `${kind} ${number}`),
        ["frame 1", "resync 1"],
      );
      const [head = "", ...lines] = events[1]?.body.split("\n") ?? [];
      t.same(lines, ["value 12", `create -1 1 "name"`, "destroy -1"]);
      if (development) t.same(JSON.parse(head), error);
      else t.same(Object.keys(JSON.parse(head) as object), ["code", "message"]);
      await host.close();
    }
  },
);

t.test("the runtime is told how much a session may have, and whether errors take back what was done", async (t) => {
  const luaLimits = { timers: 1, variables: 2, output: 3 };
  const { host, pool } = setup({ luaLimits, rollbackOnError: true });
  await host.create("anna");
  t.match(JSON.parse(pool.only.events[0]?.body ?? ""), { limits: luaLimits, rollbackOnError: true });
});

for (const development of [true, false]) {
  const told = development ? "with its place" : "without its place";
  t.test(
    `an event that is to be taken back is logged, all pages are told ${told}, and the session goes on`,
    async (t) => {
      const { host, pool, log } = setup({ development });
      const session = await host.create("anna");
      const wires = [new MemoryWire(), new MemoryWire()];
      const [first] = wires.map((wire) => session.attach(wire).connection);
      const error = {
        code: "LIMIT_TIME",
        message: "too long",
        file: "lua/main.lua",
        line: 3,
        where: "App loop()",
      } as const;
      pool.answer = ({ kind }, handle) => {
        if (kind === "frame") handle.say({ kind: "refused", error });
        else if (kind === "start") handle.say({ kind: "started" });
      };
      first?.receive(
        JSON.stringify({ seq: 1, ack: 0, event: true, messages: [{ type: "update", id: 1, value: null }] }),
      );
      await settled();
      for (const wire of wires) {
        const fault = wire.messages.find(({ type }) => type === "error");
        const told = development
          ? { message: "too long", file: "lua/main.lua", line: 3 }
          : { message: "The Lua code ran too long and was stopped." };
        t.match(fault, { type: "error", code: "LIMIT_TIME", ...told });
        t.equal("file" in (fault ?? {}), development);
      }
      t.match(log[0], /error .*"code":"LIMIT_TIME".* lua\/main.lua:3: App loop\(\): taken back: too long/);
      t.equal(session.state, "running");
    },
  );
}

t.test("a saved session that is damaged is told in the log once, and to everybody who asks for it", async (t) => {
  const id = "0123456789abcdef0123456789abcdef";
  class DamagedPool extends FakePool {
    override async list(): Promise<{ id: string; description: string }[]> {
      return [{ id, description: describeSession({ browser: "anna", lastActivity: Date.now(), site: "" }) }];
    }
    override async find(): Promise<KeptState | undefined> {
      throw new MoonpoolError("STORE_CORRUPT");
    }
  }
  const log: string[] = [];
  const host = await SessionHost.open(new DamagedPool(), settingsOf(new FakeClock(), log));
  for (let times = 0; times < 3; times++) await t.rejects(host.find(id), { code: "STORE_CORRUPT" });
  t.equal(log.filter((line) => line.startsWith("error ") && line.includes("STORE_CORRUPT")).length, 1);
  await host.close();
});
