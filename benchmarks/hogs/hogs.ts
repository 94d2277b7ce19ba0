// Do endless loops of some sessions slow others down? Twenty healthy sessions at rest, and beside 1, 2, 4, 8 angry ones.
import { setTimeout as wait } from "node:timers/promises";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Client, openClient } from "../support/client.ts";
import { against, type Finding, found, judged, median, quantile } from "../support/measure.ts";
import { startMoonpool } from "../support/moonpool.ts";
import { hogSite, makeSite } from "../support/site.ts";

const THREADS = 2;
/** ms, as by default. */
const TIME_LIMIT = 1_000;
const HEALTHY = 20;
const HOGS = [1, 2, 4, 8];
const ROUNDS = 5;
/** Of a round. */
const MS = 1_000;
/** ms between two events of a healthy session. */
const PAUSE = 50;
/** Events that an angry client has under way: it never waits for an answer before the next. */
const IN_FLIGHT = 3;
const STEP = 1;
const LOOP = 2;

/** Latencies of all healthy sessions for a while, in ms. Each sends an event, waits for the answer, and pauses. */
async function latencies(clients: Client[], ms: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  await Promise.all(
    clients.map(async (client, index) => {
      await wait((index * PAUSE) / clients.length);
      while (performance.now() < end) {
        const start = performance.now();
        await client.act(STEP);
        times.push(performance.now() - start);
        await wait(PAUSE);
      }
    }),
  );
  return times;
}

/** A few rounds of them. */
async function rounds(clients: Client[]): Promise<number[][]> {
  const results: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) results.push(await latencies(clients, MS));
  return results;
}

/** Has a client run into the time limit again and again until the result is called. */
function enrage(client: Client): () => void {
  let isAngry = true;
  const again = (): void => {
    if (isAngry) void client.act(LOOP).then(again);
  };
  for (let event = 0; event < IN_FLIGHT; event++) again();
  return () => {
    isAngry = false;
    client.close();
  };
}

async function beside(dir: string, count: number): Promise<Finding[]> {
  const host = await startMoonpool({ dir, threads: THREADS, timeLimit: TIME_LIMIT, logLevel: "silent" });
  try {
    const open = async (count: number): Promise<Client[]> => {
      const clients: Client[] = [];
      for (let index = 0; index < count; index++) clients.push(await openClient(host.started.port));
      return clients;
    };
    const healthy = await open(HEALTHY);
    const angry = await open(count);
    await latencies(healthy, MS);
    const rest = await rounds(healthy);
    const calm = angry.map(enrage);
    const during = await rounds(healthy);
    for (const stop of calm) stop();
    const loops = count === 1 ? "1 endless loop" : `${count} endless loops`;
    const [atRest, medians] = [rest.map(median), during.map(median)];
    const p99 = during.map((times) => quantile(times, 0.99));
    const what = `${HEALTHY} healthy sessions at rest, before ${loops}, p50`;
    // Not by round: a round at rest has no partner.
    const ratio = medians.map((time) => time / median(atRest));
    return [
      found(what, atRest, "ms"),
      found(`beside ${loops}, p50`, medians, "ms", against(what, medians, atRest)),
      found(`beside ${loops}, p99`, p99, "ms"),
      judged(`beside ${loops} / at rest, p50`, ratio, "×", "<=", 2),
    ];
  } finally {
    await host.stop();
  }
}

async function run(progress: Progress): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { dir, remove } = makeSite(hogSite);
  try {
    for (const count of HOGS) {
      progress(`beside ${count}`);
      findings.push(...(await beside(dir, count)));
    }
  } finally {
    remove();
  }
  return findings;
}

export const hogs: Benchmark = {
  name: "hogs",
  question: "Do endless loops of 1, 2, 4, 8 sessions on two threads slow down 20 healthy ones?",
  seconds: 50,
  run,
};
