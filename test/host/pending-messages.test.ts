import * as fc from "fast-check";
import t from "tap";
import { PendingMessages } from "../../src/host/pending-messages.ts";

function taken(pending: PendingMessages): unknown[] {
  const frames = pending.take();
  if (frames.length > 1) throw new Error(`${frames.length} frames`);
  return JSON.parse(`[${frames[0]?.messages ?? ""}]`) as unknown[];
}

function fragments(...messages: object[]): string {
  return messages.map((message) => JSON.stringify(message)).join(",");
}

t.test("the latest value, property and error of a variable win, null included", async (t) => {
  const pending = new PendingMessages();
  pending.add(fragments({ type: "update", id: 3, value: 1, properties: { a: "1", b: "1" } }), 1, 0);
  pending.add(fragments({ type: "update", id: 3, error: { code: "PATH_NIL", message: "x" } }), 1, 0);
  pending.add(fragments({ type: "update", id: 3, properties: { b: "", c: "3" } }), 1, 0);
  pending.add(fragments({ type: "update", id: 3, value: null, error: null }), 1, 0);
  t.strictSame(taken(pending), [
    { type: "update", id: 3, value: null, properties: { a: "1", b: "", c: "3" }, error: null },
  ]);
  t.ok(pending.isEmpty);
  t.strictSame(pending.take(), []);
});

t.test("of the app's notices the newest 20 are kept, in order, however many come", async (t) => {
  const pending = new PendingMessages();
  for (let index = 0; index < 50; index++)
    pending.add(fragments({ type: "notify", text: `n${index}` }, { type: "update", id: 3, value: index }), 0, 0);
  const messages = taken(pending) as { type: string; text?: string }[];
  t.strictSame(
    messages.filter(({ type }) => type === "notify").map(({ text }) => text),
    Array.from({ length: 20 }, (_, index) => `n${index + 30}`),
  );
  t.equal(messages.length, 21);
});

t.test("priorities come in their order, also for one variable with two of them", async (t) => {
  const pending = new PendingMessages();
  pending.add(fragments({ type: "update", id: 3, value: 1 }), 2, 0);
  pending.add(fragments({ type: "update", id: 3, properties: { p: "1" } }), 0, 0);
  pending.add(fragments({ type: "update", id: 4, value: 1 }), 1, 0);
  t.strictSame(taken(pending), [
    { type: "update", id: 3, properties: { p: "1" } },
    { type: "update", id: 4, value: 1 },
    { type: "update", id: 3, value: 1 },
  ]);
});

t.test("a row that is a view and then a plain value is sent in that order, and the other way round", async (t) => {
  const pending = new PendingMessages();
  pending.add(
    fragments(
      { type: "update", id: 9, value: "a" },
      { type: "view", id: 9, viewdef: "A.DEFAULT", first: 20, values: [1] },
    ),
    1,
    0,
  );
  pending.add(fragments({ type: "update", id: 9, value: "b" }), 1, 0);
  t.strictSame(
    taken(pending).map((message) => (message as { type: string }).type),
    ["view", "update"],
  );
  pending.add(
    fragments(
      { type: "update", id: 9, value: "b" },
      { type: "view", id: 9, viewdef: "A.DEFAULT", first: 30, values: [] },
    ),
    1,
    0,
  );
  t.strictSame(
    taken(pending).map((message) => (message as { type: string }).type),
    ["update", "view"],
  );
});

t.test("a view that is superseded goes with all that stood below it, as far as it is known", async (t) => {
  const pending = new PendingMessages();
  pending.add(
    fragments(
      { type: "view", id: 5, viewdef: "A.DEFAULT", first: 10, values: [1, 2, 3] },
      { type: "view", id: 10, viewdef: "B.DEFAULT", first: 13, values: [4] },
      { type: "list", id: 11, place: [{ row: 14, count: 2, before: 0 }] },
      { type: "view", id: 14, viewdef: "C.DEFAULT", first: 16, values: [5] },
      { type: "update", id: 15, value: "row" },
    ),
    1,
    0,
  );
  pending.add(
    fragments(
      { type: "update", id: 13, value: 40 },
      { type: "update", id: 16, value: 50 },
      { type: "update", id: 12, value: 30 },
    ),
    2,
    0,
  );
  const unknown = { type: "update", id: 99, value: "of a view that was sent before" };
  pending.add(fragments(unknown), 2, 0);
  const view = { type: "view", id: 5, viewdef: "D.DEFAULT", first: 17, values: [6] };
  pending.add(fragments(view), 1, 0);
  t.strictSame(taken(pending), [view, unknown]);
});

t.test("list messages stay in order; pending content of removed rows goes", async (t) => {
  const pending = new PendingMessages();
  const placed = { type: "list", id: 5, place: [{ row: 10, count: 2, before: 0 }] };
  const moved = { type: "list", id: 5, place: [{ row: 11, before: 10 }] };
  const removed = { type: "list", id: 5, remove: [10] };
  pending.add(
    fragments(
      placed,
      { type: "view", id: 10, viewdef: "A.DEFAULT", first: 12, values: [1] },
      { type: "update", id: 11, value: 1 },
    ),
    1,
    0,
  );
  pending.add(fragments({ type: "update", id: 12, value: 2 }, moved), 1, 0);
  pending.add(fragments(removed), 1, 0);
  t.strictSame(taken(pending), [placed, { type: "update", id: 11, value: 1 }, moved, removed]);
});

