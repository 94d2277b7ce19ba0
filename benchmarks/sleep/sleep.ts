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

/** ms: threads give memory of VMs back that they do not need any more, but not more often than every 5 s. */
const SETTLING = 7_000;
/** Sessions that are woken until code is compiled. */
const WARM_UP = 50;
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
  /** So many come and go before: what a rush of them needs, the process keeps. */
  crowd: number;
  /** There are enough of them to tell what one takes from what the process takes one time or another: 20 MB. */
  tellsMemory: boolean;
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

/** Memory when the server has settled, for comparisons. */
async function settled(host: Server): Promise<Answer> {
  await wait(SETTLING);
  return host.ask<Answer>("memory");
}

async function asleep(data: string, amount: Amount, progress: Progress): Promise<Finding[]> {
  const { sleepers, wakes: woken, crowd, tellsMemory } = amount;
  const options = { dir: repository, sleepAfter: SLEEP_AFTER, maxSessions: 3 * sleepers };
  const host = await startMoonpool({ ...options, durability: "disk", data });
  const { port } = host.started;
  const isAsleep = ({ sessions }: Answer): boolean => sessions === 0;
  try {
    progress(`${sleepers} sessions go to sleep`);
    await openMany(port, crowd, (client) => client.close());
    await until(host, isAsleep);
    const bytes = bytesBelow(data);
    const before = tellsMemory ? await settled(host) : undefined;
    const some: Client[] = [];
    await openMany(port, sleepers, (client) => {
      if (some.length < woken) some.push(client);
      client.close();
    });
    await until(host, isAsleep);
    const each = (bytesBelow(data) - bytes) / KB / sleepers;
    const memory = before === undefined ? [] : memoryOf("sleeping", before, await settled(host), sleepers, 6);
    const wakes: number[] = [];
    for (const client of some) wakes.push(await reopen(port, client));
    return [
      ...memory,
      judged("a sleeping demo session on disk", each, "KB", "<=", 40),
      found("page of a session that is in the store only: socket → first frame", wakes.slice(WARM_UP), "ms"),
    ];
  } finally {
    await host.stop();
  }
}

async function connected(data: string, amount: Amount, progress: Progress): Promise<Finding[]> {
  const { connected, wakes: woken, crowd, tellsMemory } = amount;
  const options = { dir: repository, sleepAfter: SLEEP_AFTER, logLevel: "silent" } as const;
  const host = await startMoonpool({ ...options, durability: "disk", data });
  const { port } = host.started;
  const clients: Client[] = [];
  try {
    progress(`${connected} connected sessions fall asleep`);
    await openMany(port, crowd, (client) => client.close());
    await until(host, ({ sessions }) => sessions === 0);
    const before = tellsMemory ? await settled(host) : undefined;
    await openMany(port, connected, (client) => clients.push(client));
    await until(host, ({ awake }) => awake === 0);
    const memory = before === undefined ? [] : memoryOf("idle connected", before, await settled(host), connected, 60);
    const wakes: number[] = [];
    for (const client of clients.slice(0, woken)) {
      const start = performance.now();
      // The list of the demo's pages, which can only be read: nothing changes, and the refusal is an answer at once.
      await client.write(0, null);
      wakes.push(performance.now() - start);
    }
    const counted = wakes.slice(WARM_UP);
    return [
      ...memory,
      judged("a connected session wakes: event → answer, p50", counted, "ms", "<=", 5),
      found("a connected session wakes: event → answer, p99", quantile(counted, 0.99), "ms"),
    ];
  } finally {
    for (const client of clients) client.close();
    await host.stop();
  }
}

function memoryOf(kind: string, before: Answer, after: Answer, count: number, most: number): Finding[] {
  const each = (of: "anonymous" | "rss"): number => (after[of] - before[of]) / KB / count;
  return [
    judged(`memory per ${kind} demo session`, each("anonymous"), "KB", "<=", most),
    found(`memory per ${kind} demo session, with pages of the store's file`, each("rss"), "KB"),
  ];
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
  question: "How long does a sleeping session take to wake, and what does it take on disk?",
  seconds: 35,
  run: (progress) =>
    measureSleep({ sleepers: 300, connected: 300, wakes: 250, crowd: 200, tellsMemory: false }, progress),
};
