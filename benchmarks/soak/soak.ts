// Do memory and latency stay as they are while sessions come, type, reload, drop, sleep, wake, and files are edited?
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { LoadOptions } from "../../src/cli/load/options.ts";
import { type LoadResult, runLoad } from "../../src/cli/load/run.ts";
import { parseScript } from "../../src/cli/load/script/read-script.ts";
import type { MoonpoolOptions } from "../../src/host/main.ts";
import { newMark, save } from "../reload/saving.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Finding, found, judged, median } from "../support/measure.ts";
import { startProgram } from "../support/processes.ts";
import { makeSite } from "../support/site.ts";
import type { ServerState } from "./server.ts";
import { lua, note, script, viewdef } from "./site.ts";
import { slopeOf } from "./slope.ts";

const MB = 2 ** 20;
/** ms. */
const SLEEP_AFTER = 1_500;
const SESSION_TIMEOUT = 15_000;
const EDIT_EVERY = 4_000;
const SAMPLE_EVERY = 1_000;
/** Users that come in a second, and the most at a time. */
const ARRIVALS = 0.5;
const SESSIONS = 1_000;
/** ms until as many sessions end as come: a visit, and the time until the host forgets its session, twice. */
const WARM_UP = 60_000;
/** Of so many equal parts of the run the medians are compared, which are independent of each other; single seconds are not. */
const PARTS = 24;

/** The host at one second of the run, and what users saw in the seconds since the sample before. */
interface Sample extends ServerState {
  /** Minutes since the start. */
  minute: number;
  p50: number;
  p99: number;
  /** ms of CPU time of the host per event. */
  cost: number;
}

/** What may grow by how much in a minute. */
const limits: {
  name: keyof Sample;
  what: string;
  unit: string;
  most: number;
  of: (sample: Sample) => number;
  isShare?: true;
}[] = [
  // Without pages of the store's file, which the system can take back: the file grows with sessions that sleep, and with each save of a Lua
  // file by a base image for each thread (removed when a process starts).
  {
    name: "anonymous",
    what: "the host's own memory",
    unit: "MB",
    most: 1,
    of: ({ anonymous }) => anonymous / MB,
  },
  { name: "heap", what: "the host's JavaScript heap", unit: "MB", most: 0.25, of: ({ heap }) => heap / MB },
  { name: "cost", what: "CPU time per event", unit: "%", most: 1, of: ({ cost }) => cost, isShare: true },
  { name: "p50", what: "event to answer, p50", unit: "%", most: 1, of: ({ p50 }) => p50, isShare: true },
  { name: "p99", what: "event to answer, p99", unit: "%", most: 2, of: ({ p99 }) => p99, isShare: true },
  { name: "delay", what: "event loop late, p99", unit: "ms", most: 0.5, of: ({ delay }) => delay.p99 },
];

async function run(progress: Progress, { minutes }: { minutes: number }): Promise<Finding[]> {
  const { dir, remove } = makeSite({
    [lua.file]: lua.text("first"),
    [viewdef.file]: viewdef.text("first"),
    [note.file]: note.text,
  });
  const settings: MoonpoolOptions = {
    dir,
    data: path.join(dir, ".moonpool"),
    durability: "disk",
    development: true,
    hotload: true,
    sleepAfter: SLEEP_AFTER,
    sessionTimeout: SESSION_TIMEOUT,
  };
  const host = await startProgram<{ origin: string }>(new URL("./server.js", import.meta.url), settings, [
    "--expose-gc",
  ]);
  const over = new AbortController();
  const samples: Sample[] = [];
  let edits = 0;
  const edit = async (): Promise<void> => {
    while (!over.signal.aborted) {
      save(dir, edits++ % 2 === 0 ? lua : viewdef, newMark());
      await wait(EDIT_EVERY, undefined, { signal: over.signal }).catch(() => undefined);
    }
  };
  try {
    const editing = edit();
    const result = await load(host.started.origin, minutes, () => host.ask<ServerState>("state"), samples, progress);
    over.abort();
    await editing;
    return [...counts(result, samples, edits), ...growth(samples)];
  } finally {
    over.abort();
    await host.stop();
    remove();
  }
}

