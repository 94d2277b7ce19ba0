import fs from "node:fs";
import path from "node:path";
import { open, type RootDatabase } from "lmdb";
import { MoonpoolError } from "../../protocol/main.ts";
import { checkLmdbFile } from "./lmdb-file.ts";

/** Codes of the system that say that there is no room: ENOSPC, EFBIG, EDQUOT. */
const FULL = new Set(["ENOSPC", "EFBIG", "EDQUOT"]);
/** Free bytes of the file that only what makes room may use: a transaction of LMDB writes pages before it frees any. */
const RESERVE = 256 * 1024;
/** Bytes by which the file grows at least. */
const GROWTH = 1024 * 1024;

/** Puts a value in the place of the one before; undefined removes it. */
export type Put = (key: Buffer, value: Buffer | undefined) => void;

/**
 * The part of lmdb that the store uses: binary keys and values in one file, written in transactions that are on the disk when
 * they are told to be done. Errors are MoonpoolErrors.
 */
export class Database {
  readonly #file: string;
  /** A file that is there as soon as something was written: without the other one, sessions are gone. */
  readonly #mark: string;
  #isMarked: boolean;
  readonly #lmdb: RootDatabase<Buffer, Buffer>;
  /** Bytes of the file that are not in use, at least. */
  #room = 0;

  /** Opens the file in a folder of which the process is the owner. Throws STORE_CORRUPT, STORE_VERSION, STORE_FAILED. */
  constructor(folder: string) {
    this.#file = path.join(folder, "sessions.mdb");
    this.#mark = path.join(folder, "written");
    this.#isMarked = fs.existsSync(this.#mark);
    this.#lmdb = this.#reading(() => {
      // The owner is alone: readers that another process has left in the lock file are none.
      fs.rmSync(`${this.#file}-lock`, { force: true });
      const size = fs.statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
      // An empty file is what is left of a process that was killed while it made the store.
      if (size > 0) checkLmdbFile(this.#file);
      else if (this.#isMarked)
        throw new MoonpoolError("STORE_CORRUPT", `The store had sessions, and ${this.#file} is missing or empty.`);
      return open<Buffer, Buffer>({
        path: this.#file,
        noSubdir: true,
        encoding: "binary",
        keyEncoding: "binary",
        // A commit is done when it is on the disk; lmdb's other way tells of that separately.
        overlappingSync: false,
        // Each group is a transaction of its own, begun as soon as it is given.
        eventTurnBatching: false,
      });
    });
  }

  get(key: Buffer): Buffer | undefined {
    return this.#reading(() => this.#lmdb.getBinary(key));
  }

  /** Entries with keys from `start` on and below `end`. */
  entries(start: Buffer, end: Buffer): { key: Buffer; value: Buffer }[] {
    return this.#reading(() => [...this.#lmdb.getRange({ start, end })]);
  }

  keys(start: Buffer, end: Buffer): Buffer[] {
    return this.#reading(() => [...this.#lmdb.getKeys({ start, end })]);
  }

  /**
   * All that `fill` puts and removes, as one; it is called at once. Resolves when all is on the disk. Rejects with STORE_FULL
   * or STORE_FAILED, and nothing is changed. `bytes` may be needed for it; 0: it makes room, and may use the reserve.
   */
  async write(bytes: number, fill: (put: Put) => void): Promise<void> {
    if (bytes > 0) this.#makeRoom(bytes);
    try {
      await this.#lmdb.batch(() =>
        fill((key, value) => void (value ? this.#lmdb.put(key, value) : this.#lmdb.remove(key))),
      );
    } catch (error) {
      throw await this.#failure(error);
    }
    if (!this.#isMarked) this.#setMark();
  }

  /** Bytes that are in use; the file may have free ones besides. */
  get bytes(): number {
    const { pageSize, root, free } = this.#lmdb.getStats() as Record<"root" | "free", TreeSize> & { pageSize: number };
    return pageSize * (2 + pagesOf(root) + pagesOf(free));
  }

  close(): Promise<void> {
    return this.#lmdb.close();
  }

  #setMark(): void {
    this.#isMarked = true;
    try {
      fs.writeFileSync(this.#mark, "");
    } catch {
      // There may be no room. What is written is safe all the same.
      this.#isMarked = false;
    }
  }

  #reading<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (error instanceof MoonpoolError) throw error;
      const what = error instanceof Error ? error.message : String(error);
      throw new MoonpoolError("STORE_FAILED", `The store ${this.#file} cannot be read: ${what}.`, {}, error);
    }
  }

  /** Why a commit failed. */
  async #failure(error: unknown): Promise<MoonpoolError> {
    let reason = error as Error;
    try {
      // lmdb has the reason in a promise beside the error.
      await (error as { commitError?: Promise<never> }).commitError;
    } catch (cause) {
      reason = cause as Error;
    }
    // Of a write that came to an end in the middle lmdb only knows that it was short.
    this.#room = 0;
    try {
      this.#grow(GROWTH);
    } catch (full) {
      return full as MoonpoolError;
    }
    const message = `The store ${this.#file} cannot be written: ${reason.message}.`;
    return new MoonpoolError("STORE_FAILED", message, {}, reason);
  }

  /**
   * Makes the file long enough before LMDB needs it: so it is known in time and in the system's words that there is no room, the
   * reserve stays, and commits find their blocks there already.
   */
  #makeRoom(bytes: number): void {
    if (this.#room < bytes + RESERVE) {
      this.#room = fs.statSync(this.#file).size - this.bytes;
      const missing = bytes + RESERVE - this.#room;
      if (missing > 0) this.#room += this.#grow(missing);
    }
    this.#room -= bytes;
  }

  /** Makes the file longer by so many bytes or somewhat more; returns by how many. Throws STORE_FULL or STORE_FAILED. */
  #grow(bytes: number): number {
    const handle = fs.openSync(this.#file, "r+");
    const { size } = fs.fstatSync(handle);
    let grown = 0;
    try {
      const zeros = Buffer.alloc(GROWTH);
      while (grown < bytes) grown += fs.writeSync(handle, zeros, 0, zeros.length, size + grown);
      return grown;
    } catch (error) {
      // Close to the end of the disk, less than a whole step may be enough.
      if (grown >= bytes) return grown;
      fs.ftruncateSync(handle, size);
      const { code = "", message } = error as NodeJS.ErrnoException;
      if (FULL.has(code))
        throw new MoonpoolError("STORE_FULL", `The store ${this.#file} has no room: ${message}.`, {}, error);
      throw new MoonpoolError("STORE_FAILED", `The store ${this.#file} cannot grow: ${message}.`, {}, error);
    } finally {
      fs.closeSync(handle);
    }
  }
}

interface TreeSize {
  treeBranchPageCount: number;
  treeLeafPageCount: number;
  overflowPages: number;
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeSize): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}
