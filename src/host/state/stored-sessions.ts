import { MoonpoolError, type WireError } from "../../protocol/main.ts";
import type { ImportReport } from "../../protocol/portable.ts";
import { knownError } from "../../protocol/wire-error.ts";
import { type FromSession, sessionEvent } from "../../protocol/worker-message.ts";
import { Bases } from "../bases.ts";
import { keptState } from "../kept-state.ts";
import type { RecoveryStep } from "../recovery.ts";
import { randomId } from "../random-id.ts";
import { SessionKeeper } from "../session-keeper.ts";
import { MemoryStore } from "../store/memory-store.ts";
import type { SessionStore, StoredSession } from "../store/session-store.ts";
import type { WorkerPool } from "../worker-pool.ts";

/** A session that was brought to life. */
export interface ResumedSession {
  /** Its portable state, as JSON. Rejects with what keeps it from being had. */
  exportState(): Promise<string>;
  close(): void;
}

/**
 * Brings a stored session to life, as it was after its last record. `onMessage` gets what comes of its records that nobody
 * has heard of yet; `onEnd` is called once when it is over. Throws MoonpoolError.
 */
export type ResumeSession = (
  id: string,
  stored: StoredSession,
  onMessage: (message: FromSession) => void,
  onEnd: (error?: WireError) => void,
) => Promise<ResumedSession>;

/** Resumes sessions on the threads of `pool`. Nothing in `store`, which has the bases of their images, is changed. */
export function resumeOn(pool: WorkerPool, store: SessionStore): ResumeSession {
  return async (id, stored, onMessage, onEnd) => {
    const state = keptState(stored);
    const copy = new MemoryStore();
    if (state.image) await new Bases(store).copy(state.image, copy);
    const keeper = new SessionKeeper(pool, copy);
    const decide = async (): Promise<RecoveryStep> => "end";
    const options = { sessionId: id, isolation: "shared", description: "", decide } as const;
    if (stored.snapshot !== undefined) {
      copy.adopt(id, stored);
      return keeper.open({ ...options, kept: state }, onMessage, onEnd);
    }
    const port = keeper.open(options, onMessage, onEnd);
    for (const { text } of state.events) void port.send(text);
    return port;
  };
}

/** The portable state of a stored session, as JSON; the store is not changed. Rejects with what keeps it from being had. */
export async function exportSession(id: string, stored: StoredSession, resume: ResumeSession): Promise<string> {
  let port: ResumedSession | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const onMessage = (message: FromSession): void => {
        try {
          check(message);
        } catch (error) {
          reject(error);
        }
      };
      const onEnd = (error?: WireError): void => reject(error ? errorOf(error) : new MoonpoolError("SESSION_ENDED"));
      resume(id, stored, onMessage, onEnd)
        .then((resumed) => {
          port = resumed;
          return resumed.exportState();
        })
        .then(resolve, reject);
    });
  } finally {
    port?.close();
  }
}

/**
 * The journal of a session that begins with a portable state. `development` and `hotload` are what the session is told when it
 * starts.
 */
export function journalOf(state: string, options: { development: boolean; hotload: boolean }, time: number): string[] {
  const start = JSON.stringify({ seed: randomId(), ...options });
  return [sessionEvent("start", 0, time, start), sessionEvent("import", 0, time, state)];
}

/** What becomes of such a journal when it is carried out. Rejects with what keeps the session from starting. */
export async function tryJournal(id: string, records: string[], resume: ResumeSession): Promise<ImportReport> {
  let port: ResumedSession | undefined;
  try {
    return await new Promise<ImportReport>((resolve, reject) => {
      const onMessage = (message: FromSession): void => {
        if (typeof message === "string") return;
        if (message.kind === "imported") resolve(message.report);
        else if (message.kind === "failed") reject(errorOf(message.error));
      };
      const onEnd = (error?: WireError): void => reject(error ? errorOf(error) : new MoonpoolError("SESSION_ENDED"));
      resume(id, { description: "", snapshot: undefined, records }, onMessage, onEnd).then(
        (resumed) => (port = resumed),
        reject,
      );
    });
  } finally {
    port?.close();
  }
}

/** Throws when the session is not what its journal says. */
function check(message: FromSession): void {
  if (typeof message === "string") return;
  if ((message.kind === "failed" || message.kind === "refused") && message.error) throw errorOf(message.error);
  if (message.kind === "imported" && message.report.error) throw errorOf(message.report.error);
}

function errorOf(error: WireError): MoonpoolError {
  const { code, message, ...at } = knownError(error);
  const place = at.file === undefined ? "" : `${at.file}${at.line === undefined ? "" : `:${at.line}`}: `;
  return new MoonpoolError(code, place + message, at);
}
