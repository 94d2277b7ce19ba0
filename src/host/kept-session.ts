import { MoonpoolError, type WireError } from "../protocol/main.ts";
import type { FromSession, FromWorker, SessionState } from "../protocol/worker-message.ts";
import type { SessionPort } from "./session.ts";

/** How a session's task came to its end. */
export interface TaskEnd {
  /** Absent when the session was closed, or has said itself why it failed. */
  error?: WireError | undefined;
  /** The thread has died, whatever it did. */
  isLost?: boolean;
  /** The thread died while it dispatched an event of this session: one that the host sent, or one that it made itself. */
  during?: "sent" | "own" | undefined;
  /** The event was the reason: it was stuck. */
  isStuck?: boolean;
}

/** What the pool passes on of a session's thread. */
export type FromTask = Exclude<FromWorker, { kind: "thread" }>;

/** A session on a thread. */
export interface SessionTaskPort extends SessionPort {
  /** To be called before anything is sent: the session goes on from there. */
  resume(state: SessionState): void;
}

export type OpenTask = (onMessage: (message: FromTask) => void, onEnd: (end: TaskEnd) => void) => SessionTaskPort;

/** Two events may have the same text. */
interface SentEvent {
  text: string;
}

/** Deaths of threads that were its doing, within FORGIVEN ms, after which a session ends. */
const MOST_DEATHS = 3;
const FORGIVEN = 60_000;
/** Threads in a row that died before they had said anything. */
const MOST_SILENT = 50;

/**
 * A session that outlives its thread. It is its newest image and the events after it: when the thread dies, it goes on from these
 * on another one. Events that have been answered are dispatched again, and nobody hears of it; those that have not are
 * sent again. An event that is stuck, or during which a thread has died before, is left out and answered with `refused`.
 */
export class KeptSession implements SessionPort {
  readonly #open: OpenTask;
  readonly #onMessage: (message: FromSession) => void;
  readonly #onEnd: (error?: WireError) => void;
  /** Not answered, oldest first. */
  #sent: SentEvent[] = [];
  #state: SessionState = { image: null, nextTimer: undefined, events: [] };
  /** When it was to blame for one: ms. */
  #deaths: number[] = [];
  /** The event during which a thread died. */
  #suspect: SentEvent | undefined;
  #silent = 0;
  #isClosed = false;
  #task: SessionTaskPort;

  constructor(open: OpenTask, onMessage: (message: FromSession) => void, onEnd: (error?: WireError) => void) {
    this.#open = open;
    this.#onMessage = onMessage;
    this.#onEnd = onEnd;
    this.#task = this.#openTask();
  }

  send(text: string): void {
    this.#sent.push({ text });
    this.#task.send(text);
  }

  close(): void {
    this.#isClosed = true;
    this.#task.close();
  }

  #openTask(): SessionTaskPort {
    return this.#open(
      (message) => this.#take(message),
      (end) => this.#ended(end),
    );
  }

  #take(message: FromTask): void {
    this.#silent = 0;
    if (typeof message === "string") return this.#answered(message);
    switch (message.kind) {
      case "image":
        this.#state = { image: message.image, nextTimer: message.nextTimer, events: [] };
        return;
      case "timer":
        this.#state.events.push(message.event);
        if (message.outcome !== "") this.#onMessage(message);
        return;
      case "log":
      case "failed":
        return this.#onMessage(message);
      case "started":
      case "done":
      case "refused":
      case "reloaded":
        return this.#answered(message);
    }
  }

  #answered(message: FromSession): void {
    const event = this.#sent.shift();
    if (event !== undefined) this.#state.events.push(event.text);
    this.#onMessage(message);
  }

  #ended({ error, isLost = false, during, isStuck = false }: TaskEnd): void {
    if (error === undefined || !isLost || this.#isClosed || ++this.#silent > MOST_SILENT) return this.#onEnd(error);
    const now = performance.now();
    const event = during === "sent" ? this.#sent[0] : undefined;
    const isRefused = event !== undefined && (isStuck || event === this.#suspect);
    this.#suspect = event;
    // A thread may die of something else while it happens to be busy.
    if (isStuck || isRefused || during === "own")
      this.#deaths = [...this.#deaths.filter((time) => now - time < FORGIVEN), now];
    if (this.#deaths.length >= MOST_DEATHS || (isRefused && event.text.startsWith("start "))) return this.#onEnd(error);
    try {
      this.#task = this.#openTask();
    } catch (failure) {
      return this.#onEnd(failure instanceof MoonpoolError ? failure.toWire() : error);
    }
    this.#task.resume(this.#state);
    if (isRefused) this.#refuse(this.#sent.shift()?.text ?? "", error);
    for (const { text } of this.#sent) this.#task.send(text);
  }

  #refuse(text: string, error: WireError): void {
    if (text.startsWith("reload ")) {
      const report = { files: [], views: 0, notes: [], error, time: 0 };
      this.#onMessage({ kind: "reloaded", outcome: "", report });
    } else {
      this.#onMessage({ kind: "refused", error });
    }
  }
}
