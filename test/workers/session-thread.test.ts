import t from "tap";
import { sessionEvent } from "../../src/protocol/worker-message.ts";
import { noPlans, startThread, ThreadClient } from "../support/thread.ts";

const thread = await startThread();
t.teardown(() => thread.close());

const log = (text: string): string => `host("log", "info\\n" .. ${text} .. "\\n")`;

t.test("a session answers its start with `started`, and every event with what changed", async (t) => {
  const client = new ThreadClient(thread);
  client.send("start", "count = 0");
  t.same(await client.next(), { kind: "started" });
  client.send("frame", `count = count + 1 return "-\\nc 1 1\\nh {" .. count .. "}\\nc 2 0\\nl {2}"`);
  t.equal(await client.next(), "-\nc 1 1\nh {1}\nc 2 0\nl {2}");
  client.send("frame", "count = count + 1");
  client.send("frame", log("count"));
  t.equal(await client.log(), "2");
  client.send("frame", `return "-\\nc 1 1\\nh {3}"`);
  t.equal(await client.next(), "-\nc 1 1\nh {3}");
  t.equal(client.dones, 2, "an event that changed nothing is answered too");
  await client.close();
});

t.test("every answer says when the session's next timer is due", async (t) => {
  const client = new ThreadClient(thread);
  client.send("start", `on = function() return [[1700000000003\nc 1 1 0\nh {1}]] end return "1700000000001"`);
  t.same(await client.next(), { kind: "started", nextTimer: 1_700_000_000_001 });
  client.send("frame", `return "1700000000002"`);
  t.same(await client.done(), { kind: "done", nextTimer: 1_700_000_000_002 });
  client.send("timer", "");
  t.equal(await client.next(), "1700000000003\nc 1 1 0\nh {1}");
  await client.close();
});

t.test(
  "a session with a thousand events before it does not keep another of its thread waiting until they are done",
  async (t) => {
    const [busy, other] = [new ThreadClient(thread), new ThreadClient(thread)];
    busy.send("start", "count = 0");
    other.send("start", "");
    t.same(await busy.next(), { kind: "started" });
    t.same(await other.next(), { kind: "started" });
    for (let event = 1; event <= 1_000; event++) busy.send("frame", `busy(1e5) count = count + 1 ${log("count")}`);
    other.send("frame", log(`"here"`));
    t.equal(await other.log(), "here");
    t.ok(busy.messages.length < 1_000, "the other came in between");
    for (let event = 1; event <= 1_000; event++) {
      const text = await busy.log();
      if (text !== String(event)) t.fail(`event ${event} was carried out as ${text}`);
    }
    await Promise.all([busy.close(), other.close()]);
  },
);

t.test("what one event may log is bounded, and the error that ended it is still told", async (t) => {
  const client = new ThreadClient(thread);
  client.send(
    "start",
    `for i = 1, 1500 do ${log("i")} end ${log('("x"):rep(20000)')} host("log", "error\\nboom\\n{\\"code\\":\\"LUA_ERROR\\"}")`,
  );
  for (let entry = 1; entry <= 1_000; entry++) {
    const text = await client.log();
    if (text !== String(entry)) t.fail(`entry ${entry} is ${text}`);
  }
  t.match(await client.next(), { level: "error", message: "boom" });
  t.equal(await client.log(), "501 more log entries of the same event were dropped.");
  t.same(await client.next(), { kind: "started" });
  client.send("frame", log('("x"):rep(20000)'));
  t.equal(await client.log(), `${"x".repeat(10_000)}…`, "the next event has its own");
  await client.close();
});

t.test("events that arrive while a VM is being born are dispatched in order, in all sessions", async (t) => {
  const fresh = await startThread({ slots: 2 });
  t.teardown(() => fresh.close());
  const clients = Array.from({ length: 10 }, () => new ThreadClient(fresh));
  for (const [index, client] of clients.entries()) {
    client.send("start", `me, seen = ${index}, {}`);
    for (let event = 0; event < 20; event++) client.send("frame", `seen[#seen + 1] = ${event}`);
    client.send("frame", log(`me .. ":" .. table.concat(seen, " ")`));
  }
  const numbers = Array.from({ length: 20 }, (_, number) => number).join(" ");
  for (const [index, client] of clients.entries()) {
    t.same(await client.next(), { kind: "started" });
    t.equal(await client.log(), `${index}:${numbers}`);
  }
  await Promise.all(clients.map((client) => client.close()));
});

