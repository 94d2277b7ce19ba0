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
  /** Numbers of browser tabs that are connected, as far as the session knows. */
  connections: Set<number>;
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
  connections: number[];
  connectionsEver: number;
  time: number;
}

const NEWLINE = 10;
export const RESTART = "restart";

export function voidRecord(position: number): string {
  return `void ${position}`;
}

/** The position of the event that a record declares void; Infinity: none. */
export function refusedBy(record: string): number {
  const [, position] = /^void (\d+)$/.exec(record) ?? [];
  return position === undefined ? Infinity : Number(position);
}

export function encodeSnapshot(head: SnapshotHead, image: Uint8Array): Uint8Array {
  const text = Buffer.from(`${JSON.stringify(head)}\n`);
  return Buffer.concat([text, image]);
}

/** All that is known of a session; undefined: nothing. Rejects with MoonpoolError STORE_CORRUPT. */
export async function loadKept(store: SessionStore, id: string): Promise<KeptState | undefined> {
  const stored = await store.load(id);
  return stored && keptState(stored);
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
    connections: new Set(),
    connectionsEver: 0,
    time: 0,
  };
  if (snapshot !== undefined) takeSnapshot(state, snapshot.bytes);
  const refused = new Set<number>();
  for (const [index, text] of records.entries()) {
    const position = start + index + 1;
    const event = refusedBy(text);
    if (event !== Infinity) refused.add(event);
    else if (text === RESTART) Object.assign(state, { image: null, start: position, nextTimer: undefined, events: [] });
    else state.events.push({ position, text });
    noteEvent(state, text);
  }
  state.events = state.events.filter(({ position }) => !refused.has(position));
  return state;
}

/** Keeps connections and time up to date with an event's text. */
export function noteEvent(state: Pick<KeptState, "connections" | "connectionsEver" | "time">, text: string): void {
  const end = text.indexOf("\n");
  if (end < 0) return;
  const [kind = "", number = "", time = ""] = text.slice(0, end).split(" ");
  if (kind === "connect") {
    state.connections.add(Number(number));
    state.connectionsEver = Math.max(state.connectionsEver, Number(number));
  } else if (kind === "disconnect") state.connections.delete(Number(number));
  state.time = Math.max(state.time, Number(time));
}

function takeSnapshot(state: KeptState, bytes: Uint8Array): void {
  const end = bytes.indexOf(NEWLINE);
  try {
    const head = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as SnapshotHead;
    state.nextTimer = head.nextTimer;
    state.connections = new Set(head.connections);
    state.connectionsEver = head.connectionsEver;
    state.time = head.time;
    state.image = bytes.subarray(end + 1);
  } catch (error) {
    throw new MoonpoolError("STORE_CORRUPT", `A session's snapshot cannot be read: ${String(error)}`, {}, error);
  }
}
