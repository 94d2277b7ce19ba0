/** Reads the pieces that a binary chunk of Lua 5.4 is made of. Reading past the end throws RangeError. */
export class DumpReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new RangeError("the binary chunk is cut off");
    return value;
  }

  /** The bytes themselves, not a copy. */
  bytes(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) throw new RangeError("the binary chunk is cut off");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Seven bits per byte, the highest first; the last byte has its eighth bit set. */
  size(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (byte > 127) return value;
    }
  }

  words(count: number): Uint32Array {
    const bytes = this.bytes(count * 4);
    const words = new Uint32Array(count);
    for (let index = 0; index < count; index++) words[index] = bytes.readUInt32LE(index * 4);
    return words;
  }

  integer(): bigint {
    return this.bytes(8).readBigInt64LE();
  }

  float(): number {
    return this.bytes(8).readDoubleLE();
  }

  /** A string's bytes as latin1; undefined where there is none. */
  string(): string | undefined {
    const size = this.size();
    return size === 0 ? undefined : this.bytes(size - 1).toString("latin1");
  }

  /** A number of things, then these things. */
  list<Item>(read: () => Item): Item[] {
    const count = this.size();
    const items: Item[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }
}

/** Writes what `DumpReader` reads. */
export class DumpWriter {
  #bytes = Buffer.allocUnsafe(4096);
  #at = 0;

  /** Everything written. */
  take(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  size(value: number): void {
    let digits = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) digits++;
    this.#reserve(digits);
    let rest = value;
    for (let index = digits - 1; index >= 0; index--) {
      this.#bytes[this.#at + index] = (rest % 128) | (index === digits - 1 ? 128 : 0);
      rest = Math.floor(rest / 128);
    }
    this.#at += digits;
  }

  words(value: Uint32Array): void {
    this.#reserve(value.length * 4);
    for (const word of value) this.#at = this.#bytes.writeUInt32LE(word, this.#at);
  }

  integer(value: bigint): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeBigInt64LE(value, this.#at);
  }

  float(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  string(value: string | undefined): void {
    this.size(value === undefined ? 0 : value.length + 1);
    if (value === undefined) return;
    this.#reserve(value.length);
    this.#at += this.#bytes.write(value, this.#at, "latin1");
  }

  list<Item>(items: readonly Item[], write: (item: Item) => void): void {
    this.size(items.length);
    for (const item of items) write(item);
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
