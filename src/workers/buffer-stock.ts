/** Bytes of the smallest buffer; each larger size is twice the one before. Pages that were never written take no memory. */
const SMALLEST = 65_536;
/** Bytes of unused buffers that are kept. New memory costs more than what is copied into it: each page is a fault. */
const KEPT = 4 * 2 ** 20;

/** An ArrayBuffer of pages of its own, which go back to the system at once when it becomes shorter. (ES2024.) */
interface Pages extends ArrayBuffer {
  resize(length: number): void;
}
const PagesConstructor = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => Pages;

/**
 * Memory for images, which come and go faster than the garbage collector would free it, and in sizes that leave holes
 * in the allocator's heap. Who takes a buffer gives it back.
 */
export class BufferStock {
  readonly #kept: number;
  readonly #unused: Pages[] = [];
  #unusedBytes = 0;
  readonly #own = new WeakSet<object>();

  constructor(kept = KEPT) {
    this.#kept = kept;
  }

  /** A buffer of `size` bytes with anything in it. It may be a part of a larger one. */
  take(size: number): Buffer {
    const wanted = lengthFor(size);
    const index = this.#unused.findLastIndex(({ byteLength }) => byteLength === wanted);
    const [found] = index < 0 ? [] : this.#unused.splice(index, 1);
    this.#unusedBytes -= found?.byteLength ?? 0;
    return Buffer.from(found ?? this.#make(wanted), 0, size);
  }

  /** Takes back a buffer that nobody reads or writes any more; those of others it leaves alone. */
  give(buffer: Uint8Array): void {
    const pages = buffer.buffer;
    if (!this.#isOwn(pages)) return;
    this.#unused.push(pages);
    this.#unusedBytes += pages.byteLength;
    // Those of a size that nobody wants any more come first.
    while (this.#unusedBytes > this.#kept) this.#drop(this.#unused.shift());
  }

  #drop(pages: Pages | undefined): void {
    this.#unusedBytes -= pages?.byteLength ?? 0;
    pages?.resize(0);
  }

  #isOwn(buffer: ArrayBufferLike): buffer is Pages {
    return this.#own.has(buffer);
  }

  #make(length: number): Pages {
    const pages = new PagesConstructor(length, { maxByteLength: length });
    this.#own.add(pages);
    return pages;
  }
}

function lengthFor(size: number): number {
  return Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(size)));
}
