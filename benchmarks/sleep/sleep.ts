// What do sessions cost that nobody uses, and how long does one take to wake?
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Client, openClient } from "../support/client.ts";
import { type Finding, found, judged, quantile } from "../support/measure.ts";
import { type Server, startMoonpool } from "../support/moonpool.ts";
import { repository } from "../support/site.ts";

/** Sessions come in batches: what each adds is a sample of what a session takes. */
const BATCHES = 5;
const AT_A_TIME = 16;
/** ms. */
const SLEEP_AFTER = 1_000;
const PATIENCE = 10 * 60_000;
const KB = 1024;

interface Answer {
  /** Bytes: what the process has to itself, without what it has mapped of files. */
  anonymous: number;
  rss: number;
  /** Sessions that are more than an entry in the store. */
  sessions: number;
  awake: number;
}

/** How many sessions there are in all, and how many of them are woken. */
export interface Amount {
  sleepers: number;
  connected: number;
  wakes: number;
}

async function until(host: Server, isSo: (answer: Answer) => boolean): Promise<Answer> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const answer = await host.ask<Answer>("memory");
    if (isSo(answer)) return answer;
    if (performance.now() > end) throw new Error(`still ${answer.sessions} sessions, ${answer.awake} awake`);
    await wait(500);
  }
}

/** `count` sessions of the demo, opened a few at a time. */
async function openMany(port: number, count: number, then: (client: Client) => void): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      while (left-- > 0) then(await openClient(port));
    }),
  );
}

function bytesBelow(folder: string): number {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.reduce((sum, entry) => {
    if (!entry.isFile()) return sum;
    return sum + fs.statSync(path.join(entry.parentPath, entry.name)).blocks * 512;
  }, 0);
}

/** ms from a request for the socket to the first frame. */
async function reopen(port: number, { path: session, cookie }: Client): Promise<number> {
  const start = performance.now();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/_moonpool/ws${session}`, { headers: { cookie } });
  await new Promise((resolve, reject) => socket.once("message", resolve).once("error", reject));
  const time = performance.now() - start;
  socket.close();
  return time;
}

async function asleep(data: string, { sleepers, wakes: woken }: Amount, progress: Progress): Promise<Finding[]> {
  const options = { dir: repository, sleepAfter: SLEEP_AFTER, maxSessions: 2 * sleepers };
  const host = await startMoonpool({ ...options, durability: "disk", data });
  const { port } = host.started;
  try {
    await openMany(port, 200, (client) => client.close());
    const before = await until(host, ({ sessions }) => sessions === 0);
    const bytes = bytesBelow(data);
    const some: Client[] = [];
    const memory: number[] = [];
    let last = before;
    for (let batch = 1; batch <= BATCHES; batch++) {
      progress(`${sleepers} sessions go to sleep, batch ${batch} of ${BATCHES}`);
      await openMany(port, sleepers / BATCHES, (client) => {
        if (some.length < woken) some.push(client);
        client.close();
      });
      const now = await until(host, ({ sessions }) => sessions === 0);
      memory.push(((now.anonymous - last.anonymous) / KB / sleepers) * BATCHES);
      last = now;
    }
    const each = (bytesBelow(data) - bytes) / KB / sleepers;
    const wakes: number[] = [];
    for (const client of some) wakes.push(await reopen(port, client));
    const all = (last.anonymous - before.anonymous) / KB / sleepers;
    return [
      // Of all: batches show how much that is chance, and one of them has what the allocator took for the next.
      judged("memory per sleeping demo session", all, "KB", "<=", 6),
      found("the same, batch by batch", memory, "KB"),
      found("the same with pages of the store's file", (last.rss - before.rss) / KB / sleepers, "KB"),
      judged("a sleeping demo session on disk", each, "KB", "<=", 40),
      found("page of a session that is in the store only: socket → first frame", wakes, "ms"),
    ];
  } finally {
    await host.stop();
  }
}

async function connected(data: string, { connected, wakes: woken }: Amount, progress: Progress): Promise<Finding[]> {
  const options = { dir: repository, sleepAfter: SLEEP_AFTER, logLevel: "silent" } as const;
  const host = await startMoonpool({ ...options, durability: "disk", data });
  const { port } = host.started;
  const clients: Client[] = [];
  try {
    await openMany(port, 200, (client) => client.close());
    const before = await until(host, ({ sessions }) => sessions === 0);
    const memory: number[] = [];
    let last = before;
    for (let batch = 1; batch <= BATCHES; batch++) {
      progress(`${connected} connected sessions fall asleep, batch ${batch} of ${BATCHES}`);
      await openMany(port, connected / BATCHES, (client) => clients.push(client));
      const now = await until(host, ({ awake }) => awake === 0);
      memory.push(((now.anonymous - last.anonymous) / KB / connected) * BATCHES);
      last = now;
    }
    const wakes: number[] = [];
    for (const client of clients.slice(0, woken)) {
      const start = performance.now();
      // The list of the demo's pages, which can only be read: nothing changes, and the refusal is an answer at once.
      await client.write(0, null);
      wakes.push(performance.now() - start);
    }
    const all = (last.anonymous - before.anonymous) / KB / connected;
    return [
      judged("memory per idle connected demo session", all, "KB", "<=", 60),
      found("the same, batch by batch", memory, "KB"),
      judged("a connected session wakes: event → answer, p50", wakes, "ms", "<=", 5),
      found("a connected session wakes: event → answer, p99", quantile(wakes, 0.99), "ms"),
    ];
  } finally {
    for (const client of clients) client.close();
    await host.stop();
  }
}

/** Measures with so many sessions. */
export async function measureSleep(amount: Amount, progress: Progress): Promise<Finding[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-sleep-"));
  try {
    const results = [await connected(path.join(folder, "connected"), amount, progress)];
    results.push(await asleep(path.join(folder, "asleep"), amount, progress));
    return results.flat();
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

export const sleep: Benchmark = {
  name: "sleep",
  question: "What do sleeping sessions take, how long does one take to wake, what does a connected idle one cost?",
  seconds: 55,
  run: (progress) => measureSleep({ sleepers: 1_500, connected: 500, wakes: 100 }, progress),
};
