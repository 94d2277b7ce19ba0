// How much slower is an event through Lua than a bare WebSocket echo? Same frame, same client code, same run.
import { type Client, openClient, openEcho } from "./support/client.ts";
import { type Finding, judged, median, quantile } from "./support/measure.ts";
import { startProgram } from "./support/processes.ts";
import { counterSite, makeSite } from "./support/site.ts";

const ROUNDS = 3;
const EVENTS = 3_000;
const SESSIONS = 100;
const SECONDS = 3;
const STEP = 1;

/** Round trips of one client, one after the other, in µs. */
async function latencies(client: Client, events: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < events; i++) {
    const start = performance.now();
    await client.act(STEP);
    times.push((performance.now() - start) * 1000);
  }
  return times;
}

/** Events per second of many clients of which each waits for its answer before the next event. */
async function throughput(clients: Client[]): Promise<number> {
  const end = performance.now() + SECONDS * 1000;
  let events = 0;
  const start = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end) {
        await client.act(STEP);
        events++;
      }
    }),
  );
  return (events / (performance.now() - start)) * 1000;
}

async function openAll(open: () => Promise<Client>): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < SESSIONS; i++) clients.push(await open());
  return clients;
}

/** Runs the benchmark. Takes about half a minute. */
export async function roundTrip(): Promise<Finding[]> {
  const { dir, remove } = makeSite(counterSite);
  const echo = await startProgram<{ port: number }>("echo-server", {});
  const rate = { perSecond: 1e9, burst: 1e9 };
  const host = await startProgram<{ port: number }>("moonpool-server", { dir, rate });
  try {
    const one = { echo: await openEcho(echo.started.port), host: await openClient(host.started.port) };
    await latencies(one.echo, 500);
    await latencies(one.host, 500);
    const rounds: { echo: number[]; host: number[] }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({ echo: await latencies(one.echo, EVENTS), host: await latencies(one.host, EVENTS) });
    const p50 = rounds.map(({ echo, host }) => ({ echo: median(echo), host: median(host) }));
    const many = {
      echo: await openAll(() => openEcho(echo.started.port)),
      host: await openAll(() => openClient(host.started.port)),
    };
    await throughput(many.host);
    const rates: { echo: number; host: number }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      rates.push({ echo: await throughput(many.echo), host: await throughput(many.host) });
    return [
      { what: "echo round trip, p50", value: median(p50.map(({ echo }) => echo)), unit: "µs" },
      { what: "event round trip, one session, p50", value: median(p50.map(({ host }) => host)), unit: "µs" },
      {
        what: "event round trip, one session, p99",
        value: median(rounds.map(({ host }) => quantile(host, 0.99))),
        unit: "µs",
      },
      judged("event round trip / echo, p50", median(p50.map(({ echo, host }) => host / echo)), "×", "<=", 4),
      { what: `echo, ${SESSIONS} clients in closed loop`, value: median(rates.map(({ echo }) => echo)), unit: "/s" },
      { what: `events, ${SESSIONS} sessions in closed loop`, value: median(rates.map(({ host }) => host)), unit: "/s" },
      judged("event throughput / echo", median(rates.map(({ echo, host }) => host / echo)), "×", ">=", 0.3),
    ];
  } finally {
    await Promise.all([echo.stop(), host.stop()]);
    remove();
  }
}
