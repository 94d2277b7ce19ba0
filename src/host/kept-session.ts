import { MoonpoolError, type WireError } from "../protocol/main.ts";
import type { FromSession, FromWorker, SessionState } from "../protocol/worker-message.ts";
import { encodeSnapshot, type KeptState, loadKept, noteEvent, RESTART, voidRecord } from "./kept-state.ts";
import type { RecoveryStep } from "./recovery.ts";
import type { SessionPort } from "./session.ts";
import type { SessionStore } from "./store/session-store.ts";

/** How a session's task came to its end. */
export interface TaskEnd {
  /** Absent when the session was closed, went to rest, or has said itself why it failed. */
  error?: WireError | undefined;
  /** The thread has died, whatever it did. */
  isLost?: boolean;
  /** The thread died while it dispatched an event of this session. */
  isDuring?: boolean;
  /** The event was the reason: it was stuck. */
  isStuck?: boolean;
}

/** What the pool passes on of a session's thread. */
export type FromTask = Exclude<FromWorker, { kind: "thread" }>;

/** A session on a thread. */
export interface TaskPort {
  send(text: string): void;
  /** The session goes on from there. */
  resume(state: SessionState): void;
  /** The session leaves the thread after what it was given; its newest image comes before the task ends. */
  rest(): void;
  close(): void;
}

/** Puts a session on a thread. Throws MoonpoolError SESSION_LIMIT when there is no room. */
export type OpenTask = (onMessage: (message: FromTask) => void, onEnd: (end: TaskEnd) => void) => TaskPort;

/** Says what is to become of an event (its text) that could not be carried out, after so many attempts. Never rejects. */
export type Decide = (text: string, error: WireError, attempts: number) => Promise<RecoveryStep>;

interface SentEvent {
  text: string;
  position: number;
  attempts: number;
  /** Until it is as safe as the store makes it. */
  safe: Promise<void> | undefined;
}

/** Deaths of threads that were its doing, within FORGIVEN ms, after which a session ends. */
const MOST_DEATHS = 10;
const FORGIVEN = 60_000;
/** Threads in a row that died before they had said anything. */
const MOST_SILENT = 50;

/**
 *     asleep ── an event ──▶ waking ── image and events are with a thread ──▶ awake ── rest() ──▶ resting ──▶ asleep
 *                              ▲── the thread died, or an event was refused ─────┘
 */
type Phase = "asleep" | "waking" | "awake" | "resting" | "over";

/**
 * A session that outlives its thread, and needs none while nothing happens. It is its newest image and the events after it, which
 * are in a store: whenever it has to be somewhere else, or go back to where it was before an event, it goes on from these.
 * Events that have been answered are dispatched again then, and nobody hears of it; those that have not are sent again.
 * What comes of an event is passed on when the event is safe.
 */
export class KeptSession implements SessionPort {
  readonly #id: string;
  readonly #store: SessionStore;
  readonly #open: OpenTask;
  readonly #decide: Decide;
  readonly #onMessage: (message: FromSession) => void;
  readonly #onEnd: (error?: WireError) => void;
  readonly #state: Pick<KeptState, "connections" | "connectionsEver" | "time">;
  #phase: Phase;
  #task: TaskPort | undefined;
  /** Not answered, oldest first. */
  #sent: SentEvent[] = [];
  /** Position of the last event that is over: answered, or dispatched before this object was made. */
  #answered: number;
  /** Positions of the events that the task was given since the newest image, and how many it was given before. */
  #given: number[] = [];
  #before = 0;
  /** Position that the task's newest image stands for. */
  #covered: number | undefined;
  /** Waits for events to be safe. */
  readonly #answers: { message: FromSession; event: SentEvent }[] = [];
  /** When it was to blame for one: ms. */
  #deaths: number[] = [];
  /** The event during which a thread died. */
  #suspect: SentEvent | undefined;
  #silent = 0;
  #settleRest: (() => void)[] = [];

