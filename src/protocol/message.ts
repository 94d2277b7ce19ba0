import type { WireError } from "./error-code.ts";
import type { Viewdef } from "./viewdef.ts";

/**
 * Everything that crosses the WebSocket, one union per direction. `docs/protocol.md` explains it to somebody who
 * writes a client. Frames are JSON text.
 */
export const PROTOCOL_VERSION = 1;

/** The variable every connection starts from: its value is the object given to `session:createAppVariable`. */
export const APP_VARIABLE = 1;

/** Any JSON value. An object of the session travels as a reference, `{ obj: number }`; its fields never do. */
export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

// ---------------------------------------------------------------------------------------------- browser → host

/** A frame that carries messages. `seq` counts 1, 2, 3, … per connection; `ack` is the last server `seq` applied. */
export interface ClientFrame {
  seq: number;
  ack: number;
  /** True when a person did something and waits: the answer is flushed at once instead of after 10 ms. */
  event: boolean;
  messages: ClientMessage[];
}

/** A frame that only acknowledges; it uses up no `seq`. Both sides send it when they have nothing else to say. */
export interface AckFrame {
  ack: number;
  /** From the host only: as in a ServerFrame. */
  applied?: number;
}

/** Write a value to a variable, or run it if it is an action. `null` writes nil. */
export interface UpdateRequest {
  type: "update";
  id: number;
  value: Value;
}

/** Watch one more path. `id` is negative and chosen by the client; `path` must stand in a viewdef it was sent. */
export interface CreateRequest {
  type: "create";
  id: number;
  parent: number;
  path: string;
}

/** Stop watching a variable made by `create`. */
export interface DestroyRequest {
  type: "destroy";
  id: number;
}

/** Something went wrong in the page that the author should see in the log (a script, a viewdef). */
export interface ErrorReport {
  type: "error";
  code: string;
  message: string;
  id?: number;
}

export type ClientMessage = UpdateRequest | CreateRequest | DestroyRequest | ErrorReport;

// ---------------------------------------------------------------------------------------------- host → browser

/** Messages stand in the order high, medium, low priority. A client stores the whole frame before it renders. */
export interface ServerFrame {
  seq: number;
  /** The last client `seq` that was accepted. */
  ack: number;
  /**
   * The last client `seq` that the session had carried out when it made these messages; the same as `ack` if missing. A
   * client drops values that are older than its own newest write to the variable, which was accepted but not carried out.
   */
  applied?: number;
  messages: ServerMessage[];
}

/** First message of a connection. */
export interface Welcome {
  type: "welcome";
  protocol: number;
  /** Number of this connection within its session. */
  connection: number;
  /** True when errors may be shown in the page with file, line and stack. */
  development: boolean;
  /** Present when the site's files are watched and changes reach this page; development mode only. */
  hotload?: HotloadUi;
}

/** How a page shows that files of its site change, and what it keeps then. */
export interface HotloadUi {
  /** A short notice for each reload. */
  toasts: boolean;
  /** The sign of the connection's state, bottom right. */
  indicator: boolean;
  /** Ctrl+Shift+R, H and T. */
  shortcuts: boolean;
  /** What a reload of the page or of a view keeps. */
  preserve: { form: boolean; scroll: boolean; focus: boolean };
}

/**
 * A variable has a new value, new properties, an error, or (null) no error any more. May come for an id before the
 * `view` or `list` message that says where the id belongs.
 */
export interface Update {
  type: "update";
  id: number;
  value?: Value;
  /** On variable 1: `viewdefs`. On others whatever Lua set with `variable:setProperty`. "" means unset. */
  properties?: Record<string, Value> & { viewdefs?: Record<string, Viewdef> };
  error?: WireError | null;
}

/**
 * The view on variable `id` now shows viewdef `viewdef`; the viewdef's slots are the variables `first`, `first + 1`, …
 * with these first values. All variables below the former content are gone. `viewdef: null`: the view is empty.
 */
export interface View {
  type: "view";
  id: number;
  viewdef: string | null;
  first?: number;
  values?: Value[];
  /**
   * The viewdef itself was edited, and the view goes on with its variables: `from[k]` is the id that the variable
   * `first + k` had so far, 0 if it is new. Whatever it shows stays. Variables that are not mentioned are gone.
   */
  from?: number[];
}

/**
 * The rows of list variable `id` change: first the rows in `remove` go (with all variables below them), then every entry
 * of `place`, in order, puts the rows `row`, `row + 1`, … (`count` of them, default 1) in front of row `before`
 * (0: at the end). A row that is already there is moved, one that is not is new.
 */
export interface List {
  type: "list";
  id: number;
  remove?: number[];
  place?: { row: number; count?: number; before: number }[];
}

/** A fault that belongs to no variable: of the frame just received, of a timer, of the session. */
export interface Fault extends WireError {
  type: "error";
}

/**
 * Files of the site have changed; only to pages whose welcome said `hotload`. What changed in variables and viewdefs
 * comes as `update` and `view`; this is the rest.
 */
export interface Reload {
  type: "reload";
  /** For the notice: what was reloaded ("lua/app.lua"), in how many sessions, in how many ms. */
  done?: { files: string[]; sessions: number; time: number };
  /** All that is wrong with the site's files now, instead of what was said before; empty: nothing any more. */
  errors?: ReloadError[];
  /** Static files that changed: URL paths below the instance's prefix ("/style.css"). */
  assets?: string[];
  /** The page itself or its scripts changed: it has to be loaded anew. */
  page?: true;
}

/** An error in a file of the site, as its author wants to see it. */
export interface ReloadError extends WireError {
  severity: "error" | "warning";
  /** What is running instead. */
  running?: string;
  /** The lines around the place. */
  source?: { number: number; text: string; marked: boolean }[];
  /** Opens the place in the author's editor. */
  link?: string;
}

export type ServerMessage = Welcome | Update | View | List | Fault | Reload;
