import type { Clock } from "../clock.ts";
import { within } from "../within.ts";

export interface Pace {
  /** So many may be under way at a time. */
  limit: number;
  /** One that takes more ms no longer counts as one of them. */
  patience: number;
  clock: Clock;
}

/**
 * Runs `action` for each item, in order. Settles when all were begun and each is over or has used up the patience.
 * Actions must not reject.
 */
export async function paced<T>(items: readonly T[], pace: Pace, action: (item: T) => Promise<void>): Promise<void> {
  const { limit, patience, clock } = pace;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++])
      await within(patience, action(item), (ms, give) => clock.after(ms, give));
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
}
