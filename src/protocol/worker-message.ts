import type { WireError } from "./error-code.ts";
import type { ClientMessage } from "./message.ts";
import type { RefusedEvent } from "./outcome.ts";
import type { ImportReport } from "./portable.ts";
import type { ReloadReport } from "./reload.ts";
import type { BaseImage } from "./session-image.ts";
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
 *     frame 3 1700000000123\n1 57\nupdate 12 "Ada"\ncreate -1 9 "name"\ndestroy -1
 *     frame 3 1700000000123\n1 58\nwindow 12 300 60 0
 *                                     1: a person waits; it is the browser's frame 57; then a line for each message, its values
 *                                     as JSON
 *     resync 3 1700000000123\n{"code":"LIMIT_TIME","message":"…"}\nvalue 12\ncreate -1 9 "name"\ndestroy -1
 *                                     a frame was not carried out: see resyncBody
 *     disconnect 3 1700000000123\n
 *     pause 3 …   resume 3 …          the connection cannot take more for now / can again
 *     refresh 3 …                     its page has to be told all that it shows, under the ids that it knows
 *     timer 0 1700000000123\n         a Lua timer is due; with the body `skip 12` timer 12 is left out
 *     reload 7 1700000000123\nlua lua/contacts.lua\nviewdef Contact.DEFAULT
 *                                     files of the site have changed: see reloadBody
 *     export 0 1700000000123\n        asks for the portable state (docs/portable-state.md); 1: for the case that images fail
 *     import 0 1700000000123\n{"format":1,…}
 *                                     takes such a state in, after `start`
 *
 * The number after the kind is the connection (0: none), or which reload it is; the last is the time in ms that `os.time` answers from.
 */
export type SessionEventKind =
  | "start"
  | "connect"
  | "frame"
  | "resync"
  | "disconnect"
  | "pause"
  | "resume"
  | "refresh"
  | "timer"
  | "reload"
  | "export"
  | "import";

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
export function frameBody(event: boolean, messages: readonly SessionRequest[], seq = 0): string {
  let body = `${event ? 1 : 0} ${seq}`;
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
      case "window":
        body += `\nwindow ${message.id} ${message.start} ${message.count} ${message.keep ?? 0}`;
        break;
    }
  }
  return body;
}

/**
 * The body of a `resync` event, which follows a `frame` event with `body` that was not carried out because of `error`. The page
 * shows the values that it wrote there: it is told what they really are, and `error` at each of them. Variables of its own that it
 * made or gave up are made or given up after all, and lists show the rows that it asked for, which calls nothing of the app.
 */
export function resyncBody(body: string, error: WireError): string {
  const lines = body.split("\n").slice(1);
  return [
    JSON.stringify(error),
    ...lines.map((line) => (line.startsWith("update ") ? `value ${line.split(" ", 2)[1]}` : line)),
  ].join("\n");
}

export type ToWorker =
  | string
  /** The session is over. */
  | { kind: "close" }
  /**
   * Nothing more is to come for now: the thread gives its newest image back and the task ends; `atOnce`: after the event under
   * way, whatever waits. With the text of an `export` event the portable state comes before that, unless the session has not begun yet.
   */
  | { kind: "rest"; exportEvent?: string | undefined; atOnce?: boolean }
  /** The viewdefs have changed; events after it see the new ones. */
  | { kind: "plans"; plans: SharedPlans }
  /** The session goes on from this state, whatever it was before. */
  | ({ kind: "resume" } & SessionState);

/** A session is its newest image and the events that were dispatched after it. */
export interface SessionState {
  /** See session-image.ts; null: as at birth. */
  image: Uint8Array | null;
  /** That of the image. */
  base: BaseImage | null;
  /** When the next Lua timer of the image is due, in ms since 1970. */
  nextTimer: number | undefined;
  /** Texts of session events. They are dispatched again, and nobody hears of it. */
  events: string[];
}

/** What a thread says of a session. */
export type FromWorker =
  | Exclude<FromSession, { kind: "restarting" | "refused" }>
  /**
   * The session as it is after the first `events` of the events that it was given (since `resume`, and these included; 0: a
   * start on top of it begins the session). If
   * the last of them has asked the host for something, its answer comes with it: so no such event is ever repeated after it
   * was answered, nor answered twice, whenever the thread dies.
   */
  | {
      kind: "image";
      image: Uint8Array<ArrayBuffer>;
      base: BaseImage | null;
      events: number;
      nextTimer: number | undefined;
      answer?: Answer | undefined;
    }
  /** The event after the first `events` could not be carried out, now or again. The session is in no state until `resume`. */
  | { kind: "refused"; error: RefusedEvent; events: number }
  /** The answer to `export`, which is no event for the journal: the portable state, or why there is none. */
  | { kind: "exported"; state: string | WireError }
  /** The portable state after the first `events` events, deflated, or why there is none. The session has not changed by it. */
  | { kind: "state"; state: Uint8Array<ArrayBuffer> | WireError; events: number }
  /**
   * Its events have kept the thread busy for `ms` since this was said last, one of them for `longest`. Only said when it is worth
   * mentioning, and not of loading code or moving state; before the last of them is answered.
   */
  | { kind: "used"; ms: number; longest: number }
  /** Which thread the session is on, and where that says what it is doing: see thread-status.ts. */
  | { kind: "thread"; id: number; status: SharedArrayBuffer };

/**
 * What of that concerns whoever sends the events. Every event is answered once, in order, with the text of its outcome,
 * `started`, `done`, `reloaded`, `imported` or `refused`: so it is known what is still under way.
 */
export type FromSession =
  | Answer
  /** The answer to `resume`, which is no event: the session is where it was. */
  | { kind: "resumed"; nextTimer: number | undefined }
  /**
   * The answer to an event that could not be carried out: nothing of it has happened. Without an error when it came too late
   * for the session that it was for.
   */
  | { kind: "refused"; error: RefusedEvent | undefined }
  /**
   * From the host itself: what had not been answered has been refused, and the next event has to be a `start`, followed by an
   * `import` if there is a `state`. No answer.
   */
  | { kind: "restarting"; state?: string | undefined }
  /** `print`, `ui.log`, and errors of Lua code. `level` as of pino. */
  | { kind: "log"; level: LogLevel; message: string; error?: WireError }
  /** The session cannot go on: main.lua failed, or its VM did. The task ends after this. */
  | { kind: "failed"; error: WireError };

/** What comes of an event that was dispatched. */
export type Answer =
  /** `start`: main.lua ran. */
  | { kind: "started"; nextTimer?: number | undefined }
  /** The changes: the text of the event's outcome, see outcome.ts. */
  | string
  /** Nothing changed. */
  | { kind: "done"; nextTimer?: number | undefined }
  /** `reload`: the changes, and what became of it. */
  | { kind: "reloaded"; outcome: string; report: ReloadReport }
  /** `import`: the changes, and what became of it. */
  | { kind: "imported"; outcome: string; report: ImportReport };

export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";
