import { MoonpoolError } from "../../protocol/main.ts";
import type { Database } from "./database.ts";
import { Journal } from "./journal.ts";
import { unsealAnyway, unsealBytes, unsealText } from "./sealed.ts";
import type { ListedSession } from "./session-store.ts";
import { namedKey, namedKeys, type SessionKeys } from "./store-key.ts";

/** What is in a session's head: its id, and what `Journal` holds. */
export type Head = [id: string, first: number, last: number, snapshots: number[]];

/** What is in a session's description entry. */
export interface Described {
  id: string;
  description: string;
}

/**
 * Reads what the disk store's entries hold, and throws STORE_CORRUPT if that is not what was put there. Each of a session's
 * two entries, head and description, is proof that there has to be the other one.
 */
export class EntryReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Undefined: there is no such session. */
  journal(id: string, keys: SessionKeys): Journal | undefined {
    const value = this.#database.get(keys.head);
    if (!value && !this.#database.get(keys.description)) return undefined;
    if (!value) throw corrupt(id, "the head is missing");
    const text = unsealText(keys.head, value);
    if (text === undefined) throw corrupt(id, "the head is damaged");
    const [of, first, last, snapshots] = JSON.parse(text) as Head;
    if (of !== id) throw corrupt(id, "another session is in its place");
    return new Journal(first, last, snapshots);
  }

  description(id: string, keys: SessionKeys): string {
    const value = this.#database.get(keys.description);
    const text = value && unsealText(keys.description, value);
    if (text === undefined) throw corrupt(id, `the description is ${value ? "damaged" : "missing"}`);
    return (JSON.parse(text) as Described).description;
  }

  snapshot(id: string, keys: SessionKeys, position: number): Uint8Array {
    const key = keys.snapshot(position);
    const value = this.#database.get(key);
    const bytes = value && unsealBytes(key, value);
    if (!bytes) throw corrupt(id, `snapshot ${position} is ${value ? "damaged" : "missing"}`);
    return bytes;
  }

  records(id: string, keys: SessionKeys, from: number, to: number): string[] {
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

  /** All sessions; of a damaged description what can be read. */
  sessions(): ListedSession[] {
    const { start, end } = namedKeys("d");
    return this.#database.entries(start, end).map(({ key, value }) => {
      const text = unsealText(key, value);
      if (text !== undefined) return JSON.parse(text) as Described;
      const id = idIn(unsealAnyway(value)) ?? `?${key.toString("hex", 1)}`;
      return { id, description: "", damaged: true };
    });
  }

  blob(name: string): Uint8Array | undefined {
    const [key, nameKey] = [namedKey("b", name), namedKey("n", name)];
    const [value, named] = [this.#database.get(key), this.#database.get(nameKey)];
    if (!value && !named) return undefined;
    const bytes = value && named && unsealText(nameKey, named) === name ? unsealBytes(key, value) : undefined;
    if (!bytes) throw new MoonpoolError("STORE_CORRUPT", `The blob ${JSON.stringify(name)} in the store is damaged.`);
    return bytes;
  }

  blobNames(): string[] {
    const { start, end } = namedKeys("n");
    return this.#database.entries(start, end).flatMap(({ key, value }) => unsealText(key, value) ?? []);
  }
}

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
