/** A share of a processor over time: `perSecond` ms of every second in the long run, `burst` ms at once. */
export interface CpuShare {
  perSecond: number;
  burst: number;
}

/**
 * How much processor time a session may still have. One event is never cut short for it, so it can run into debt; then the
 * next one waits until that has been worked off. Times are given by the caller, in ms of a clock that never goes back.
 */
export class CpuBudget {
  readonly #share: CpuShare;
  #left: number;
  #time: number;

  constructor(share: CpuShare, now: number) {
    this.#share = share;
    this.#left = share.burst;
    this.#time = now;
  }

  /** So many ms have been used. */
  spend(used: number, now: number): void {
    this.#earn(now);
    this.#left -= used;
  }

  /** ms that have been used lately, and not yet been earned again. */
  recent(now: number): number {
    this.#earn(now);
    return this.#share.burst - this.#left;
  }

  /** ms until the next event may begin; 0: now. */
  wait(now: number): number {
    // The hot path: far from the limit nothing has to be reckoned.
    if (this.#left > 0) return 0;
    this.#earn(now);
    return this.#left > 0 ? 0 : Math.floor((-this.#left / this.#share.perSecond) * 1000) + 1;
  }

  #earn(now: number): void {
    const earned = (Math.max(0, now - this.#time) / 1000) * this.#share.perSecond;
    this.#left = Math.min(this.#share.burst, this.#left + earned);
    this.#time = now;
  }
}
