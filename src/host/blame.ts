/** Deaths of threads that were a session's doing, within FORGIVEN ms, after which it ends. */
const MOST_DEATHS = 10;
const FORGIVEN = 60_000;

/** Finds out whether a session's events are the reason that its threads die. */
export class Blame {
  /** When one was: ms. */
  #deaths: number[] = [];
  /** Position of the event during which the last thread died. */
  #suspect: number | undefined;

  /** A session that keeps ending threads must not have another one. */
  get isHopeless(): boolean {
    return this.#deaths.length >= MOST_DEATHS;
  }

  /**
   * A thread died; `position`: during which event of the session, if any. True if that was the reason. A thread may die of
   * something else while it happens to be busy, so an event gets a second try unless it `isStuck`; one that `hasWorked` before
   * gets more.
   */
  died(position: number | undefined, { isStuck, hasWorked }: { isStuck: boolean; hasWorked: boolean }): boolean {
    const isReason = position !== undefined && (isStuck || (position === this.#suspect && !hasWorked));
    this.#suspect = position;
    const now = performance.now();
    if (isReason) this.#deaths = [...this.#deaths.filter((time) => now - time < FORGIVEN), now];
    return isReason;
  }
}
