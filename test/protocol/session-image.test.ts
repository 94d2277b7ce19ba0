import * as fc from "fast-check";
import t from "tap";
import {
  type BaseImage,
  baseNameOf,
  dataLength,
  decodeImage,
  encodeImage,
  type MemoryImage,
} from "../../src/protocol/session-image.ts";

const PAGE = 65_536;
const name = fc.stringMatching(/^[0-9a-f]{64}$/);

/** Images with any runs that lie in order in their memory. */
const anyImage = fc
  .record({
    fingerprint: name,
    base: fc.option(name),
    pages: fc.integer({ min: 1, max: 2 ** 15 }),
    gaps: fc.array(fc.tuple(fc.oneof(fc.nat(40), fc.nat(2 ** 20)), fc.integer({ min: 1, max: 600 })), {
      maxLength: 40,
    }),
    packed: fc.boolean(),
    length: fc.nat(300),
    fill: fc.nat(255),
  })
  .map(({ fingerprint, base, pages, gaps, packed, length, fill }): MemoryImage => {
    const runs: number[] = [];
    let end = 0;
    for (const [gap, size] of gaps) {
      const from = end + gap * 4;
      if (from + size * 4 > pages * PAGE) break;
      runs.push(from, size * 4);
      end = from + size * 4;
    }
    const data = new Uint8Array(packed ? length : dataLength(Uint32Array.from(runs)));
    for (let index = 0; index < data.length; index++) data[index] = (fill + index * 7) & 255;
    return {
      fingerprint,
      base: base === null ? null : { name: base, fingerprint, size: PAGE, bytes: new Uint8Array() },
      size: pages * PAGE,
      runs: Uint32Array.from(runs),
      data,
      packed,
    };
  });

const base: BaseImage = { name: "b".repeat(64), fingerprint: "f".repeat(64), size: PAGE, bytes: new Uint8Array() };
const small: MemoryImage = {
  fingerprint: base.fingerprint,
  base,
  size: 2 * PAGE,
  runs: Uint32Array.of(0, 8, 1024, 4),
  data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  packed: false,
};

t.test("every image comes back as it was, and tells which base it needs", (t) => {
  fc.assert(
    fc.property(anyImage, (image) => {
      const bytes = encodeImage(image);
      const offset = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
      for (const text of [bytes, offset]) {
        if (baseNameOf(text) !== image.base?.name) throw new Error("another base");
        t.strictSame({ ...decodeImage(text, image.base), data: 0 }, { ...image, data: 0 });
        if (Buffer.compare(decodeImage(text, image.base).data, image.data) !== 0) throw new Error("other data");
      }
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test("bytes that are damaged anywhere, or cut off, or go on, are refused", (t) => {
  const bytes = encodeImage(small);
  t.strictSame(decodeImage(bytes, base), { ...small, data: small.data });
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Uint8Array.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    t.throws(() => decodeImage(damaged, base), { code: "IMAGE_CORRUPT" }, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length; length++)
    t.throws(() => decodeImage(bytes.subarray(0, length), base), { code: "IMAGE_CORRUPT" }, `${length} bytes`);
  t.throws(() => decodeImage(Buffer.concat([bytes, Buffer.alloc(1)]), base), { code: "IMAGE_CORRUPT" });
  t.end();
});

t.test("nonsense never makes an image, not even with the right checksum", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(200), fc.uint8Array({ maxLength: 40 }), (any, at, some) => {
      t.throws(() => decodeImage(any, base), { code: "IMAGE_CORRUPT" });
      const mixed = encodeImage(small);
      mixed.set(some.subarray(0, Math.max(0, mixed.length - 8 - at)), Math.min(8 + at, mixed.length));
      new DataView(mixed.buffer).setUint32(4, checksumOf(mixed), true);
      try {
        const image = decodeImage(mixed, base);
        let end = 0;
        for (let index = 0; index < image.runs.length; index += 2) {
          const from = image.runs[index] ?? 0;
          if (from < end) throw new Error("runs are not in order");
          end = from + (image.runs[index + 1] ?? 0);
        }
        if (end > image.size || (!image.packed && image.data.length !== dataLength(image.runs)))
          throw new Error("more data than memory");
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
        t.match(error.code, /^IMAGE_(CORRUPT|FOREIGN)$/);
      }
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

t.test("an image goes with its own base only", (t) => {
  const bytes = encodeImage(small);
  t.throws(() => decodeImage(bytes), { code: "IMAGE_FOREIGN" });
  t.throws(() => decodeImage(bytes, { ...base, name: "c".repeat(64) }), { code: "IMAGE_FOREIGN" });
  t.throws(() => decodeImage(bytes, { ...base, fingerprint: "0".repeat(64) }), { code: "IMAGE_FOREIGN" });
  t.throws(() => decodeImage(encodeImage({ ...small, base: null }), base), { code: "IMAGE_FOREIGN" });
  t.end();
});

t.test("what is no image is not encoded", (t) => {
  t.throws(() => encodeImage({ ...small, runs: Uint32Array.of(1024, 4, 0, 8) }), { code: "INTERNAL" });
  t.throws(() => encodeImage({ ...small, fingerprint: "short" }), { code: "INTERNAL" });
  t.end();
});

/** The checksum of an encoded image, as the source has it: so that what lies behind it is tested too. */
function checksumOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + 8, bytes.byteLength - 8);
  const words = view.byteLength & ~3;
  let sum = 0x811c9dc5 ^ view.byteLength;
  for (let at = 0; at < words; at += 4) {
    sum = Math.imul(sum ^ view.getUint32(at, true), 0x01000193);
    sum ^= sum >>> 15;
  }
  for (let at = words; at < view.byteLength; at++) sum = Math.imul(sum ^ view.getUint8(at), 0x01000193);
  return sum >>> 0;
}
