import { createHash } from "node:crypto";
import fs from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

/** What a file held at one time. */
export interface Content {
  inode: bigint;
  /** Another one after every write, but for those that are to be hidden: those that set the file's time back. */
  version: string;
  /** Another one whenever anything about the file has changed. */
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

/** As readAtOnce, but lets others have the thread between pieces. undefined also when `isStopped` says so. */
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
    const content = contentOf(stats, hash.digest("base64url"));
    return signatureOf(fs.fstatSync(handle, { bigint: true })) === content.signature ? content : undefined;
  } finally {
    fs.closeSync(handle);
  }
}

/** Stands for the content of a file that is too large to be read for nothing. */
export function unread(stats: fs.BigIntStats): Content {
  return contentOf(stats, `not read: ${signatureOf(stats)}`);
}

/** See Content. */
export function signatureOf(stats: fs.BigIntStats): string {
  return `${versionOf(stats)} ${stats.ctimeNs}`;
}

function versionOf({ dev, ino, size, mtimeNs }: fs.BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs}`;
}

function contentOf(stats: fs.BigIntStats, hash: string): Content {
  return { inode: stats.ino, version: versionOf(stats), signature: signatureOf(stats), hash };
}
