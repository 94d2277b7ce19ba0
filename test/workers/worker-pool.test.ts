import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { WorkerPool, type WorkerPoolOptions } from "../../src/host/worker-pool.ts";
import { PoolClient } from "../support/pool-client.ts";
import { planText } from "../support/plan-text.ts";
import { threads } from "../support/started-threads.ts";

const app = `local App = session:prototype("App", { count = 0 })
function App:up() self.count = self.count + 1 end
session:createAppVariable(App:new())`;

const plans = new Map([["App.DEFAULT", JSON.stringify({ key: "App.DEFAULT", hash: "first", slots: [] })]]);

/** Counts how often its view's second variable is pressed; the third is stuck in C. */
const counting = `local App = session:prototype("App", { count = 1 })
function App:up() self.count = self.count + 1 end
function App:stuck() self.count = 1000 string.find(("a"):rep(4000), (".-"):rep(30) .. "b") end
session:createAppVariable(App:new())`;
const html = `<div><b ui-value="count"></b><i ui-action="up()"></i><i ui-action="stuck()"></i></div>`;
const counted = new Map([["App.DEFAULT", planText("App.DEFAULT", html)]]);

/** Opens the tab of a session of `counting`; gives its actions. */
async function opened(t: Test, client: PoolClient): Promise<{ up: () => void; stuck: () => void }> {
  t.same(await client.start(), { kind: "started" });
  client.connect();
  const first = Number(/"first":(\d+)/.exec(String(await client.next()))?.[1]);
  return { up: () => client.act(first + 1), stuck: () => client.act(first + 2) };
}

/** A pool on a site whose main.lua is `main`. */
async function openPool(t: Test, options: Partial<WorkerPoolOptions> = {}, main = app): Promise<WorkerPool> {
  const dir = options.dir ?? t.testdir({ lua: { "main.lua": main } });
  const pool = new WorkerPool({ threads: 1, memoryLimit: 16 * 2 ** 20, ...options, dir });
  t.teardown(() => pool.close());
  await pool.ready;
  return pool;
}

t.test("sessions start on real threads, say so, and end when they are closed", async (t) => {
  const pool = await openPool(t, { threads: 2 });
  const clients = Array.from({ length: 20 }, () => new PoolClient(pool));
  for (const client of clients) t.same(await client.start(), { kind: "started" });
  for (const client of clients) client.close();
  for (const client of clients) t.equal(await client.ended, undefined);
});

t.test("a session may be used before the pool is ready", async (t) => {
  const pool = new WorkerPool({ dir: t.testdir({ lua: { "main.lua": app } }), threads: 1 });
  t.teardown(() => pool.close());
  t.same(await new PoolClient(pool).start(), { kind: "started" });
});

t.test("a session whose main.lua fails says why, then ends without a second error", async (t) => {
  const pool = await openPool(t, {}, "local x = = 1");
  const client = new PoolClient(pool);
  t.match(await client.start(), { kind: "failed", error: { code: "LUA_SYNTAX", file: "lua/main.lua", line: 1 } });
  t.equal(await client.ended, undefined);
});

t.test("the limits given to the pool hold in its sessions", async (t) => {
  const slow = await openPool(t, { timeLimit: 30 }, "while true do end");
  t.match(await new PoolClient(slow).start(), {
    kind: "failed",
    error: { code: "LIMIT_TIME", file: "lua/main.lua", line: 1 },
  });
  const large = await openPool(t, { memoryLimit: 4 * 2 ** 20 }, "t = {} for i = 1, 1e9 do t[i] = i end");
  t.match(await new PoolClient(large).start(), { kind: "failed", error: { code: "LIMIT_MEMORY" } });
});

t.test("options that cannot be are refused when the pool starts, and by every session", async (t) => {
  const pool = new WorkerPool({ dir: t.testdir({}), threads: 1, memoryLimit: 1000 });
  t.teardown(() => pool.close());
  await t.rejects(pool.ready, { code: "CONFIG_INVALID", message: /memoryLimit/ });
  t.match(await new PoolClient(pool).ended, { code: "CONFIG_INVALID" });
});

t.test("one session more than allowed is refused at once; room that is given back can be used", async (t) => {
  const pool = await openPool(t, { maxSessions: 2 });
  const [one, two] = [new PoolClient(pool), new PoolClient(pool)];
  await Promise.all([one.start(), two.start()]);
  t.throws(() => new PoolClient(pool), { code: "SESSION_LIMIT" });
  one.close();
  t.same(await new PoolClient(pool).start(), { kind: "started" }, "at once");
  await one.ended;
  t.throws(() => new PoolClient(pool), { code: "SESSION_LIMIT" }, "and only once");
});

