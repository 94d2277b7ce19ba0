/** Messages that are passed on in their order, each when what it tells of is safe. */
export class HeldBack<T> {
  readonly #passOn: (message: T) => void;
  readonly #waiting: { message: T; event: { safe: unknown } | undefined }[] = [];

  constructor(passOn: (message: T) => void) {
    this.#passOn = passOn;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** `event.safe` is set for as long as `message` has to wait; without an event it waits for those before it. */
  add(message: T, event?: { safe: unknown }): void {
    this.#waiting.push({ message, event });
    this.release();
  }

  /** Something has become safe. */
  release(): void {
    for (let first = this.#waiting[0]; first && !first.event?.safe; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#passOn(first.message);
    }
  }

  /** Nobody is interested any more. */
  clear(): void {
    this.#waiting.length = 0;
  }
}
