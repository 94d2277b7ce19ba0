import { MoonpoolError } from "../../protocol/main.ts";
import { Database } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { type Forgotten, Journal, misplaced } from "./journal.ts";
import { seal, sealedSize, unsealAnyway, unsealBytes, unsealText } from "./sealed.ts";
import type { ListedSession, SessionStore, StoredSession } from "./session-store.ts";
import { FORMAT_KEY, namedKey, namedKeys, SessionKeys } from "./store-key.ts";

/** Counts up when what the store's entries mean changes. */
const FORMAT = 1;
/** Bytes that an entry costs besides its value: its key, its place in a page that is not full. */
const ENTRY_COST = 64;

export interface DiskStoreOptions {
  /** Snapshots of each session that are kept. Default: 2. */
  history?: number;
  /** Bytes that the store may fill. Its file can be somewhat larger, and does not shrink. Default: what the disk has. */
  maxBytes?: number;
}

/** A session that is in use. What it says is what the store will say when everything that waits is written. */
class Session {
  readonly keys: SessionKeys;
  journal: Journal;
  /** Its writes that wait or are under way. */
  pending = 0;
  removed = false;
  released = false;

  constructor(id: string, journal: Journal) {
    this.keys = new SessionKeys(id);
    this.journal = journal;
  }
}

type Write =
  | { kind: "describe"; id: string; session: Session; description: string }
  | { kind: "record"; id: string; session: Session; position: number; record: string }
  | { kind: "snapshot"; id: string; session: Session; position: number; bytes: Uint8Array }
  | { kind: "forget"; id: string; session: Session; forgotten: Forgotten }
  | { kind: "remove"; id: string; session: Session }
  | { kind: "blob"; name: string; bytes: Uint8Array | undefined };

/** Sessions in a database on the disk. See docs/decisions/0014-the-store.md. */
export class DiskStore implements SessionStore {
  readonly durability = "disk";
  readonly #database: Database;
  readonly #unlock: () => Promise<void>;
  readonly #history: number;
  readonly #maxBytes: number;
  /** Those in use. Of all others nothing is in memory. */
  readonly #sessions = new Map<string, Session>();
  readonly #blobsPending = new Map<string, number>();
  readonly #commit = new GroupCommit<Write>((group) => this.#write(group));

