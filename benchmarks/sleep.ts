// What do sessions cost that nobody uses, and how long does one take to wake?
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";
import { type Client, openClient } from "./support/client.ts";
import { type Finding, judged, quantile } from "./support/measure.ts";
import { type Program, startProgram } from "./support/processes.ts";
import { repository } from "./support/site.ts";

const SLEEPERS = 10_000;
const CONNECTED = 1_000;
const AT_A_TIME = 16;
const WAKES = 200;
/** ms. */
const SLEEP_AFTER = 1_000;
const PATIENCE = 10 * 60_000;
const MB = 2 ** 20;

interface Answer {
  /** Bytes: what the process has to itself, without what it has mapped of files. */
  anonymous: number;
  rss: number;
  /** Sessions that are more than an entry in the store. */
  sessions: number;
  awake: number;
}

type Host = Program<{ port: number }>;

async function until(host: Host, isSo: (answer: Answer) => boolean): Promise<Answer> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const answer = await host.ask<Answer>("memory");
    if (isSo(answer)) return answer;
    if (performance.now() > end) throw new Error(`still ${answer.sessions} sessions, ${answer.awake} awake`);
    await wait(1_000);
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

async function asleep(data: string): Promise<Finding[]> {
  const options = { dir: repository, durability: "disk", data, sleepAfter: SLEEP_AFTER, maxSessions: 2 * SLEEPERS };
  const host = await startProgram<{ port: number }>("moonpool-server", options, ["--expose-gc"]);
  const { port } = host.started;
  try {
    await openMany(port, 200, (client) => client.close());
    const before = await until(host, ({ sessions }) => sessions === 0);
    const bytes = bytesBelow(data);
    const some: Client[] = [];
    await openMany(port, SLEEPERS, (client) => {
      if (some.length < WAKES) some.push(client);
      client.close();
    });
    const after = await until(host, ({ sessions }) => sessions === 0);
    const each = (bytesBelow(data) - bytes) / 1024 / SLEEPERS;
    const wakes: number[] = [];
    for (const client of some) wakes.push(await reopen(port, client));
    return [
      judged(
        `memory that ${SLEEPERS} sleeping demo sessions add`,
        (after.anonymous - before.anonymous) / MB,
        "MB",
        "<=",
        60,
      ),
      { what: "the same with pages of the store's file", value: (after.rss - before.rss) / MB, unit: "MB" },
      judged("a sleeping demo session on disk", each, "KB", "<=", 40),
      {
        what: "page of a session that is in the store only: socket → first frame, p50",
        value: quantile(wakes, 0.5),
        unit: "ms",
      },
    ];
  } finally {
    await host.stop();
  }
}

async function connected(data: string): Promise<Finding[]> {
  const options = { dir: repository, durability: "disk", data, sleepAfter: SLEEP_AFTER };
  const host = await startProgram<{ port: number }>("moonpool-server", options, ["--expose-gc"]);
  const { port } = host.started;
  const clients: Client[] = [];
  try {
    await openMany(port, 200, (client) => client.close());
    const before = await until(host, ({ sessions }) => sessions === 0);
    await openMany(port, CONNECTED, (client) => clients.push(client));
    const after = await until(host, ({ awake }) => awake === 0);
    const wakes: number[] = [];
    for (const client of clients.slice(0, WAKES)) {
      const start = performance.now();
      // The slot of the demo's app that shows which page is chosen; writing it again changes nothing, and is answered.
      await client.write(0, null);
      wakes.push(performance.now() - start);
    }
    const each = (after.anonymous - before.anonymous) / 1024 / CONNECTED;
    return [
      judged(`memory per idle connected demo session, of ${CONNECTED}`, each, "KB", "<=", 60),
      judged("a connected session wakes: event → answer, p50", quantile(wakes, 0.5), "ms", "<=", 5),
      { what: "a connected session wakes: event → answer, p99", value: quantile(wakes, 0.99), unit: "ms" },
    ];
  } finally {
    for (const client of clients) client.close();
    await host.stop();
  }
}

/** Runs the benchmark. Takes about five minutes. */
export async function sleep(): Promise<Finding[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-sleep-"));
  try {
    return [...(await connected(path.join(folder, "connected"))), ...(await asleep(path.join(folder, "asleep")))];
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
