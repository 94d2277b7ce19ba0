import { createHash } from "node:crypto";
import fs from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

/** What a file held at one time. */
export interface Content {
  inode: bigint;
  /** Another one after every write, whatever the file's times are set to. */
  signature: string;
  hash: string;
}

/** Bytes after which a slow reading lets others have the thread. */
export const PIECE = 1 << 20;

/** Hash of an empty file. */
export const EMPTY = createHash("sha256").digest("base64url");

// One for all: nothing is left in it between two pieces.
const buffer = Buffer.allocUnsafe(1 << 18);

/** Reads a file. undefined: it was written meanwhile. Throws if it cannot be read. */
export function readAtOnce(file: string): Content | undefined {
  const pieces = reading(file);
  for (;;) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
  }
}

/** Reads a file piece by piece, whatever its size. undefined: it was written meanwhile, or `isStopped`. Throws if it cannot be read. */
export async function readSlowly(file: string, isStopped: () => boolean): Promise<Content | undefined> {
  const pieces = reading(file);
  for (;;) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
    await nextTurn();
    if (isStopped()) {
      pieces.return(undefined);
      return undefined;
    }
  }
}

/** Reads a file, with a rest after each piece. undefined: it was written meanwhile. */
function* reading(file: string): Generator<void, Content | undefined> {
  // A pipe of that name would never end otherwise.
  const handle = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const stats = fs.fstatSync(handle, { bigint: true });
    const hash = createHash("sha256");
    let rest = PIECE;
    for (let at = 0, size = Number(stats.size); at < size;) {
      const length = fs.readSync(handle, buffer, 0, Math.min(buffer.length, size - at), at);
      if (length === 0) return undefined;
      hash.update(buffer.subarray(0, length));
      at += length;
      if (at < rest) continue;
      rest += PIECE;
      yield;
    }
    const signature = signatureOf(stats);
    if (signatureOf(fs.fstatSync(handle, { bigint: true })) !== signature) return undefined;
    return { inode: stats.ino, signature, hash: hash.digest("base64url") };
  } finally {
    fs.closeSync(handle);
  }
}

/** Stands for the content of a file that is too large to be read for nothing. */
export function unread(stats: fs.BigIntStats): Content {
  const signature = signatureOf(stats);
  return { inode: stats.ino, signature, hash: `not read: ${signature}` };
}

/** Tells whether a file may have been written. */
export function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: fs.BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
