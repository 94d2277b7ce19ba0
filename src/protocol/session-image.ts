import { MoonpoolError } from "./error-code.ts";

/** Memory of a VM at some moment that many sessions have nearly the same of: after lua/main.lua of a site ran. */
export interface BaseImage {
  /** Of its content and of the birth that it came from. */
  name: string;
  /** As of an image. */
  fingerprint: string;
  /** Size of the memory in bytes. */
  size: number;
  /** The memory, without the zeros at its end, where all threads can read it. */
  bytes: Uint8Array;
}

/**
 * A Lua VM at rest: the blocks of its memory that differ from those of its base, or from the birth image. Everything is in
 * it: globals, closures, coroutines, timers. Can be sent to another thread, which copies no base, and kept.
 */
export interface MemoryImage {
  /** Of the wasm, the runtime and the image's format: it only fits a VM that was born of the same. */
  fingerprint: string;
  /** What it is the difference to; `null`: the birth image. */
  base: BaseImage | null;
  /** Size of the memory in bytes. */
  size: number;
  /** Where the bytes of `data` belong: offset, length, offset, length, …; multiples of 4. */
  runs: Uint32Array;
  data: Uint8Array;
  /** `data` is deflated, and with a base holds only what differs from that: see changes.ts in src/workers. */
  packed: boolean;
}

/**
 * What the SHA-256 of, and of the bytes after it, is a base's name. Not the size: how much memory there is beyond what is used
 * depends on what the VM held before.
 */
export function baseHead({ fingerprint }: Pick<BaseImage, "fingerprint">): string {
  return `${fingerprint}\n`;
}

/** Of the `data` of an image when it is not packed. */
export function dataLength(runs: Uint32Array): number {
  let length = 0;
  for (let index = 1; index < runs.length; index += 2) length += runs[index] ?? 0;
  return length;
}

/**
 *      0  "MPI1"
 *      4  checksum of all that follows
 *      8  flags, size of the memory, number of runs, bytes of `data`: 32 bits each, the lower byte first
 *     24  fingerprint, name of the base (zeros: none): 32 bytes each
 *     88  runs: how far it is from the end of the one before, and the length, in groups of 7 bits each
 *         data
 */
const MAGIC = 0x31_49_50_4d;
const HEAD = 88;
const CHECKED = 8;
const PACKED = 1;
const HAS_BASE = 2;
const NAME = 32;
/** Bytes of a number in groups of 7 bits. */
const LONGEST = 5;
/** Of WebAssembly, in bytes. */
const PAGE = 65_536;
const LARGEST = 2 ** 31;

/** The image as bytes, without its base: 0.1 ms. What cannot be decoded again, because it is no image, is an INTERNAL error. */
export function encodeImage({ fingerprint, base, size, runs, data, packed }: MemoryImage): Uint8Array<ArrayBuffer> {
  const places = new Uint8Array(runs.length * LONGEST);
  let at = 0;
  const put = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest >>>= 7) places[at++] = (rest & 127) | 128;
    places[at++] = rest;
  };
  for (let index = 0, end = 0; index < runs.length; index += 2) {
    const from = runs[index] ?? 0;
    const length = runs[index + 1] ?? 0;
    if (from < end) throw new MoonpoolError("INTERNAL", "The runs of an image must be in order.");
    put(from - end);
    put(length);
    end = from + length;
  }
  const bytes = new Uint8Array(HEAD + at + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set(places.subarray(0, at), HEAD);
  bytes.set(data, HEAD + at);
  const flags = (packed ? PACKED : 0) | (base ? HAS_BASE : 0);
  [MAGIC, 0, flags, size, runs.length / 2, data.length].forEach((value, index) => {
    view.setUint32(index * 4, value, true);
  });
  putHex(bytes, HEAD - 2 * NAME, fingerprint);
  if (base) putHex(bytes, HEAD - NAME, base.name);
  view.setUint32(4, checksum(bytes.subarray(CHECKED)), true);
  return bytes;
}

