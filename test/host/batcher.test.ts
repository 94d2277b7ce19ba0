import * as fc from "fast-check";
import t from "tap";
import { Batcher, type BatcherPorts } from "../../src/host/batcher.ts";
import type { ViewdefVersion } from "../../src/protocol/outcome.ts";
import { changesOf } from "../support/fake-pool.ts";
import { FakeClock } from "../support/fake-clock.ts";

interface Setup {
  batcher: Batcher;
  clock: FakeClock;
  /** Messages of the frames written so far. */
  frames: unknown[][];
  /** pause and resume, as they were asked for. */
  asked: string[];
  receiver: { full: boolean; clear: boolean };
}

function setup(ports: Partial<BatcherPorts> = {}): Setup {
  const clock = new FakeClock();
  const frames: unknown[][] = [];
  const asked: string[] = [];
  const receiver = { full: false, clear: true };
  const batcher = new Batcher({
    clock,
    write: (messages) => frames.push(JSON.parse(`[${messages}]`) as unknown[]),
    isFull: () => receiver.full,
    isClear: () => receiver.clear,
    viewdef: (key) => (key.startsWith("None") ? undefined : JSON.stringify({ html: key, bindings: [] })),
    onFull: () => asked.push("pause"),
    onClear: () => asked.push("resume"),
    onLost: () => asked.push("lost"),
    ...ports,
  });
  return { batcher, clock, frames, asked, receiver };
}

/** The first version of each of these viewdefs. */
function versions(...keys: string[]): ViewdefVersion[] {
  return keys.map((key) => ({ key, hash: "1" }));
}

function update(id: number, value: unknown = id): string {
  return JSON.stringify({ type: "update", id, value });
}

t.test("what a person waits for goes at once, with everything that waited", async (t) => {
  const { batcher, frames, clock } = setup();
  batcher.add(changesOf(1, { medium: update(1) }), false, 0);
  t.equal(frames.length, 0);
  batcher.add(changesOf(1, { medium: update(2) }), true, 0);
  t.strictSame(frames, [
    [
      { type: "update", id: 1, value: 1 },
      { type: "update", id: 2, value: 2 },
    ],
  ]);
  clock.advance(1_000);
  t.equal(frames.length, 1, "no empty frame follows");
});

t.test("a frame holds only what was made after the same of the browser's frames", async (t) => {
  const applied: number[] = [];
  const { batcher, clock } = setup({ write: (_messages, at) => applied.push(at) });
  batcher.add(changesOf(1, { medium: update(1) }), false, 3);
  batcher.add(changesOf(1, { medium: update(2) }), false, 3);
  batcher.add(changesOf(1, { medium: update(1) }), false, 4);
  t.strictSame(applied, [3]);
  clock.advance(10);
  t.strictSame(applied, [3, 4]);
});

t.test("other changes go 10 ms after the first of them; later ones do not put it off", async (t) => {
  const { batcher, frames, clock } = setup();
  batcher.add(changesOf(1, { medium: update(1) }), false, 0);
  clock.advance(9);
  batcher.add(changesOf(1, { medium: update(2) }), false, 0);
  t.equal(frames.length, 0);
  clock.advance(1);
  t.equal(frames[0]?.length, 2);
  batcher.add(changesOf(1, { medium: update(3) }), false, 0);
  clock.advance(10);
  t.equal(frames.length, 2);
});

t.test("a frame holds viewdefs, then high, medium and low, each in the order of arrival", async (t) => {
  const { batcher, frames } = setup();
  batcher.add(changesOf(1, { low: update(1), medium: `${update(2)},${update(3)}`, high: update(4) }), false, 0);
  batcher.add(changesOf(1, { viewdefs: versions("A.DEFAULT"), high: update(5), low: update(6) }), true, 0);
  t.strictSame(frames, [
    [
      { type: "update", id: 1, properties: { viewdefs: { "A.DEFAULT": { html: "A.DEFAULT", bindings: [] } } } },
      ...[4, 5, 2, 3, 1, 6].map((id) => ({ type: "update", id, value: id })),
    ],
  ]);
});

