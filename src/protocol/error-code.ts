/**
 * Every error that Moonpool can report, in one place. `docs/errors.md` is checked against this list.
 *
 * `who` has to act:
 * `app`      the author of the site (Lua, viewdefs),
 * `client`   whoever sent the frame or the request,
 * `operator` whoever runs the host,
 * `internal` Moonpool's own developers.
 */
export type Who = "app" | "client" | "operator" | "internal";

interface Entry {
  who: Who;
  /** What happened, when no better words are at hand; also all that a page sees outside development mode. */
  text: string;
  /** What to do about it. */
  advice: string;
}

export const errors = {
  // Frames
  FRAME_TOO_LARGE: {
    who: "client",
    text: "The frame is too large.",
    advice: "Send less at once, or raise `maxFrameBytes`.",
  },
  FRAME_NOT_JSON: { who: "client", text: "The frame is not JSON.", advice: "Send one JSON object per text frame." },
  FRAME_INVALID: {
    who: "client",
    text: "The frame does not have the form of docs/protocol.md.",
    advice: "Compare the frame with docs/protocol.md.",
  },
  FRAME_SEQ: {
    who: "client",
    text: "The frame's `seq` does not follow the last one.",
    advice: "Count seq 1, 2, 3, … per connection and send frames in order.",
  },
  FRAME_TOO_MANY: {
    who: "client",
    text: "The frame holds too many messages.",
    advice: "Send fewer messages per frame, or raise `maxFrameMessages`.",
  },
  RATE_LIMIT: {
    who: "client",
    text: "Too many frames in a short time.",
    advice: "Send less often; input may be merged before it is sent.",
  },

  // Requests
  ORIGIN_REFUSED: {
    who: "operator",
    text: "Pages of another origin may not connect.",
    advice: "Add the origin to `origins` if it is yours.",
  },
  SESSION_UNKNOWN: {
    who: "client",
    text: "This session does not exist any more.",
    advice: "Open the start page to get a new one.",
  },
  SESSION_FOREIGN: {
    who: "client",
    text: "This session belongs to another browser.",
    advice: 'Open the start page, or let the host allow `share: "link"`.',
  },
  SESSION_LIMIT: {
    who: "operator",
    text: "The host has no room for another session now.",
    advice: "Try again soon, or raise `maxSessions`.",
  },
  CONNECTION_LIMIT: {
    who: "client",
    text: "This session is open in too many tabs.",
    advice: "Close some tabs, or raise `maxConnections`.",
  },
  SESSION_FAILED: {
    who: "app",
    text: "The session could not start.",
    advice: "Mend the error in the Lua code and load the page again.",
  },
  SESSION_ENDED: {
    who: "internal",
    text: "The session's Lua VM cannot go on.",
    advice: "Load the page again; the log has the reason.",
  },
  CIRCUIT_OPEN: {
    who: "app",
    text: "The session has failed too often; nothing is tried for a while.",
    advice: "Mend the code that fails; the log names it. The session tries again by itself.",
  },

  // Variables and paths
  VARIABLE_UNKNOWN: {
    who: "client",
    text: "There is no such variable.",
    advice: "Drop messages to variables of views that are gone.",
  },
  VARIABLE_EXISTS: {
    who: "client",
    text: "There is such a variable already.",
    advice: "Choose a new negative id for each `create`.",
  },
  VARIABLE_LIMIT: {
    who: "client",
    text: "The client has asked for too many variables.",
    advice: "Destroy variables that are not needed any more.",
  },
  WINDOW_INVALID: {
    who: "client",
    text: "The variable is no list that shows a part of its array.",
    advice: "Give the list `?window`, and ask for rows of lists that have it only.",
  },
  PATH_SYNTAX: { who: "app", text: "The path is not understood.", advice: "See the path grammar in docs/viewdefs.md." },
  PATH_NOT_ALLOWED: {
    who: "client",
    text: "No viewdef sent to this connection contains this path.",
    advice: "Put the path into a viewdef.",
  },
  PATH_READ_ONLY: { who: "client", text: "The variable can only be read.", advice: "Give the binding `?access=rw`." },
  PATH_NIL: {
    who: "app",
    text: "The path leads through nil, so there is nothing to write to.",
    advice: "Create the object before it is edited, or put `?create=Type` on the view that shows it.",
  },
  PATH_NOT_TABLE: {
    who: "app",
    text: "The path leads through something that has no fields.",
    advice: "Check the path against the object.",
  },
  METHOD_MISSING: {
    who: "app",
    text: "The object has no such method.",
    advice: "Define the method, or mend its name in the viewdef.",
  },
  VALUE_FUNCTION: { who: "app", text: "The path yields a function.", advice: "Write `name()` to call the method." },
  VALUE_NOT_ENCODABLE: {
    who: "app",
    text: "The value cannot be shown.",
    advice: "Return a string, a finite number, a boolean, an object or an array of these.",
  },
  VALUE_CYCLE: { who: "app", text: "The array contains itself.", advice: "Return an array without a cycle." },

  // Views
  TYPE_MISSING: {
    who: "app",
    text: "The object has no type, so no viewdef can be chosen for it.",
    advice: "Make it with a `session:prototype`, or give it a `type` field; show an array with ui-viewlist.",
  },
  VIEWDEF_MISSING: {
    who: "app",
    text: "There is no viewdef for this type.",
    advice: "Add viewdefs/TYPE.DEFAULT.html.",
  },
  VIEW_DEPTH: {
    who: "app",
    text: "Views are nested too deeply.",
    advice: "A view probably shows an object that shows it again.",
  },
  LIST_EXPECTED: {
    who: "app",
    text: "A list shows an array, and this is none.",
    advice: "Return an array (keys 1…n) or a lua.ViewList.",
  },
  WRAPPER_MISSING: {
    who: "app",
    text: "There is no such wrapper.",
    advice: "Define a global table of this name with a function `new`.",
  },
  WRAPPER_FAILED: { who: "app", text: "The wrapper could not be made.", advice: "Mend its `new` or `sync`." },
  CREATE_FAILED: {
    who: "app",
    text: "The object of `?create=` could not be made.",
    advice: "Define a global table of this name with a function `new`.",
  },

  // Viewdef files
  VIEWDEF_KEY: { who: "app", text: "The file name is not TYPE.NAMESPACE.html.", advice: "Rename the file." },
  VIEWDEF_DUPLICATE: {
    who: "app",
    text: "Two files define the same viewdef.",
    advice: "Remove or rename one of them.",
  },
  VIEWDEF_TEMPLATE: {
    who: "app",
    text: "A viewdef is exactly one <template> element.",
    advice: "Wrap the content in one <template>.",
  },
  VIEWDEF_EMPTY: {
    who: "app",
    text: "The template has no element.",
    advice: "Put at least one element into the <template>.",
  },
  VIEWDEF_HTML: {
    who: "app",
    text: "The HTML of the viewdef is not well formed.",
    advice: "Close every element, and nest elements as HTML allows.",
  },
  VIEWDEF_UNREADABLE: {
    who: "app",
    text: "The viewdef file cannot be read.",
    advice: "Check the file's rights, or the target of the link.",
  },
  VIEWDEF_TOO_LARGE: {
    who: "app",
    text: "The viewdef file is too large.",
    advice: "Split it into several viewdefs, or keep large pictures and texts in files of `html/`.",
  },
  ATTRIBUTE_UNKNOWN: {
    who: "app",
    text: "There is no such ui- attribute.",
    advice: "See docs/viewdefs.md for all attributes.",
  },
  ATTRIBUTE_INVALID: { who: "app", text: "The attribute is not well formed.", advice: "See docs/viewdefs.md." },
  BINDING_LOST: {
    who: "app",
    text: "The binding stands where its element is replaced.",
    advice: "Move the binding out of the element that shows a value, markup, a view or a list.",
  },
  ACCESS_INVALID: {
    who: "app",
    text: "The access does not fit the binding or its path.",
    advice: "Use r, w, rw or action; a getter cannot be written.",
  },
  CODE_FORBIDDEN: {
    who: "operator",
    text: "The binding would let data run as code.",
    advice: "Allow it with `uiCode: true` if you trust the site.",
  },
  URL_FORBIDDEN: {
    who: "app",
    text: "The address would run as a script; it is not set.",
    advice: "Use an address that leads somewhere. For something to happen on a click, write ui-action.",
  },
  PAGE_BLOCKED: {
    who: "app",
    text: "The page's Content-Security-Policy does not let this run or be loaded.",
    advice: "Put the code into a file or a <script>, the file into html/, or allow it: see docs/security.md.",
  },
  CODE_FAILED: {
    who: "app",
    text: "The JavaScript of a ui-code failed.",
    advice: "Mend the code that the path yields.",
  },
  VIEW_FAILED: {
    who: "app",
    text: "A part of a view could not be shown.",
    advice:
      "Mend what the message names: an element or a script of the page failed. The browser's console has the place.",
  },
  SCRIPT_FAILED: {
    who: "app",
    text: "A script of the page failed.",
    advice: "Mend the script; the browser's console has the place.",
  },

  // Lua
  LUA_ERROR: { who: "app", text: "The Lua code raised an error.", advice: "Mend the code at the given place." },
  LUA_SYNTAX: { who: "app", text: "The Lua code has a syntax error.", advice: "Mend the code at the given place." },
  APP_MISSING: {
    who: "app",
    text: "The session has nothing to show.",
    advice: "Call session:createAppVariable(app) in lua/main.lua.",
  },
  // Hot reload
  RELOAD_STALE: {
    who: "app",
    text: "Code of a former version of the file is still in use.",
    advice: "It goes when whoever holds it lets it go; a new session has none of it.",
  },
  RELOAD_NEEDED: {
    who: "app",
    text: "A file that others need was deleted.",
    advice: "Take its `require` out of the files named, or bring it back.",
  },
  RELOAD_NEVER: {
    who: "app",
    text: "A file changed that is never reloaded.",
    advice: "Open a new session, or give the file another session:reloadPolicy.",
  },
  RELOAD_STATE: {
    who: "app",
    text: "An object could not be made anew.",
    advice:
      "Check getState, restoreState, migrateState and new of its prototype (docs/hot-reload.md), or save and load of its serializer.",
  },
  RELOAD_VERSION: {
    who: "internal",
    text: "A former version of a file is not known any more.",
    advice: "Open a new session; please report this.",
  },

  // moonpool check
  LINT_APP: {
    who: "app",
    text: "The app is made each time that its file runs.",
    advice: "Make it only if there is none: `if not session:getApp() then … end`.",
  },
  LINT_CAPTURED: {
    who: "app",
    text: "A value of a module is kept where a reload of the module does not reach it.",
    advice: "Read the field, or call the function, where the value is used.",
  },
  LINT_CYCLE: {
    who: "app",
    text: "Files require each other while they are loaded.",
    advice: "Move what both need into a third file, or require where a function needs it.",
  },
  LINT_GLOBAL: {
    who: "app",
    text: "A global is not declared.",
    advice: "Check the spelling, or write `local`.",
  },
  LINT_UNUSED: {
    who: "app",
    text: "No session loads this file.",
    advice: "Require it, or delete it.",
  },

  REQUIRE_NAME: {
    who: "app",
    text: "This is not a module name.",
    advice: 'Write require("folder.module"); modules live in the site\'s lua folder.',
  },
  REQUIRE_MISSING: {
    who: "app",
    text: "There is no such module in the site's lua folder.",
    advice: "Check the name and the file.",
  },
  LIMIT_TIME: {
    who: "app",
    text: "The Lua code ran too long and was stopped.",
    advice: "Look for an endless loop, or raise `timeLimit`.",
  },
  LIMIT_MEMORY: {
    who: "app",
    text: "The session's memory is used up.",
    advice: "Keep less data in the session, or raise `memoryLimit`.",
  },

  LIMIT_TIMERS: {
    who: "app",
    text: "The session has too many timers.",
    advice: "Clear timers that are not needed any more, or raise `maxTimers`.",
  },
  LIMIT_VARIABLES: {
    who: "app",
    text: "The page would show too much.",
    advice: "Show a part of a long list at a time, or raise `maxVariables`.",
  },
  LIMIT_OUTPUT: {
    who: "app",
    text: "One event would send too much to a page.",
    advice: "Show less at a time, or raise `maxOutput`.",
  },
  LIMIT_CPU: {
    who: "app",
    text: "The session has used more than its share of a processor, so its events wait.",
    advice: "Do less in timers and getters, or raise `cpu`.",
  },

  IMAGE_FOREIGN: {
    who: "internal",
    text: "The saved session was made by another version of Moonpool.",
    advice: "Start the session again, or run the version that saved it.",
  },
  IMAGE_CORRUPT: {
    who: "internal",
    text: "The saved session is damaged.",
    advice: "Start the session again; check the disk that it was kept on.",
  },

  // Portable state
  STATE_INVALID: {
    who: "operator",
    text: "This is no portable state, or it was damaged.",
    advice: "Export the session again; see docs/portable-state.md.",
  },
  STATE_VERSION: {
    who: "operator",
    text: "The portable state was made by a newer version of Moonpool.",
    advice: "Use that version, or a newer one.",
  },
  STATE_TOO_LARGE: {
    who: "operator",
    text: "The portable state is too large.",
    advice: "Keep less data in the session.",
  },
  STATE_LEFT: {
    who: "app",
    text: "Something of the session is not in its portable state, or has no place any more.",
    advice: "Give its prototype getState and restoreState, or the type a serializer (docs/portable-state.md).",
  },

  STATE_RESTORED: {
    who: "operator",
    text: "A saved session cannot be loaded, so it goes on from its portable state.",
    advice: "Nothing, after a change of version. Stop Moonpool with SIGTERM before one, and no event is lost.",
  },

  // The store of sessions
  SESSION_MISSING: {
    who: "operator",
    text: "There is no such session in the store.",
    advice: "`moonpool session list` shows those that there are.",
  },
  SESSION_EXISTS: {
    who: "operator",
    text: "There is such a session in the store already.",
    advice: "Choose another --id, or leave it out.",
  },
  STORE_CORRUPT: {
    who: "operator",
    text: "What the store holds is not what was put into it.",
    advice:
      "Check the disk, and bring the store's folder back from a backup, or move it away to begin anew. If a session is named, others are not concerned; `moonpool session list` tells which are damaged.",
  },
  STORE_VERSION: {
    who: "operator",
    text: "The store was made by another version of Moonpool.",
    advice: "Run the version that made it, or give another --data.",
  },
  STORE_IN_USE: {
    who: "operator",
    text: "Another process has the store.",
    advice: "End that process (a server: with SIGTERM) and try again, or give each its own --data.",
  },
  STORE_FULL: {
    who: "operator",
    text: "The store has no room.",
    advice: "Make room on the disk, or raise the store's limit; what is not safe yet is tried again by itself.",
  },
  STORE_FAILED: {
    who: "operator",
    text: "The store could not be read or written.",
    advice: "Check the disk and the rights of the folder; the log has the system's own words.",
  },
  STORE_POSITION: {
    who: "operator",
    text: "The session's journal does not lead to this position.",
    advice: "Choose a position of the session's history.",
  },

  // Command line and configuration
  CONFIG_INVALID: { who: "operator", text: "The configuration is not valid.", advice: "See `moonpool serve --help`." },
  SITE_MISSING: {
    who: "operator",
    text: "There is no site in this folder.",
    advice: "Run `moonpool init DIR`, or give --dir.",
  },
  PORT_IN_USE: { who: "operator", text: "The address is in use.", advice: "Choose another --port." },

  // moonpool load
  LOAD_OPTION: { who: "operator", text: "The load test cannot be run so.", advice: "See `moonpool load --help`." },
  LOAD_FILE: {
    who: "operator",
    text: "A result of the load test could not be written.",
    advice: "Check the path, and whether there is room.",
  },
  LOAD_ADDRESS: {
    who: "operator",
    text: "The load test may not speak to this address.",
    advice: "Give the address of a site on this machine, or --allow-remote for one that is yours.",
  },
  LOAD_UNREACHABLE: {
    who: "operator",
    text: "The site cannot be reached.",
    advice: "Start it, and check the address.",
  },
  LOAD_SCRIPT: {
    who: "operator",
    text: "The script of the load test is not understood.",
    advice: "Compare it with docs/load-testing.md.",
  },
  LOAD_REDIRECT: {
    who: "operator",
    text: "The site leads to another origin, to which nothing was sent.",
    advice: "Give the address that it leads to, if that is the one to test.",
  },
  LOAD_PAGE: {
    who: "operator",
    text: "The answer is no page of a Moonpool session.",
    advice: "Give the address of the site's start page; the status says whether it has room.",
  },
  LOAD_LOST: {
    who: "operator",
    text: "A connection was lost.",
    advice: "Look into the log of the site's host for the reason.",
  },
  LOAD_TIMEOUT: {
    who: "operator",
    text: "There was no answer in time.",
    advice: "Give more time with --timeout, or less load.",
  },
  LOAD_UNANSWERED: {
    who: "operator",
    text: "The connection began anew, so nobody knows what became of an event.",
    advice: "Look into the log of the site's host for the reason.",
  },
  LOAD_TARGET: {
    who: "operator",
    text: "What a step names is not on the page.",
    advice: "Compare the script with the site's viewdefs, or record it again.",
  },
  LOAD_EXPECTED: {
    who: "app",
    text: "The page does not show what the script expects.",
    advice: "Check the site, or the script.",
  },
  LOAD_PROTOCOL: {
    who: "internal",
    text: "The site sent a frame that is against the protocol.",
    advice: "Use the version of Moonpool that the site runs.",
  },
  LOAD_FULL: {
    who: "operator",
    text: "A session was to arrive when as many as allowed were there.",
    advice: "Raise --sessions, or lower --rate.",
  },

  INTERNAL: { who: "internal", text: "Moonpool itself failed.", advice: "Report it with the log." },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof errors;

/** An error as it crosses a boundary. `file` is relative to the site; `line` counts from 1. */
export interface WireError {
  code: ErrorCode;
  message: string;
  /** The variable at fault. */
  id?: number;
  file?: string;
  line?: number;
  /** Lua traceback, in development mode only. */
  stack?: string;
  /** What was being shown or done ("Contact.DEFAULT fullName()"), in development mode only. */
  where?: string;
}

/** An error of the catalogue as a JavaScript error. */
export class MoonpoolError extends Error {
  override readonly name = "MoonpoolError";
  readonly code: ErrorCode;
  readonly at: Pick<WireError, "id" | "file" | "line" | "stack">;

  /** `message` defaults to the catalogue's text. */
  constructor(
    code: ErrorCode,
    message?: string,
    at: Pick<WireError, "id" | "file" | "line" | "stack"> = {},
    cause?: unknown,
  ) {
    super(message ?? errors[code].text, cause === undefined ? undefined : { cause });
    this.code = code;
    this.at = at;
  }

  get who(): Who {
    return errors[this.code].who;
  }

  get advice(): string {
    return errors[this.code].advice;
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, ...this.at };
  }
}

/** What was thrown, as it crosses a boundary; INTERNAL if it is no MoonpoolError. */
export function wireError(error: unknown): WireError {
  return (error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", String(error), {}, error)).toWire();
}
