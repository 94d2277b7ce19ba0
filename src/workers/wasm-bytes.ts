import { MoonpoolError } from "../protocol/error-code.ts";

/** Bytes in one page of wasm memory. */
export const WASM_PAGE = 65_536;

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/**
 * A copy of `wasm` whose only memory has `minimum` and `maximum` pages. The numbers are written over the old ones, in as
 * many bytes as these take, so nothing else in the file moves.
 *
 * A small minimum is what makes VMs cheap: with wasmoon's own 16 MiB, V8 counts every VM as 16 MiB of garbage to be and
 * runs a major collection every few VMs. The maximum is the session's memory limit: a memory bomb ends in a Lua error
 * "not enough memory" with no bookkeeping at all.
 *
 * Throws INTERNAL when the file has another layout than wasmoon's, or the numbers do not fit.
 */
export function withMemory(wasm: Uint8Array, minimum: number, maximum: number): Uint8Array {
  if (MAGIC.some((byte, index) => wasm[index] !== byte)) throw unexpected("it does not begin like a wasm file");
  for (let at = MAGIC.length; at < wasm.length;) {
    const size = readUnsigned(wasm, at + 1);
    const end = size.next + size.value;
    if (end > wasm.length) throw unexpected("a section reaches beyond the end");
    if (wasm[at] === MEMORY_SECTION) return replaceLimits(wasm, size.next, end, minimum, maximum);
    at = end;
  }
  throw unexpected("it has no memory section");
}

function replaceLimits(wasm: Uint8Array, from: number, end: number, minimum: number, maximum: number): Uint8Array {
  const count = readUnsigned(wasm, from);
  if (count.value !== 1) throw unexpected(`it has ${count.value} memories`);
  const flags = readUnsigned(wasm, count.next);
  if (flags.value !== HAS_MAXIMUM) throw unexpected("its memory is shared, 64-bit, or has no maximum");
  const oldMinimum = readUnsigned(wasm, flags.next);
  const oldMaximum = readUnsigned(wasm, oldMinimum.next);
  if (oldMaximum.next !== end) throw unexpected("its memory section has more than limits");
  const copy = Uint8Array.from(wasm);
  writeUnsigned(copy, flags.next, oldMinimum.next, minimum);
  writeUnsigned(copy, oldMinimum.next, oldMaximum.next, maximum);
  return copy;
}

/** Reads an unsigned LEB128 number of at most 32 bits. */
function readUnsigned(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw unexpected("it ends in the middle of a number");
    value += (byte & 127) * 2 ** (7 * index);
    if ((byte & 128) === 0) return { value, next: at + index + 1 };
  }
  throw unexpected("a number is longer than 32 bits");
}

/** Writes `value` as LEB128 in exactly the bytes `from … end - 1`, padded with continuation bits. */
function writeUnsigned(bytes: Uint8Array, from: number, end: number, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (7 * (end - from))) {
    throw unexpected(`${value} pages do not fit where its limits stand`);
  }
  let rest = value;
  for (let at = from; at < end; at++) {
    bytes[at] = (rest & 127) | (at < end - 1 ? 128 : 0);
    rest = Math.floor(rest / 128);
  }
}

function unexpected(what: string): MoonpoolError {
  return new MoonpoolError("INTERNAL", `wasmoon's glue.wasm is not as expected: ${what}.`);
}
