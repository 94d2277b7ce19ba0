/** Bytes; buffers come in multiples of it. */
const UNIT = 65_536;
/** Unused buffers that are kept. */
const MOST = 32;

/**
 * Buffers that are used again and again. Images come and go faster than the garbage collector would free them, and as
 * garbage they would take more memory than all sessions.
 */
export class BufferStock {
  readonly #unused: Buffer[] = [];
  readonly #own = new WeakSet<object>();

  /** A buffer of `size` bytes with anything in it. It may be a part of a larger one. */
  take(size: number): Buffer {
    const index = this.#unused.findIndex(({ length }) => length >= size && length <= 2 * size + UNIT);
    const [found] = index < 0 ? [] : this.#unused.splice(index, 1);
    return (found ?? this.#make(size)).subarray(0, size);
  }

  /** Takes back a buffer that nobody reads or writes any more; those of others it leaves alone. */
  give(buffer: Uint8Array): void {
    if (this.#unused.length < MOST && this.#own.has(buffer.buffer)) this.#unused.push(Buffer.from(buffer.buffer));
  }

  #make(size: number): Buffer {
    const buffer = Buffer.allocUnsafeSlow(Math.ceil(size / UNIT) * UNIT);
    this.#own.add(buffer.buffer);
    return buffer;
  }
}
