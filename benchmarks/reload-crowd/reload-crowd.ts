// From saving a file to the frame at the last of thousands of sessions, and what that does to people who use some of them.
import { setTimeout as wait } from "node:timers/promises";
import type { Answered } from "../reload/actor.ts";
import { Actors } from "../reload/actors.ts";
import { Crowd } from "../reload/crowd.ts";
import { startServer } from "../reload/server.ts";
import { slots, smallSite } from "../reload/sites.ts";
import { lengths, type Span, spans } from "../reload/spans.ts";
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Finding, found, judged, quantile } from "../support/measure.ts";

const MANY = 5_000;
const SAVES = 10;
/** Sessions of the many in which somebody acts, and the ms between two of their events. */
const ACTIVE = 50;
const INTERVAL = 100;
const REST = 10_000;

/** The 99th percentile of the answers to events that were sent within one of the spans. */
function p99(answered: Answered[], during: Span[]): number {
  const within = answered.filter(({ at }) =>
    during.some(({ start, end }) => at >= performance.timeOrigin + start && at <= performance.timeOrigin + end),
  );
  return quantile(
    within.map(({ time }) => time),
    0.99,
  );
}

async function run(progress: Progress): Promise<Finding[]> {
  const { dir, lua, viewdef, remove } = smallSite();
  const server = await startServer(dir);
  try {
    progress(`${MANY} sessions are opened`);
    const crowd = await Crowd.open(server.started.origin, MANY);
    const sessions = crowd.sessions.slice(0, ACTIVE);
    const actors = await Actors.start({ sessions, interval: INTERVAL, slot: slots.step });
    await wait(1_000);
    await actors.take();
    progress("at rest");
    const start = performance.now();
    await wait(REST);
    const atRest = p99(await actors.take(), [{ start, end: performance.now() }]);
    progress("reloads");
    const reloads = { lua: await spans(dir, lua, crowd, SAVES), viewdef: await spans(dir, viewdef, crowd, SAVES) };
    const answered = await actors.take();
    await actors.stop();
    crowd.close();
    const what = (kind: string): string => `last of ${MANY} sessions, ${kind}: save → frame, p50`;
    const [whileLua, whileViewdef] = [p99(answered, reloads.lua), p99(answered, reloads.viewdef)];
    return [
      judged(what("Lua file"), lengths(reloads.lua), "ms", "<=", 1_000),
      judged(what("viewdef"), lengths(reloads.viewdef), "ms", "<=", 1_000),
      found(`events of ${ACTIVE} of them, at rest, p99`, atRest, "ms"),
      found("the same while a Lua file is reloaded, p99", whileLua, "ms"),
      judged("while a Lua file is reloaded / at rest", whileLua / atRest, "×", "<=", 3),
      found("the same while a viewdef is reloaded, p99", whileViewdef, "ms"),
      judged("while a viewdef is reloaded / at rest", whileViewdef / atRest, "×", "<=", 3),
    ];
  } finally {
    await server.stop();
    remove();
  }
}

export const reloadCrowd: Benchmark = {
  name: "reload-crowd",
  question:
    "How long from saving a file until the last of 5,000 sessions has it, and how long do events take meanwhile?",
  seconds: 90,
  isLong: true,
  run,
};