t.test("a viewdef is sent once per connection, however often it is asked for", async (t) => {
  const { batcher, frames } = setup();
  batcher.add(changesOf(1, { viewdefs: versions("A.DEFAULT", "A.DEFAULT", "None.DEFAULT"), high: update(1) }), true, 0);
  batcher.add(changesOf(1, { viewdefs: versions("A.DEFAULT", "B.DEFAULT"), high: update(2) }), true, 0);
  batcher.add(changesOf(1, { viewdefs: versions("A.DEFAULT", "B.DEFAULT"), high: update(3) }), true, 0);
  const keys = frames.map(([first]) =>
    Object.keys((first as { properties?: { viewdefs: object } }).properties?.viewdefs ?? {}),
  );
  t.strictSame(keys, [["A.DEFAULT"], ["B.DEFAULT"], []]);
});

t.test("the greeting travels with the first changes, urgent or not, and alone when none come", async (t) => {
  const first = setup();
  first.batcher.greet('{"type":"welcome"}');
  first.clock.advance(900);
  first.batcher.add(changesOf(1, { medium: update(1) }), false, 0);
  t.strictSame(first.frames, [[{ type: "welcome" }, { type: "update", id: 1, value: 1 }]]);
  const second = setup();
  second.batcher.greet('{"type":"welcome"}');
  second.clock.advance(1_000);
  t.strictSame(second.frames, [[{ type: "welcome" }]]);
});

t.test("what the host says goes at once, first in its frame", async (t) => {
  const { batcher, frames } = setup();
  batcher.add(changesOf(1, { high: update(1) }), false, 0);
  batcher.say('{"type":"error","code":"RATE_LIMIT"}');
  t.strictSame(frames[0]?.[0], { type: "error", code: "RATE_LIMIT" });
  t.equal(frames[0]?.length, 2);
});

t.test(
  "a full receiver gets nothing, the VM is told to pause once, and afterwards the latest values come, then resume",
  async (t) => {
    const { batcher, frames, asked, receiver } = setup();
    receiver.full = true;
    receiver.clear = false;
    for (let value = 0; value < 1_000; value++) {
      batcher.add(changesOf(1, { medium: `${update(5, value)},${update(6, -value)}` }), value % 2 === 0, 0);
    }
    batcher.add(changesOf(1, { viewdefs: versions("A.DEFAULT"), high: update(7) }), true, 0);
    t.strictSame(frames, []);
    t.strictSame(asked, ["pause"]);
    receiver.full = false;
    batcher.drained();
    t.strictSame(frames, [], "it is not clear yet");
    receiver.clear = true;
    batcher.drained();
    t.strictSame(frames, [
      [
        { type: "update", id: 1, properties: { viewdefs: { "A.DEFAULT": { html: "A.DEFAULT", bindings: [] } } } },
        { type: "update", id: 7, value: 7 },
        { type: "update", id: 5, value: 999 },
        { type: "update", id: 6, value: -999 },
      ],
    ]);
    t.strictSame(asked, ["pause", "resume"]);
    batcher.add(changesOf(1, { medium: update(8) }), true, 0);
    t.equal(frames.length, 2, "and then everything is as before");
  },
);

t.test("a frame that fills the receiver pauses the VM although nothing waits", async (t) => {
  const { batcher, frames, asked, receiver } = setup({
    write: (messages) => {
      frames.push(JSON.parse(`[${messages}]`) as unknown[]);
      receiver.full = true;
      receiver.clear = false;
    },
  });
  batcher.add(changesOf(1, { medium: update(1) }), true, 0);
  t.strictSame(asked, ["pause"]);
  receiver.full = false;
  receiver.clear = true;
  batcher.drained();
  t.strictSame(asked, ["pause", "resume"]);
  t.equal(frames.length, 1, "no empty frame is written");
});

