import { createHash } from "node:crypto";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { MoonpoolError } from "../protocol/error-code.ts";
import { type BaseImage, baseHead, dataLength, type MemoryImage } from "../protocol/session-image.ts";
import { Changes } from "./changes.ts";
import type { LuaWasm } from "./lua-wasm.ts";

/** Blocks that are compared and kept as a whole. Of 4096 an image is a third larger; 256 saves a tenth and takes twice as long. */
const BLOCK = 1024;
/** Most of the memory is as at birth: it is compared in larger pieces first. */
const STRIDE = 16 * BLOCK;
const CHUNK = 65_536;
const zeros = Buffer.alloc(CHUNK);
const NOWHERE = new Uint32Array();

/** What every session starts from, and images without a base are a difference to. Shared by all VMs of a pool. */
export interface BirthImage {
  fingerprint: string;
  size: number;
  /** The memory, without the zeros at its end. */
  bytes: Uint8Array;
  /** Where the VM finds what it needs, and which functions it must find there. */
  layout: VmLayout;
}

/** Addresses and references of a VM: the same in every slot, so that an image fits each. */
export interface VmLayout {
  state: number;
  arena: number;
  dispatch: number;
  collect: number;
  /** Indexes in the function table. */
  functions: number[];
}

/** Up to where the memory has been used: the end of the last block that is not zero. */
export function usedEnd(heap: Buffer): number {
  let end = heap.length;
  for (const piece of [CHUNK, STRIDE, BLOCK]) {
    while (end > 0 && heap.compare(zeros, 0, Math.min(piece, end), Math.max(0, end - piece), end) === 0) end -= piece;
  }
  return Math.max(0, end);
}

/** What an image is the difference to. */
export interface Reference {
  /** `null`: it is the birth. */
  base: BaseImage | null;
  fingerprint: string;
  bytes: Uint8Array;
}

/** The memory as it is now, the C stack aside, in memory that other threads can share. */
export function portrait(heap: Buffer, stack: LuaWasm["stack"]): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(usedEnd(heap)));
  // Not the zeros between: memory that is never written to is not there.
  bytes.set(heap.subarray(0, stack.low));
  bytes.set(heap.subarray(stack.high, bytes.length), stack.high);
  return bytes;
}

/** What sessions can be a difference to from now on. 2 ms. */
export function makeBase(heap: Buffer, stack: LuaWasm["stack"], fingerprint: string): BaseImage {
  const bytes = portrait(heap, stack);
  const size = heap.length;
  const name = createHash("sha256").update(baseHead({ fingerprint })).update(bytes).digest("hex");
  return { name, fingerprint, size, bytes };
}

/** The image of a session that is exactly as its base. */
export function imageOfBase(base: BaseImage): MemoryImage {
  const { fingerprint, size } = base;
  return { fingerprint, base, size, runs: new Uint32Array(), data: new Uint8Array(), packed: false };
}

/** What differs between `heap` and `reference`, the C stack aside. 0.2 ms for a small app, 2 ms for 20 MB. */
export function difference(
  heap: Buffer,
  { base, fingerprint, bytes }: Reference,
  stack: LuaWasm["stack"],
  allocate = (size: number): Buffer => Buffer.allocUnsafeSlow(size),
): MemoryImage {
  const runs: { from: number; to: number }[] = [];
  addDifferences(runs, heap, bytes, 0, stack.low);
  addDifferences(runs, heap, bytes, stack.high, Math.max(usedEnd(heap), bytes.length));
  const data = allocate(runs.reduce((sum, { from, to }) => sum + to - from, 0));
  let end = 0;
  for (const { from, to } of runs) end += heap.copy(data, end, from, to);
  return {
    fingerprint,
    base,
    size: heap.length,
    runs: Uint32Array.from(runs.flatMap(({ from, to }) => [from, to - from])),
    data,
    packed: false,
  };
}

