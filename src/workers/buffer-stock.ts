/** Bytes of the smallest buffer, and from one size to the next; of large ones there are four sizes up to twice the size. */
const SMALLEST = 65_536;
/**
 * By how much a buffer can grow where it is: an image that no longer fits its size takes one more step of memory, not a new
 * buffer. Addresses alone cost nothing.
 */
const GROWTH = 4;
/** How much longer than wanted a buffer may be. */
const LONGER = 1.5;
/** Bytes of unused buffers that are kept. New memory costs more than what is copied into it: each page is a fault. */
const KEPT = 4 * 2 ** 20;

/** An ArrayBuffer of pages of its own, which go back to the system at once when it becomes shorter. (ES2024.) */
interface Pages extends ArrayBuffer {
  readonly maxByteLength: number;
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
    const pages = this.#find(wanted) ?? this.#make(wanted);
    if (pages.byteLength < wanted) pages.resize(wanted);
    return Buffer.from(pages, 0, size);
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

  /** Takes the unused one that is nearest to `wanted`: not much longer, or able to become that long. */
  #find(wanted: number): Pages | undefined {
    let best: Pages | undefined;
    let least = Infinity;
    for (const pages of this.#unused) {
      const { byteLength, maxByteLength } = pages;
      const distance = Math.abs(byteLength - wanted);
      if (distance > least || maxByteLength < wanted || byteLength > LONGER * wanted) continue;
      best = pages;
      least = distance;
    }
    if (best === undefined) return undefined;
    this.#unused.splice(this.#unused.indexOf(best), 1);
    this.#unusedBytes -= best.byteLength;
    return best;
  }

  #drop(pages: Pages | undefined): void {
    this.#unusedBytes -= pages?.byteLength ?? 0;
    pages?.resize(0);
  }

  #isOwn(buffer: ArrayBufferLike): buffer is Pages {
    return this.#own.has(buffer);
  }

  #make(length: number): Pages {
    const pages = new PagesConstructor(length, { maxByteLength: GROWTH * length });
    this.#own.add(pages);
    return pages;
  }
}

function lengthFor(size: number): number {
  const step = Math.max(SMALLEST, 2 ** (Math.floor(Math.log2(size)) - 2));
  return Math.max(SMALLEST, Math.ceil(size / step) * step);
}