  /** Use `openStore`. The folder is locked by the caller; `unlock` is called when the store is closed. */
  private constructor(database: Database, unlock: () => Promise<void>, options: DiskStoreOptions) {
    this.#database = database;
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
      else await database.write((put) => put(FORMAT_KEY, seal(FORMAT_KEY, JSON.stringify({ format: FORMAT }))));
      return new DiskStore(database, unlock, options);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async list(): Promise<ListedSession[]> {
    await this.flushed();
    const { start, end } = namedKeys("d");
    const listed: ListedSession[] = [];
    for (const { key, value } of this.#database.entries(start, end)) {
      const text = unsealText(key, value);
      if (text !== undefined) listed.push(JSON.parse(text) as ListedSession);
      else
        listed.push({ id: idIn(unsealAnyway(value)) ?? `?${key.toString("hex", 1)}`, description: "", damaged: true });
    }
    return listed;
  }

  async load(id: string): Promise<StoredSession | undefined> {
    await this.#settled(id);
    const keys = this.#sessions.get(id)?.keys ?? new SessionKeys(id);
    const journal = this.#readHead(id, keys);
    const about = this.#database.get(keys.description);
    if (!journal && !about) return undefined;
    const description = about && unsealText(keys.description, about);
    if (!journal) throw corrupt(id, "the head is missing");
    if (description === undefined) throw corrupt(id, `the description is ${about ? "damaged" : "missing"}`);
    const { newest, last } = journal;
    const snapshot =
      newest === undefined ? undefined : { position: newest, bytes: this.#readSnapshot(id, keys, newest) };
    const records = this.#readRecords(id, keys, (newest ?? 0) + 1, last);
    if (!this.#sessions.has(id)) this.#sessions.set(id, new Session(id, journal));
    return { description: (JSON.parse(description) as ListedSession).description, snapshot, records };
  }

  describe(id: string, description: string): void {
    this.#add({ kind: "describe", id, session: this.#session(id), description });
  }

  append(id: string, record: string): number {
    const session = this.#session(id);
    const position = ++session.journal.last;
    this.#add({ kind: "record", id, session, position, record });
    return position;
  }

  snapshot(id: string, position: number, bytes: Uint8Array): void {
    const known = this.#find(id);
    if (!known && position !== 0) throw misplaced(`Session ${JSON.stringify(id)} has no position ${position}.`);
    const session = known ?? this.#session(id);
    const forgotten = session.journal.snapshot(position, this.#history);
    this.#add({ kind: "snapshot", id, session, position, bytes });
    this.#forget(id, session, forgotten);
  }

  async truncate(id: string, position: number): Promise<void> {
    const session = this.#find(id);
    if (!session) throw misplaced(`There is no session ${JSON.stringify(id)}.`);
    this.#forget(id, session, session.journal.truncate(position));
  }

  async history(id: string): Promise<{ position: number; record: string }[]> {
    await this.#settled(id);
    const keys = this.#sessions.get(id)?.keys ?? new SessionKeys(id);
    const journal = this.#readHead(id, keys);
    if (!journal) return [];
    const { first, last } = journal;
    return this.#readRecords(id, keys, first, last).map((record, i) => ({ position: first + i, record }));
  }

  remove(id: string): void {
    const session = this.#sessions.get(id) ?? new Session(id, new Journal());
    session.removed = true;
    this.#sessions.set(id, session);
    this.#add({ kind: "remove", id, session });
  }

  release(id: string): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    session.released = true;
    this.#drop(id, session);
  }

  flushed(): Promise<void> | undefined {
    return this.#commit.flushed();
  }

  putBlob(name: string, bytes: Uint8Array): void {
    this.#add({ kind: "blob", name, bytes });
  }

  async blob(name: string): Promise<Uint8Array | undefined> {
    if (this.#blobsPending.has(name)) await this.flushed();
    const [key, nameKey] = [namedKey("b", name), namedKey("n", name)];
    const [value, named] = [this.#database.get(key), this.#database.get(nameKey)];
    if (!value && !named) return undefined;
    const bytes = value && named && unsealText(nameKey, named) === name ? unsealBytes(key, value) : undefined;
    if (!bytes) throw new MoonpoolError("STORE_CORRUPT", `The blob ${JSON.stringify(name)} in the store is damaged.`);
    return bytes;
  }

  async blobNames(): Promise<string[]> {
    await this.flushed();
    const { start, end } = namedKeys("n");
    return this.#database.entries(start, end).flatMap(({ key, value }) => unsealText(key, value) ?? []);
  }

  removeBlob(name: string): void {
    this.#add({ kind: "blob", name, bytes: undefined });
  }

  async close(): Promise<void> {
    try {
      await this.#commit.close();
    } finally {
      await this.#database.close();
      await this.#unlock();
      this.#sessions.clear();
    }
  }

  #add(write: Write): void {
    if (write.kind === "blob") this.#blobsPending.set(write.name, (this.#blobsPending.get(write.name) ?? 0) + 1);
    else write.session.pending++;
    this.#commit.add(write);
  }

  #forget(id: string, session: Session, forgotten: Forgotten): void {
    this.#add({ kind: "forget", id, session, forgotten });
  }

  /** The session, if it is there. */
  #find(id: string): Session | undefined {
    let session = this.#sessions.get(id);
    if (session) {
      session.released = false;
      return session.removed ? undefined : session;
    }
    session = new Session(id, new Journal());
    const journal = this.#readHead(id, session.keys);
    if (!journal) {
      if (this.#database.get(session.keys.description)) throw corrupt(id, "the head is missing");
      return undefined;
    }
    session.journal = journal;
    this.#sessions.set(id, session);
    return session;
  }

  /** The session; makes it, if it is not there. */
  #session(id: string): Session {
    const found = this.#find(id);
    if (found) return found;
    const session = new Session(id, new Journal());
    this.#sessions.set(id, session);
    this.#add({ kind: "describe", id, session, description: "" });
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
  #drop(id: string, session: Session): void {
    const unused = session.pending === 0 && (session.released || session.removed);
    if (unused && this.#sessions.get(id) === session) this.#sessions.delete(id);
  }

  #readHead(id: string, keys: SessionKeys): Journal | undefined {
    const value = this.#database.get(keys.head);
    if (!value) return undefined;
    const text = unsealText(keys.head, value);
    if (text === undefined) throw corrupt(id, "the head is damaged");
    const [of, first, last, snapshots] = JSON.parse(text) as Head;
    if (of !== id) throw corrupt(id, "another session is in its place");
    return new Journal(first, last, snapshots);
  }

  #readSnapshot(id: string, keys: SessionKeys, position: number): Uint8Array {
    const key = keys.snapshot(position);
    const value = this.#database.get(key);
    const bytes = value && unsealBytes(key, value);
    if (!bytes) throw corrupt(id, `snapshot ${position} is ${value ? "damaged" : "missing"}`);
    return bytes;
  }

  #readRecords(id: string, keys: SessionKeys, from: number, to: number): string[] {
    if (from > to) return [];
    const entries = this.#database.entries(keys.record(from), keys.record(to + 1));
    return Array.from({ length: to - from + 1 }, (_, i) => {
      const entry = entries[i];
      const key = keys.record(from + i);
      const record = entry && entry.key.equals(key) ? unsealText(key, entry.value) : undefined;
      if (record === undefined) throw corrupt(id, `record ${from + i} is missing or damaged`);
      return record;
    });
  }

