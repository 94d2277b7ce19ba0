import type { WireError } from "./error-code.ts";

/**
 * How the host starts threads and sessions on them. A session is one long-lived task of the pool; what worker-message.ts
 * describes then goes over the port of its thread: see trunk-message.ts.
 */

/** What all sessions of a pool have in common. */
export interface ThreadSettings {
  /** The site's folder, absolute. */
  siteDir: string;
  /** Bytes of one session's VM, the VM's own 1.3 MiB included. */
  memoryLimit: number;
  /** ms that one event may keep Lua busy. */
  timeLimit: number;
  /** ms of every second that one session may keep its thread busy in the long run, and ms at once. */
  cpu: { perSecond: number; burst: number };
  /** VMs per thread; more sessions than that take turns. */
  slots: number;
  /** Bytes of images of sessions at rest, per thread, that are kept ready to be loaded at once; others are packed. */
  imageMemory: number;
  /** Makes the string hashing of this installation's VMs unlike that of others: an integer from 0 to 2^31 - 1. */
  seed: number;
  /** Folder that keeps the versions of Lua files that sessions have; undefined: threads remember them. */
  sources?: string | undefined;
  /** After each turn the thread rests so many times as long as that took. Default: 0. */
  rest?: number | undefined;
}

/** The task `bear`: makes the first VM. */
export interface BearTask {
  settings: ThreadSettings;
}

/** The task `warm`: makes a thread ready before sessions come. */
export interface WarmTask {
  settings: ThreadSettings;
  birth: object;
}

/** What all other VMs are born from; only threads look into it. (Errors lose their code on the way between threads.) */
export type BearResult = { birth: object } | { error: WireError };

/** The compiled viewdefs, in memory that all threads share: the UTF-8 JSON text of `[key, plan's JSON text][]`. */
export interface SharedPlans {
  /** Grows with every change. */
  version: number;
  text: Uint8Array;
}

/** The task of a session, which ends when the session does. */
export interface SessionTask<Port> {
  /** From 1; no two tasks of a pool have the same. */
  number: number;
  settings: ThreadSettings;
  birth: object;
  plans: SharedPlans;
  port: Port;
}
