/** What a thread is doing, in memory that the host reads while the thread is busy: three 32-bit integers. */
const SESSION = 0;
const KIND = 1;
const BEATS = 2;

/** `own`: an event that the thread made itself, of which the host does not know yet. */
export type BusyWith = { session: number; kind: "sent" | "own"; beats: number };

/** The thread's side. A few nanoseconds each. */
export class ThreadStatus {
  readonly memory = new SharedArrayBuffer(12);
  readonly #words = new Int32Array(this.memory);

  /** An event of session number `session` (from 1) is dispatched from here on. */
  enter(session: number, kind: BusyWith["kind"]): void {
    this.#words[KIND] = kind === "own" ? 1 : 0;
    this.#words[BEATS] = 0;
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
  return { session, kind: words[KIND] === 1 ? "own" : "sent", beats: Atomics.load(words, BEATS) };
}
