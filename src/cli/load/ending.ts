/** What setTimeout takes in ms; it fires at once for more. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The end of a load test, for which all pauses are cut short. */
export class Ending {
  #isOver = false;
  readonly #pausing = new Set<() => void>();

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
    for (const wake of this.#pausing) wake();
  }

  /** Settles after so many ms, or at the end. */
  pause(ms: number): Promise<void> {
    if (this.#isOver || ms <= 0) return Promise.resolve();
    const due = performance.now() + ms;
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#pausing.delete(wake);
        resolve();
      };
      const sleep = (): NodeJS.Timeout => {
        const left = due - performance.now();
        if (left <= LONGEST_TIMER) return setTimeout(wake, left);
        return setTimeout(() => (timer = sleep()), LONGEST_TIMER);
      };
      let timer = sleep();
      this.#pausing.add(wake);
    });
  }
}
