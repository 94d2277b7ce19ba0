/**
 * Where sessions are kept beyond their threads: of each a journal of records, snapshots that stand for its beginning, and
 * a description. How safe that is depends on the store: `memory` survives threads, `disk` the process and a power cut.
 *
 *     append: 1 2 3 4 5 6 7 …        snapshot(4): what was up to 4 is in it, and need not be kept
 *     state of a session = its newest snapshot + the records after it
 *
 * What is given to a store is carried out in that order. Only `flushed` says when it is safe. A session is worked on by one
 * process at a time: a store has one owner.
 */
export interface SessionStore {
  readonly durability: "memory" | "disk";

  /** The sessions that there are, in no particular order. */
  list(): Promise<ListedSession[]>;

  /**
   * All of a session that was given before; undefined: it is not here. Rejects with MoonpoolError STORE_CORRUPT when what is
   * kept of it is not what was given; that concerns no other session.
   */
  load(id: string): Promise<StoredSession | undefined>;

  /** Text about a session that `list` tells, instead of the one before. Makes the session, if it is not here. */
  describe(id: string, description: string): void;

  /**
   * Adds a record to the session's journal. Returns its position: 1, 2, 3, … for each session. Makes the session, if it is
   * not here. Throws STORE_CORRUPT, as do all below that need to know where a damaged session's journal ends.
   */
  append(id: string, record: string): number;

  /**
   * The state of the session after all records up to `position`, which is not before its newest snapshot; one at the same
   * position takes its place. Records and snapshots that are not needed to go back to one of the last few snapshots are
   * forgotten. `bytes` are not to be changed afterwards. Throws STORE_POSITION, and changes nothing.
   */
  snapshot(id: string, position: number, bytes: Uint8Array): void;

  /**
   * Forgets records and snapshots after `position`: the session goes on from there. Rejects with STORE_POSITION if nothing
   * leads there. Safe when `flushed` says so, like everything else.
   */
  truncate(id: string, position: number): Promise<void>;

  /** What can be gone back to: each position from the oldest snapshot on, with its record. Position 0 has none. */
  history(id: string): Promise<{ position: number; record: string }[]>;

  /** Forgets the session, also a damaged one. If it comes again, its positions begin at 1. */
  remove(id: string): void;

  /**
   * The session will not be used for a while: nothing of it stays in the process's memory that the store can find again. It
   * may be used at any time as if this had not been called.
   */
  release(id: string): void;

  /**
   * Undefined when all that was given so far is safe already; else resolves when it is. Rejects with MoonpoolError STORE_FULL or
   * STORE_FAILED when an attempt at that failed: what was safe before is still, what was given since stays in memory and in
   * its order, and is tried again soon; the next call tells how that went.
   */
  flushed(): Promise<void> | undefined;

  /** Bytes that many sessions share, by name (a hash of their content, or a fixed name). */
  putBlob(name: string, bytes: Uint8Array): void;
  blob(name: string): Promise<Uint8Array | undefined>;
  blobNames(): Promise<string[]>;
  removeBlob(name: string): void;

  /** Makes everything safe, and gives the store up. Gives it up also when it rejects, as `flushed` does. */
  close(): Promise<void>;
}

export interface ListedSession {
  id: string;
  /** Empty, if it is lost. */
  description: string;
  /** Present: `load` will say STORE_CORRUPT. Not all that is damaged is seen here. */
  damaged?: true;
}

export interface StoredSession {
  description: string;
  /** The newest; absent: the journal begins with the session. */
  snapshot: { position: number; bytes: Uint8Array } | undefined;
  /** Those after the snapshot, in order, without gaps. */
  records: string[];
}