t.test("faults are kept up to a number, or a flood of bad frames would fill the memory", async (t) => {
  const pending = new PendingMessages();
  for (let count = 0; count < 1_000; count++)
    pending.add(fragments({ type: "error", code: "FRAME_NOT_JSON", message: `${count}` }), 0, 0);
  t.equal(taken(pending).length, 32);
  pending.add(fragments({ type: "error", code: "FRAME_NOT_JSON", message: "again" }), 0, 0);
  t.equal(taken(pending).length, 1, "counted anew after they were taken");
});

t.test("of reloads the latest notice and the latest errors are kept, and all files to be exchanged", async (t) => {
  const pending = new PendingMessages();
  const errors = [{ code: "LUA_SYNTAX", message: "x", severity: "error" }];
  const done = (time: number): object => ({ files: ["lua/a.lua"], sessions: 1, time });
  pending.add(fragments({ type: "reload", errors }, { type: "reload", assets: ["/a.css"], done: done(1) }), 0, 0);
  pending.add(fragments({ type: "reload", errors: [] }, { type: "reload", page: true }), 0, 1);
  pending.add(fragments({ type: "reload", assets: ["/b.css", "/a.css"], done: done(2) }), 0, 1);
  t.strictSame(taken(pending), [
    { type: "reload", errors: [], assets: ["/a.css", "/b.css"], done: done(2), page: true },
  ]);
  t.ok(pending.isEmpty);
});

t.test(
  "what was made before and after a frame of the browser goes in frames of its own, the older without what is superseded",
  async (t) => {
    const pending = new PendingMessages();
    const old = { type: "update", id: 5, value: "before", properties: { a: "1", b: "1" }, error: null };
    pending.add(fragments({ type: "update", id: 9, value: 1 }, old), 2, 0);
    pending.add(fragments({ type: "update", id: 6, value: 1 }), 1, 1);
    pending.add(fragments({ type: "update", id: 5, properties: { b: "2" } }), 2, 1);
    pending.add(fragments({ type: "update", id: 9, value: 2 }), 2, 4);
    t.strictSame(pending.take(), [
      {
        applied: 0,
        messages: fragments({ type: "update", id: 5, value: "before", properties: { a: "1" }, error: null }),
      },
      {
        applied: 1,
        messages: fragments({ type: "update", id: 6, value: 1 }, { type: "update", id: 5, properties: { b: "2" } }),
      },
      { applied: 4, messages: fragments({ type: "update", id: 9, value: 2 }) },
    ]);
    for (let applied = 0; applied < 1_000; applied++)
      pending.add(fragments({ type: "update", id: 5, value: applied }), 1, applied);
    t.strictSame(pending.take(), [{ applied: 999, messages: fragments({ type: "update", id: 5, value: 999 }) }]);
  },
);

t.test(
  "views and lists keep their order across frames; what a later frame makes needless goes from earlier ones",
  async (t) => {
    const pending = new PendingMessages();
    const placed = { type: "list", id: 5, place: [{ row: 10, count: 2, before: 0 }] };
    const shown = { type: "view", id: 10, viewdef: "A.DEFAULT", first: 12, values: [1] };
    const moved = { type: "list", id: 5, place: [{ row: 11, before: 10 }] };
    const removed = { type: "list", id: 5, remove: [10] };
    pending.add(fragments(placed, shown, { type: "update", id: 12, value: 2 }), 1, 0);
    pending.add(fragments(moved), 1, 1);
    pending.add(fragments({ type: "update", id: 12, value: 3 }, removed), 1, 2);
    t.strictSame(pending.take(), [
      { applied: 0, messages: fragments(placed) },
      { applied: 1, messages: fragments(moved) },
      { applied: 2, messages: fragments(removed) },
    ]);
  },
);

/** What a client that applies messages one after the other knows in the end of variables 1 to 5. */
function stateAfter(messages: unknown[]): unknown {
  const state = new Map<number, { value?: unknown; properties: Record<string, unknown>; error?: unknown }>();
  for (const message of messages as { id: number; value?: unknown; properties?: object; error?: unknown }[]) {
    const variable = state.get(message.id) ?? { properties: {} };
    if ("value" in message) variable.value = message.value;
    if ("error" in message) variable.error = message.error;
    Object.assign(variable.properties, message.properties);
    state.set(message.id, variable);
  }
  return [...state].sort(([a], [b]) => a - b);
}

t.test("any run of updates leads to the same state, kept or not", async (t) => {
  const update = fc
    .record(
      {
        type: fc.constant("update"),
        id: fc.integer({ min: 1, max: 5 }),
        value: fc.jsonValue({ maxDepth: 1 }),
        properties: fc.dictionary(fc.constantFrom("a", "b"), fc.string(), { maxKeys: 2 }),
        error: fc.constantFrom(null, { code: "LUA_ERROR", message: "m" }),
      },
      { requiredKeys: ["type", "id"] },
    )
    .map((message) => JSON.parse(JSON.stringify(message)) as object);
  const step = fc.integer({ min: 0, max: 2 });
  fc.assert(
    fc.property(fc.array(fc.tuple(update, step), { minLength: 1, maxLength: 30 }), (steps) => {
      const pending = new PendingMessages();
      const updates = steps.map(([message]) => message);
      let applied = 0;
      for (const [message, more] of steps) pending.add(fragments(message), 1, (applied += more));
      const kept = pending.take().flatMap(({ messages }) => JSON.parse(`[${messages}]`) as unknown[]);
      t.ok(kept.length <= 5 * 4, "a message for each part of each variable at most");
      return JSON.stringify(sorted(stateAfter(kept))) === JSON.stringify(sorted(stateAfter(updates)));
    }),
    { numRuns: 500 },
  );
});

/** The same with all keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}
