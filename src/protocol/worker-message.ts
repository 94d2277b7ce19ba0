import type { WireError } from "./error-code.ts";
import type { ClientMessage } from "./message.ts";
import type { RefusedEvent } from "./outcome.ts";
import type { ReloadReport } from "./reload.ts";
import type { SharedPlans } from "./worker-task.ts";

/**
 * What passes between the host and a session on its thread. Host → worker is the text of a session event (see
 * `SessionEvent`) or a request to end; the hot path is one string each way, copied, never shared.
 */

/**
 * A session event is text: a head line and a body. It is what the journal keeps and what `LuaVm.dispatch` takes.
 *
 *     start 0 1700000000123\n{"seed":"…32 hex digits…","development":true,…}   see StartOptions
 *     connect 3 1700000000123\n{"namespace":""}
 *     frame 3 1700000000123\n1\nupdate 12 "Ada"\ncreate -1 9 "name"\ndestroy -1
 *                                     1: a person waits; then a line for each message, its values as JSON
 *     disconnect 3 1700000000123\n
 *     pause 3 …   resume 3 …          the connection cannot take more for now / can again
 *     timer 0 1700000000123\n         made by the worker when a Lua timer is due; with the body `skip 12` timer 12 is left out
 *     reload 7 1700000000123\nlua lua/contacts.lua\nviewdef Contact.DEFAULT
 *                                     files of the site have changed: see reloadBody
 *
 * The number after the kind is the connection (0: none), or which reload it is; the last is the time in ms that `os.time` answers from.
 */
export type SessionEventKind = "start" | "connect" | "frame" | "disconnect" | "pause" | "resume" | "timer" | "reload";

/** What `start` tells the runtime. */
export interface StartOptions {
  /** 32 hex digits. */
  seed: string;
  development: boolean;
  hotload: boolean;
  /** An ordinary Lua error, too, takes back what its event did. */
  rollbackOnError: boolean;
  /** How much the session may have: see limits.lua. */
  limits: LuaLimits;
}

export interface LuaLimits {
  /** Timers that wait. */
  timers: number;
  /** Variables that a connection shows. */
  variables: number;
  /** Bytes that one event may send to a connection. */
  output: number;
}

/** The text of a session event. `time` is ms since 1970. */
export function sessionEvent(kind: SessionEventKind, number: number, time: number, body = ""): string {
  return `${kind} ${number} ${Math.floor(time)}\n${body}`;
}

/** What of a frame concerns the session; error reports are for the host's log. */
export type SessionRequest = Exclude<ClientMessage, { type: "error" }>;

/**
 * The body of a `frame` event. The host has decoded the frame, so the VM, which takes 30 times as long to parse JSON,
 * need not do it again.
 */
export function frameBody(event: boolean, messages: readonly SessionRequest[]): string {
  let body = event ? "1" : "0";
  for (const message of messages) {
    switch (message.type) {
      case "update":
        body += `\nupdate ${message.id} ${JSON.stringify(message.value)}`;
        break;
      case "create":
        body += `\ncreate ${message.id} ${message.parent} ${JSON.stringify(message.path)}`;
        break;
      case "destroy":
        body += `\ndestroy ${message.id}`;
        break;
    }
  }
  return body;
}

/** `plans`: the viewdefs have changed; events after it see the new ones. */
export type ToWorker = string | { kind: "close" } | { kind: "plans"; plans: SharedPlans };

/**
 * Every event of the host is answered once, in order, with the text of its outcome, `started` or `done`: so the host knows
 * what is still under way.
 */
export type FromWorker =
  /** The answer to `start`: main.lua ran. */
  | { kind: "started" }
  /** The changes after an event: the text of its outcome, see outcome.ts. */
  | string
  /** An event was dispatched, and nothing changed. */
  | { kind: "done" }
  /** The answer to an event that ran into a limit: what it did is to be taken back. `timer`: the worker had made it itself. */
  | { kind: "refused"; error: RefusedEvent; timer: boolean }
  /** The outcome of an event that the worker made itself; the answer to none. */
  | { kind: "timer"; outcome: string }
  /** The answer to `reload`: the changes, and what became of it. */
  | { kind: "reloaded"; outcome: string; report: ReloadReport }
  /** `print`, `ui.log`, and errors of Lua code. `level` as of pino. */
  | { kind: "log"; level: LogLevel; message: string; error?: WireError }
  /** The session cannot go on: main.lua failed, or its VM did. The task ends after this. */
  | { kind: "failed"; error: WireError };

export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";