t.test("a dedicated session holds up nobody, and can be ended while its code is stuck", async (t) => {
  const stuck = "if os.time() < 1000 then while true do end end";
  const pool = await openPool(t, { dedicatedThreads: 1, timeLimit: 60_000 }, `${stuck} ${app}`);
  const before = threads.length;
  const dedicated = new PoolClient(pool, "dedicated");
  void dedicated.start(0);
  t.same(await new PoolClient(pool).start(), { kind: "started" });
  t.equal(threads.length, before + 1);
  t.throws(() => new PoolClient(pool, "dedicated"), { code: "SESSION_LIMIT" });
  dedicated.close();
  t.equal(await dedicated.ended, undefined);
  const next = new PoolClient(pool, "dedicated");
  t.same(await next.start(), { kind: "started" }, "its room is free again");
  next.close();
  t.equal(await next.ended, undefined);
});

t.test("when a thread dies its sessions go on elsewhere: nothing is lost, nothing is done twice", async (t) => {
  const before = threads.length;
  const pool = await openPool(t, { threads: 2, plans: counted }, counting);
  const clients = Array.from({ length: 6 }, () => new PoolClient(pool));
  const actions = await Promise.all(clients.map((client) => opened(t, client)));
  for (let death = 0; death < 4; death++) {
    for (const { up } of actions) up();
    await threads.at(death % 2 === 0 ? before : -1)!.terminate();
    for (const { up } of actions) up();
    for (const client of clients) {
      t.match(await client.next(), `"value":${2 * death + 2}`);
      t.match(await client.next(), `"value":${2 * death + 3}`);
    }
  }
  t.same(await new PoolClient(pool).start(), { kind: "started" });
});

t.test("a call that never comes back from C ends with its thread; the event has not happened", async (t) => {
  const pool = await openPool(t, { threads: 1, timeLimit: 100, plans: counted }, counting);
  const [stuck, other] = [new PoolClient(pool), new PoolClient(pool)];
  const [actions, others] = [await opened(t, stuck), await opened(t, other)];
  actions.up();
  others.up();
  for (const client of [stuck, other]) t.match(await client.next(), `"value":2`);
  actions.stuck();
  others.up();
  t.match(await stuck.next(), { kind: "refused", error: { code: "LIMIT_TIME" } });
  t.match(await other.next(), `"value":3`, "who shares its thread goes on");
  actions.up();
  t.match(await stuck.next(), `"value":3`, "and so does the session, without that event");
  actions.stuck();
  actions.up();
  t.match(await stuck.next(), { kind: "refused" });
  t.match(await stuck.next(), `"value":4`, "again and again");
  others.up();
  t.match(await other.next(), `"value":4`);
});

t.test("two pools side by side have sites, limits and threads of their own", async (t) => {
  const site = (name: string) => ({ lua: { "main.lua": `print("${name}")` } });
  const folder = t.testdir({ one: site("one"), two: site("two") });
  const [one, two] = await Promise.all(["one", "two"].map((name) => openPool(t, { dir: path.join(folder, name) })));
  if (!one || !two) throw new Error("there are two");
  t.match(await new PoolClient(two).start(), { kind: "log", message: "two" });
  t.match(await new PoolClient(one).start(), { kind: "log", message: "one" });
  await one.close();
  t.match(await new PoolClient(two).start(), { kind: "log", message: "two" });
});

t.test("viewdefs that are replaced reach sessions that run and sessions that start", async (t) => {
  const pool = await openPool(t);
  const old = new PoolClient(pool);
  await old.start();
  pool.replacePlans(plans);
  for (const client of [old, new PoolClient(pool)]) {
    if (client !== old) await client.start();
    client.connect();
    t.match(await client.next(), /\nv App\.DEFAULT first\n/);
  }
});

t.test(
  "close ends sessions whose code is stuck, within bounds, and is the same promise when called again",
  async (t) => {
    const pool = await openPool(t, { timeLimit: 60_000 }, "while true do end");
    const client = new PoolClient(pool);
    void client.start();
    const closing = pool.close();
    t.equal(pool.close(), closing);
    await closing;
    t.equal(await client.ended, undefined);
    t.throws(() => new PoolClient(pool), { code: "SESSION_LIMIT" });
  },
);

t.test("a program that closes its pool ends by itself and prints nothing, and leaves no files behind", async (t) => {
  const folder = t.testdir({ site: { lua: { "main.lua": app } }, temporary: {} });
  const temporary = path.join(folder, "temporary");
  const file = new URL("../fixtures/open-and-close-pool.js", import.meta.url).pathname;
  const env = { ...process.env, TMPDIR: temporary };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, path.join(folder, "site")], { env });
  t.equal(stderr, "");
  t.equal(stdout, "started\n");
  t.same(fs.readdirSync(temporary), []);
});
