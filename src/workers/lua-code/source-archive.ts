import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

/** Bytes, deflated: thousands of versions. */
const MOST = 32 * 2 ** 20;

/**
 * The sources of many versions of files, so that they can be compiled again. Those that were added first go first, but not from
 * the folder, if there is one: sessions that sleep for a year wake with the version that they have.
 */
export class SourceArchive {
  readonly #sources = new Map<string, Uint8Array>();
  readonly #folder: string | undefined;
  #bytes = 0;

  constructor(folder?: string) {
    this.#folder = folder;
  }

  add(hash: string, source: string): void {
    // A copy, because zlib's result is a part of a buffer of 16 KB.
    const deflated = Uint8Array.from(zlib.deflateRawSync(source));
    this.#keep(hash, deflated);
    if (this.#folder !== undefined) this.#write(path.join(this.#folder, hash), deflated);
  }

  get(hash: string): string | undefined {
    const deflated = this.#sources.get(hash);
    return deflated ? zlib.inflateRawSync(deflated).toString() : this.#read(hash);
  }

  #keep(hash: string, deflated: Uint8Array): void {
    this.#remove(hash);
    this.#sources.set(hash, deflated);
    this.#bytes += deflated.length;
    for (const first of this.#sources.keys()) {
      if (this.#bytes <= MOST) return;
      this.#remove(first);
    }
  }

  #remove(hash: string): void {
    this.#bytes -= this.#sources.get(hash)?.length ?? 0;
    this.#sources.delete(hash);
  }

  /** Other threads write the same; whoever reads finds all of it or nothing. */
  #write(file: string, deflated: Uint8Array): void {
    if (fs.existsSync(file)) return;
    const temporary = `${file}.${process.pid}.${process.hrtime.bigint()}`;
    try {
      fs.writeFileSync(temporary, deflated, { flush: true });
      fs.renameSync(temporary, file);
    } catch {
      // A session that wakes with this version cannot exchange it then, and says so.
      fs.rmSync(temporary, { force: true });
    }
  }

  /** Whoever asks compares it with the hash: a file may be damaged. */
  #read(hash: string): string | undefined {
    if (this.#folder === undefined || !/^[\w-]+$/.test(hash)) return undefined;
    try {
      const deflated = fs.readFileSync(path.join(this.#folder, hash));
      const source = zlib.inflateRawSync(deflated).toString();
      this.#keep(hash, deflated);
      return source;
    } catch {
      return undefined;
    }
  }
}
