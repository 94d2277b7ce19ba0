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
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#pausing.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#pausing.add(wake);
    });
  }
}
