import type { Meter } from "./meter.ts";
import type { SessionStore } from "./store/session-store.ts";

/** What messages wait for. */
export interface Risk {
  /** Until what the store was given because of it is as safe as the store makes it. */
  safe: Promise<void> | undefined;
}

/** Messages that are passed on in their order, each when what it tells of is safe. */
export class HeldBack<T> {
  readonly #store: SessionStore;
  readonly #meter: Meter | undefined;
  readonly #passOn: (message: T) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #waiting: { message: T; event: Risk | undefined }[] = [];

  /** `onFailure` is told why something can never be safe. */
  constructor(
    { store, meter }: { store: SessionStore; meter?: Meter | undefined },
    passOn: (message: T) => void,
    onFailure: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#meter = meter;
    this.#passOn = passOn;
    this.#onFailure = onFailure;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** What comes of the event is passed on when all is safe that the store was given so far. */
  hold(event: Risk): Promise<void> | undefined {
    const safe = this.#store.flushed();
    event.safe = safe;
    if (safe !== undefined) void this.#await(event, safe);
    return safe;
  }

  /** `message` waits for as long as the event is held; without one it waits for those before it. */
  add(message: T, event?: Risk): void {
    this.#waiting.push({ message, event });
    this.#release();
  }

  /** Nobody is interested any more. */
  clear(): void {
    this.#waiting.length = 0;
  }

  async #await(event: Risk, safe: Promise<void>): Promise<void> {
    const since = performance.now();
    try {
      await safe;
      this.#meter?.flushed(performance.now() - since);
    } catch (error) {
      return this.#onFailure(error);
    }
    if (event.safe === safe) event.safe = undefined;
    this.#release();
  }

  #release(): void {
    for (let first = this.#waiting[0]; first && !first.event?.safe; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#passOn(first.message);
    }
  }
}