t.test("a receiver that is full again after what was kept stays paused", async (t) => {
  const { batcher, frames, asked, receiver } = setup({
    write: (messages) => {
      frames.push(JSON.parse(`[${messages}]`) as unknown[]);
      receiver.full = true;
      receiver.clear = false;
    },
  });
  batcher.add(changesOf(1, { medium: update(1) }), true, 0);
  batcher.add(changesOf(1, { medium: update(2) }), true, 0);
  receiver.full = false;
  receiver.clear = true;
  batcher.drained();
  t.equal(frames.length, 2);
  t.strictSame(asked, ["pause"]);
  receiver.full = false;
  receiver.clear = true;
  batcher.drained();
  t.strictSame(asked, ["pause", "resume"]);
});

t.test("what nobody asked for travels with the greeting, or goes at once", async (t) => {
  const { batcher, frames } = setup();
  batcher.greet('{"type":"welcome"}');
  batcher.tell('{"type":"reload","errors":[]}');
  t.strictSame(frames, []);
  batcher.add(changesOf(1, { medium: update(1) }), false, 0);
  batcher.tell('{"type":"reload","page":true}');
  t.strictSame(frames, [
    [{ type: "welcome" }, { type: "reload", errors: [] }, { type: "update", id: 1, value: 1 }],
    [{ type: "reload", page: true }],
  ]);
});

t.test(
  "another version of a viewdef is sent to a receiver that has one, and the same version never again",
  async (t) => {
    const { batcher, frames } = setup({
      viewdef: (key, hash) => JSON.stringify({ html: `${key} ${hash}`, bindings: [] }),
    });
    for (const hash of ["1", "1", "2", "2", "1"])
      batcher.add(changesOf(1, { viewdefs: [{ key: "A.DEFAULT", hash }], medium: update(1) }), true, 0);
    const texts = frames.map(([first]) => JSON.stringify(first).match(/A\.DEFAULT \d/)?.[0]);
    t.strictSame(texts, ["A.DEFAULT 1", undefined, "A.DEFAULT 2", undefined, "A.DEFAULT 1"]);
  },
);

t.test(
  "an exchanged viewdef has a frame of its own, because ids change their meaning in it: at once, and nothing with it",
  async (t) => {
    const { batcher, frames } = setup();
    batcher.add(changesOf(1, { viewdefs: versions("A.DEFAULT"), medium: update(1) }), true, 0);
    batcher.add(changesOf(1, { low: update(2) }), false, 0);
    batcher.add(changesOf(1, { viewdefs: [{ key: "A.DEFAULT", hash: "2" }], high: update(3) }), false, 0);
    batcher.add(changesOf(1, { high: update(4) }), true, 0);
    t.strictSame(
      frames.map((messages) =>
        (messages as { id: number; properties?: object }[]).map((m) => (m.properties ? 0 : m.id)),
      ),
      [[0, 1], [2], [0, 3], [4]],
    );
  },
);

t.test("viewdefs exchanged while the receiver is full come in their versions, each before what needs it", async (t) => {
  const { batcher, frames, receiver } = setup({
    viewdef: (key, hash) => JSON.stringify({ html: `${key} ${hash}`, bindings: [] }),
  });
  receiver.full = true;
  receiver.clear = false;
  for (const hash of ["1", "2", "3"]) {
    batcher.add(changesOf(1, { viewdefs: [{ key: "A.DEFAULT", hash }], medium: update(1, hash) }), true, 0);
    batcher.add(changesOf(1, { medium: update(2, `a ${hash}`) }), true, 0);
    batcher.add(changesOf(1, { medium: update(2, `b ${hash}`) }), true, 0);
  }
  receiver.full = false;
  receiver.clear = true;
  batcher.drained();
  const viewdefs = (hash: string): object => ({ "A.DEFAULT": { html: `A.DEFAULT ${hash}`, bindings: [] } });
  const delivered = (hash: string): object => ({ type: "update", id: 1, properties: { viewdefs: viewdefs(hash) } });
  const value = (id: number, text: string): object => ({ type: "update", id, value: text });
  t.strictSame(frames, [
    [delivered("1"), value(1, "1"), value(2, "b 1")],
    [delivered("2"), value(1, "2")],
    [value(2, "b 2")],
    [delivered("3"), value(1, "3")],
    [value(2, "b 3")],
  ]);
});