async function load(
  url: string,
  minutes: number,
  ask: () => Promise<ServerState>,
  samples: Sample[],
  progress: Progress,
): Promise<LoadResult> {
  const options: LoadOptions = {
    url,
    script: parseScript(JSON.stringify(script), "site.ts"),
    sessions: SESSIONS,
    rate: ARRIVALS,
    rounds: 1,
    duration: minutes * 60_000,
    timeout: 60_000,
    opening: 16,
    seed: 20_261_129,
    allowRemote: false,
    thresholds: [],
  };
  const start = performance.now();
  let asking: Promise<void> | undefined;
  let before = { cpu: 0, answered: 0, at: -SAMPLE_EVERY };
  const result = await runLoad(options, {
    second(second, tally) {
      const now = performance.now() - start;
      progress(`minute ${(now / 60_000).toFixed(1)} of ${minutes}, ${tally.events.answered} events`);
      if (asking || second.p50 === null || second.p99 === null || now - before.at < SAMPLE_EVERY / 2) return;
      const [p50, p99, answered] = [second.p50, second.p99, tally.events.answered];
      const sample = async (): Promise<void> => {
        const state = await ask();
        asking = undefined;
        const events = answered - before.answered;
        // The first has nothing to be compared with.
        if (before.at >= 0 && events > 0)
          samples.push({ ...state, minute: now / 60_000, p50, p99, cost: (state.cpu - before.cpu) / events });
        before = { cpu: state.cpu, answered, at: now };
      };
      asking = sample();
    },
  });
  await asking;
  return result;
}

/** That all of it happened, and that nothing was lost. */
function counts(result: LoadResult, samples: Sample[], edits: number): Finding[] {
  const { times, events, errors, readings, users } = result;
  const last = samples.at(-1);
  const counted = readings["App.events"]?.sum ?? 0;
  const visits = readings["App.events"]?.count ?? 0;
  return [
    found("users that came and went", users.come, ""),
    found("events answered", events.answered, ""),
    found("pages loaded", times.page?.count ?? 0, ""),
    found("connections lost that went on", times.resume?.count ?? 0, ""),
    found("sessions that fell asleep", last?.sleeps ?? 0, ""),
    found("sessions that woke", last?.wakes ?? 0, ""),
    found("files edited", edits, ""),
    found("event to answer, p50", times.event?.p50 ?? Number.NaN, "ms"),
    found("event to answer, p99", times.event?.p99 ?? Number.NaN, "ms"),
    found("the host's own memory at the end", (last?.anonymous ?? Number.NaN) / MB, "MB"),
    found("the same with pages of the store's file (RSS)", (last?.rss ?? Number.NaN) / MB, "MB"),
    judged("errors", errors.count, "", "<=", 0),
    ...errors.byCode.map(({ code, count, message }) => found(`of these ${code}: ${message}`, count, "")),
    judged("sessions whose count nobody read", users.come - visits, "", "<=", 0),
    judged(
      `events lost or done twice: ${events.answered} answered, ${counted} counted in Lua`,
      Math.abs(events.answered - counted),
      "",
      "<=",
      0,
    ),
  ];
}

/** Whether it is flat: what grows by less than its limit with 95 % confidence. What is too noisy to say is not. */
function growth(all: Sample[]): Finding[] {
  const samples = all.filter(({ minute }) => minute * 60_000 >= WARM_UP);
  const size = Math.max(1, Math.floor(samples.length / PARTS));
  const parts = Array.from({ length: Math.floor(samples.length / size) }, (_, part) =>
    samples.slice(part * size, (part + 1) * size),
  );
  return limits.map(({ what, unit, most, of, isShare }) => {
    const factor = isShare ? 100 / median(samples.map(of)) : 1;
    const points = parts.map(
      (part) => [median(part.map(({ minute }) => minute)), factor * median(part.map(of))] as const,
    );
    const { value, low, high } = slopeOf(points);
    const verdict = high <= most ? "flat" : low > most ? "it grows" : "too noisy to say";
    const finding = judged(`growth per minute: ${what}, ${verdict}`, value, unit, "<=", most);
    // Judged by the whole interval: a slope that may be too steep is not flat.
    return { ...finding, spread: { min: low, q1: low, q3: high, max: high }, samples: points.length, ok: high <= most };
  });
}

export const soak: Benchmark = {
  name: "soak",
  question:
    "Do memory and latency stay as they are while sessions come, type, reload, drop, sleep, wake, and files are edited?",
  seconds: 600,
  isLong: true,
  run,
};
