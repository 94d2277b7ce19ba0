// From saving a file to the frame at the last of many sessions, and what that does to people who use some of them.
import { setTimeout as wait } from "node:timers/promises";
import { type Finding, judged, median, quantile } from "../support/measure.ts";
import { Actors } from "./actors.ts";
import type { Answered } from "./actor.ts";
import { Crowd } from "./crowd.ts";
import { type Edited, newMark, save } from "./saving.ts";
import { startServer } from "./server.ts";
import { slots, smallSite } from "./sites.ts";

const SOME = 500;
const MANY = 5_000;
const SAVES = 10;
const WARM_UP = 2;
/** ms after which no further save is made, on a machine that is too slow for all of them. */
const BUDGET = 20_000;
/** ms after the last frame, before the next save. */
const PAUSE = 300;
/** Sessions of the many in which somebody acts, and the ms between two of their events. */
const ACTIVE = 50;
const INTERVAL = 100;
const REST = 10_000;

interface Span {
  start: number;
  end: number;
}

/** Saves a file a few times; gives the spans of time until the last session had it, as of performance.now(). */
async function spans(dir: string, edited: Edited, crowd: Crowd): Promise<Span[]> {
  const spans: Span[] = [];
  const end = performance.now() + BUDGET;
  for (let i = 0; i <= WARM_UP || (i < SAVES + WARM_UP && performance.now() < end); i++) {
    const mark = newMark();
    const seen = crowd.seen(mark);
    const start = save(dir, edited, mark);
    spans.push({ start, end: await seen });
    await wait(PAUSE);
  }
  return spans.slice(WARM_UP);
}

const lengths = (spans: Span[]): number[] => spans.map(({ start, end }) => end - start);

async function some(): Promise<Finding[]> {
  const { dir, lua, viewdef, remove } = smallSite();
  const server = await startServer(dir);
  try {
    const crowd = await Crowd.open(server.started.origin, SOME);
    const what = (kind: string): string => `last of ${SOME} sessions, ${kind}: save → frame, p50`;
    const result = [
      judged(what("Lua file"), median(lengths(await spans(dir, lua, crowd))), "ms", "<=", 120),
      judged(what("viewdef"), median(lengths(await spans(dir, viewdef, crowd))), "ms", "<=", 120),
    ];
    crowd.close();
    return result;
  } finally {
    await server.stop();
    remove();
  }
}

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

async function many(): Promise<Finding[]> {
  const { dir, lua, viewdef, remove } = smallSite();
  const server = await startServer(dir);
  try {
    const crowd = await Crowd.open(server.started.origin, MANY);
    const sessions = crowd.sessions.slice(0, ACTIVE);
    const actors = await Actors.start({ sessions, interval: INTERVAL, slot: slots.step });
    await wait(1_000);
    await actors.take();
    const start = performance.now();
    await wait(REST);
    const atRest = p99(await actors.take(), [{ start, end: performance.now() }]);
    const reloads = { lua: await spans(dir, lua, crowd), viewdef: await spans(dir, viewdef, crowd) };
    const answered = await actors.take();
    await actors.stop();
    crowd.close();
    const what = (kind: string): string => `last of ${MANY} sessions, ${kind}: save → frame, p50`;
    const [whileLua, whileViewdef] = [p99(answered, reloads.lua), p99(answered, reloads.viewdef)];
    return [
      judged(what("Lua file"), median(lengths(reloads.lua)), "ms", "<=", 1_000),
      judged(what("viewdef"), median(lengths(reloads.viewdef)), "ms", "<=", 1_000),
      { what: `events of ${ACTIVE} of them, at rest, p99`, value: atRest, unit: "ms" },
      { what: "the same while a Lua file is reloaded, p99", value: whileLua, unit: "ms" },
      judged("while a Lua file is reloaded / at rest", whileLua / atRest, "×", "<=", 3),
      { what: "the same while a viewdef is reloaded, p99", value: whileViewdef, unit: "ms" },
      judged("while a viewdef is reloaded / at rest", whileViewdef / atRest, "×", "<=", 3),
    ];
  } finally {
    await server.stop();
    remove();
  }
}

/** Takes about 80 s. */
export async function manySessions(): Promise<Finding[]> {
  return [...(await some()), ...(await many())];
}
