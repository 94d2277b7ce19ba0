import { Journal, misplaced } from "./journal.ts";
import type { ListedSession, SessionStore, StoredSession } from "./session-store.ts";

class Kept extends Journal {
  description = "";
  /** That of position `first` comes first. */
  records: string[] = [];
  /** As `snapshots`. */
  images: Uint8Array[] = [];
}

/** Sessions in the process's memory: they survive their threads, and end with the process. Nothing is copied. */
export class MemoryStore implements SessionStore {
  readonly durability: "memory" | "disk" = "memory";
  readonly #history: number;
  readonly #sessions = new Map<string, Kept>();
  readonly #blobs = new Map<string, Uint8Array>();

  /** Keeps the last `history` snapshots of each session. */
  constructor({ history = 2 }: { history?: number } = {}) {
    this.#history = history;
  }

  async list(): Promise<ListedSession[]> {
    return Array.from(this.#sessions, ([id, { description }]) => ({ id, description }));
  }

  async load(id: string): Promise<StoredSession | undefined> {
    const kept = this.#sessions.get(id);
    if (!kept) return undefined;
    const { description, newest, first, records } = kept;
    const bytes = kept.images.at(-1);
    return {
      description,
      snapshot: newest === undefined || !bytes ? undefined : { position: newest, bytes },
      records: records.slice((newest ?? 0) + 1 - first),
    };
  }

  describe(id: string, description: string): void {
    this.#session(id).description = description;
  }

  append(id: string, record: string): number {
    const kept = this.#session(id);
    kept.records.push(record);
    return ++kept.last;
  }

  snapshot(id: string, position: number, bytes: Uint8Array): void {
    const known = this.#sessions.get(id);
    const kept = known ?? new Kept();
    const replaced = position === kept.newest;
    const { records, snapshots } = kept.snapshot(position, this.#history);
    if (replaced) kept.images.pop();
    kept.images.push(bytes);
    kept.images.splice(0, snapshots.length);
    if (records.to >= records.from) kept.records.splice(0, records.to + 1 - records.from);
    if (!known) this.#sessions.set(id, kept);
  }

  async truncate(id: string, position: number): Promise<void> {
    const kept = this.#sessions.get(id);
    if (!kept) throw misplaced(`There is no session ${JSON.stringify(id)}.`);
    kept.truncate(position);
    kept.images.length = kept.snapshots.length;
    kept.records.length = position + 1 - kept.first;
  }

  async history(id: string): Promise<{ position: number; record: string }[]> {
    const kept = this.#sessions.get(id);
    return kept?.records.map((record, index) => ({ position: kept.first + index, record })) ?? [];
  }

  /** Takes a session over from another store, as `load` gave it. */
  adopt(id: string, { description, snapshot, records }: StoredSession): void {
    const position = snapshot?.position ?? 0;
    const snapshots = snapshot ? [position] : [];
    const kept = new Kept(position + 1, position + records.length, snapshots);
    kept.description = description;
    kept.records = [...records];
    if (snapshot) kept.images.push(snapshot.bytes);
    this.#sessions.set(id, kept);
  }

  remove(id: string): void {
    this.#sessions.delete(id);
  }

  /** What is here can be found nowhere else. */
  release(): void {}

  flushed(): Promise<void> | undefined {
    return undefined;
  }

  putBlob(name: string, bytes: Uint8Array): void {
    this.#blobs.set(name, bytes);
  }

  async blob(name: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(name);
  }

  async blobNames(): Promise<string[]> {
    return [...this.#blobs.keys()];
  }

  removeBlob(name: string): void {
    this.#blobs.delete(name);
  }

  async close(): Promise<void> {
    this.#sessions.clear();
    this.#blobs.clear();
  }

  #session(id: string): Kept {
    let kept = this.#sessions.get(id);
    if (!kept) this.#sessions.set(id, (kept = new Kept()));
    return kept;
  }
}
