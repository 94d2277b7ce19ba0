import { MoonpoolError } from "../../protocol/main.ts";
import { Database, type Put } from "./database.ts";
import { bytesAdded, bytesNeeded, headsOf, isRemoval, putAll, SessionInUse, type Write } from "./disk-write.ts";
import { EntryReader } from "./entry-reader.ts";
import { GroupCommit } from "./group-commit.ts";
import { Journal, misplaced } from "./journal.ts";
import { seal, unsealText } from "./sealed.ts";
import type { ListedSession, SessionStore, StoredSession } from "./session-store.ts";
import { FORMAT_KEY, SessionKeys } from "./store-key.ts";

/** Counts up when what the store's entries mean changes. */
const FORMAT = 1;

export interface DiskStoreOptions {
  /** Snapshots of each session that are kept. Default: 2. */
  history?: number;
  /** Bytes that the store may fill. Its file can be somewhat larger, and does not shrink. Default: what the disk has. */
  maxBytes?: number;
}

/** Sessions in a database on the disk. See docs/decisions/0014-the-store.md. */
export class DiskStore implements SessionStore {
  readonly durability = "disk";
  readonly #database: Database;
  readonly #entries: EntryReader;
  readonly #unlock: () => Promise<void>;
  readonly #history: number;
  readonly #maxBytes: number;
  /** Those in use. Of all others nothing is in memory. */
  readonly #sessions = new Map<string, SessionInUse>();
  /** How many writes of each blob wait or are under way. */
  readonly #blobsPending = new Map<string, number>();
  #closed = false;
  readonly #commit = new GroupCommit<Write>((group) => this.#write(group));

  private constructor(database: Database, unlock: () => Promise<void>, options: DiskStoreOptions) {
    this.#database = database;
    this.#entries = new EntryReader(database);
    this.#unlock = unlock;
    this.#history = options.history ?? 2;
    this.#maxBytes = options.maxBytes ?? Infinity;
  }

