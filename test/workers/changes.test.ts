import * as fc from "fast-check";
import t from "tap";
import { Changes } from "../../src/workers/changes.ts";
import { MoonpoolError } from "../../src/protocol/error-code.ts";

/** Runs in order, what is in them, and a base that may end before they do. */
const anyMemory = fc
  .record({
    gaps: fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 400 })), { maxLength: 12 }),
    baseWords: fc.nat(4_000),
    seed: fc.integer(),
    oneIn: fc.integer({ min: 1, max: 60 }),
  })
  .map(({ gaps, baseWords, seed, oneIn }) => {
    const runs: number[] = [];
    let end = 0;
    for (const [gap, size] of gaps) {
      runs.push((end + gap) * 4, size * 4);
      end += gap + size;
    }
    let state = seed;
    const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) | 0) >>> 8;
    const base = new Uint8Array(baseWords * 4).map(() => random() & 255);
    const heap = new Uint8Array(end * 4);
    heap.set(base.subarray(0, heap.length));
    const asBase = Uint8Array.from(heap);
    for (let index = 0; index < runs.length; index += 2)
      for (let at = runs[index]!; at < runs[index]! + runs[index + 1]!; at++)
        if (random() % oneIn === 0) heap[at] = random() & 255;
    const data = Buffer.concat(
      Array.from({ length: runs.length / 2 }, (_, index) =>
        heap.subarray(runs[2 * index], runs[2 * index]! + runs[2 * index + 1]!),
      ),
    );
    return { runs: Uint32Array.from(runs), base, asBase, heap, data };
  });

t.test("what was different is so again, wherever it is", (t) => {
  fc.assert(
    fc.property(anyMemory, ({ runs, base, asBase, heap, data }) => {
      const bytes = Changes.between(data, base, runs).encode();
      t.ok(bytes.length <= Changes.most(data.length));
      const again = Uint8Array.from(asBase);
      Changes.decode(bytes, data.length).apply(again, runs);
      return Buffer.compare(again, heap) === 0;
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test("long stretches without a change, and of changes only", (t) => {
  const words = 200_000;
  const runs = Uint32Array.of(0, words * 4);
  const base = new Uint8Array(words * 4);
  for (const at of [[0, words - 1], [150_000], Array.from({ length: words }, (_, index) => index)]) {
    const data = new Int32Array(words);
    for (const place of at) data[place] = place + 1;
    const again = new Int32Array(words);
    const changes = Changes.decode(Changes.between(new Uint8Array(data.buffer), base, runs).encode(), words * 4);
    changes.apply(new Uint8Array(again.buffer), runs);
    t.ok(Buffer.compare(new Uint8Array(again.buffer), new Uint8Array(data.buffer)) === 0, `${at.length} changes`);
  }
  t.end();
});

t.test("bytes that are no changes of these runs are refused before anything is changed", (t) => {
  fc.assert(
    fc.property(anyMemory, fc.nat(), fc.nat(255), fc.nat(8), ({ runs, base, asBase, data }, at, value, cut) => {
      const bytes = Changes.between(data, base, runs).encode();
      if (bytes.length > 0) bytes[at % bytes.length] = value;
      const given = bytes.subarray(0, bytes.length - cut);
      const heap = new Uint8Array(asBase.length + 1_024);
      const inside = new Set<number>();
      for (let index = 0; index < runs.length; index += 2)
        for (let byte = runs[index]!; byte < runs[index]! + runs[index + 1]!; byte++) inside.add(byte);
      try {
        Changes.decode(given, data.length).apply(heap, runs);
      } catch (error) {
        return error instanceof MoonpoolError && error.code === "IMAGE_CORRUPT" && heap.every((byte) => byte === 0);
      }
      return heap.every((byte, place) => byte === 0 || inside.has(place));
    }),
    { numRuns: 300 },
  );
  t.end();
});
