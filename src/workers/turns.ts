/** Who has used more ms than this lately is heavy. */
const HEAVY = 20;
const LONGEST_WAIT = 5_000;
/** Turns of the thread that a reload waits at most while others have something to do. */
const MOST_PASSES = 20;
/** ms after which the thread takes in what has come before the next turn. */
const SLICE = 10;
/** The same for reloads: long enough for a few of them, whose answers then go to the host together. */
const RELOADS_SLICE = 3;

interface Turn {
  run: () => void;
  /** ms that its session has used lately. */
  recent: number;
  since: number;
}

/**
 * In which order sessions of a thread have their turn. Whoever has used little comes first; of those who were busy for long,
 * one at a time, the least busy first, and only when nobody else waits: in between, the thread takes in what has come for
 * others. So however many sessions of a thread run into the time limit, others wait for one of them at most. Reloads come to all
 * sessions at once, and nobody waits for them as for an answer: a few at a time, when there is nothing else.
 */
export class Turns {
  readonly #longestWait: number;
  readonly #rest: number;
  readonly #light: Turn[] = [];
  readonly #heavy: Turn[] = [];
  readonly #reloads: (() => void)[] = [];
  /** Times that the first of the reloads has let others go first. */
  #passes = 0;
  #isScheduled = false;

  /**
   * `longestWait`: ms after which a turn is had even if lighter ones keep coming. `rest`: so many times as long as it was busy the
   * thread does nothing afterwards.
   */
  constructor({ longestWait = LONGEST_WAIT, rest = 0 }: { longestWait?: number; rest?: number | undefined } = {}) {
    this.#longestWait = longestWait;
    this.#rest = rest;
  }

  /** Has `run` called in a later turn of the thread. */
  take(run: () => void, recent: number): void {
    (recent > HEAVY ? this.#heavy : this.#light).push({ run, recent, since: performance.now() });
    this.#schedule();
  }

  /** The same for a reload. */
  takeForReload(run: () => void): void {
    this.#reloads.push(run);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    if (this.#rest === 0) {
      this.#isScheduled = false;
      return this.#run();
    }
    const began = performance.now();
    try {
      this.#run();
    } finally {
      setTimeout(() => this.#goOn(), (performance.now() - began) * this.#rest);
    }
  }

  /** After a rest. */
  #goOn(): void {
    this.#isScheduled = false;
    if (this.#light.length + this.#heavy.length + this.#reloads.length > 0) this.#schedule();
  }

  #run(): void {
    const light = this.#light.splice(0);
    const overdue = this.#takeOverdue();
    const reload = overdue ? undefined : this.#takeReload(light.length);
    const heavy = overdue ?? (reload || light.length > 0 ? undefined : this.#takeLeast());
    const other = reload ? () => this.#runReloads(reload) : heavy?.run;
    if (this.#heavy.length + this.#reloads.length > 0) this.#schedule();
    const end = performance.now() + SLICE;
    while (light.length > 0 && performance.now() < end) light.shift()?.run();
    other?.();
    if (light.length === 0) return;
    // By now one of them may have left the thread because it had to wait.
    this.#light.unshift(...light);
    this.#schedule();
  }

  /** `first`, and those after it while nothing else is to be done, as far as the thread knows. */
  #runReloads(first: () => void): void {
    const end = performance.now() + RELOADS_SLICE;
    for (let next: (() => void) | undefined = first; next; next = this.#reloads.shift()) {
      next();
      if (this.#light.length > 0 || performance.now() >= end) return;
    }
  }

  #takeReload(others: number): (() => void) | undefined {
    if (this.#reloads.length === 0 || (others > 0 && this.#passes++ < MOST_PASSES)) return undefined;
    this.#passes = 0;
    return this.#reloads.shift();
  }

  #takeLeast(): Turn | undefined {
    let least: Turn | undefined;
    for (const turn of this.#heavy) if (least === undefined || turn.recent < least.recent) least = turn;
    if (least !== undefined) this.#heavy.splice(this.#heavy.indexOf(least), 1);
    return least;
  }

  #takeOverdue(): Turn | undefined {
    const [oldest] = this.#heavy;
    if (oldest === undefined || performance.now() - oldest.since < this.#longestWait) return undefined;
    return this.#heavy.shift();
  }
}
