import type { MoonpoolError, WireError } from "../protocol/main.ts";
import type { SessionEventKind } from "../protocol/worker-message.ts";
import type { RecoveryStep } from "./recovery.ts";

/**
 * Why a session ended for good or cannot go on. `asked`: by the app. `timeout`: nobody used it. `room`: nobody ever connected to
 * it, and there were newcomers. `failed`: something went wrong; its URL may try again.
 */
export type SessionEnd = "asked" | "timeout" | "room" | "failed";

/** `stuck`: ended by the watchdog. `died`: of something else. */
export type ThreadDeath = "stuck" | "died";

/** What the parts of the host tell of themselves, for whoever counts. Times are ms. Nothing throws, and nothing waits. */
export interface Meter {
  /** An error of the catalogue has reached a session's log, or a page. A MoonpoolError counts once, however often it is told. */
  error(error: WireError | MoonpoolError, session?: string): void;
  /** An event was given to a session's VM. */
  event(kind: SessionEventKind): void;
  /** One of them has been answered. */
  answered(time: number): void;
  frameReceived(): void;
  frameSent(text: string): void;
  /** main.lua of a new session has run. */
  sessionStarted(): void;
  sessionEnded(why: SessionEnd): void;
  /** It was decided what becomes of an event that could not be carried out. */
  recovered(step: RecoveryStep): void;
  /** A thread has died that had sessions. */
  threadDied(why: ThreadDeath): void;
  circuitOpened(): void;
  /** A session has left its thread because nothing happens in it. */
  slept(): void;
  /** It is on a thread again, where it was. */
  woke(time: number): void;
  /** What was given to the store is safe. */
  flushed(time: number): void;
  /** Files that changed are in all sessions. */
  reloaded(time: number): void;
}
