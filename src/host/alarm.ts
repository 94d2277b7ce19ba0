import type { Clock } from "./clock.ts";

/** The longest that `setTimeout` can wait; with more it would not wait at all. ms. */
const LONGEST = 2 ** 31 - 1;

/** Rings once at a given time, however far away. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: (() => void) | undefined;
  #due: number | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** When it will ring. */
  get due(): number | undefined {
    return this.#due;
  }

  /** Sets the time, in ms since 1970, instead of the one before; undefined: never. */
  set(due: number | undefined): void {
    if (due === this.#due) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due = due;
    if (due !== undefined) this.#wait(due);
  }

  #wait(due: number): void {
    const left = due - this.#clock.now();
    this.#cancel = this.#clock.after(Math.max(1, Math.min(left, LONGEST)), () => this.#wake(due));
  }

  #wake(due: number): void {
    // The two clocks differ by up to a millisecond.
    if (this.#clock.now() < due) return this.#wait(due);
    this.#cancel = undefined;
    this.#due = undefined;
    this.#ring();
  }
}
