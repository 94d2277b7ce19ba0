import fs from "node:fs";
import path from "node:path";
import { open, type RootDatabase } from "lmdb";
import { MoonpoolError } from "../../protocol/main.ts";
import { checkLmdbFile } from "./lmdb-file.ts";

/** Codes of the system that say that there is no room: ENOSPC, EFBIG, EDQUOT. */
const FULL = new Set(["ENOSPC", "EFBIG", "EDQUOT"]);
/** Bytes written to the end of the file to find out why a commit failed. */
const PROBE = 1024 * 1024;

/**
 * The part of lmdb that the store uses: binary keys and values in one file, written in transactions that are on the disk when
 * they are told to be done. Errors are MoonpoolErrors.
 */
export class Database {
  readonly #file: string;
  readonly #lmdb: RootDatabase<Buffer, Buffer>;

  /** Opens the file in a folder of which the process is the owner. Throws STORE_CORRUPT, STORE_VERSION, STORE_FAILED. */
  constructor(folder: string) {
    this.#file = path.join(folder, "sessions.mdb");
    // The owner is alone: readers that another process has left in the lock file are none.
    fs.rmSync(`${this.#file}-lock`, { force: true });
    const size = fs.statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    // An empty file is what is left of a process that was killed while it made the store.
    if (size > 0) checkLmdbFile(this.#file);
    this.#lmdb = this.#reading(() =>
      open<Buffer, Buffer>({
        path: this.#file,
        noSubdir: true,
        encoding: "binary",
        keyEncoding: "binary",
        // A commit is done when it is on the disk; lmdb's other way tells of that separately.
        overlappingSync: false,
        // Each group is a transaction of its own, begun as soon as it is given.
        eventTurnBatching: false,
      }),
    );
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

  /** All that `fill` puts and removes, as one. Resolves when it is on the disk. Rejects with STORE_FULL or STORE_FAILED. */
  async write(fill: (put: (key: Buffer, value: Buffer | undefined) => void) => void): Promise<void> {
    try {
      await this.#lmdb.batch(() =>
        fill((key, value) => void (value ? this.#lmdb.put(key, value) : this.#lmdb.remove(key))),
      );
    } catch (error) {
      throw await this.#failure(error);
    }
  }

  /** Bytes that are in use; the file may have free ones besides. */
  get bytes(): number {
    const { pageSize, root, free } = this.#lmdb.getStats() as Record<"root" | "free", TreeSize> & { pageSize: number };
    return pageSize * (2 + pagesOf(root) + pagesOf(free));
  }

  close(): Promise<void> {
    return this.#lmdb.close();
  }

  #reading<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
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
    const full = this.#whyNoRoom();
    if (full) return new MoonpoolError("STORE_FULL", `The store ${this.#file} has no room: ${full}.`, {}, reason);
    const message = `The store ${this.#file} cannot be written: ${reason.message}.`;
    return new MoonpoolError("STORE_FAILED", message, {}, reason);
  }

  /** What the system says when the file is to grow, if that is for want of room. */
  #whyNoRoom(): string | undefined {
    const handle = fs.openSync(this.#file, "r+");
    const { size } = fs.fstatSync(handle);
    try {
      const probe = Buffer.alloc(PROBE);
      for (let done = 0; done < PROBE;) done += fs.writeSync(handle, probe, done, PROBE - done, size + done);
      fs.fdatasyncSync(handle);
      return undefined;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code !== undefined && FULL.has(code) ? message : undefined;
    } finally {
      fs.ftruncateSync(handle, size);
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
