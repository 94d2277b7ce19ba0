import { hashOf } from "./sealed.ts";

/**
 * Keys of the disk store. In their order, a session's head, its snapshots and its journal are one run of entries, and so
 * are the descriptions of all sessions:
 *
 *     b HASH              bytes of a blob
 *     d HASH              a session's id and description
 *     f                   format of the store
 *     n HASH              name of a blob
 *     s HASH 0            head: id, first, last, positions of the snapshots
 *     s HASH 1 POSITION   a snapshot
 *     s HASH 2 POSITION   a record
 *
 * A hash is the first 16 bytes of SHA-256, a position 6 bytes, so that keys are short and alike for ids of any kind.
 */
const RUN = 17;
const HEAD = 0;
const SNAPSHOT = 1;
const RECORD = 2;

export const FORMAT_KEY = Buffer.from("f");

/** Key of one entry for a name: of `b`lob, `d`escription, `n`ame. */
export function namedKey(kind: "b" | "d" | "n", name: string): Buffer {
  return Buffer.concat([Buffer.from(kind), hashOf(name)]);
}

/** The keys of the named entries of a kind. */
export function namedKeys(kind: "b" | "d" | "n"): { start: Buffer; end: Buffer } {
  return { start: Buffer.from(kind), end: Buffer.from([kind.charCodeAt(0) + 1]) };
}

/** The keys of a session. */
export class SessionKeys {
  readonly description: Buffer;
  readonly head: Buffer;

  constructor(id: string) {
    const hash = hashOf(id);
    this.description = Buffer.concat([Buffer.from("d"), hash]);
    this.head = Buffer.concat([Buffer.from("s"), hash, Buffer.from([HEAD])]);
  }

  snapshot(position: number): Buffer {
    return this.#entry(SNAPSHOT, position);
  }

  record(position: number): Buffer {
    return this.#entry(RECORD, position);
  }

  /** Everything of the session but its description. */
  get all(): { start: Buffer; end: Buffer } {
    return { start: this.head, end: this.#entry(RECORD + 1, 0) };
  }

  #entry(kind: number, position: number): Buffer {
    const key = Buffer.allocUnsafe(RUN + 7);
    this.head.copy(key, 0, 0, RUN);
    key[RUN] = kind;
    key.writeUIntBE(position, RUN + 1, 6);
    return key;
  }
}
