import * as fc from "fast-check";
import t from "tap";
import { PendingMessages } from "../../src/host/pending-messages.ts";

function taken(pending: PendingMessages): unknown[] {
  return JSON.parse(`[${pending.take()}]`) as unknown[];
}

function fragments(...messages: object[]): string {
  return messages.map((message) => JSON.stringify(message)).join(",");
}

t.test("the latest value, property and error of a variable win, null included", async (t) => {
  const pending = new PendingMessages();
  pending.add(fragments({ type: "update", id: 3, value: 1, properties: { a: "1", b: "1" } }), 1);
  pending.add(fragments({ type: "update", id: 3, error: { code: "PATH_NIL", message: "x" } }), 1);
  pending.add(fragments({ type: "update", id: 3, properties: { b: "", c: "3" } }), 1);
  pending.add(fragments({ type: "update", id: 3, value: null, error: null }), 1);
  t.strictSame(taken(pending), [
    { type: "update", id: 3, value: null, properties: { a: "1", b: "", c: "3" }, error: null },
  ]);
  t.ok(pending.isEmpty);
  t.equal(pending.take(), "");
});

t.test("priorities come in their order, also for one variable with two of them", async (t) => {
  const pending = new PendingMessages();
  pending.add(fragments({ type: "update", id: 3, value: 1 }), 2);
  pending.add(fragments({ type: "update", id: 3, properties: { p: "1" } }), 0);
  pending.add(fragments({ type: "update", id: 4, value: 1 }), 1);
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
  );
  pending.add(fragments({ type: "update", id: 9, value: "b" }), 1);
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
  );
  pending.add(
    fragments(
      { type: "update", id: 13, value: 40 },
      { type: "update", id: 16, value: 50 },
      { type: "update", id: 12, value: 30 },
    ),
    2,
  );
  const unknown = { type: "update", id: 99, value: "of a view that was sent before" };
  pending.add(fragments(unknown), 2);
  const view = { type: "view", id: 5, viewdef: "D.DEFAULT", first: 17, values: [6] };
  pending.add(fragments(view), 1);
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
  );
  pending.add(fragments({ type: "update", id: 12, value: 2 }, moved), 1);
  pending.add(fragments(removed), 1);
  t.strictSame(taken(pending), [placed, { type: "update", id: 11, value: 1 }, moved, removed]);
});

t.test("faults are kept up to a number, or a flood of bad frames would fill the memory", async (t) => {
  const pending = new PendingMessages();
  for (let count = 0; count < 1_000; count++)
    pending.add(fragments({ type: "error", code: "FRAME_NOT_JSON", message: `${count}` }), 0);
  t.equal(taken(pending).length, 32);
  pending.add(fragments({ type: "error", code: "FRAME_NOT_JSON", message: "again" }), 0);
  t.equal(taken(pending).length, 1, "counted anew after they were taken");
});

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
  fc.assert(
    fc.property(fc.array(update, { minLength: 1, maxLength: 30 }), (updates) => {
      const pending = new PendingMessages();
      for (const update of updates) pending.add(fragments(update), 1);
      const kept = taken(pending);
      t.ok(kept.length <= 5);
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
