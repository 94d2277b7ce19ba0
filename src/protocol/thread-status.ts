/** What a thread is doing, in memory that the host reads while the thread is busy: four 32-bit integers. */
const SESSION = 0;
const BEATS = 1;
const EVENT = 2;
const TURN = 3;

/** ms from one sign of life to the next while Lua code runs, at most, unless the thread has to wait for a core. */
export const LONGEST_BEAT = 0.1;

export interface BusyWith {
  session: number;
  beats: number;
  /** Which event it is: how many the session dispatched before it since it came to the thread. */
  event: number;
  /** How many events the thread has dispatched, of whatever session: no two have the same. */
  turn: number;
}

/** The thread's side. A few nanoseconds each. */
export class ThreadStatus {
  readonly memory = new SharedArrayBuffer(16);
  readonly #words = new Int32Array(this.memory);

  /** How many signs of life there were so far. */
  get beats(): number {
    return this.#words[BEATS]!;
  }

  /** Event `event` of session number `session` (from 1) is dispatched from here on. */
  enter(session: number, event: number): void {
    // Never starts anew: two events must not look like one that does not come on.
    this.beat();
    this.#words[EVENT] = event;
    this.#words[TURN]!++;
    Atomics.store(this.#words, SESSION, session);
  }

  /** It goes on. */
  beat(): void {
    this.#words[BEATS]!++;
  }

  leave(): void {
    Atomics.store(this.#words, SESSION, 0);
  }
}

/** The host's side: what the thread with this memory is doing; undefined: nothing. */
export function busyWith(memory: SharedArrayBuffer): BusyWith | undefined {
  const words = new Int32Array(memory);
  const session = Atomics.load(words, SESSION);
  if (session === 0) return undefined;
  const at = (word: number): number => Atomics.load(words, word);
  return { session, beats: at(BEATS), event: at(EVENT), turn: at(TURN) };
}
