import * as fc from "fast-check";
import t from "tap";
import {
  decodeFrame,
  FrameError,
  MAX_VALUE_DEPTH,
  MAX_VALUES,
  MoonpoolError,
  peekSeq,
  tooLarge,
  type AckFrame,
  type ClientFrame,
} from "../../src/protocol/main.ts";

const limits = { maxBytes: 10_000, maxMessages: 10 };
const valid = { type: "update", id: 1, value: 1 };

/** The error for a text or a frame that must be refused. */
function refusal(frame: unknown, within = limits): FrameError {
  try {
    decodeFrame(typeof frame === "string" ? frame : JSON.stringify(frame), within);
  } catch (error) {
    if (error instanceof FrameError) return error;
    throw error;
  }
  throw new Error("accepted");
}

function withMessages(...messages: unknown[]): object {
  return { seq: 7, ack: 0, event: true, messages };
}

t.test("a frame with every kind of message comes out as it went in", async (t) => {
  const frame = {
    seq: 1,
    ack: 0,
    event: false,
    messages: [
      { type: "update", id: 12, value: { deep: [null, true, 1.5, "ü", { obj: 3 }] } },
      { type: "update", id: -2, value: null },
      { type: "create", id: -1, parent: 12, path: "name?access=rw" },
      { type: "destroy", id: -1 },
      { type: "window", id: 12, start: 0, count: 1000 },
      { type: "window", id: -2, start: 2 ** 53 - 1, count: 1, keep: 31 },
      { type: "error", code: "CODE_FAILED", message: "x is not defined", id: 12 },
      { type: "error", code: "OTHER", message: "no variable" },
    ],
  };
  t.strictSame(decodeFrame(JSON.stringify(frame), limits), frame);
  t.strictSame(decodeFrame('{"ack":5}', limits), { ack: 5 });
});

t.test("fields that are not named are dropped, so that newer clients may send more", async (t) => {
  const frame = { ...withMessages({ ...valid, hint: 1, parent: 2 }), version: 2 };
  t.strictSame(decodeFrame(JSON.stringify(frame), limits), withMessages(valid));
  t.strictSame(decodeFrame('{"ack":1,"more":true}', limits), { ack: 1 });
});

t.test("every wrong place is named, and the frame's seq comes with the error", async (t) => {
  const shown = { type: "window", id: 3, start: 0, count: 10 };
  const cases: [unknown, string][] = [
    [{ ack: 0, event: true, messages: [] }, "seq is missing."],
    [{ seq: 0, ack: 0, event: true, messages: [] }, "seq is not a whole number from 1."],
    [{ seq: 1.5, ack: 0, event: true, messages: [] }, "seq is not a whole number from 1."],
    [{ seq: 2 ** 53, ack: 0, event: true, messages: [] }, "seq is not a whole number from 1."],
    [{ seq: "1", ack: 0, event: true, messages: [] }, "seq is not a whole number from 1."],
    [{ seq: 7, event: true, messages: [] }, "ack is not a whole number from 0."],
    [{ seq: 7, ack: -1, event: true, messages: [] }, "ack is not a whole number from 0."],
    [{ seq: 7, ack: 0, messages: [] }, "event is not true or false."],
    [{ seq: 7, ack: 0, event: 1, messages: [] }, "event is not true or false."],
    [{ seq: 7, ack: 0, event: true }, "messages is not an array."],
    [{ seq: 7, ack: 0, event: true, messages: {} }, "messages is not an array."],
    [{}, "ack is not a whole number from 0."],
    [{ ack: null }, "ack is not a whole number from 0."],
    [[], "The frame is not an object."],
    ["null", "The frame is not an object."],
    [withMessages(valid, null), "messages[1] is not an object."],
    [withMessages(valid, []), "messages[1] is not an object."],
    [withMessages({}), "messages[0].type is none of update, create, destroy, window, error: missing."],
    [
      withMessages({ type: "watch", id: 1 }),
      'messages[0].type is none of update, create, destroy, window, error: "watch".',
    ],
    [withMessages({ type: { a: 1 } }), "messages[0].type is none of update, create, destroy, window, error: object."],
    [
      withMessages({ type: "welcome" }),
      'messages[0].type is none of update, create, destroy, window, error: "welcome".',
    ],
    [withMessages(valid, valid, { ...valid, id: "1" }), "messages[2].id is not a whole number other than 0."],
    [withMessages({ ...valid, id: 0 }), "messages[0].id is not a whole number other than 0."],
    [withMessages({ ...valid, id: 2 ** 53 }), "messages[0].id is not a whole number other than 0."],
    [withMessages({ type: "update", id: 1 }), "messages[0].value is missing."],
    [withMessages({ type: "create", id: 1, parent: 1, path: "a" }), "messages[0].id is not a negative whole number."],
    [withMessages({ type: "create", id: -1, path: "a" }), "messages[0].parent is not a whole number other than 0."],
    [withMessages({ type: "create", id: -1, parent: 1 }), "messages[0].path is not a text."],
    [withMessages({ type: "create", id: -1, parent: 1, path: "" }), "messages[0].path is not a text."],
    [
      withMessages({ type: "create", id: -1, parent: 1, path: "a".repeat(1001) }),
      "messages[0].path is longer than 1000 characters.",
    ],
    [withMessages({ type: "destroy", id: 3 }), "messages[0].id is not a negative whole number."],
    [withMessages({ ...shown, id: 0 }), "messages[0].id is not a whole number other than 0."],
    [withMessages({ ...shown, start: -1 }), "messages[0].start is not a whole number from 0."],
    [withMessages({ ...shown, start: "0" }), "messages[0].start is not a whole number from 0."],
    [withMessages({ ...shown, count: 0 }), "messages[0].count is not a whole number from 1 to 1000."],
    [withMessages({ ...shown, count: 1001 }), "messages[0].count is not a whole number from 1 to 1000."],
    [withMessages({ ...shown, keep: null }), "messages[0].keep is not a whole number other than 0."],
    [withMessages({ type: "error", message: "m" }), "messages[0].code is not a text."],
    [withMessages({ type: "error", code: "c" }), "messages[0].message is not a text."],
    [
      withMessages({ type: "error", code: "c", message: "m", id: null }),
      "messages[0].id is not a whole number other than 0.",
    ],
  ];
  for (const [frame, message] of cases) {
    const error = refusal(frame);
    t.equal(error.code, "FRAME_INVALID", message);
    t.equal(error.message, message);
    t.equal(error.seq, (frame as { seq?: unknown }).seq === 7 ? 7 : undefined);
  }
});

