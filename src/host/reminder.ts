import type { Clock } from "./clock.ts";

/**
 * Something that is to be done by a certain time, and mostly is not necessary any more when it comes: being reminded anew, and
 * calling it off, cost nothing, for a timer that runs is let run.
 */
export class Reminder {
  readonly #clock: Clock;
  readonly #action: () => void;
  #due = Infinity;
  #timer: { due: number; cancel: () => void } | undefined;

  constructor(clock: Clock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  /** The action is due within `wait` ms, unless it already is earlier. */
  within(wait: number): void {
    this.#due = Math.min(this.#due, this.#clock.now() + wait);
    if (this.#timer === undefined || this.#timer.due > this.#due) this.#start();
  }

  /** There is no need any more. */
  callOff(): void {
    this.#due = Infinity;
  }

  /** Leaves no timer behind. */
  close(): void {
    this.callOff();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #start(): void {
    this.#timer?.cancel();
    const due = this.#due;
    this.#timer = { due, cancel: this.#clock.after(due - this.#clock.now(), () => this.#ring()) };
  }

  #ring(): void {
    this.#timer = undefined;
    if (this.#due === Infinity) return;
    // The two clocks differ by up to a millisecond.
    if (this.#due > this.#clock.now() + 1) return this.#start();
    this.#due = Infinity;
    this.#action();
  }
}
