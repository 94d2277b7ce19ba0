import type { WireError } from "../protocol/error-code.ts";
import type { FromWorker, LogLevel } from "../protocol/worker-message.ts";

type LogMessage = Extract<FromWorker, { kind: "log" }>;

/** What one event may log: so many texts, and as many errors, so that the error that ends a loop of prints is seen. */
const MOST_ENTRIES = 1_000;
/** Characters of one entry. */
const LONGEST_ENTRY = 10_000;

/** Passes on what the Lua code of a session logs, but no more of one event than anybody can read. */
export class EventLog {
  readonly #post: (message: LogMessage) => void;
  #texts = 0;
  #errors = 0;

  constructor(post: (message: LogMessage) => void) {
    this.#post = post;
  }

  /** `entry`: level, message (of any number of lines), and the JSON text of an error or nothing, each on lines of its own. */
  add(entry: string): void {
    const first = entry.indexOf("\n");
    const last = entry.lastIndexOf("\n");
    const error = entry.slice(last + 1);
    const count = error === "" ? ++this.#texts : ++this.#errors;
    if (count > MOST_ENTRIES) return;
    this.#post({
      kind: "log",
      level: entry.slice(0, first) as LogLevel,
      message: cut(entry.slice(first + 1, last)),
      ...(error !== "" && { error: JSON.parse(error) as WireError }),
    });
  }

  /** The event is over. */
  end(): void {
    const dropped = Math.max(0, this.#texts - MOST_ENTRIES) + Math.max(0, this.#errors - MOST_ENTRIES);
    this.#texts = this.#errors = 0;
    if (dropped === 0) return;
    this.#post({ kind: "log", level: "warn", message: `${dropped} more log entries of the same event were dropped.` });
  }
}

function cut(text: string): string {
  return text.length > LONGEST_ENTRY ? `${text.slice(0, LONGEST_ENTRY)}…` : text;
}
