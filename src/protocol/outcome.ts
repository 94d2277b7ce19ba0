import type { WireError } from "./error-code.ts";
import type { ImportReport } from "./portable.ts";
import type { ReloadReport } from "./reload.ts";

/** A viewdef in one of its versions. */
export interface ViewdefVersion {
  key: string;
  /** That of the plan: ViewPlan.hash. */
  hash: string;
}

/** What one connection is to be sent. The fragments are JSON texts of messages, joined by commas, "" when none. */
export interface ConnectionChanges {
  connection: number;
  /** Viewdefs that this connection needs and has not been sent in this version, in the order they appear. */
  viewdefs: ViewdefVersion[];
  high: string;
  medium: string;
  low: string;
}

/** Why an event is to be taken back. */
export interface RefusedEvent extends WireError {
  /** The handle of the timer whose callback is at fault: a `timer` event with the body `skip 12` does without it. */
  timer?: number;
}

/** What a session event led to. */
export interface Outcome extends OutcomeHead {
  /** A person waits for the changes. */
  urgent: boolean;
  connections: ConnectionChanges[];
}

/** What the thread itself has to know of an outcome. */
export interface OutcomeHead {
  /** When the next Lua timer is due, in ms since 1970. */
  nextTimer: number | undefined;
  /** The session cannot go on. */
  failure: WireError | undefined;
  /** The event is to be taken back whole. */
  refused: RefusedEvent | undefined;
  /** There is something to be sent. */
  hasChanges: boolean;
}

/**
 * Looks at the beginning of the text that the runtime answers, which src/workers/runtime/main.lua describes. The text
 * itself goes on to the host: one string is the cheapest thing to pass between threads.
 */
export function readOutcomeHead(text: string): OutcomeHead {
  const end = text.indexOf("\n");
  const due = end < 0 ? text : text.slice(0, end);
  const next = end < 0 ? "" : text.charAt(end + 1);
  return {
    nextTimer: due === "-" ? undefined : Number(due),
    failure: next === "!" ? (errorAt(text, end) as WireError) : undefined,
    refused: next === "x" ? (errorAt(text, end) as RefusedEvent) : undefined,
    hasChanges: next === "c",
  };
}

function errorAt(text: string, end: number): unknown {
  return JSON.parse(text.slice(end + 3));
}

/** The outcome of a `reload` event, and its last line, which is for the host and not for pages. */
export interface ReloadResult {
  outcome: string;
  report: Omit<ReloadReport, "time">;
}

/** Takes the text that the runtime answers to a `reload` event apart. */
export function takeReport(text: string): ReloadResult {
  const at = text.lastIndexOf("\nr ");
  return { outcome: text.slice(0, at), report: JSON.parse(text.slice(at + 3)) as ReloadResult["report"] };
}

/** Takes the text that the runtime answers to an `export` event apart: its last line is the state, or says why there is none. */
export function takeState(text: string): { outcome: string; state: string | WireError } {
  const at = text.lastIndexOf("\np ");
  const line = text.slice(at + 3);
  const state = line.startsWith('{"error":') ? (JSON.parse(line) as { error: WireError }).error : line;
  return { outcome: text.slice(0, at), state };
}

/** Takes the text that the runtime answers to an `import` event apart. */
export function takeImport(text: string): { outcome: string; report: ImportReport } {
  const at = text.lastIndexOf("\ni ");
  return { outcome: text.slice(0, at), report: JSON.parse(text.slice(at + 3)) as ImportReport };
}

/** Takes the text that the runtime answers apart. No JSON of messages is parsed, and no line is looked at twice. */
export function parseOutcome(text: string): Outcome {
  const { nextTimer, failure, refused, hasChanges } = readOutcomeHead(text);
  // Field by field: a copy by `...` takes a tenth of the host's time for an event.
  const outcome: Outcome = { nextTimer, failure, refused, hasChanges, urgent: false, connections: [] };
  let changes: ConnectionChanges | undefined;
  for (let end = text.indexOf("\n"); end >= 0;) {
    const start = end + 1;
    end = text.indexOf("\n", start);
    const body = text.slice(start + 2, end < 0 ? undefined : end);
    const kind = text.charAt(start);
    if (kind === "c") {
      const space = body.indexOf(" ");
      changes = { connection: Number(body.slice(0, space)), viewdefs: [], high: "", medium: "", low: "" };
      outcome.connections.push(changes);
      if (body.charAt(space + 1) === "1") outcome.urgent = true;
    } else if (changes === undefined) continue;
    else if (kind === "h") changes.high = body;
    else if (kind === "m") changes.medium = body;
    else if (kind === "l") changes.low = body;
    else if (kind === "v") changes.viewdefs = body.split("\t").map(versionOf);
  }
  return outcome;
}

function versionOf(text: string): ViewdefVersion {
  const [key = "", hash = ""] = text.split(" ");
  return { key, hash };
}
