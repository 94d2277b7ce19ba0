import type { ErrorReport } from "../protocol/main.ts";
import type { Clock } from "./clock.ts";
import { shortId, type Log } from "./log.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A page that is wrong may report its error with every frame it gets; the log needs it a few times. */
const RATE = { perSecond: 5, burst: 20 };
/** ms after the first report that was dropped until the log is told how many were. */
const SUMMARY_WAIT = 10_000;
const LONGEST_MESSAGE = 2_000;

/** Writes the errors that one page reports to the log. The session has no part in them. */
export class PageReports {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #fields: { session: string; connection: number };
  readonly #bucket: TokenBucket;
  #dropped = 0;
  #cancelSummary: (() => void) | undefined;

  constructor(log: Log, clock: Clock, session: string, connection: number) {
    this.#log = log;
    this.#clock = clock;
    this.#fields = { session: shortId(session), connection };
    this.#bucket = new TokenBucket(RATE, clock.now());
  }

  add({ code, message, id }: ErrorReport): void {
    if (!this.#bucket.take(this.#clock.now())) {
      this.#dropped++;
      this.#cancelSummary ??= this.#clock.after(SUMMARY_WAIT, () => this.close());
      return;
    }
    const fields = { ...this.#fields, code, ...(id === undefined ? {} : { variable: id }) };
    const text = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
    this.#log.warn(fields, `in the page: ${text}`);
  }

  /** Says how many were dropped since it last did. Leaves no timer behind. */
  close(): void {
    this.#cancelSummary?.();
    this.#cancelSummary = undefined;
    if (this.#dropped === 0) return;
    this.#log.warn(this.#fields, `in the page: ${this.#dropped} more dropped`);
    this.#dropped = 0;
  }
}
