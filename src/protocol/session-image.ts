import { MoonpoolError } from "./error-code.ts";

/**
 * A Lua VM at rest: the blocks of its memory that differ from the birth image. Everything is in it: globals, closures,
 * coroutines, timers. Can be sent to another thread, and kept.
 */
export interface MemoryImage {
  /** Of the wasm, the runtime and the image's format: it only fits a VM that was born of the same. */
  fingerprint: string;
  /** Size of the memory in bytes. */
  size: number;
  /** Where the bytes of `data` belong: offset, length, offset, length, … */
  runs: Uint32Array;
  data: Uint8Array;
  /** `data` is deflated. */
  packed: boolean;
}

/**
 *     4 bytes  length of the head    JSON, ASCII: fingerprint, size, packed, number of runs
 *     head, filled up with blanks to a multiple of 4 bytes
 *     runs     32-bit words, little endian as in WebAssembly
 *     data
 */
export function encodeImage({ fingerprint, size, packed, runs, data }: MemoryImage): Uint8Array<ArrayBuffer> {
  const head = JSON.stringify({ fingerprint, size, packed, runs: runs.length });
  const start = 4 + Math.ceil(head.length / 4) * 4;
  const bytes = new Uint8Array(start + runs.byteLength + data.length);
  bytes.fill(32, 0, start);
  new DataView(bytes.buffer).setUint32(0, start - 4, true);
  for (let index = 0; index < head.length; index++) bytes[4 + index] = head.charCodeAt(index);
  bytes.set(new Uint8Array(runs.buffer, runs.byteOffset, runs.byteLength), start);
  bytes.set(data, start + runs.byteLength);
  return bytes;
}

/** The image in `bytes`, of which it keeps a part. Throws MoonpoolError IMAGE_FOREIGN when there is none. */
export function decodeImage(bytes: Uint8Array): MemoryImage {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = 4 + view.getUint32(0, true);
    const head = JSON.parse(String.fromCharCode(...bytes.subarray(4, start))) as Record<string, unknown>;
    const { fingerprint, size, packed, runs: count } = head;
    const isRight =
      typeof fingerprint === "string" &&
      Number.isSafeInteger(size) &&
      typeof packed === "boolean" &&
      Number.isSafeInteger(count) &&
      (count as number) % 2 === 0;
    if (!isRight) throw new Error("its head is not one");
    const end = start + 4 * (count as number);
    if (end > bytes.length) throw new Error("it is cut off");
    // A copy: words have to be aligned.
    const runs = new Uint32Array(bytes.slice(start, end).buffer);
    return { fingerprint, size: size as number, packed, runs, data: bytes.subarray(end) };
  } catch (error) {
    throw new MoonpoolError("IMAGE_FOREIGN", `This is no image of a session: ${String(error)}`, {}, error);
  }
}