function addDifferences(
  runs: { from: number; to: number }[],
  heap: Buffer,
  known: Uint8Array,
  start: number,
  end: number,
): void {
  let last: { from: number; to: number } | undefined;
  // A block never spans the end of what it is compared with: beyond it there were zeros.
  const endOf = (from: number, size: number, limit: number): number =>
    Math.min(from + size, limit, from < known.length ? known.length : Infinity);
  const isSame = (from: number, to: number): boolean =>
    from < known.length
      ? heap.compare(known, from, to, from, to) === 0
      : heap.compare(zeros, 0, to - from, from, to) === 0;
  for (let from = start; from < end;) {
    const next = endOf(from, STRIDE, end);
    if (!isSame(from, next)) {
      for (let block = from; block < next;) {
        const to = endOf(block, BLOCK, next);
        if (!isSame(block, to)) {
          if (last?.to === block) last.to = to;
          else runs.push((last = { from: block, to }));
        }
        block = to;
      }
    }
    from = next;
  }
}

/**
 * Makes `heap` what it was when `image` was taken, a difference to `bytes`; `null`: just these. It must be large enough.
 * `differs`: where it differs from `bytes` now, as `MemoryImage.runs`; anywhere if that is not known, which takes 0.1 ms more.
 * Throws IMAGE_CORRUPT before anything has changed.
 */
export function restore(
  heap: Buffer,
  { bytes }: Reference,
  stack: LuaWasm["stack"],
  image: MemoryImage | null,
  differs = [0, stack.low, stack.high, Math.max(usedEnd(heap), bytes.length) - stack.high] as ArrayLike<number>,
): void {
  const runs = image?.runs ?? NOWHERE;
  const content = image && contentOf(image);
  let next = 0;
  for (let index = 0; index < differs.length; index += 2) {
    let from = differs[index] ?? 0;
    const end = from + (differs[index + 1] ?? 0);
    // What the image has goes there anyway.
    while (from < end) {
      while (next < runs.length && (runs[next] ?? 0) + (runs[next + 1] ?? 0) <= from) next += 2;
      const start = runs[next] ?? Infinity;
      if (start > from) bearAgain(heap, bytes, from, Math.min(start, end));
      from = start + (runs[next + 1] ?? 0);
    }
  }
  for (let index = 0, from = 0; index < runs.length; index += 2) {
    const at = runs[index] ?? 0;
    const to = from + (runs[index + 1] ?? 0);
    if (content?.data) heap.set(content.data.subarray(from, to), at);
    else bearAgain(heap, bytes, at, at + to - from);
    from = to;
  }
  content?.changes?.apply(heap, runs);
}

/** What belongs where the image has its runs: bytes, or what has to be changed in the base. Throws IMAGE_CORRUPT. */
function contentOf({ base, runs, data, packed }: MemoryImage): { data?: Uint8Array; changes?: Changes } {
  if (!packed) return { data };
  const size = dataLength(runs);
  if (base) return { changes: Changes.decode(inflate(data, Changes.most(size), CHUNK), size) };
  // One piece of the right size: several would be copied together.
  const inflated = inflate(data, size + 1, Math.max(64, size + 1));
  if (inflated.length !== size) throw new MoonpoolError("IMAGE_CORRUPT");
  return { data: inflated };
}

/** Makes a part of `heap` what it was at birth. */
function bearAgain(heap: Buffer, bytes: Uint8Array, from: number, to: number): void {
  heap.set(bytes.subarray(from, to), from);
  if (to > bytes.length) heap.fill(0, Math.max(from, bytes.length), to);
}

function inflate(data: Uint8Array, most: number, piece: number): Buffer {
  try {
    return zlib.inflateRawSync(data, { chunkSize: piece, maxOutputLength: most });
  } catch (error) {
    throw new MoonpoolError("IMAGE_CORRUPT", undefined, {}, error);
  }
}

const deflate = promisify(zlib.deflateRaw);

/**
 * The same image in less than half the space; with a base, in a fifth, and in a tenth if garbage was collected. 1 ms for a small app,
 * most of it on another thread; loading it takes 0.5 ms more.
 */
export async function pack(image: MemoryImage): Promise<MemoryImage> {
  if (image.packed) return image;
  // A copy, because zlib's result is a part of a larger buffer.
  const { base, runs } = image;
  const content = base ? Changes.between(image.data, base.bytes, runs).encode() : image.data;
  const data = Uint8Array.from(await deflate(content, { level: 1 }));
  return { ...image, data, packed: true };
}
