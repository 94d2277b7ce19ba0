import zlib from "node:zlib";
import { MoonpoolError, type WireError } from "../protocol/main.ts";
import { type FromSession, sessionEvent } from "../protocol/worker-message.ts";
import type { SessionStore } from "./store/session-store.ts";

/**
 * The portable state of a session as it was when it went to rest, beside its snapshots: what it goes on from when no image of it
 * can be loaded. In the store it is a blob: the position that it is of, in a line of its own, and the state, deflated.
 */
export interface KeptPortable {
  /** As JSON. */
  state: string;
  /** The same as its thread gave it. */
  deflated: Uint8Array;
  /** After the record at this position. */
  position: number;
}

/** The number of an `export` event whose state is to be kept. */
const AT_REST = 1;
const NEWLINE = 10;
const POSITION = /^\d{1,15}$/;
/** Bytes of a state: more than a session's memory holds by default. */
const MOST = 256 * 2 ** 20;

/** Has the portable state of a session made and kept when it goes to rest. */
export class PortableAtRest {
  readonly #store: SessionStore;
  readonly #id: string;
  /** Position of the one that was kept last, as far as it is known. */
  #kept: number | undefined;
  #isGivenUp = false;

  constructor(store: SessionStore, id: string) {
    this.#store = store;
    this.#id = id;
  }

  /** The event that asks a session for it which rests after the record at `position`; undefined if that is of no use. */
  eventFor(position: number, time: number): string | undefined {
    if (this.#store.durability === "memory" || this.#isGivenUp || this.#kept === position) return undefined;
    return sessionEvent("export", AT_REST, time);
  }

  /** Keeps what came of it. Why there is none is told once, and it is not asked for again. */
  keep(state: Uint8Array | WireError, position: number | undefined, tell: (message: FromSession) => void): void {
    if (!(state instanceof Uint8Array)) {
      this.giveUp();
      const message = `the session has no portable state for the next version of Moonpool: ${state.message}`;
      tell({ kind: "log", level: "warn", message, error: state });
    } else if (position !== undefined) {
      keepPortable(this.#store, this.#id, position, state);
      this.#kept = position;
    }
  }

  /** It is not asked for any more: it cannot be had, or the thread died of that. */
  giveUp(): void {
    this.#isGivenUp = true;
  }
}

/** Where nothing outlives the process, images do not either, and nothing is kept. */
export function keepPortable(store: SessionStore, id: string, position: number, deflated: Uint8Array): void {
  if (store.durability !== "memory") store.putBlob(nameOf(id), Buffer.concat([Buffer.from(`${position}\n`), deflated]));
}

/** Undefined: there is none. Rejects with MoonpoolError STORE_CORRUPT. */
export async function findPortable(store: SessionStore, id: string): Promise<KeptPortable | undefined> {
  const blob = store.durability === "memory" ? undefined : await store.blob(nameOf(id));
  if (blob === undefined) return undefined;
  const end = blob.indexOf(NEWLINE);
  const position = Buffer.from(blob.subarray(0, Math.max(0, end))).toString();
  if (!POSITION.test(position)) throw corrupt();
  try {
    const deflated = blob.subarray(end + 1);
    const state = zlib.inflateRawSync(deflated, { maxOutputLength: MOST });
    return { state: state.toString(), deflated, position: Number(position) };
  } catch (error) {
    throw corrupt(error);
  }
}

/** The state is of a session that is not to be gone on with. */
export function forgetPortable(store: SessionStore, id: string): void {
  if (store.durability !== "memory") store.removeBlob(nameOf(id));
}

/** Removes all that the store has of a session. */
export function removeSession(store: SessionStore, id: string): void {
  store.remove(id);
  forgetPortable(store, id);
}

function nameOf(id: string): string {
  return `state/${id}`;
}

function corrupt(cause?: unknown): MoonpoolError {
  return new MoonpoolError("STORE_CORRUPT", "The portable state of a session cannot be read.", {}, cause);
}