t.test("300 sessions over 3 slots, all at once, never see each other's state", async (t) => {
  const clients = Array.from({ length: 300 }, () => new ThreadClient(thread));
  for (const [index, client] of clients.entries()) client.send("start", `me, count = ${index}, 0`);
  for (let round = 1; round <= 3; round++) {
    for (const client of clients) client.send("frame", `count = count + 1 ${log(`me .. " " .. count`)}`);
  }
  for (const [index, client] of clients.entries()) {
    t.same(await client.next(), { kind: "started" });
    for (let round = 1; round <= 3; round++) {
      const text = await client.log();
      if (text !== `${index} ${round}`) t.fail(`session ${index} answered ${text} in round ${round}`);
    }
  }
  await Promise.all(clients.map((client) => client.close()));
});

t.test("logs pass with their level, their lines and their error", async (t) => {
  const client = new ThreadClient(thread);
  client.send("start", `host("log", "warn\\nline 1\\nline 2\\n{\\"code\\":\\"LUA_ERROR\\",\\"message\\":\\"m\\"}")`);
  t.same(await client.next(), {
    kind: "log",
    level: "warn",
    message: "line 1\nline 2",
    error: { code: "LUA_ERROR", message: "m" },
  });
  await client.close();
});

t.test("a session that fails says why and ends; the others of its thread go on", async (t) => {
  const [refusing, failing, other] = [new ThreadClient(thread), new ThreadClient(thread), new ThreadClient(thread)];
  other.send("start", "x = 1");
  refusing.send(
    "start",
    `return "-\\n! {\\"code\\":\\"LUA_SYNTAX\\",\\"message\\":\\"no\\",\\"file\\":\\"lua/main.lua\\",\\"line\\":3}"`,
  );
  t.same(await refusing.next(), {
    kind: "failed",
    error: { code: "LUA_SYNTAX", message: "no", file: "lua/main.lua", line: 3 },
  });
  await refusing.ended;
  failing.send("start", "raise");
  const failed = await failing.next();
  t.match(failed, { kind: "failed", error: { code: "INTERNAL", message: /raised by the runtime/ } });
  await failing.ended;
  t.same(await other.next(), { kind: "started" });
  other.send("frame", log("x"));
  t.equal(await other.log(), "1");
  await other.close();
});

t.test("an event that runs into the time limit leaves its session and the others as they were", async (t) => {
  const [bad, good] = [new ThreadClient(thread), new ThreadClient(thread)];
  bad.send("start", "x = 1");
  good.send("start", "x = 2");
  bad.send("frame", `x = 3 while true do end`);
  bad.send("frame", log("x"));
  good.send("frame", log("x"));
  t.same(await bad.next(), { kind: "started" });
  t.same(await good.next(), { kind: "started" });
  t.equal(await bad.log(), "3");
  t.equal(await good.log(), "2");
  await Promise.all([bad.close(), good.close()]);
});

t.test("viewdefs are those of the thread, and can be replaced while sessions run", async (t) => {
  const fresh = await startThread();
  t.teardown(() => fresh.close());
  const text = (entries: [string, string][]): Uint8Array => Buffer.from(JSON.stringify(entries));
  const [one, two] = [
    new ThreadClient(fresh, { version: 1, text: text([["A.DEFAULT", '"first"']]) }),
    new ThreadClient(fresh),
  ];
  const plan = (key: string): string =>
    `(function(code) return code ~= "" and load(code, "=plan", "b")() or "" end)(host("viewdef", "${key}"))`;
  const ask = log(`${plan("A.DEFAULT")} .. "," .. ${plan("B.DEFAULT")}`);
  one.send("start", ask);
  t.equal(await one.log(), "first,");
  one.post({
    kind: "plans",
    plans: {
      version: 2,
      text: text([
        ["A.DEFAULT", '"second"'],
        ["B.DEFAULT", '"new"'],
      ]),
    },
  });
  one.send("frame", ask);
  t.same(await one.next(), { kind: "started" });
  t.equal(await one.log(), "second,new");
  two.send("start", ask);
  t.equal(await two.log(), "second,new", "one message is enough for the thread");
  two.post({ kind: "plans", plans: noPlans });
  two.send("frame", ask);
  t.same(await two.next(), { kind: "started" });
  t.equal(await two.log(), "second,new", "old news change nothing");
  await Promise.all([one.close(), two.close()]);
});

