import assert from "node:assert/strict";
import type { SessionStore } from "../../../src/host/store/session-store.ts";

export interface StoreStep {
  call: string;
  id: string;
  content?: string;
  /** How far before the last position. */
  back?: number;
}

interface ModelSession {
  description: string;
  /** All records that there ever were and that were not truncated. */
  records: string[];
  snapshots: { position: number; content: string }[];
}

/** What a store has to say, in the plainest words: nothing is forgotten before it is asked for. */
export class StoreModel {
  readonly #history: number;
  readonly #sessions = new Map<string, ModelSession>();
  readonly #blobs = new Map<string, string>();

  constructor(history: number) {
    this.#history = history;
  }

  /** Does the same to both, and throws if their answers differ. */
  async compare(store: SessionStore, { call, id, content = "", back = 0 }: StoreStep): Promise<void> {
    const session = this.#sessions.get(id);
    const last = session?.records.length ?? 0;
    const position = last - back;
    if (call === "append") {
      assert.equal(store.append(id, content), this.#made(id).records.push(content));
    } else if (call === "describe") {
      store.describe(id, content);
      this.#made(id).description = content;
    } else if (call === "snapshot") {
      const newest = session?.snapshots.at(-1)?.position ?? 0;
      const take = (): void => store.snapshot(id, position, Buffer.from(content, "utf16le"));
      if (position < newest) return assert.throws(take, { code: "STORE_POSITION" });
      take();
      const { snapshots } = this.#made(id);
      if (snapshots.at(-1)?.position === position) snapshots.pop();
      snapshots.push({ position, content });
      if (snapshots.length > this.#history) snapshots.shift();
    } else if (call === "truncate") {
      if (!session || position < (session.snapshots[0]?.position ?? 0))
        return assert.rejects(store.truncate(id, position), { code: "STORE_POSITION" });
      await store.truncate(id, position);
      session.records.length = position;
      session.snapshots = session.snapshots.filter((snapshot) => snapshot.position <= position);
    } else if (call === "remove") {
      store.remove(id);
      this.#sessions.delete(id);
    } else if (call === "release") {
      store.release(id);
    } else if (call === "load") {
      await this.#compareLoaded(store, id);
    } else if (call === "history") {
      await this.#compareHistory(store, id);
    } else if (call === "flushed") {
      await store.flushed();
    } else if (call === "turn") {
      await new Promise((resolve) => setImmediate(resolve));
    } else if (call === "putBlob") {
      store.putBlob(id, Buffer.from(content, "utf16le"));
      this.#blobs.set(id, content);
    } else {
      assert.equal(call, "removeBlob");
      store.removeBlob(id);
      this.#blobs.delete(id);
    }
    return undefined;
  }

  /** Throws unless the store says of everything what the model says. */
  async compareAll(store: SessionStore, ids: string[]): Promise<void> {
    for (const id of ids) {
      await this.#compareLoaded(store, id);
      await this.#compareHistory(store, id);
      const blob = await store.blob(id);
      assert.equal(blob && Buffer.from(blob).toString("utf16le"), this.#blobs.get(id));
    }
    assert.deepEqual((await store.blobNames()).sort(), [...this.#blobs.keys()].sort());
    assert.deepEqual(
      new Map((await store.list()).map(({ id, description }) => [id, description])),
      new Map(Array.from(this.#sessions, ([id, { description }]) => [id, description])),
    );
  }

  async #compareLoaded(store: SessionStore, id: string): Promise<void> {
    const loaded = await store.load(id);
    const session = this.#sessions.get(id);
    const newest = session?.snapshots.at(-1);
    assert.deepEqual(
      loaded && {
        ...loaded,
        snapshot: loaded.snapshot && {
          position: loaded.snapshot.position,
          content: Buffer.from(loaded.snapshot.bytes).toString("utf16le"),
        },
      },
      session && {
        description: session.description,
        snapshot: newest,
        records: session.records.slice(newest?.position ?? 0),
      },
    );
  }

  async #compareHistory(store: SessionStore, id: string): Promise<void> {
    const { records = [], snapshots = [] } = this.#sessions.get(id) ?? {};
    const oldest = snapshots[0]?.position ?? 0;
    const history = records.map((record, i) => ({ position: i + 1, record }));
    assert.deepEqual(
      await store.history(id),
      history.filter(({ position }) => position >= oldest),
    );
  }

  #made(id: string): ModelSession {
    let session = this.#sessions.get(id);
    if (!session) this.#sessions.set(id, (session = { description: "", records: [], snapshots: [] }));
    return session;
  }
}
