import type { Database, Put } from "./database.ts";
import type { Described, Head } from "./entry-reader.ts";
import type { Forgotten, Journal } from "./journal.ts";
import { seal, sealedSize } from "./sealed.ts";
import { namedKey, SessionKeys } from "./store-key.ts";

/** Bytes that an entry costs besides its value: its key, its place in a page that is not full. */
const ENTRY_COST = 64;
/** Bytes of pages that are written anew because a session in them was written to. */
const PAGES_COST = 3 * 4096;

/** A session that is in use. What it says is what the store will say when everything that waits is written. */
export class SessionInUse {
  readonly id: string;
  readonly keys: SessionKeys;
  readonly journal: Journal;
  /** Its writes that wait or are under way. */
  pending = 0;
  removed = false;
  released = false;

  constructor(id: string, keys: SessionKeys, journal: Journal) {
    this.id = id;
    this.keys = keys;
    this.journal = journal;
  }
}

export type Write =
  | { kind: "describe"; session: SessionInUse; description: string }
  | { kind: "record"; session: SessionInUse; position: number; record: string }
  | { kind: "snapshot"; session: SessionInUse; position: number; bytes: Uint8Array }
  | { kind: "forget"; session: SessionInUse; forgotten: Forgotten }
  | { kind: "remove"; session: SessionInUse }
  | { kind: "blob"; name: string; bytes: Uint8Array | undefined };

/**
 * The heads of the sessions that are written to, as they are when the last of the writes was given: so it has to be called
 * before anything else is.
 */
export function headsOf(group: Write[]): Map<SessionInUse, string> {
  const heads = new Map<SessionInUse, string>();
  for (const write of group) {
    if (write.kind === "blob" || write.session.removed || heads.has(write.session)) continue;
    const { id, journal } = write.session;
    heads.set(write.session, JSON.stringify([id, journal.first, journal.last, journal.snapshots] satisfies Head));
  }
  return heads;
}

/** Puts what the writes say, in their order, and then the heads. */
export function putAll(group: Write[], heads: Map<SessionInUse, string>, database: Database, put: Put): void {
  const putSealed = (key: Buffer, content: string | Uint8Array): void => put(key, seal(key, content));
  for (const write of group) {
    if (write.kind === "blob") {
      const [key, nameKey] = [namedKey("b", write.name), namedKey("n", write.name)];
      put(key, write.bytes && seal(key, write.bytes));
      put(nameKey, write.bytes && seal(nameKey, write.name));
      continue;
    }
    const { session } = write;
    const { keys } = session;
    if (write.kind === "remove") {
      put(keys.description, undefined);
      for (const key of database.keys(keys.all.start, keys.all.end)) put(key, undefined);
    }
    // What comes before its removal need not come at all.
    if (session.removed) continue;
    if (write.kind === "describe") {
      const described: Described = { id: session.id, description: write.description };
      putSealed(keys.description, JSON.stringify(described));
    } else if (write.kind === "record") {
      putSealed(keys.record(write.position), write.record);
    } else if (write.kind === "snapshot") {
      putSealed(keys.snapshot(write.position), write.bytes);
    } else if (write.kind === "forget") {
      const { records, snapshots } = write.forgotten;
      for (let position = records.from; position <= records.to; position++) put(keys.record(position), undefined);
      for (const position of snapshots) put(keys.snapshot(position), undefined);
    }
  }
  for (const [session, head] of heads) if (!session.removed) putSealed(session.keys.head, head);
}

/** True: it makes room. */
export function isRemoval(write: Write): boolean {
  return write.kind === "remove" || (write.kind === "blob" && write.bytes === undefined);
}

/** Bytes that the writes add to what is in use, nearly; 0: none adds anything. */
export function bytesAdded(group: Write[]): number {
  return group.reduce((sum, write) => sum + sizeOf(write), 0);
}

/** Bytes of pages that the writes need, nearly, while those from before are still needed too. */
export function bytesNeeded(group: Write[]): number {
  const added = bytesAdded(group);
  const places = new Set(group.map((write) => (write.kind === "blob" ? write.name : write.session)));
  return added === 0 ? 0 : added + PAGES_COST * places.size;
}

function sizeOf(write: Write): number {
  if (write.kind === "record") return ENTRY_COST + sealedSize(write.record);
  if (write.kind === "describe") return ENTRY_COST + sealedSize(write.description);
  const added = write.kind === "snapshot" || write.kind === "blob" ? write.bytes : undefined;
  return added ? ENTRY_COST + sealedSize(added) : 0;
}
