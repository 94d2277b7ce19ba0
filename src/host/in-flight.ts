/**
 * A session may have so much before it. It is far more than people produce, and no more than a thread works off in a few
 * seconds: what is beyond would keep the memory of a host whose threads are slower than its sockets.
 */
const MOST_EVENTS = 1_000;
/** Characters, which are bytes unless there are some beyond Latin-1. */
const MOST_TEXT = 4 * 1024 * 1024;

/** Called when an event has been answered; `isRefused`: it was not carried out. */
export type OnAnswer = (isRefused: boolean) => void;

interface SentEvent {
  text: string;
  /** As of performance.now(). */
  time: number;
  onAnswer: OnAnswer | undefined;
}

/** The events that a session's thread was sent and has not answered, oldest first. Answers come in the same order. */
export class InFlight {
  readonly #onTime: (time: number) => void;
  readonly #events: SentEvent[] = [];
  #size = 0;

  /** `onTime` is told of each event how many ms it took. */
  constructor(onTime: (time: number) => void) {
    this.#onTime = onTime;
  }

  /** No more should be sent that can be refused. */
  get isFull(): boolean {
    return this.#events.length >= MOST_EVENTS || this.#size >= MOST_TEXT;
  }

  /** An event with this text was sent. `onAnswer` is called when it has been answered. */
  add(text: string, onAnswer?: OnAnswer): void {
    this.#events.push({ text, time: performance.now(), onAnswer });
    this.#size += text.length;
  }

  /** The oldest event has been answered. Returns its text. */
  answer(isRefused = false): string | undefined {
    const event = this.#events.shift();
    if (event === undefined) return undefined;
    this.#size -= event.text.length;
    this.#onTime(performance.now() - event.time);
    event.onAnswer?.(isRefused);
    return event.text;
  }
}
