import type { Clock } from "../clock.ts";

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
      await within(patience, action(item), clock);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
}

/** Waits for `promise`, but not longer than `ms`. */
export async function within(ms: number, promise: Promise<void>, clock: Clock): Promise<void> {
  let cancel = (): void => {};
  const limit = new Promise<void>((resolve) => (cancel = clock.after(ms, resolve)));
  await Promise.race([promise, limit]);
  cancel();
}
