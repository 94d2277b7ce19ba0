import type { Worker } from "node:worker_threads";
import t, { type Test } from "tap";
import type { HogSettings } from "../../src/host/hog-policy.ts";
import { SessionKeeper } from "../../src/host/session-keeper.ts";
import { MemoryStore } from "../../src/host/store/memory-store.ts";
import { WorkerPool, type WorkerPoolOptions } from "../../src/host/worker-pool.ts";
import type { FromSession } from "../../src/protocol/worker-message.ts";
import { PoolClient } from "../support/pool-client.ts";
import { planText } from "../support/plan-text.ts";
import { threads } from "../support/started-threads.ts";

const living = (): Worker[] => threads.filter(({ threadId }) => threadId > 0);

const main = `local App = session:prototype("App", { count = 1 })
function App:up() self.count = self.count + 1 end
function App:loop() while true do end end
session:createAppVariable(App:new())`;
const html = `<div><b ui-value="count"></b><i ui-action="up()"></i><i ui-action="loop()"></i></div>`;
const plans = new Map([["App.DEFAULT", planText("App.DEFAULT", html)]]);

/** A session of `main` with one tab. It counts from 1. */
class Counter {
  readonly client: PoolClient;
  readonly #first: number;

  private constructor(client: PoolClient, first: number) {
    this.client = client;
    this.#first = first;
  }

  static async open(pool: WorkerPool, keeper: SessionKeeper, id: string): Promise<Counter> {
    const client = new PoolClient(pool, "shared", { keeper, id });
    await client.start();
    client.connect();
    const first = Number(/"first":(\d+)/.exec(String(await client.next()))?.[1]);
    return new Counter(client, first);
  }

  /** Sends so many presses, and gives what the counter says after each. */
  up(times = 1): Promise<number[]> {
    for (let time = 0; time < times; time++) this.client.act(this.#first + 1);
    return Promise.all(
      Array.from({ length: times }, async () => Number(/"value":(\d+)/.exec(String(await this.client.next()))?.[1])),
    );
  }

  loop(): { answer: Promise<FromSession>; isAnswered: () => boolean } {
    let isAnswered = false;
    this.client.act(this.#first + 2);
    const answer = this.client.next().then((message) => {
      isAnswered = true;
      return message;
    });
    return { answer, isAnswered: () => isAnswered };
  }
}

interface Stage {
  pool: WorkerPool;
  open: (id: string) => Promise<Counter>;
}

async function stage(t: Test, options: Partial<WorkerPoolOptions>, hogs: Partial<HogSettings> = {}): Promise<Stage> {
  const dir = t.testdir({ lua: { "main.lua": main } });
  const pool = new WorkerPool({ dir, threads: 1, memoryLimit: 16 * 2 ** 20, plans, ...options });
  const keeper = new SessionKeeper(pool, new MemoryStore(), { hogs });
  t.teardown(() => keeper.close());
  await pool.ready;
  return { pool, open: (id) => Counter.open(pool, keeper, id) };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let look = 0; look < 2_000 && !isSo(); look++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!isSo()) throw new Error("it does not come to that");
}

const sharedThreads = (pool: WorkerPool): number => [...pool.threads()].length;
const busyThreads = (pool: WorkerPool): number => [...pool.threads()].filter(([, busy]) => busy !== undefined).length;

t.test("while a loop runs on the only thread, others of it go on, and new sessions begin", async (t) => {
  const { pool, open } = await stage(t, { timeLimit: 60_000 });
  const others = await Promise.all(["a", "b", "c"].map(open));
  const hog = await open("hog");
  const loop = hog.loop();
  await until(() => busyThreads(pool) === 1);
  const answers = await Promise.all(others.map((other) => other.up(2)));
  for (const answer of answers) t.same(answer, [2, 3], "each press once");
  const late = await open("late");
  t.same(await late.up(2), [2, 3]);
  t.same(await Promise.all(others.map((other) => other.up())), [[4], [4], [4]]);
  t.equal(loop.isAnswered(), false, "all that before the loop's answer");
});

t.test(
  "however many loops there are, one after the other: everybody is answered, everything counts once",
  async (t) => {
    const { open } = await stage(t, { timeLimit: 150, threads: 2 });
    const others = await Promise.all(["a", "b", "c", "d"].map(open));
    const hogs = await Promise.all(["x", "y", "z"].map(open));
    for (let round = 0; round < 3; round++) {
      const loops = hogs.map((hog) => hog.loop());
      const answers = await Promise.all(others.map((other) => other.up(2)));
      for (const answer of answers) t.same(answer, [2 * round + 2, 2 * round + 3]);
      for (const { answer } of loops) t.match(await answer, { kind: "refused", error: { code: "LIMIT_TIME" } });
    }
    for (const hog of hogs) t.same(await hog.up(), [2], "what was refused has not happened");
  },
);

t.test(
  "a hog has another thread until it has behaved for a while; threads that nobody needs are given up",
  async (t) => {
    const { pool, open } = await stage(t, { timeLimit: 1_000 }, { first: 500, calm: 100 });
    const [other, hog] = [await open("other"), await open("hog")];
    const before = living();
    const first = hog.loop();
    await until(() => busyThreads(pool) === 1);
    t.same(await other.up(), [2]);
    t.equal(sharedThreads(pool), 2, "there is a spare one");
    t.match(await first.answer, { kind: "refused" });
    const second = hog.loop();
    /** What a shared thread did in one turn, in signs of life. */
    let most = 0;
    const turns = new Map<number, number>();
    for (let count = 3; !second.isAnswered(); count++) {
      t.same(await other.up(), [count]);
      for (const [, busy] of pool.threads()) {
        if (busy === undefined) continue;
        if (!turns.has(busy.turn)) turns.set(busy.turn, busy.beats);
        most = Math.max(most, busy.beats - (turns.get(busy.turn) ?? 0));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    t.ok(most < 5_000, "the loop does not run there");
    t.equal(living().length, before.length + 2, "and one for hogs");
    t.same(await hog.up(), [2]);
    await until(() => living().length === before.length);
    t.equal(sharedThreads(pool), 1);
    t.same(await hog.up(2), [3, 4]);
    t.equal(living().length, before.length, "it is with the others again");
  },
);

t.test("a pool whose threads are all held by loops closes", async (t) => {
  const { pool, open } = await stage(t, { timeLimit: 300, threads: 2 }, { patience: 20 });
  const before = living().length - 2;
  const hogs = await Promise.all(["x", "y", "z"].map(open));
  await Promise.all(hogs.map((hog) => hog.loop().answer));
  for (const hog of hogs) for (let times = 0; times < 5; times++) void hog.loop();
  await (await open("a")).up();
  await pool.close();
  await until(() => living().length === before);
  t.equal(living().length, before);
});
