import { busyWith, type BusyWith } from "../protocol/thread-status.ts";

/** ms between two looks. */
const INTERVAL = 200;

interface Watched {
  status: SharedArrayBuffer;
  /** What was seen last, and since when it has been the same. */
  seen: BusyWith | undefined;
  since: number;
}

/**
 * Finds threads that are stuck where no time limit reaches: in one call of a C function that does not come back. While Lua
 * code runs, its thread counts up.
 */
export class Watchdog {
  readonly #patience: number;
  readonly #onStuck: (thread: number) => void;
  readonly #threads = new Map<number, Watched>();
  readonly #timer: NodeJS.Timeout;

  /** `patience`: ms without a sign after which `onStuck` is called with the thread's id, again and again while it lasts. */
  constructor(patience: number, onStuck: (thread: number) => void) {
    this.#patience = patience;
    this.#onStuck = onStuck;
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref();
  }

  watch(thread: number, status: SharedArrayBuffer): void {
    if (this.#threads.get(thread)?.status !== status) this.#threads.set(thread, { status, seen: undefined, since: 0 });
  }

  knows(thread: number): boolean {
    return this.#threads.has(thread);
  }

  /** What a thread is doing, or was when it died. */
  busy(thread: number): BusyWith | undefined {
    const watched = this.#threads.get(thread);
    return watched && busyWith(watched.status);
  }

  forget(thread: number): void {
    this.#threads.delete(thread);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const [thread, watched] of this.#threads) {
      const busy = busyWith(watched.status);
      const { seen } = watched;
      const isSame = busy !== undefined && busy.session === seen?.session && busy.beats === seen.beats;
      if (!isSame) Object.assign(watched, { seen: busy, since: now });
      else if (now - watched.since >= this.#patience) this.#onStuck(thread);
    }
  }
}
