import * as fc from "fast-check";
import type { Test as Tap } from "tap";
import type { SessionStore } from "../../../src/host/store/session-store.ts";
import { StoreModel } from "./store-model.ts";

export interface StoreUnderTest {
  store: SessionStore;
  /** Closes the store and opens it again; absent: it holds nothing afterwards. */
  reopen?: () => Promise<SessionStore>;
  /** Gives the store up, and what it is in. */
  remove: () => Promise<void>;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

/** Ids and texts that are easily taken for something else. */
export const odd = [
  "",
  " ",
  "\0",
  "a\0b",
  "__proto__",
  "constructor",
  "../../etc",
  "ä€😀",
  "e\u0301",
  "é",
  "\ud800",
  "\ud801",
  "\udfff\ud800",
  "\ufeffx",
  '"\\\n\u2028',
  "x".repeat(5000),
  `${"x".repeat(5000)}y`,
];

/** What every store promises. `open` makes an empty store that keeps `history` snapshots (absent: as many as by default). */
export function storeConformance(test: Tap, open: (history?: number) => Promise<StoreUnderTest>): void {
  const withStore =
    (body: (t: Tap, store: SessionStore) => Promise<void>, history?: number) =>
    async (t: Tap): Promise<void> => {
      const { store, remove } = await open(history);
      try {
        await body(t, store);
      } finally {
        await remove();
      }
    };

  test.test(
    "a session is its description and its records, in order, each with its position",
    withStore(async (t, store) => {
      t.equal(await store.load("a"), undefined);
      store.describe("a", "first");
      t.equal(store.append("a", "one"), 1);
      t.equal(store.append("a", "two"), 2);
      t.equal(store.append("b", "other"), 1);
      store.describe("a", "second");
      t.equal(store.append("a", "three"), 3);
      t.strictSame(await store.load("a"), {
        description: "second",
        snapshot: undefined,
        records: ["one", "two", "three"],
      });
      t.strictSame(await store.load("b"), { description: "", snapshot: undefined, records: ["other"] });
      t.strictSame(byId(await store.list()), [
        { id: "a", description: "second" },
        { id: "b", description: "" },
      ]);
    }),
  );

  test.test(
    "what was given is read at once, before, while and after it becomes safe",
    withStore(async (t, store) => {
      for (let i = 1; i <= 50; i++) {
        store.append("a", `record ${i}`);
        const loaded = store.load("a");
        store.append("a", `later ${i}`);
        t.equal((await loaded)?.records[2 * i - 2], `record ${i}`);
        if (i % 10 === 0) await store.flushed();
      }
      await store.flushed();
      t.equal(store.flushed(), undefined);
      t.equal((await store.load("a"))?.records.length, 100);
    }),
  );

  test.test(
    "a snapshot stands for the records before it; positions go on",
    withStore(async (t, store) => {
      for (const record of ["1", "2", "3"]) store.append("a", record);
      store.snapshot("a", 2, bytes("state 2"));
      const loaded = await store.load("a");
      t.equal(loaded?.snapshot?.position, 2);
      t.equal(text(loaded?.snapshot?.bytes), "state 2");
      t.strictSame(loaded?.records, ["3"]);
      t.equal(store.append("a", "4"), 4);
      store.snapshot("a", 4, bytes("state 4"));
      store.snapshot("a", 4, bytes("state 4 again"));
      const again = await store.load("a");
      t.equal(text(again?.snapshot?.bytes), "state 4 again");
      t.strictSame(again?.records, []);
      t.equal(store.append("a", "5"), 5);
    }),
  );

  test.test(
    "a session may begin with a snapshot",
    withStore(async (t, store) => {
      store.snapshot("a", 0, bytes("imported"));
      const loaded = await store.load("a");
      t.strictSame([loaded?.snapshot?.position, text(loaded?.snapshot?.bytes), loaded?.records], [0, "imported", []]);
      t.equal(store.append("a", "1"), 1);
      t.strictSame(await store.history("a"), [{ position: 1, record: "1" }]);
      await store.truncate("a", 0);
      t.strictSame(await store.history("a"), []);
    }),
  );

  test.test(
    "the last two snapshots and what came after them can be gone back to, and nothing before",
    withStore(async (t, store) => {
      for (let position = 1; position <= 9; position++) {
        store.append("a", `${position}`);
        if (position % 3 === 0) store.snapshot("a", position, bytes(`state ${position}`));
      }
      t.strictSame(
        await store.history("a"),
        [6, 7, 8, 9].map((position) => ({ position, record: `${position}` })),
      );
      for (const position of [5, 10, -1, 6.5, NaN])
        await t.rejects(store.truncate("a", position), { code: "STORE_POSITION" });
      await store.truncate("a", 8);
      const loaded = await store.load("a");
      t.strictSame([loaded?.snapshot?.position, loaded?.records], [6, ["7", "8"]]);
      t.equal(store.append("a", "other 9"), 9);
      t.strictSame((await store.load("a"))?.records, ["7", "8", "other 9"]);
      await store.truncate("a", 6);
      t.strictSame((await store.load("a"))?.records, []);
      t.equal(text((await store.load("a"))?.snapshot?.bytes), "state 6");
      t.strictSame(await store.history("a"), [{ position: 6, record: "6" }]);
      t.equal(store.append("a", "another 7"), 7);
    }),
  );

  test.test(
    "as many snapshots are kept as wanted",
    withStore(async (t, store) => {
      for (let position = 1; position <= 9; position++) {
        store.append("a", `${position}`);
        store.snapshot("a", position, bytes(`state ${position}`));
      }
      t.strictSame((await store.history("a")).length, 4);
      await store.truncate("a", 6);
      t.equal(text((await store.load("a"))?.snapshot?.bytes), "state 6");
    }, 4),
  );

  test.test(
    "a snapshot of a position that is not there, or lies behind, is refused and changes nothing",
    withStore(async (t, store) => {
      for (const record of ["1", "2", "3"]) store.append("a", record);
      store.snapshot("a", 2, bytes("state 2"));
      for (const position of [1, 4, -1, 2.5, NaN])
        t.throws(() => store.snapshot("a", position, bytes("no")), { code: "STORE_POSITION" });
      t.throws(() => store.snapshot("new", 1, bytes("no")), { code: "STORE_POSITION" });
      t.strictSame((await store.load("a"))?.records, ["3"]);
      t.equal(await store.load("new"), undefined);
      t.equal((await store.list()).length, 1);
    }),
  );

  test.test(
    "a session without snapshots goes back to any position, also to its beginning",
    withStore(async (t, store) => {
      for (const record of ["1", "2", "3"]) store.append("a", record);
      await store.truncate("a", 2);
      t.strictSame((await store.load("a"))?.records, ["1", "2"]);
      await store.truncate("a", 0);
      t.strictSame(await store.load("a"), { description: "", snapshot: undefined, records: [] });
      t.equal(store.append("a", "x"), 1);
      await t.rejects(store.truncate("b", 0), { code: "STORE_POSITION" });
      t.strictSame(await store.history("b"), []);
    }),
  );

  test.test(
    "a session that is removed is gone, and may come again from position 1",
    withStore(async (t, store) => {
      store.describe("a", "first");
      for (let i = 0; i < 5; i++) store.append("a", "old");
      store.snapshot("a", 3, bytes("old"));
      await store.flushed();
      store.append("a", "old");
      store.remove("a");
      store.remove("never was");
      t.equal(await store.load("a"), undefined);
      t.strictSame(await store.list(), []);
      t.equal(store.append("a", "given and removed in one turn"), 1);
      store.remove("a");
      t.equal(store.append("a", "new"), 1);
      t.strictSame(await store.load("a"), { description: "", snapshot: undefined, records: ["new"] });
      t.strictSame(await store.history("a"), [{ position: 1, record: "new" }]);
      t.strictSame(await store.list(), [{ id: "a", description: "" }]);
    }),
  );

  test.test(
    "a session that was released goes on where it was, whether it is loaded first or not",
    withStore(async (t, store) => {
      store.append("a", "1");
      store.release("a");
      store.append("a", "2");
      await store.flushed();
      store.release("a");
      store.release("never was");
      t.equal(store.append("a", "3"), 3);
      store.release("a");
      await store.flushed();
      t.strictSame((await store.load("a"))?.records, ["1", "2", "3"]);
      store.release("a");
      store.snapshot("a", 3, bytes("state"));
      await store.flushed();
      store.release("a");
      await store.truncate("a", 3);
      t.equal(store.append("a", "4"), 4);
    }),
  );

  test.test(
    "blobs are kept by name until they are removed",
    withStore(async (t, store) => {
      t.equal(await store.blob("x"), undefined);
      store.putBlob("x", bytes("one"));
      t.equal(text(await store.blob("x")), "one");
      store.putBlob("x", bytes("two"));
      store.putBlob("empty", new Uint8Array());
      t.equal(text(await store.blob("x")), "two");
      t.equal((await store.blob("empty"))?.length, 0);
      t.strictSame((await store.blobNames()).sort(), ["empty", "x"]);
      store.removeBlob("x");
      store.removeBlob("never was");
      t.equal(await store.blob("x"), undefined);
      t.strictSame(await store.blobNames(), ["empty"]);
      t.strictSame(await store.list(), []);
    }),
  );

  test.test(
    "values of 20 MB come back as they were, beside small ones",
    withStore(async (t, store) => {
      const large = new Uint8Array(20 * 1024 * 1024);
      for (let i = 0; i < large.length; i++) large[i] = (i * 2654435761) >>> 24;
      const long = "äx".repeat(5 * 1024 * 1024);
      store.append("a", "before");
      store.append("a", long);
      store.snapshot("a", 1, large);
      store.append("b", "small");
      store.putBlob("large", large);
      await store.flushed();
      const loaded = await store.load("a");
      t.equal(Buffer.compare(loaded?.snapshot?.bytes ?? bytes(""), large), 0);
      t.ok(loaded?.records[0] === long);
      t.equal(Buffer.compare((await store.blob("large")) ?? bytes(""), large), 0);
      t.strictSame((await store.load("b"))?.records, ["small"]);
    }),
  );

  test.test(
    "ids, names and texts of any characters and lengths are told apart and come back as they were",
    withStore(async (t, store) => {
      for (const id of odd) {
        store.describe(id, `of ${id}`);
        store.append(id, id);
        store.putBlob(id, Buffer.from(id, "utf16le"));
      }
      await store.flushed();
      for (const id of odd) {
        t.strictSame(await store.load(id), { description: `of ${id}`, snapshot: undefined, records: [id] });
        t.equal(Buffer.from((await store.blob(id)) ?? []).toString("utf16le"), id);
      }
      t.strictSame((await store.list()).map(({ id }) => id).sort(), [...odd].sort());
      t.strictSame((await store.blobNames()).sort(), [...odd].sort());
    }),
  );

  test.test("any run of calls leaves what a plain model says", async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { store, reopen, remove } = await open();
        try {
          const model = new StoreModel(2);
          for (const each of steps) await model.compare(store, each);
          await model.compareAll(store, ["a", "b", "c"]);
          if (reopen) await model.compareAll(await reopen(), ["a", "b", "c"]);
        } finally {
          await remove();
        }
      }),
      { numRuns: Number(process.env["STORE_RUNS"] ?? 60) },
    );
    t.pass("all of them");
  });
}

const id = fc.constantFrom("a", "b", "c");
const content = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.constantFrom("x".repeat(9000), "\ud800"));
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ call: fc.constant("append" as const), id, content }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant("snapshot" as const), id, back: fc.nat(4), content }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant("truncate" as const), id, back: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant("describe" as const), id, content }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constantFrom("remove", "release", "load", "history"), id }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constantFrom("flushed", "turn"), id }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant("putBlob" as const), id, content }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant("removeBlob" as const), id }) },
);

function byId<Listed extends { id: string }>(list: Listed[]): Listed[] {
  return list.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}