/** Which base an encoded image needs; undefined: none. Throws IMAGE_CORRUPT as `decodeImage` does. */
export function baseNameOf(bytes: Uint8Array): string | undefined {
  return nameIn(bytes, checkHead(bytes));
}

function nameIn(bytes: Uint8Array, view: DataView): string | undefined {
  return (view.getUint32(8, true) & HAS_BASE) === 0 ? undefined : hex(bytes.subarray(HEAD - NAME, HEAD));
}

/**
 * The image of which these are the bytes. Its `data` is a part of them. Throws IMAGE_CORRUPT when they are not as
 * `encodeImage` made them, IMAGE_FOREIGN when the base is not the one it was made with. Whether deflated data is sound is
 * found when the image is loaded.
 */
export function decodeImage(bytes: Uint8Array, base: BaseImage | null = null): MemoryImage {
  const view = checkHead(bytes);
  const flags = view.getUint32(8, true);
  const size = view.getUint32(12, true);
  const count = view.getUint32(16, true);
  const length = view.getUint32(20, true);
  const fingerprint = hex(bytes.subarray(HEAD - 2 * NAME, HEAD - NAME));
  if (flags > (PACKED | HAS_BASE) || size === 0 || size % PAGE !== 0 || size > LARGEST) throw corrupt();
  if (length > bytes.length - HEAD || count > (bytes.length - HEAD - length) / 2) throw corrupt();
  const { runs, at } = decodeRuns(bytes, count, size);
  const data = bytes.subarray(at);
  const packed = (flags & PACKED) !== 0;
  if (data.length !== length || (!packed && length !== dataLength(runs))) throw corrupt();
  const name = nameIn(bytes, view);
  if (name !== base?.name || (base && base.fingerprint !== fingerprint))
    throw new MoonpoolError("IMAGE_FOREIGN", "The base that the saved session is a difference to is not there.");
  return { fingerprint, base, size, runs, data, packed };
}

function decodeRuns(bytes: Uint8Array, count: number, size: number): { runs: Uint32Array; at: number } {
  const runs = new Uint32Array(count * 2);
  let at = HEAD;
  const take = (): number => {
    let value = 0;
    for (let shift = 0; shift < LONGEST; shift++) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * 2 ** (7 * shift);
      if (byte < 128) return value;
    }
    throw corrupt();
  };
  for (let index = 0, end = 0; index < runs.length; index += 2) {
    const from = end + take();
    const length = take();
    end = from + length;
    if (length === 0 || length % 4 !== 0 || from % 4 !== 0 || end > size) throw corrupt();
    runs[index] = from;
    runs[index + 1] = length;
  }
  return { runs, at };
}

function checkHead(bytes: Uint8Array): DataView {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD || view.getUint32(0, true) !== MAGIC) throw corrupt();
  if (view.getUint32(4, true) !== checksum(bytes.subarray(CHECKED))) throw corrupt();
  return view;
}

/** FNV-1a over words: finds whatever went wrong by accident. 20 µs for a small session. */
function checksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = bytes.length & ~3;
  let sum = 0x811c9dc5 ^ bytes.length;
  for (let at = 0; at < words; at += 4) {
    sum = Math.imul(sum ^ view.getUint32(at, true), 0x01000193);
    // Without this the lower bits of the sum would know nothing of the upper bits of the words.
    sum ^= sum >>> 15;
  }
  for (let at = words; at < bytes.length; at++) sum = Math.imul(sum ^ (bytes[at] ?? 0), 0x01000193);
  return sum >>> 0;
}

function putHex(bytes: Uint8Array, at: number, text: string): void {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new MoonpoolError("INTERNAL", "Names of images are 64 hex digits.");
  for (let index = 0; index < NAME; index++) bytes[at + index] = parseInt(text.slice(2 * index, 2 * index + 2), 16);
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function corrupt(): MoonpoolError {
  return new MoonpoolError("IMAGE_CORRUPT");
}
