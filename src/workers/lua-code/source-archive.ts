import zlib from "node:zlib";

/** Bytes, deflated: thousands of versions. */
const MOST = 32 * 2 ** 20;

/** The sources of many versions of files, so that they can be compiled again. Those that were added first go first. */
export class SourceArchive {
  readonly #sources = new Map<string, Buffer>();
  #bytes = 0;

  add(hash: string, source: string): void {
    this.#remove(hash);
    const deflated = zlib.deflateRawSync(source);
    this.#sources.set(hash, deflated);
    this.#bytes += deflated.length;
    for (const first of this.#sources.keys()) {
      if (this.#bytes <= MOST) return;
      this.#remove(first);
    }
  }

  get(hash: string): string | undefined {
    const deflated = this.#sources.get(hash);
    return deflated && zlib.inflateRawSync(deflated).toString();
  }

  #remove(hash: string): void {
    this.#bytes -= this.#sources.get(hash)?.length ?? 0;
    this.#sources.delete(hash);
  }
}
