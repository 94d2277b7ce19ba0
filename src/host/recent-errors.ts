import { errors, type ErrorCode, type Who, type WireError } from "../protocol/main.ts";

/** An error that has happened, once or more often. Times are ms since 1970. */
export interface RecentError {
  code: ErrorCode;
  who: Who;
  /** What it said last. */
  message: string;
  file?: string;
  line?: number;
  count: number;
  first: number;
  last: number;
  /** The session that it last happened in, by the beginning of its id, as in the log. */
  session?: string;
}

const MOST = 100;
const LONGEST_MESSAGE = 2_000;
const LONGEST_FILE = 500;

/**
 * The last errors that differ. What comes from one place in a file is one error, whatever it says, and what clients do wrong is
 * one for each code: or else one loop whose messages hold a number, or one client that plays, would push out everything else.
 */
export class RecentErrors {
  /** The one that has not happened for the longest time first. */
  readonly #errors = new Map<string, RecentError>();

  add({ code, message, file, line }: WireError, now: number, session?: string): void {
    const { who } = errors[code];
    const where = file === undefined ? undefined : cut(file, LONGEST_FILE);
    const said = cut(message, LONGEST_MESSAGE);
    const what = who === "client" ? "" : where === undefined ? said : `${where}:${line ?? ""}`;
    const key = `${code} ${what}`;
    const before = this.#errors.get(key);
    this.#errors.delete(key);
    this.#errors.set(key, {
      code,
      who,
      message: said,
      ...(where !== undefined && { file: where }),
      ...(line !== undefined && { line }),
      count: (before?.count ?? 0) + 1,
      first: before?.first ?? now,
      last: now,
      ...(session !== undefined && { session }),
    });
    if (this.#errors.size <= MOST) return;
    const [oldest = ""] = this.#errors.keys();
    this.#errors.delete(oldest);
  }

  /** The newest first. */
  list(): RecentError[] {
    return [...this.#errors.values()].map((error) => ({ ...error })).toReversed();
  }
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
