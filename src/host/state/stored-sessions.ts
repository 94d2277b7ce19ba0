import { randomBytes } from "node:crypto";
import { MoonpoolError, type WireError } from "../../protocol/main.ts";
import type { ImportReport } from "../../protocol/portable.ts";
import { knownError } from "../../protocol/wire-error.ts";
import { type FromWorker, sessionEvent } from "../../protocol/worker-message.ts";
import type { SessionPool, SessionPort } from "../session.ts";
import type { StoredSession } from "../store/session-store.ts";

/**
 * Brings a stored session to life, as it was after its last record. `onMessage` gets what its thread answers to the records
 * and to events that are sent to the port, in order; `onEnd` is called once when it is over. Throws MoonpoolError.
 */
export type ResumeSession = (
  id: string,
  stored: StoredSession,
  onMessage: (message: FromWorker) => void,
  onEnd: (error?: WireError) => void,
) => SessionPort;

/**
 * Resumes sessions of which there is nothing but a journal from its beginning, as an imported one that nobody has opened:
 * all of it is carried out again. Throws IMAGE_FOREIGN for one with a snapshot.
 */
export function resumeFromJournal(pool: SessionPool): ResumeSession {
  return (id, stored, onMessage, onEnd) => {
    if (stored.snapshot) throw new MoonpoolError("IMAGE_FOREIGN", "The session's memory image cannot be loaded here.");
    const port = pool.open({ sessionId: id, isolation: "shared" }, onMessage, onEnd);
    for (const record of stored.records) port.send(record);
    return port;
  };
}

/** The portable state of a stored session, as JSON; the store is not changed. Rejects with what keeps it from being had. */
export function exportSession(id: string, stored: StoredSession, resume: ResumeSession): Promise<string> {
  const time = Math.max(Date.now(), timeOf(stored.records.at(-1)));
  return lastAnswer(id, stored, resume, sessionEvent("export", 0, time), (message) => {
    if (typeof message === "string" || message.kind !== "exported") return undefined;
    if (typeof message.state === "string") return message.state;
    throw errorOf(message.state);
  });
}

/**
 * The journal of a session that begins with a portable state. `development` and `hotload` are what the session is told when it
 * starts.
 */
export function journalOf(state: string, options: { development: boolean; hotload: boolean }, time: number): string[] {
  const start = JSON.stringify({ seed: randomBytes(16).toString("hex"), ...options });
  return [sessionEvent("start", 0, time, start), sessionEvent("import", 0, time, state)];
}

/** What becomes of such a journal when it is carried out. Rejects with what keeps the session from starting. */
export function tryJournal(id: string, records: string[], resume: ResumeSession): Promise<ImportReport> {
  const stored = { description: "", snapshot: undefined, records };
  return lastAnswer(id, stored, resume, undefined, (message) =>
    typeof message !== "string" && message.kind === "imported" ? message.report : undefined,
  );
}

/** Resumes a session, sends it an event and waits for the answer that `read` recognises; then the session ends. */
async function lastAnswer<Answer>(
  id: string,
  stored: StoredSession,
  resume: ResumeSession,
  event: string | undefined,
  read: (message: FromWorker) => Answer | undefined,
): Promise<Answer> {
  let port: SessionPort | undefined;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const onMessage = (message: FromWorker): void => {
        try {
          const answer = read(message);
          if (answer !== undefined) resolve(answer);
          else if (typeof message === "object") check(message);
        } catch (error) {
          reject(error);
        }
      };
      port = resume(id, stored, onMessage, (error) => {
        reject(error ? errorOf(error) : new MoonpoolError("SESSION_ENDED"));
      });
      if (event !== undefined) port.send(event);
    });
  } finally {
    port?.close();
  }
}

/** Throws when the session is not what its journal says. */
function check(message: Exclude<FromWorker, string>): void {
  if (message.kind === "failed") throw errorOf(message.error);
  if (message.kind === "imported" && message.report.error) throw errorOf(message.report.error);
}

function errorOf(error: WireError): MoonpoolError {
  const { code, message, ...at } = knownError(error);
  const place = at.file === undefined ? "" : `${at.file}${at.line === undefined ? "" : `:${at.line}`}: `;
  return new MoonpoolError(code, place + message, at);
}

/** The last number of a record's head line. */
function timeOf(record = ""): number {
  return Number(/^\w+ \d+ (\d+)\n/.exec(record)?.[1] ?? 0);
}
