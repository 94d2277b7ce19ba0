import { MoonpoolError } from "../protocol/main.ts";
import type { SessionStore, StoredSession } from "./store/session-store.ts";

/**
 * What a session's records and snapshots in the store mean. A record is the text of a session event, or one of these:
 *
 *     void 17        the event at position 17 has not happened: it was refused
 *     restart        what comes next is a new session under the same id
 *
 * A snapshot is a head, as JSON text in a line of its own, and the bytes of an image (session-image.ts).
 */
export interface KeptState {
  /** What was said of the session (`describe`). */
  description: string;
  /** null: as at birth. */
  image: Uint8Array | null;
  /** The position that it is of. */
  start: number;
  /** Due in the image. ms since 1970. */
  nextTimer: number | undefined;
  /** The events after the image, oldest first. */
  events: KeptEvent[];
  /** Position of the newest record. */
  position: number;
  /** Browser tabs that are connected, as far as the session knows: number → `seq` of the last frame that it was given. */
  connections: Map<number, number>;
  /** The highest number that a tab has had. */
  connectionsEver: number;
  /** Time of the newest event, in ms since 1970: a session's clock never goes back. */
  time: number;
}

export interface KeptEvent {
  position: number;
  text: string;
}

/** What a snapshot says beside the image. */
export interface SnapshotHead {
  nextTimer: number | undefined;
  connections: [number: number, seq: number][];
  connectionsEver: number;
  time: number;
}

const NEWLINE = 10;
export const RESTART = "restart";

/** The head line of a session event. */
const EVENT =
  /^(start|connect|frame|disconnect|pause|resume|refresh|timer|reload|resync|import) (\d+) (\d+)\n(?:[01] (\d+)\b)?/;
const VOID = /^void (\d+)$/;

export function voidRecord(position: number): string {
  return `void ${position}`;
}

/** The position of the event that a record declares void; Infinity: none. */
export function refusedBy(record: string): number {
  return Number(VOID.exec(record)?.[1] ?? Infinity);
}

export function encodeSnapshot(head: SnapshotHead, image: Uint8Array): Uint8Array {
  const text = Buffer.from(`${JSON.stringify(head)}\n`);
  return Buffer.concat([text, image]);
}

/**
 * All that is known of a session; undefined: nothing to go on from, not even its start. Rejects with MoonpoolError
 * STORE_CORRUPT.
 */
export async function loadKept(store: SessionStore, id: string): Promise<KeptState | undefined> {
  const stored = await store.load(id);
  const state = stored && keptState(stored);
  return state?.image || state?.events[0]?.text.startsWith("start ") ? state : undefined;
}

/** Throws MoonpoolError STORE_CORRUPT. */
export function keptState({ description, snapshot, records }: StoredSession): KeptState {
  const start = snapshot?.position ?? 0;
  const state: KeptState = {
    description,
    image: null,
    start,
    nextTimer: undefined,
    events: [],
    position: start + records.length,
    connections: new Map(),
    connectionsEver: 0,
    time: 0,
  };
  if (snapshot !== undefined) takeSnapshot(state, snapshot.bytes);
  const refused = new Set<number>();
  for (const text of records) refused.add(refusedBy(text));
  for (const [index, text] of records.entries()) {
    const position = start + index + 1;
    if (text === RESTART) {
      Object.assign(state, { image: null, start: position, nextTimer: undefined, events: [] });
      state.connections.clear();
    } else if (EVENT.test(text)) {
      if (refused.has(position)) continue;
      state.events.push({ position, text });
      noteEvent(state, text);
    } else if (!VOID.test(text)) throw corrupt(`record ${position} is none`);
  }
  return state;
}

/** Keeps connections and time up to date with the text of an event that has happened. */
export function noteEvent(state: Pick<KeptState, "connections" | "connectionsEver" | "time">, text: string): void {
  const [, kind, digits, time, seq] = EVENT.exec(text) ?? [];
  const number = Number(digits);
  if (kind === "connect") {
    state.connections.set(number, 0);
    state.connectionsEver = Math.max(state.connectionsEver, number);
  } else if (kind === "frame" && state.connections.has(number)) state.connections.set(number, Number(seq ?? 0));
  else if (kind === "disconnect") state.connections.delete(number);
  state.time = Math.max(state.time, Number(time));
}

function takeSnapshot(state: KeptState, bytes: Uint8Array): void {
  const end = bytes.indexOf(NEWLINE);
  let head: Record<keyof SnapshotHead, unknown> | null = null;
  try {
    head = JSON.parse(Buffer.from(bytes.subarray(0, Math.max(0, end))).toString()) as typeof head;
  } catch (error) {
    throw corrupt(String(error), error);
  }
  if (!isHead(head)) throw corrupt("its head is not one");
  const { nextTimer, connections, connectionsEver, time } = head;
  const image = bytes.subarray(end + 1);
  Object.assign(state, { nextTimer, connections: new Map(connections), connectionsEver, time, image });
}

function isHead(head: Record<keyof SnapshotHead, unknown> | null): head is SnapshotHead {
  if (typeof head !== "object" || head === null) return false;
  const { nextTimer, connections, connectionsEver, time } = head;
  return (
    [nextTimer ?? 0, connectionsEver, time].every(Number.isFinite) &&
    Array.isArray(connections) &&
    connections.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(Number.isSafeInteger))
  );
}

function corrupt(what: string, cause?: unknown): MoonpoolError {
  return new MoonpoolError("STORE_CORRUPT", `What is kept of a session cannot be read: ${what}.`, {}, cause);
}