t.test("values are finite and not nested beyond bounds", async (t) => {
  const infinite = refusal(
    '{"seq":7,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":{"a":[0,1e999]}}]}',
  );
  t.equal(infinite.message, "messages[0].value.a[1] is not a finite number.");
  const nested = (depth: number): string =>
    `{"seq":7,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":${"[".repeat(depth)}${"]".repeat(depth)}}]}`;
  t.ok(decodeFrame(nested(MAX_VALUE_DEPTH), limits));
  t.match(refusal(nested(MAX_VALUE_DEPTH + 1)).message, /^messages\[0\]\.value\[0\].* is nested deeper than 32\.$/);
  const abyss = refusal(nested(400_000), { ...limits, maxBytes: 1_000_000 });
  t.equal(abyss.code, "FRAME_INVALID", "nesting as deep as a frame allows does not end the stack");
  t.ok(abyss.message.length < 200);
});

t.test("the values of a frame are counted together, and no more than so many are looked at", async (t) => {
  const large = { ...limits, maxBytes: 2_000_000 };
  const update = (value: unknown): object => ({ type: "update", id: 1, value });
  // Each array counts, as its elements do; so does the value of each field.
  const half = Array.from({ length: MAX_VALUES / 2 - 1 }, () => 0);
  const fields = Object.fromEntries(half.map((zero, index) => [index, zero]));
  t.ok(decodeFrame(JSON.stringify(withMessages(update(half), update(fields))), large));
  const error = refusal(withMessages(update(half), update([...half, 0])), large);
  t.equal(error.code, "FRAME_INVALID");
  t.equal(error.message, "messages[1].value[4999] is one more than the 10000 values that a frame may hold.");
  t.equal(error.seq, 7);
  t.match(
    refusal(withMessages(update(half), update(fields), update(null)), large).message,
    /^messages\[2\]\.value is one/,
  );
  t.match(refusal(withMessages(update(Array.from({ length: 500_000 }, () => []))), large).message, /is one more than/);
});

t.test("too large, too many and not JSON have codes of their own and give the seq that can be read", async (t) => {
  const large = refusal({ seq: 7, ack: 0, event: true, messages: [{ ...valid, value: "x".repeat(10_000) }] });
  t.equal(large.code, "FRAME_TOO_LARGE");
  t.equal(large.seq, 7);
  const many = refusal(withMessages(...Array.from({ length: 11 }, () => valid)));
  t.equal(many.code, "FRAME_TOO_MANY");
  t.equal(many.message, "The frame holds 11 messages; 10 are allowed.");
  t.equal(many.seq, 7);
  const broken = refusal('{"seq":7,"ack":0,');
  t.equal(broken.code, "FRAME_NOT_JSON");
  t.equal(broken.seq, 7);
  t.equal(refusal("hello").seq, undefined);
  t.equal(tooLarge('{"seq":9,"ack"', 5).seq, 9);
});

