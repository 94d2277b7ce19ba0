import type { WireError } from "../protocol/main.ts";
import type { FromWorker, SessionState } from "../protocol/worker-message.ts";

/** How a session's task came to its end. */
export interface TaskEnd {
  /** Absent when the session was closed, went to rest, or has said itself why it failed. */
  error?: WireError | undefined;
  /** The thread has died, whatever it did. */
  isLost?: boolean;
  /** The thread died while it dispatched an event of this session: after so many others since `resume`. */
  during?: number | undefined;
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
  /**
   * The session leaves the thread after what it was given; its newest image comes before the task ends, and before that its
   * portable state, if it is given the text of an `export` event.
   */
  rest(exportEvent?: string): void;
  close(): void;
}

/** Puts a session on a thread; `onEnd` is called once, after the last message. Throws MoonpoolError SESSION_LIMIT. */
export type OpenTask = (onMessage: (message: FromTask) => void, onEnd: (end: TaskEnd) => void) => TaskPort;
