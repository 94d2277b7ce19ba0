/** The longest that `setTimeout` can wait; with more it would not wait at all. ms. */
const LONGEST = 2 ** 31 - 1;

/** Rings once at a given time, however far away. */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due: number | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Sets the time, in ms since 1970, instead of the one before; undefined: never. */
  set(due: number | undefined): void {
    if (due === this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    if (due !== undefined) this.#wait(due);
  }

  #wait(due: number): void {
    const left = due - Date.now();
    this.#timer = setTimeout(() => this.#wake(due), Math.max(1, Math.min(left, LONGEST)));
  }

  #wake(due: number): void {
    // The two clocks differ by up to a millisecond.
    if (Date.now() < due) return this.#wait(due);
    this.#due = undefined;
    this.#ring();
  }
}