  /** `kept`: what the store has of it; it is asleep. Else it is a new one. Throws what `open` throws. */
  constructor(
    id: string,
    around: { store: SessionStore; open: OpenTask; decide: Decide; kept?: KeptState | undefined },
    onMessage: (message: FromSession) => void,
    onEnd: (error?: WireError) => void,
  ) {
    this.#id = id;
    const { kept } = around;
    this.#store = around.store;
    this.#open = around.open;
    this.#decide = around.decide;
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#state = kept ?? { connections: new Set(), connectionsEver: 0, time: 0 };
    this.#answered = kept?.position ?? 0;
    this.#phase = kept ? "asleep" : "awake";
    if (!kept) this.#task = this.#openTask();
  }

  get isAsleep(): boolean {
    return this.#phase === "asleep";
  }

  /** No event is under way, and nothing that came of one is held back. */
  get isQuiet(): boolean {
    return this.#sent.length === 0 && this.#answers.length === 0;
  }

  describe(description: string): void {
    if (this.#phase !== "over") this.#store.describe(this.#id, description);
  }

  send(text: string): Promise<void> | undefined {
    if (this.#phase === "over") return undefined;
    const position = this.#store.append(this.#id, text);
    const event: SentEvent = { text, position, attempts: 0, safe: this.#store.flushed() };
    if (event.safe !== undefined) void this.#awaitSafe(event, event.safe);
    this.#sent.push(event);
    noteEvent(this.#state, text);
    if (this.#phase === "awake") this.#give(event);
    else if (this.#phase === "asleep") this.#wake();
    return event.safe;
  }

  async #awaitSafe(event: SentEvent, safe: Promise<void>): Promise<void> {
    try {
      await safe;
      event.safe = undefined;
      this.#passOn();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Leaves its thread, after what is under way; the next event wakes it. */
  sleep(): void {
    if (this.#phase !== "awake") return;
    this.#phase = "resting";
    this.#task?.rest();
  }

  /** Leaves its thread for good, but not the store. Settles when all of it is there. Never rejects. */
  async leave(): Promise<void> {
    if (this.#phase === "over") return;
    if (this.#phase !== "asleep") {
      const rested = new Promise<void>((resolve) => this.#settleRest.push(resolve));
      this.sleep();
      await rested;
    }
    this.#phase = "over";
    await this.#store.flushed()?.catch(() => {});
  }

  close(): void {
    if (this.#phase === "over") return;
    this.#isOver();
    this.#store.remove(this.#id);
  }

  #isOver(): void {
    this.#phase = "over";
    this.#task?.close();
    this.#task = undefined;
    this.#rested();
  }

  #rested(): void {
    for (const settle of this.#settleRest.splice(0)) settle();
  }

  #give(event: SentEvent): void {
    this.#given.push(event.position);
    this.#task?.send(event.text);
  }

  #openTask(): TaskPort {
    return this.#open(
      (message) => this.#take(message),
      (end) => this.#ended(end),
    );
  }

  /** Goes on from the newest image and the events after it, with the thread that it has or another one. */
  #wake(): void {
    if (this.#phase === "waking") return;
    this.#phase = "waking";
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      const kept = await loadKept(this.#store, this.#id);
      if (this.#phase !== "waking") return;
      if (kept === undefined) throw new MoonpoolError("SESSION_UNKNOWN");
      this.#resume(kept);
    } catch (error) {
      this.#fail(error);
    }
  }

  #resume(kept: KeptState): void {
    const events = kept.events.filter(({ position }) => position <= this.#answered);
    this.#task ??= this.#openTask();
    this.#given = events.map(({ position }) => position);
    this.#before = 0;
    this.#covered = undefined;
    this.#phase = "awake";
    const { image, nextTimer } = kept;
    this.#task.resume({ image, nextTimer, events: events.map(({ text }) => text) });
    for (const event of this.#sent) this.#give(event);
    if (this.#settleRest.length > 0) this.sleep();
  }

  #take(message: FromTask): void {
    this.#silent = 0;
    if (this.#phase === "over") return;
    if (typeof message === "string") return this.#answer(message);
    switch (message.kind) {
      case "image":
        return this.#keepImage(message);
      case "resumed":
      case "log":
      case "failed":
        return this.#onMessage(message);
      case "refused":
        return void this.#recover(message.error);
      case "started":
      case "done":
      case "reloaded":
        return this.#answer(message);
    }
  }

  #keepImage({ image, events, nextTimer }: Extract<FromTask, { kind: "image" }>): void {
    const count = events - this.#before;
    // Without an event in between it is the same state, put in order: the session goes on from that.
    const position = count === 0 ? this.#covered : this.#given[count - 1];
    if (position === undefined) return;
    this.#covered = position;
    this.#given.splice(0, count);
    this.#before = events;
    const { connections, connectionsEver, time } = this.#state;
    const head = { nextTimer, connections: [...connections], connectionsEver, time };
    this.#store.snapshot(this.#id, position, encodeSnapshot(head, image));
  }

  #answer(message: FromSession): void {
    const event = this.#sent.shift();
    if (event === undefined) return;
    this.#answered = event.position;
    this.#answers.push({ message, event });
    this.#passOn();
  }

  #passOn(): void {
    for (let first = this.#answers[0]; first && first.event.safe === undefined; first = this.#answers[0]) {
      this.#answers.shift();
      this.#onMessage(first.message);
    }
  }

  /** The oldest event has not happened. Until it is known what to do, nothing else does. */
  async #recover(error: WireError): Promise<void> {
    const event = this.#sent[0];
    if (event === undefined) return;
    this.#phase = "waking";
    event.attempts++;
    const step = await this.#decide(event.text, error, event.attempts);
    if (this.#phase !== "waking") return;
    if (step !== "retry") this.#refuse(event, error);
    if (step === "end" || (event.text.startsWith("start ") && step !== "retry"))
      return this.#fail(new MoonpoolError(error.code, error.message, error));
    if (step === "restart") this.#restart(error);
    void this.#load();
  }

  /** An event is not tried again. */
  #refuse(event: SentEvent, error: WireError): void {
    this.#store.append(this.#id, voidRecord(event.position));
    const report = { files: [], views: 0, notes: [], error, time: 0 };
    if (event.text.startsWith("reload ")) this.#answer({ kind: "reloaded", outcome: "", report });
    else this.#answer({ kind: "refused", error });
  }

  /** What was sent was for the session that there was. */
  #restart(error: WireError): void {
    for (let event = this.#sent[0]; event; event = this.#sent[0]) this.#refuse(event, error);
    this.#answered = this.#store.append(this.#id, RESTART);
    this.#state.connections.clear();
    this.#onMessage({ kind: "restarting" });
  }

  #ended({ error, isLost = false, isDuring = false, isStuck = false }: TaskEnd): void {
    if (this.#phase === "over") return this.#onEnd();
    this.#task = undefined;
    if (isLost && ++this.#silent <= MOST_SILENT) return this.#goElsewhere(error, isDuring, isStuck);
    if (error !== undefined || this.#phase !== "resting") {
      this.#isOver();
      return this.#onEnd(error);
    }
    this.#phase = "asleep";
    if (this.#sent.length > 0) return this.#wake();
    this.#rested();
  }

  #goElsewhere(error: WireError | undefined, isDuring: boolean, isStuck: boolean): void {
    const now = performance.now();
    const event = isDuring ? this.#sent[0] : undefined;
    // A thread may die of something else while it happens to be busy: an event gets a second try.
    const isToBlame = event !== undefined && (isStuck || event === this.#suspect);
    this.#suspect = event;
    if (isToBlame) this.#deaths = [...this.#deaths.filter((time) => now - time < FORGIVEN), now];
    if (this.#deaths.length >= MOST_DEATHS) {
      this.#isOver();
      return this.#onEnd(error);
    }
    if (isToBlame && error !== undefined) return void this.#recover(error);
    if (this.#sent.length > 0 || this.#phase === "waking") return this.#wake();
    this.#phase = "asleep";
    this.#rested();
  }

  /** The session cannot go on here; what the store has of it stays. */
  #fail(error: unknown): void {
    if (this.#phase === "over") return;
    const known = error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", String(error), {}, error);
    this.#isOver();
    this.#onMessage({ kind: "failed", error: known.toWire() });
  }
}