t.test("the seq is read ahead only where it stands first and is a whole number", async (t) => {
  t.equal(peekSeq('{"seq":12,"ack":1'), 12);
  t.equal(peekSeq(' { "seq" : 12 }'), 12);
  t.equal(peekSeq('{"ack":1,"seq":12}'), undefined);
  t.equal(peekSeq('{"seq":1.5,'), undefined);
  t.equal(peekSeq('{"seq":0,'), undefined);
  t.equal(peekSeq('{"seq":12345678901234567,'), undefined);
  t.equal(peekSeq('{"seq":9999999999999999,'), undefined, "not a safe integer");
  t.equal(peekSeq('{"seq":12'), undefined, "the number may go on");
});

t.test("__proto__ is a name like any other", async (t) => {
  const fake = refusal('{"__proto__":{"seq":1,"ack":0,"event":true,"messages":[]}}');
  t.equal(fake.message, "ack is not a whole number from 0.");
  const inherited = refusal(
    '{"seq":7,"ack":0,"event":true,"messages":[{"__proto__":{"type":"update","id":1,"value":1}}]}',
  );
  t.match(inherited.message, /messages\[0\]\.type .* missing/);
  const text =
    '{"seq":7,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":{"__proto__":{"polluted":1}}}]}';
  const frame = decodeFrame(text, limits) as ClientFrame;
  t.equal(JSON.stringify(frame), text, "it is passed on as data");
  t.equal(({} as { polluted?: number }).polluted, undefined);
});

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const negative = id.map((number) => -number);
// JSON knows no -0: it would come back as 0.
const value = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("-0,", "0,")) as unknown);
const text = fc.string({ minLength: 1, maxLength: 50, unit: "binary" });
const message = fc.oneof(
  fc.record({ type: fc.constant("update"), id: fc.oneof(id, negative), value }),
  fc.record({ type: fc.constant("create"), id: negative, parent: fc.oneof(id, negative), path: text }),
  fc.record({ type: fc.constant("destroy"), id: negative }),
  fc.record(
    { type: fc.constant("window"), id, start: fc.maxSafeNat(), count: fc.integer({ min: 1, max: 1000 }), keep: id },
    { requiredKeys: ["type", "id", "start", "count"] },
  ),
  fc.record({ type: fc.constant("error"), code: text, message: text }),
);
const frame = fc.record({
  seq: id,
  ack: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  event: fc.boolean(),
  messages: fc.array(message, { maxLength: 10 }),
});
const wide = { maxBytes: 10_000_000, maxMessages: 10 };

t.test("10,000 generated frames: valid ones survive the round trip", async (t) => {
  fc.assert(
    fc.property(frame, (frame) => {
      const json = JSON.stringify(frame);
      return JSON.stringify(decodeFrame(json, wide)) === JSON.stringify(JSON.parse(json));
    }),
    { numRuns: 10_000 },
  );
  t.pass();
});

/** Puts something else somewhere into a valid frame. */
function damaged(frame: object, at: number, replacement: unknown): object {
  let place = 0;
  return JSON.parse(JSON.stringify(frame), (_, part: unknown) => (place++ === at ? replacement : part)) as object;
}

t.test(
  "10,000 generated frames: damaged ones and noise give a coded error or a frame, never anything else",
  async (t) => {
    const noise = fc.oneof(
      fc.anything().map((thing) => JSON.stringify(thing) ?? ""),
      fc.string({ unit: "binary" }),
    );
    const hurt = fc
      .tuple(frame, fc.nat(30), fc.jsonValue({ maxDepth: 2 }))
      .map(([frame, at, replacement]) => JSON.stringify(damaged(frame, at, replacement) ?? null));
    const cutOff = fc.tuple(frame, fc.nat(200)).map(([frame, length]) => JSON.stringify(frame).slice(0, length));
    fc.assert(
      fc.property(fc.oneof(noise, hurt, cutOff), (text) => {
        let decoded: ClientFrame | AckFrame;
        try {
          decoded = decodeFrame(text, limits);
        } catch (error) {
          return error instanceof MoonpoolError && error.code.startsWith("FRAME_") && error.message.length < 300;
        }
        return Number.isSafeInteger(decoded.ack);
      }),
      { numRuns: 10_000 },
    );
    t.pass();
  },
);
