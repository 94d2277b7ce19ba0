// What does it cost that a session survives its process: to write, to wake up, on the disk?
import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";
import { openStore } from "../../src/host/store/open-store.ts";
import type { SessionStore } from "../../src/host/store/session-store.ts";
import type { Benchmark } from "../support/benchmark.ts";
import { against, type Finding, found, judged, quantile, ratios } from "../support/measure.ts";

/** About what an event of the counter site is in a journal. */
const RECORD = JSON.stringify({ time: 1e12, seed: "0123456789abcdef", event: "x".repeat(140) });
/** Bytes of a compressed image of the demo. */
const IMAGE = 30 * 1024;
const SLEEPING = 10_000;
const ROUND_MS = 600;
const ROUNDS = 5;

/** How many per second, if `step` does `each` of them at a time. */
async function rate(each: number, step: () => Promise<void>): Promise<number> {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < ROUND_MS) {
    await step();
    count += each;
  }
  return (count * 1000) / (performance.now() - start);
}

/** Sessions that each append and wait until that is safe, against a file that gets the same bytes. */
async function durable(dir: string, store: SessionStore): Promise<Finding[]> {
  const findings: Finding[] = [];
  const file = await fs.open(path.join(dir, "floor"), "a");
  for (const sessions of [1, 64, 1000]) {
    const bytes = Buffer.from(RECORD.repeat(sessions));
    const floor = async (): Promise<void> => {
      await file.write(bytes);
      await file.datasync();
    };
    let until = 0;
    const session = async (id: string): Promise<number> => {
      let count = 0;
      for (; performance.now() < until; count++) {
        // As the host will: an image now and then, so that the journal does not only grow.
        const position = store.append(id, RECORD);
        if (position % 200 === 0) store.snapshot(id, position, Buffer.alloc(1000));
        await store.flushed();
      }
      return count;
    };
    const floors: number[] = [];
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      floors.push(await rate(sessions, floor));
      const start = performance.now();
      until = start + ROUND_MS;
      const counts = await Promise.all(Array.from({ length: sessions }, (_, i) => session(`busy ${i}`)));
      rates.push((counts.reduce((sum, count) => sum + count) * 1000) / (performance.now() - start));
    }
    const name = `${sessions.toLocaleString("en")} session${sessions > 1 ? "s" : ""}`;
    const bare = `${name}: file append + fdatasync of as much`;
    findings.push(
      found(`${name}: durable appends`, rates, "/s", against(bare, rates, floors)),
      found(bare, floors, "/s"),
      found(`${name}: share of the file's rate`, ratios(rates, floors), "×"),
    );
  }
  await file.close();
  return findings;
}

/** Microseconds that `append` keeps its caller, without what else the machine does: the least of a few rounds counts. */
async function callerCost(store: SessionStore): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 20; round++) {
    const start = performance.now();
    for (let i = 0; i < 5_000; i++) store.append("caller", RECORD);
    times.push((performance.now() - start) / 5);
    store.snapshot("caller", 5_000 * (round + 1), Buffer.alloc(10));
    await store.flushed();
  }
  return Math.min(...times);
}

/** Bytes of objects and buffers that are not garbage. */
async function memoryInUse(): Promise<number> {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  // Buffers are given back some time after their objects.
  for (let i = 0; i < 3; i++) {
    collect();
    await wait(100);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Many sessions that nobody uses: what they cost, and how long one takes to be back. */
async function sleeping(dir: string): Promise<Finding[]> {
  let store = await openStore({ durability: "disk", dir });
  const image = randomBytes(IMAGE);
  for (let i = 0; i < SLEEPING; i++) {
    const id = `session ${i}`;
    store.describe(id, JSON.stringify({ created: 1e12, cookie: "c".repeat(60) }));
    for (let position = 1; position <= 20; position++) store.append(id, RECORD);
    image.writeUInt32LE(i);
    store.snapshot(id, 10, Buffer.from(image));
    store.release(id);
    if (i % 100 === 99) await store.flushed();
  }
  await store.close();
  const { size } = await fs.stat(path.join(dir, "sessions.mdb"));
  const before = await memoryInUse();
  let start = performance.now();
  store = await openStore({ durability: "disk", dir });
  const opened = performance.now() - start;
  start = performance.now();
  const { length } = await store.list();
  const listed = performance.now() - start;
  const loads: number[] = [];
  for (let i = 0; i < length; i++) {
    const id = `session ${(i * 7919) % length}`;
    start = performance.now();
    await store.load(id);
    loads.push(performance.now() - start);
    store.release(id);
  }
  const heap = ((await memoryInUse()) - before) / SLEEPING;
  await store.close();
  const of = `of ${SLEEPING.toLocaleString("en")} sleeping sessions`;
  return [
    found(`opening and checking the store ${of}`, opened, "ms"),
    found(`listing ${of}`, listed, "ms"),
    found(`loading one ${of}, p50`, loads, "ms"),
    found(`loading one ${of}, p99`, quantile(loads, 0.99), "ms"),
    judged(`heap and buffers for each ${of}`, Math.max(0, heap), "bytes", "<=", 200),
    judged(`disk for each ${of} (image ${IMAGE / 1024} KB, 20 records)`, size / SLEEPING / 1024, "KB", "<=", 40),
  ];
}

async function run(): Promise<Finding[]> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), "moonpool-bench-"));
  try {
    const disk = await openStore({ durability: "disk", dir: path.join(dir, "busy") });
    const findings = await durable(dir, disk);
    const onDisk = await callerCost(disk);
    await disk.close();
    const inMemory = await callerCost(await openStore({ durability: "memory" }));
    return [
      ...findings,
      judged("append keeps its caller, memory", inMemory, "µs", "<=", 0.3),
      found("append keeps its caller, disk", onDisk, "µs"),
      ...(await sleeping(path.join(dir, "sleeping"))),
    ];
  } finally {
    await fs.rm(dir, { recursive: true });
  }
}

export const store: Benchmark = {
  name: "store",
  question: "What does it cost that a session survives its process: to write, to wake up, on the disk?",
  seconds: 25,
  run,
};
