import type { WireError } from "../../protocol/main.ts";
import type { ReloadReport } from "../../protocol/reload.ts";
import { knownError } from "../../protocol/wire-error.ts";
import { logSiteError, type Log } from "../log.ts";
import type { Session } from "../session.ts";

/** File names in a line of the log. */
const MOST_NAMES = 3;

/** What one batch of changed files led to, in all sessions: for the log and for notices in pages. */
export class ReloadSummary {
  /** What the author saved, and what was tried again because of it. */
  readonly files: Set<string>;
  /** Sessions in which something was reloaded. */
  readonly reloaded = new Set<Session>();
  /** Sessions in which the code from before is still running. */
  readonly kept = new Set<Session>();
  readonly #log: Log;
  readonly #since: number;
  readonly #logged = new Set<string>();
  #missing = 0;
  #last: number;

  /** `since`: when the first of the files was saved, as of performance.now(). */
  constructor(log: Log, files: Iterable<string>, since: number) {
    this.#log = log;
    this.files = new Set(files);
    this.#since = since;
    this.#last = performance.now();
  }

  /** So many more sessions have to answer. */
  expect(count: number): void {
    this.#missing += count;
  }

  /** Sessions that have not answered yet. */
  get missing(): number {
    return this.#missing;
  }

  /** ms from the first save to the last answer. */
  get time(): number {
    return Math.round(this.#last - this.#since);
  }

  /** Sessions that the batch concerned. */
  get sessions(): number {
    return new Set([...this.reloaded, ...this.kept]).size;
  }

  /** A session has answered; with undefined: it is gone. Errors are logged at once, each once for all sessions. */
  add(session: Session, result: ReloadReport | undefined, isReloaded: boolean): void {
    this.#missing--;
    if (result === undefined) return;
    this.#last = performance.now();
    if (isReloaded) this.reloaded.add(session);
    if (result.error !== undefined) {
      this.kept.add(session);
      this.#logOnce("error", result.error);
    }
    for (const note of result.notes) this.#logOnce("warn", note);
  }

  /** Writes the one line that says that the files were noticed. */
  write(): void {
    const { files, kept, reloaded, sessions, time, missing } = this;
    const fields = { reload: { files: [...files], sessions, kept: kept.size, time } };
    this.#log.info(fields, this.#parts(names([...files]), kept.size, reloaded.size, missing).join(" · "));
  }

  #parts(files: string, kept: number, reloaded: number, missing: number): string[] {
    const late = missing === 0 ? [] : [`${counted(missing)} still busy`];
    const time = `${this.time} ms`;
    if (kept > 0 && reloaded === 0)
      return [
        `not reloaded: ${files}`,
        `${counted(kept)} still ${kept === 1 ? "runs" : "run"} the code from before`,
        time,
        ...late,
      ];
    const some = kept === this.sessions ? "all" : String(kept);
    const older = kept === 0 ? [] : [`${some} of them still run the code from before`];
    return [`reloaded ${files}`, counted(this.sessions), time, ...older, ...late];
  }

  #logOnce(level: "error" | "warn", raised: WireError): void {
    const error = knownError(raised);
    const text = JSON.stringify([level, error.code, error.file, error.line, error.message]);
    if (this.#logged.has(text)) return;
    this.#logged.add(text);
    logSiteError(this.#log, level, error);
  }
}

function names(files: string[]): string {
  const more = files.length - MOST_NAMES;
  return files.slice(0, MOST_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function counted(sessions: number): string {
  return `${sessions} session${sessions === 1 ? "" : "s"}`;
}