  async #write(group: Write[]): Promise<void> {
    try {
      await this.#writeAll(group);
    } catch (error) {
      // Removals make room, and wait for none. That they are done a second time with the others changes nothing.
      const removals = group.filter((write) => write.kind === "remove" || (write.kind === "blob" && !write.bytes));
      if (removals.length === 0 || !(error instanceof MoonpoolError) || error.code !== "STORE_FULL") throw error;
      await this.#writeAll(removals);
      await this.#writeAll(group);
    }
    for (const write of group) this.#written(write);
  }

  async #writeAll(group: Write[]): Promise<void> {
    this.#checkRoom(group);
    await this.#database.write((put) => this.#fill(group, put));
  }

  #fill(group: Write[], put: (key: Buffer, value: Buffer | undefined) => void): void {
    const text = (key: Buffer, content: string | Uint8Array): void => put(key, seal(key, content));
    const heads = new Map<string, Session>();
    for (const write of group) {
      if (write.kind === "blob") {
        const [key, nameKey] = [namedKey("b", write.name), namedKey("n", write.name)];
        put(key, write.bytes && seal(key, write.bytes));
        put(nameKey, write.bytes && seal(nameKey, write.name));
        continue;
      }
      const { id, session } = write;
      const { keys } = session;
      if (write.kind === "remove") {
        put(keys.description, undefined);
        for (const key of this.#database.keys(keys.all.start, keys.all.end)) put(key, undefined);
      }
      // What comes before its removal need not come at all.
      if (session.removed) continue;
      heads.set(id, session);
      if (write.kind === "describe") {
        text(keys.description, JSON.stringify({ id, description: write.description }));
      } else if (write.kind === "record") {
        text(keys.record(write.position), write.record);
      } else if (write.kind === "snapshot") {
        text(keys.snapshot(write.position), write.bytes);
      } else if (write.kind === "forget") {
        const { records, snapshots } = write.forgotten;
        for (let position = records.from; position <= records.to; position++) put(keys.record(position), undefined);
        for (const position of snapshots) put(keys.snapshot(position), undefined);
      }
    }
    for (const [id, { keys, journal }] of heads) {
      const head: Head = [id, journal.first, journal.last, journal.snapshots];
      text(keys.head, JSON.stringify(head));
    }
  }

  #written(write: Write): void {
    if (write.kind === "blob") {
      const pending = (this.#blobsPending.get(write.name) ?? 1) - 1;
      if (pending > 0) this.#blobsPending.set(write.name, pending);
      else this.#blobsPending.delete(write.name);
    } else {
      write.session.pending--;
      this.#drop(write.id, write.session);
    }
  }

  /** Throws STORE_FULL if the group would fill more than the store may. */
  #checkRoom(group: Write[]): void {
    if (this.#maxBytes === Infinity) return;
    let bytes = 0;
    for (const write of group) {
      if (write.kind === "record") bytes += ENTRY_COST + sealedSize(write.record);
      else if (write.kind === "describe") bytes += ENTRY_COST + sealedSize(write.description);
      else if (write.kind === "snapshot" || (write.kind === "blob" && write.bytes))
        bytes += ENTRY_COST + sealedSize(write.bytes ?? "");
    }
    if (bytes > 0 && this.#database.bytes + bytes > this.#maxBytes)
      throw new MoonpoolError("STORE_FULL", `The store may fill ${this.#maxBytes} bytes, and they are used up.`);
  }
}

/** The session's id, and what `Journal` holds. */
type Head = [id: string, first: number, last: number, snapshots: number[]];

function corrupt(id: string, what: string): MoonpoolError {
  return new MoonpoolError("STORE_CORRUPT", `Session ${JSON.stringify(id)} in the store is damaged: ${what}.`);
}

/** The id in the text of a damaged description, if there is one. */
function idIn(text: string): string | undefined {
  try {
    const { id } = JSON.parse(text) as { id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
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
