// How does the cost of an event, and of a session, grow with sessions, watched fields, viewdef files, rows and threads?
import { startWorkerEcho } from "../floors/servers.ts";
import { Load } from "../load/load.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Finding, found } from "../support/measure.ts";
import { alone, busy, type Server, startMoonpool } from "../support/moonpool.ts";
import type { Memory } from "../support/probe.ts";
import { counterSite, listSite, makeSite, watchedSite, withViewdefs } from "../support/site.ts";

const ROUNDS = 5;
const SESSIONS = 100;
/** Sessions by which memory is measured: what one adds is chance. */
const FEWEST = 5;

/** A server at one place of a curve: what it serves, and what is done. */
interface Point {
  curve: string;
  x: number;
  site: Record<string, string>;
  /** Slot of the app's view. */
  action: number;
  connections: number;
  threads?: number;
  /** ms of a round. */
  ms: number;
  /** Judged by its rate rather than by the time of an event. */
  isRate?: boolean;
}

const at = (curve: string, x: number, site: Point["site"], rest: Partial<Point> = {}): Point => {
  return { curve, x, site, action: 1, connections: 1, ms: 150, ...rest };
};
const points: Point[] = [
  ...[10, 100, 1_000, 10_000].map((x) => at("watched fields", x, watchedSite(x))),
  ...[1, 10, 100, 1_000].map((x) => at("viewdef files", x, withViewdefs(counterSite, x))),
  ...[10, 100, 1_000, 10_000].map((x) => at("rows, all live", x, listSite(x))),
  ...[100, 1_000, 10_000, 100_000].map((x) => at("rows, windowed", x, listSite(x, "?window"), { action: 4 })),
  ...[1, 10, 100, 500].map((x) => at("sessions", x, counterSite, { connections: x, ms: 300, isRate: true })),
  ...[1, 2, 4].map((x) => at("threads", x, counterSite, { connections: SESSIONS, threads: x, ms: 300, isRate: true })),
];

/** A point of its curve: CPU per event, the time or rate of events, and of `sessions` the memory that each takes. */
async function measure(point: Point, load: Load): Promise<Finding[]> {
  const { curve, x, site, action, connections, threads, ms, isRate } = point;
  const { dir, remove } = makeSite(site);
  const host: Server = await startMoonpool({
    dir,
    ...(isRate ? busy : alone),
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    const { port } = host.started;
    await load.open("point", "moonpool", { port }, connections);
    await load.loop("point", action, { ms: 2 * ms });
    const [times, cpu]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const { result, usage } = await host.during(() => load.loop("point", action, { ms }));
      times.push(isRate ? result.rate : result.p50);
      cpu.push((usage.cpu * 1e6) / result.events);
    }
    // What more of the same add: until now the server has also grown for reasons of its own.
    const more = Math.max(FEWEST, connections);
    const before = await host.ask<Memory>("memory");
    await load.open("more", "moonpool", { port }, more);
    const after = await host.ask<Memory>("memory");
    for (const group of ["point", "more"]) await load.close(group);
    const what = `${curve} ${x.toLocaleString("en")}`;
    const memory = (after.anonymous - before.anonymous) / 1024 / more;
    return [
      found(`${what}: ${isRate ? "events" : "round trip"}`, times, isRate ? "/s" : "µs", { point: { curve, x } }),
      found(`${what}: CPU of the server per event`, cpu, "µs", { point: { curve: `${curve}, CPU`, x } }),
      found(`${what}: memory per session, just opened`, memory, "KB", { point: { curve: `${curve}, memory`, x } }),
    ];
  } finally {
    await host.stop();
    remove();
  }
}

async function run(progress: Progress): Promise<Finding[]> {
  const [load, echo] = await Promise.all([Load.start(), startWorkerEcho()]);
  try {
    const findings: Finding[] = [];
    await load.open("echo", "echo", { port: echo.started.port });
    await load.loop("echo", 1, { events: 2_000 });
    for (const point of points) {
      progress(`${point.x.toLocaleString("en")} ${point.curve}`);
      findings.push(...(await measure(point, load)));
    }
    const floor: number[] = [];
    for (let round = 0; round < ROUNDS; round++) floor.push((await load.loop("echo", 1, { ms: 150 })).p50);
    return [found("worker echo, one session: round trip", floor, "µs"), ...findings];
  } finally {
    await Promise.all([load.stop(), echo.stop()]);
  }
}

export const growth: Benchmark = {
  name: "growth",
  question: "How does the cost of an event grow with sessions, watched fields, viewdef files, rows and threads?",
  seconds: 65,
  run,
};
