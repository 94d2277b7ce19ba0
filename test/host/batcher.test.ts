import t from "tap";
import { Batcher, type BatcherPorts } from "../../src/host/batcher.ts";
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
    ...ports,
  });
  return { batcher, clock, frames, asked, receiver };
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
  batcher.add(changesOf(1, { viewdefs: ["A.DEFAULT"], high: update(5), low: update(6) }), true, 0);
  t.strictSame(frames, [
    [
      { type: "update", id: 1, properties: { viewdefs: { "A.DEFAULT": { html: "A.DEFAULT", bindings: [] } } } },
      ...[4, 5, 2, 3, 1, 6].map((id) => ({ type: "update", id, value: id })),
    ],
  ]);
});

t.test("a viewdef is sent once per connection, however often it is asked for", async (t) => {
  const { batcher, frames } = setup();
  batcher.add(changesOf(1, { viewdefs: ["A.DEFAULT", "A.DEFAULT", "None.DEFAULT"], high: update(1) }), true, 0);
  batcher.add(changesOf(1, { viewdefs: ["A.DEFAULT", "B.DEFAULT"], high: update(2) }), true, 0);
  batcher.add(changesOf(1, { viewdefs: ["A.DEFAULT", "B.DEFAULT"], high: update(3) }), true, 0);
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
    batcher.add(changesOf(1, { viewdefs: ["A.DEFAULT"], high: update(7) }), true, 0);
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