t.test("modules come from the site, and their errors reach Lua with their code", async (t) => {
  const siteDir = t.testdir({ lua: { "main.lua": "return 1" } });
  const fresh = await startThread({ siteDir });
  t.teardown(() => fresh.close());
  const client = new ThreadClient(fresh);
  client.send(
    "start",
    `local function ask(name)
      local answer, message = host("module", name)
      -- Behind the head is what load takes.
      local head, code = (answer or ""):match("^(.-\\n.-\\n)%S+\\n(.*)$")
      ${log('(head and head .. tostring(load(code, "x", "b")()) or message)')}
    end
    ask("main") ask("other") ask("../../etc/passwd") local _, message = host("shell", "rm") ${log("message")}`,
  );
  t.equal(await client.log(), "lua/main.lua\nmain.lua\n1");
  t.match(await client.log(), /^REQUIRE_MISSING: .*lua\/other\.lua and lua\/other\/init\.lua/);
  t.match(await client.log(), /^REQUIRE_NAME: /);
  t.match(await client.log(), /^INTERNAL: /);
  await client.close();
});

t.test("a session ends when it is closed while it waits for a VM, and when its host has gone", async (t) => {
  const fresh = await startThread({ slots: 1 });
  t.teardown(() => fresh.close());
  const clients = Array.from({ length: 3 }, () => new ThreadClient(fresh));
  for (const client of clients) client.send("start", "");
  await Promise.all(clients.map((client) => client.close()));
  t.ok(
    clients.every(({ messages }) =>
      messages.every((message) => typeof message === "object" && message.kind === "started"),
    ),
  );
});

t.test(
  "an event that is to be taken back is answered with why and its number; nothing happens until `resume`",
  async (t) => {
    const client = new ThreadClient(thread);
    client.send("start", "count = 1");
    t.same(await client.next(), { kind: "started" });
    client.send("frame", "count = 2");
    client.send("frame", `count = 3 return [[-\nx {"code":"LIMIT_TIME","message":"too long","line":3,"timer":7}]]`);
    client.send("frame", log("count"));
    const error = { code: "LIMIT_TIME", message: "too long", line: 3, timer: 7 };
    t.same(await client.next(), { kind: "refused", error, events: 2 });
    const before = [sessionEvent("start", 1, 1, "count = 1"), sessionEvent("frame", 1, 1, "count = 2")];
    client.post({ kind: "resume", image: null, base: null, nextTimer: undefined, events: before });
    t.same(await client.next(), { kind: "resumed", nextTimer: undefined });
    client.send("frame", log("count"));
    t.equal(await client.log(), "2");
    await client.close();
  },
);

t.test("a limit that stops the runtime itself takes the event back as well; the session goes on", async (t) => {
  const client = new ThreadClient(thread);
  client.send("start", "count = 1");
  t.same(await client.next(), { kind: "started" });
  client.send("frame", `count = 2 return "${"x".repeat(17_000_000)}"`);
  t.match(await client.next(), { kind: "refused", error: { code: "LIMIT_MEMORY" }, events: 1 });
  const before = [sessionEvent("start", 1, 1, "count = 1")];
  client.post({ kind: "resume", image: null, base: null, nextTimer: undefined, events: before });
  t.same(await client.next(), { kind: "resumed", nextTimer: undefined });
  client.send("frame", log("count"));
  t.equal(await client.log(), "1");
  await client.close();
});

t.test(
  "a session that has used more than its share waits; others of its thread go first, and it is told once",
  async (t) => {
    const shared = await startThread({ cpu: { perSecond: 100, burst: 20 } });
    t.teardown(() => shared.close());
    const [greedy, modest] = [new ThreadClient(shared), new ThreadClient(shared)];
    greedy.send("start", "count = 0");
    modest.send("start", "");
    t.same(await greedy.next(), { kind: "started" });
    t.same(await modest.next(), { kind: "started" });
    for (let event = 1; event <= 3; event++) greedy.send("frame", `busy(3e6) ${log("'done'")}`);
    const order: string[] = [];
    const done = (async () => {
      for (let event = 1; event <= 4; event++) order.push(await greedy.log());
    })();
    for (let event = 1; event <= 3; event++) {
      modest.send("frame", log("'here'"));
      order.push(await modest.log());
    }
    await done;
    t.equal(order.at(-1), "done");
    t.equal(order.filter((text) => /more than its share/.test(text)).length, 1);
    t.match(
      greedy.messages.find((message) => typeof message === "object" && message.kind === "log" && message.error),
      { level: "warn", error: { code: "LIMIT_CPU" } },
    );
    await Promise.all([greedy.close(), modest.close()]);
  },
);

t.test("a session can be closed while it waits for its share", async (t) => {
  const shared = await startThread({ cpu: { perSecond: 0.001, burst: 1 } });
  t.teardown(() => shared.close());
  const client = new ThreadClient(shared);
  client.send("start", "busy(1e6)");
  t.same(await client.next(), { kind: "started" });
  client.send("frame", "");
  t.match(await client.log(), /more than its share/);
  await client.close();
});
