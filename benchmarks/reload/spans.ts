import { setTimeout as wait } from "node:timers/promises";
import type { Crowd } from "./crowd.ts";
import { type Edited, newMark, save } from "./saving.ts";

const WARM_UP = 2;
/** ms after which no further save is made, on a machine that is too slow for all of them. */
const BUDGET = 20_000;
/** ms after the last frame, before the next save. */
const PAUSE = 300;

/** From saving a file until the last session had it, as of performance.now(). */
export interface Span {
  start: number;
  end: number;
}

/** Saves a file a few times; the spans until the last session of the crowd had it. */
export async function spans(dir: string, edited: Edited, crowd: Crowd, saves: number): Promise<Span[]> {
  const spans: Span[] = [];
  const end = performance.now() + BUDGET;
  for (let i = 0; i <= WARM_UP || (i < saves + WARM_UP && performance.now() < end); i++) {
    const mark = newMark();
    const seen = crowd.seen(mark);
    const start = save(dir, edited, mark);
    spans.push({ start, end: await seen });
    await wait(PAUSE);
  }
  return spans.slice(WARM_UP);
}

/** ms. */
export const lengths = (spans: Span[]): number[] => spans.map(({ start, end }) => end - start);
