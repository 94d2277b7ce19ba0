import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * What each value of the disk store looks like:
 *
 *     0  crc32, little-endian, of the key and of all that follows
 *     4  version of this form
 *     5  form of the content: bytes, UTF-8, UTF-16
 *     6  content
 *
 * The key is in the sum, so a value that stands in another's place is as wrong as one with a bit turned round.
 */
const VERSION = 1;
const HEADER = 6;
const BYTES = 0;
const UTF8 = 1;
const UTF16 = 2;

/** The content as it is stored under the key. */
export function seal(key: Uint8Array, content: string | Uint8Array): Buffer {
  let value: Buffer;
  if (typeof content === "string") {
    // Half of a surrogate pair cannot be said in UTF-8, and JavaScript's strings may hold one.
    const form = hasLoneSurrogate(content) ? UTF16 : UTF8;
    const encoding = form === UTF8 ? "utf8" : "utf16le";
    value = Buffer.allocUnsafe(HEADER + Buffer.byteLength(content, encoding));
    value[5] = form;
    value.write(content, HEADER, encoding);
  } else {
    value = Buffer.allocUnsafe(HEADER + content.length);
    value[5] = BYTES;
    value.set(content, HEADER);
  }
  value[4] = VERSION;
  value.writeUInt32LE(crc32(value.subarray(4), crc32(key)), 0);
  return value;
}

/** The text that was sealed under the key; undefined: this is not what was sealed. */
export function unsealText(key: Uint8Array, value: Buffer): string | undefined {
  const form = formOf(key, value);
  if (form === UTF8) return value.toString("utf8", HEADER);
  return form === UTF16 ? value.toString("utf16le", HEADER) : undefined;
}

/** The bytes that were sealed under the key; undefined: these are not what was sealed. */
export function unsealBytes(key: Uint8Array, value: Buffer): Uint8Array | undefined {
  return formOf(key, value) === BYTES ? value.subarray(HEADER) : undefined;
}

/** The text in a value that may be damaged. */
export function unsealAnyway(value: Buffer): string {
  return value.toString(value[5] === UTF16 ? "utf16le" : "utf8", HEADER);
}

/** Bytes that a text or bytes take at most when sealed. */
export function sealedSize(content: string | Uint8Array): number {
  return HEADER + (typeof content === "string" ? content.length * 3 : content.length);
}

function formOf(key: Uint8Array, value: Buffer): number | undefined {
  const whole = value.length >= HEADER && value.readUInt32LE(0) === crc32(value.subarray(4), crc32(key));
  return whole && value[4] === VERSION ? value[5] : undefined;
}

function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** 16 bytes that stand for a name of any length and any characters. */
export function hashOf(name: string): Buffer {
  return createHash("sha256").update(name, "utf16le").digest().subarray(0, 16);
}