  /**
   * Opens the store in a folder of which the process is the owner; closing calls `unlock`. Rejects with STORE_CORRUPT,
   * STORE_VERSION, STORE_FULL or STORE_FAILED.
   */
  static async open(folder: string, unlock: () => Promise<void>, options: DiskStoreOptions): Promise<DiskStore> {
    const database = new Database(folder);
    try {
      const stored = database.get(FORMAT_KEY);
      if (stored) checkFormat(folder, unsealText(FORMAT_KEY, stored));
      else if (database.keys(Buffer.from([0]), Buffer.from([255])).length > 0) throw noFormat(folder);
      else await database.write(1, putFormat);
      return new DiskStore(database, unlock, options);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async list(): Promise<ListedSession[]> {
    await this.flushed();
    return this.#entries.sessions();
  }

  async load(id: string): Promise<StoredSession | undefined> {
    await this.#settled(id);
    // Not what the session in use says: that may be ahead of what is written.
    const keys = this.#sessions.get(id)?.keys ?? new SessionKeys(id);
    const journal = this.#entries.journal(id, keys);
    if (!journal) return undefined;
    const { newest, last } = journal;
    const stored = {
      description: this.#entries.description(id, keys),
      snapshot:
        newest === undefined ? undefined : { position: newest, bytes: this.#entries.snapshot(id, keys, newest) },
      records: this.#entries.records(id, keys, (newest ?? 0) + 1, last),
    };
    if (!this.#sessions.has(id)) this.#sessions.set(id, new SessionInUse(id, keys, journal));
    return stored;
  }

  describe(id: string, description: string): void {
    this.#add({ kind: "describe", session: this.#session(id), description });
  }

  append(id: string, record: string): number {
    const session = this.#session(id);
    const position = session.journal.last + 1;
    this.#add({ kind: "record", session, position, record });
    session.journal.last = position;
    return position;
  }

  snapshot(id: string, position: number, bytes: Uint8Array): void {
    const known = this.#find(id);
    if (!known && position !== 0) throw misplaced(`Session ${JSON.stringify(id)} has no position ${position}.`);
    const session = known ?? this.#session(id);
    const forgotten = session.journal.snapshot(position, this.#history);
    this.#add({ kind: "snapshot", session, position, bytes });
    this.#add({ kind: "forget", session, forgotten });
  }

  async truncate(id: string, position: number): Promise<void> {
    const session = this.#find(id);
    if (!session) throw misplaced(`There is no session ${JSON.stringify(id)}.`);
    this.#add({ kind: "forget", session, forgotten: session.journal.truncate(position) });
  }

  async history(id: string): Promise<{ position: number; record: string }[]> {
    await this.#settled(id);
    const keys = this.#sessions.get(id)?.keys ?? new SessionKeys(id);
    const journal = this.#entries.journal(id, keys);
    if (!journal) return [];
    const { first, last } = journal;
    return this.#entries.records(id, keys, first, last).map((record, i) => ({ position: first + i, record }));
  }

  remove(id: string): void {
    // What is there need not be known, and cannot be if it is damaged.
    const session = this.#sessions.get(id) ?? new SessionInUse(id, new SessionKeys(id), new Journal());
    this.#add({ kind: "remove", session });
    session.removed = true;
    this.#sessions.set(id, session);
  }

  release(id: string): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    session.released = true;
    this.#drop(session);
  }

  flushed(): Promise<void> | undefined {
    return this.#commit.flushed();
  }

  putBlob(name: string, bytes: Uint8Array): void {
    this.#add({ kind: "blob", name, bytes });
  }

  async blob(name: string): Promise<Uint8Array | undefined> {
    if (this.#blobsPending.has(name)) await this.flushed();
    return this.#entries.blob(name);
  }

  async blobNames(): Promise<string[]> {
    await this.flushed();
    return this.#entries.blobNames();
  }

  removeBlob(name: string): void {
    this.#add({ kind: "blob", name, bytes: undefined });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#commit.close();
    } finally {
      await this.#database.close();
      await this.#unlock();
      this.#sessions.clear();
    }
  }

  #add(write: Write): void {
    if (this.#closed) throw new MoonpoolError("STORE_FAILED", "The store is closed.");
    if (write.kind === "blob") this.#blobsPending.set(write.name, (this.#blobsPending.get(write.name) ?? 0) + 1);
    else write.session.pending++;
    this.#commit.add(write);
  }

  /** The session, if it is there. */
  #find(id: string): SessionInUse | undefined {
    const known = this.#sessions.get(id);
    if (known) {
      known.released = false;
      return known.removed ? undefined : known;
    }
    const keys = new SessionKeys(id);
    const journal = this.#entries.journal(id, keys);
    if (!journal) return undefined;
    const session = new SessionInUse(id, keys, journal);
    this.#sessions.set(id, session);
    return session;
  }

  /** The session; makes it, if it is not there. */
  #session(id: string): SessionInUse {
    const found = this.#find(id);
    if (found) return found;
    const session = new SessionInUse(id, new SessionKeys(id), new Journal());
    this.#add({ kind: "describe", session, description: "" });
    this.#sessions.set(id, session);
    return session;
  }

  /** Resolves when what the session was given before is in the database. */
  async #settled(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (!session) return;
    session.released = false;
    if (session.pending > 0) await this.flushed();
  }

  /** Nothing of a session that is not used stays in memory. */
  #drop(session: SessionInUse): void {
    const unused = session.pending === 0 && (session.released || session.removed);
    if (unused && this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  async #write(group: Write[]): Promise<void> {
    const heads = headsOf(group);
    try {
      await this.#writeAll(group, heads);
    } catch (error) {
      // Removals make room, and wait for none. That they are done a second time with the others changes nothing.
      const removals = group.filter(isRemoval);
      if (removals.length === 0 || !(error instanceof MoonpoolError) || error.code !== "STORE_FULL") throw error;
      await this.#writeAll(removals, new Map());
      // LMDB uses pages again that were free in the transaction before the last one.
      await this.#database.write(0, putFormat);
      await this.#writeAll(group, heads);
    }
    for (const write of group) this.#written(write);
  }

  async #writeAll(group: Write[], heads: Map<SessionInUse, string>): Promise<void> {
    // What is in use is only asked for if it matters.
    if (this.#maxBytes < Infinity) {
      const added = bytesAdded(group);
      if (added > 0 && this.#database.bytes + added > this.#maxBytes)
        throw new MoonpoolError("STORE_FULL", `The store may fill ${this.#maxBytes} bytes, and they are used up.`);
    }
    await this.#database.write(bytesNeeded(group), (put) => putAll(group, heads, this.#database, put));
  }

  #written(write: Write): void {
    if (write.kind === "blob") {
      const pending = (this.#blobsPending.get(write.name) ?? 1) - 1;
      if (pending > 0) this.#blobsPending.set(write.name, pending);
      else this.#blobsPending.delete(write.name);
    } else {
      write.session.pending--;
      this.#drop(write.session);
    }
  }
}

function putFormat(put: Put): void {
  put(FORMAT_KEY, seal(FORMAT_KEY, JSON.stringify({ format: FORMAT })));
}

function noFormat(folder: string): MoonpoolError {
  return new MoonpoolError("STORE_CORRUPT", `The store ${folder} does not say what its format is.`);
}

function checkFormat(folder: string, text: string | undefined): void {
  if (text === undefined) throw noFormat(folder);
  const { format } = JSON.parse(text) as { format: number };
  if (format === FORMAT) return;
  const message = `The store ${folder} has format ${format}; this version of Moonpool has format ${FORMAT}.`;
  throw new MoonpoolError("STORE_VERSION", message);
}
