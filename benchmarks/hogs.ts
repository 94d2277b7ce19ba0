// Do endless loops of some sessions slow others down? Twenty healthy sessions at rest, and beside 1, 2, 4, 8 angry ones.
import { setTimeout as wait } from "node:timers/promises";
import { type Client, openClient } from "./support/client.ts";
import { type Finding, judged, median, quantile } from "./support/measure.ts";
import { startProgram } from "./support/processes.ts";
import { hogSite, makeSite } from "./support/site.ts";

const THREADS = 2;
const HEALTHY = 20;
const HOGS = [1, 2, 4, 8];
const SECONDS = 8;
/** ms between two events of a healthy session. */
const PAUSE = 50;
/** Events that an angry client has under way: it never waits for an answer before the next. */
const IN_FLIGHT = 3;
const STEP = 1;
const LOOP = 2;

/** Latencies of all healthy sessions for some seconds, in ms. Each sends an event, waits for the answer, and pauses. */
async function latencies(clients: Client[]): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + SECONDS * 1000;
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

/** Runs the benchmark. Takes about two minutes; each number of hogs has a host of its own. */
export async function hogs(): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { dir, remove } = makeSite(hogSite);
  try {
    for (const count of HOGS) {
      const host = await startProgram<{ port: number }>("moonpool-server", {
        dir,
        threads: THREADS,
        logLevel: "silent",
      });
      try {
        const healthy: Client[] = [];
        for (let index = 0; index < HEALTHY; index++) healthy.push(await openClient(host.started.port));
        const angry: Client[] = [];
        for (let index = 0; index < count; index++) angry.push(await openClient(host.started.port));
        await latencies(healthy.slice(0, 2));
        const rest = await latencies(healthy);
        const calm = angry.map(enrage);
        const beside = await latencies(healthy);
        for (const stop of calm) stop();
        const loops = count === 1 ? "1 endless loop" : `${count} endless loops`;
        findings.push(
          { what: `${HEALTHY} healthy sessions at rest, p50`, value: median(rest), unit: "ms" },
          { what: `beside ${loops}, p50`, value: median(beside), unit: "ms" },
          { what: `beside ${loops}, p99`, value: quantile(beside, 0.99), unit: "ms" },
          judged(`beside ${loops} / at rest, p50`, median(beside) / median(rest), "×", "<=", 2),
        );
      } finally {
        await host.stop();
      }
    }
  } finally {
    remove();
  }
  return findings;
}
