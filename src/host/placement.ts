/** A thread as piscina knows it. */
interface Thread {
  readonly id: number;
  /** Sessions that it has. */
  readonly currentUsage: number;
}

/** On which of the threads for all a session is put: the one with the fewest, but on one that is held by an event only if it must be. */
export class Placement {
  /** How many threads there are while none is held, and how many at most. */
  readonly usual: number;
  readonly most: number;
  /** Ids of threads that have been busy with one event for too long. */
  held: ReadonlySet<number> = new Set();
  /** Id of a thread that is given up. */
  retiring: number | undefined;
  #last: number | undefined;

  constructor(usual: number, most: number) {
    this.usual = usual;
    this.most = most;
  }

  /** For piscina, which makes another thread if there is no answer. */
  readonly choose = <Each extends Thread>(_task: unknown, threads: Each[]): Each | null => {
    let best: Each | undefined;
    for (const thread of threads) if (best === undefined || this.#cost(thread) < this.#cost(best)) best = thread;
    if (best === undefined || (this.held.has(best.id) && threads.length < this.most)) return null;
    // It is needed after all.
    if (best.id === this.retiring) this.retiring = undefined;
    this.#last = best.id;
    return best;
  };

  /** The thread that was chosen since this was asked last. */
  takeLast(): number | undefined {
    const last = this.#last;
    this.#last = undefined;
    return last;
  }

  /** Sessions that it has, and what is worse than any number of them. */
  #cost({ id, currentUsage }: Thread): number {
    return currentUsage + (id === this.retiring ? 1e6 : 0) + (this.held.has(id) ? 1e9 : 0);
  }
}
