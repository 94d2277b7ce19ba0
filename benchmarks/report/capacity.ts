import { find } from "./lookup.ts";
import type { Result } from "./results.ts";
import { number } from "./text.ts";

/** What one session and one event take, of which everything else is computed. */
export interface Capacity {
  /** KB of a connected session that is idle, of one that sleeps; MB of a server without any. */
  idle: number;
  asleep: number;
  base: number;
  /** µs of processor time for an event of one of 100 sessions. */
  event: number;
  /** µs of those that are the main thread's, of which a process has one. */
  main: number;
  /** µs for creating a session. */
  creation: number;
}

/** Of the results; undefined while some of the benchmarks have not been run. */
export function capacityOf(results: readonly Result[]): Capacity | undefined {
  const median = (benchmark: string, what: string): number => find(results, benchmark, what)?.median ?? Number.NaN;
  const capacity = {
    idle: median("sleep-many", "memory per idle connected demo session"),
    asleep: median("sleep-many", "memory per sleeping demo session"),
    base: median("sessions", "memory of a server without sessions"),
    event: median("round-trip", "100 sessions in closed loop, event, CPU of the server per event"),
    main: median("round-trip", "100 sessions in closed loop, event, main thread per event"),
    creation: median("creation", "page request → demo session started, CPU"),
  };
  return Object.values(capacity).some(Number.isNaN) ? undefined : capacity;
}

const KB_PER_GB = 2 ** 20;
/** Of the processors' time: above that, waiting times grow without bound. */
const BUSY = 0.7;
/** Seconds between two events of a person. */
const THINK_TIMES = [2, 10, 60];
const MACHINES = [
  { cores: 2, memory: 2 },
  { cores: 4, memory: 8 },
  { cores: 16, memory: 64 },
];

/** The section of docs/performance.md: the formula, the numbers in it, and what comes out. */
export function capacityText(capacity: Capacity | undefined): string {
  if (capacity === undefined) return "Not all of `round-trip`, `sessions`, `sleep` and `creation` have been run.";
  const { idle, asleep, base, event, main, creation } = capacity;
  const perGb = (each: number): string => number(KB_PER_GB / Math.max(each, 0.1));
  const rows = MACHINES.flatMap(({ cores, memory }) =>
    THINK_TIMES.map((think) => {
      const byCpu = (BUSY * cores * 1e6 * think) / event;
      const byMain = (BUSY * 1e6 * think) / main;
      const byMemory = ((memory - base / 1024) * KB_PER_GB) / idle;
      const least = Math.min(byCpu, byMain, byMemory);
      const limit = least === byMemory ? "memory" : least === byMain ? "main thread" : "processors";
      const numbers = [byCpu, byMain, byMemory, least].map(number);
      const cells = [cores, `${memory} GB`, `${think} s`, ...numbers];
      return `| ${cells.join(" | ")} | ${limit} |`;
    }),
  );
  return [
    "| what | measured | so |",
    "| --- | --: | --: |",
    `| connected session, idle | ${number(idle)} KB | ${perGb(idle)} per GB |`,
    `| session asleep, in memory | ${number(asleep)} KB | ${perGb(asleep)} per GB |`,
    `| event | ${number(event)} µs of CPU | ${number(1e6 / event)}/s per core |`,
    `| the main thread's part of it | ${number(main)} µs | ${number(1e6 / main)}/s per process |`,
    `| new session | ${number(creation)} µs of CPU | ${number(1e6 / creation)}/s per core |`,
    `| server without sessions | ${number(base)} MB | |`,
    "",
    "One process on `C` cores with `M` GB, for people who do something every `T` seconds:",
    "",
    "```",
    `sessions = min(${BUSY} × C × 1,000,000 × T / ${number(event)},  ${BUSY} × 1,000,000 × T / ${number(main)},  (M − ${(base / 1024).toFixed(2)}) × 1,048,576 / ${number(idle)})`,
    "```",
    "",
    `With ${BUSY * 100} % of the processors' time, so that there is room for bursts; where the main thread is the limit, more processes help:`,
    "",
    "| cores | memory | an event every | by processors | by main thread | by memory | connected sessions | limit |",
    "| --: | --: | --: | --: | --: | --: | --: | --- |",
    ...rows,
  ].join("\n");
}