t.test("a receiver that reads nothing while viewdefs are exchanged again and again is given up, once", async (t) => {
  const { batcher, asked, receiver } = setup({ onLost: () => (asked.push("lost"), batcher.close()) });
  receiver.full = true;
  for (let hash = 0; hash < 100; hash++)
    batcher.add(changesOf(1, { viewdefs: [{ key: "A.DEFAULT", hash: `${hash}` }], medium: update(1) }), true, 0);
  t.strictSame(asked, ["pause", "lost"]);
});

/** What happens to a page of one view: a value changes, the view is a new one, its viewdef is exchanged. */
type Step = { kind: "value" | "renew" | "exchange"; slot: number; urgent: boolean };
const LEVELS = ["high", "medium", "low"] as const;

t.test(
  "whatever a slow receiver misses: variables that go on are known to it, and in the end it shows the same",
  async () => {
    const step = fc.record<Step>({
      kind: fc.constantFrom("value", "value", "value", "renew", "exchange"),
      slot: fc.integer({ min: 0, max: 2 }),
      urgent: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 40 }), (steps) => {
        const known = new Map<number, number>();
        const { batcher, clock, receiver } = setup({ write: (messages) => read(known, messages) });
        let first = 2;
        let version = 0;
        const values = [0, 0, 0];
        const view = (from?: number[]): string =>
          JSON.stringify({ type: "view", id: 1, viewdef: "A.DEFAULT", first, values, ...(from && { from }) });
        batcher.add(changesOf(1, { viewdefs: [{ key: "A.DEFAULT", hash: "0" }], high: view() }), true, 0);
        steps.forEach(([{ kind, slot, urgent }, isFull], index) => {
          receiver.full = isFull;
          receiver.clear = !isFull;
          if (!isFull) batcher.drained();
          if (kind === "value") {
            values[slot] = index;
            batcher.add(changesOf(1, { [LEVELS[slot] ?? "low"]: update(first + slot, index) }), urgent, 0);
            return;
          }
          const from = values.map((_, offset) => first + offset);
          first += 3;
          if (kind === "renew") return batcher.add(changesOf(1, { high: view() }), urgent, 0);
          const viewdefs = [{ key: "A.DEFAULT", hash: `${++version}` }];
          batcher.add(changesOf(1, { viewdefs, high: view(from) }), urgent, 0);
        });
        receiver.full = false;
        receiver.clear = true;
        batcher.drained();
        clock.advance(10);
        const shown = values.map((_, offset) => known.get(first + offset));
        return JSON.stringify(shown) === JSON.stringify(values);
      }),
      { numRuns: 500 },
    );
  },
);

/** Applies a frame to what a page knows; variables that go on keep what it knows of them. */
function read(known: Map<number, number>, messages: string): void {
  type Message = { type: string; id: number; value?: number; first?: number; values?: number[]; from?: number[] };
  for (const { type, id, value, first = 0, values = [], from } of JSON.parse(`[${messages}]`) as Message[]) {
    if (type === "update" && value !== undefined) known.set(id, value);
    if (type !== "view") continue;
    const before = new Map(known);
    known.clear();
    values.forEach((value, slot) => {
      const id = from?.[slot];
      if (id !== undefined && !before.has(id)) throw new Error(`variable ${id} goes on and was never heard of`);
      known.set(first + slot, id === undefined ? value : (before.get(id) ?? 0));
    });
  }
}

t.test("after close nothing is written and no timer is left", async (t) => {
  const { batcher, frames, clock } = setup();
  batcher.greet('{"type":"welcome"}');
  batcher.add(changesOf(1, { medium: update(1) }), false, 0);
  batcher.add(changesOf(1, { medium: update(1) }), false, 0);
  batcher.close();
  batcher.add(changesOf(1, { medium: update(2) }), true, 0);
  batcher.say('{"type":"error"}');
  batcher.drained();
  clock.advance(10_000);
  t.equal(frames.length, 1);
  t.equal(clock.pending, 0);
});
