/** Bytes; buffers come in multiples of it. */
const UNIT = 65_536;
/** Unused buffers that are kept. */
const MOST = 8;

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
  readonly #unused: Pages[] = [];
  readonly #own = new WeakSet<object>();

  /** A buffer of `size` bytes with anything in it. It may be a part of a larger one. */
  take(size: number): Buffer {
    const index = this.#unused.findIndex(({ byteLength }) => byteLength >= size && byteLength <= 2 * size + UNIT);
    const [found] = index < 0 ? [] : this.#unused.splice(index, 1);
    return Buffer.from(found ?? this.#make(size), 0, size);
  }

  /** Takes back a buffer that nobody reads or writes any more; those of others it leaves alone. */
  give(buffer: Uint8Array): void {
    const pages = buffer.buffer;
    if (!this.#isOwn(pages)) return;
    if (this.#unused.length < MOST) this.#unused.push(pages);
    else pages.resize(0);
  }

  #isOwn(buffer: ArrayBufferLike): buffer is Pages {
    return this.#own.has(buffer);
  }

  #make(size: number): Pages {
    const length = Math.max(1, Math.ceil(size / UNIT)) * UNIT;
    const pages = new PagesConstructor(length, { maxByteLength: length });
    this.#own.add(pages);
    return pages;
  }
}
