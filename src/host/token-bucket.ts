/** Lets `burst` through at once and `perSecond` in the long run (Infinity: all). Time is given by the caller, in ms. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #time: number;

  constructor(rate: { perSecond: number; burst: number }, now: number) {
    this.#perSecond = rate.perSecond;
    this.#burst = rate.burst;
    this.#tokens = rate.burst;
    this.#time = now;
  }

  /** True if one more may pass now. */
  take(now: number): boolean {
    if (this.#perSecond === Infinity) return true;
    const earned = (Math.max(0, now - this.#time) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#time = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
