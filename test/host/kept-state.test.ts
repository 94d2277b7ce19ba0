import * as fc from "fast-check";
import t from "tap";
import { encodeSnapshot, keptState, loadKept, RESTART, voidRecord } from "../../src/host/kept-state.ts";
import { MemoryStore } from "../../src/host/store/memory-store.ts";
import { sessionEvent, type SessionEventKind } from "../../src/protocol/worker-message.ts";

const ID = "session";

/** What may be done to a session; `back`: which of the events so far is void, counted from the newest. */
type Step =
  | { do: "event"; kind: SessionEventKind; number: number; pause: number }
  | { do: "void"; back: number }
  | { do: "restart" }
  | { do: "snapshot" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("event" as const),
      kind: fc.constantFrom<SessionEventKind>("connect", "disconnect", "frame", "timer", "reload", "pause", "resume"),
      number: fc.integer({ min: 1, max: 6 }),
      pause: fc.integer({ min: -5, max: 50 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("void" as const), back: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "restart" as const }) },
  { weight: 2, arbitrary: fc.constant({ do: "snapshot" as const }) },
);

/** A session, told in the plainest way. */
class Model {
  /** In all; `undefined`: void. */
  records: ({ text: string; kind: string; number: number; time: number } | undefined)[] = [];
  restartedAt = 0;
  snapshotAt = 0;
  connectionsEver = 0;

  get events(): { position: number; text: string; kind: string; number: number; time: number }[] {
    return this.records.flatMap((record, index) =>
      record && index >= this.restartedAt ? [{ ...record, position: index + 1 }] : [],
    );
  }

  get connections(): [number: number, seq: number][] {
    const open = new Map<number, number>();
    for (const { kind, number, text } of this.events) {
      if (kind === "connect") open.set(number, 0);
      if (kind === "frame" && open.has(number)) open.set(number, Number(/(\d+)$/.exec(text)?.[1]));
      if (kind === "disconnect") open.delete(number);
    }
    return [...open].toSorted(([one], [other]) => one - other);
  }

  get time(): number {
    return Math.max(0, ...this.records.map((record) => record?.time ?? 0));
  }
}

t.test("what is kept of a session is its newest image and the events after it that have happened", async (t) => {
  const runs = 500;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const store = new MemoryStore();
      const model = new Model();
      const append = (text: string, record: Model["records"][number]): void => {
        store.append(ID, text);
        model.records.push(record);
      };
      let time = 1_000;
      const event = (kind: SessionEventKind, number: number): void => {
        const text = sessionEvent(kind, number, time, `1 ${model.records.length}`);
        append(text, { text, kind, number, time });
      };
      event("start", 0);
      for (const each of steps) {
        if (each.do === "event") {
          time += each.pause;
          event(each.kind, each.number);
        } else if (each.do === "restart") {
          append(RESTART, undefined);
          model.restartedAt = model.records.length;
          event("start", 0);
        } else if (each.do === "void") {
          // Only what is in no image, and not a start.
          const { kind, position } = model.events.at(-each.back) ?? { kind: "start", position: 0 };
          if (kind === "start" || position <= model.snapshotAt) continue;
          model.records[position - 1] = undefined;
          append(voidRecord(position), undefined);
        } else {
          const head = {
            nextTimer: model.records.length,
            connections: model.connections,
            connectionsEver: Math.max(0, ...everOf(model)),
            time: model.time,
          };
          model.snapshotAt = model.records.length;
          store.snapshot(ID, model.snapshotAt, encodeSnapshot(head, Buffer.from(`image ${model.snapshotAt}`)));
        }
      }
      const kept = await loadKept(store, ID);
      const hasImage = model.snapshotAt > model.restartedAt;
      const image = kept?.image && Buffer.from(kept.image).toString();
      const found = {
        ...kept,
        image,
        connections: [...(kept?.connections ?? [])].toSorted(([one], [other]) => one - other),
      };
      t.strictSame(found, {
        description: "",
        image: hasImage ? `image ${model.snapshotAt}` : null,
        start: hasImage ? model.snapshotAt : model.restartedAt,
        nextTimer: hasImage ? model.snapshotAt : undefined,
        events: model.events
          .filter(({ position }) => !hasImage || position > model.snapshotAt)
          .map(({ position, text }) => ({ position, text })),
        position: model.records.length,
        connections: model.connections,
        connectionsEver: Math.max(0, ...everOf(model)),
        time: model.time,
      });
    }),
    { numRuns: runs, seed: 11 },
  );
});

/** Numbers that tabs have had, in sessions before a restart too. */
function everOf(model: Model): number[] {
  return model.records.flatMap((record) => (record?.kind === "connect" ? [record.number] : []));
}

t.test("a snapshot may be of any position, the newest record included; what is in it is not told again", async (t) => {
  const records = Array.from({ length: 5 }, (_, index) => sessionEvent("frame", 1, index, ""));
  const head = { nextTimer: undefined, connections: [[1, 5]] as [number, number][], connectionsEver: 1, time: 0 };
  for (let position = 0; position <= records.length; position++) {
    const snapshot = { position, bytes: encodeSnapshot(head, Uint8Array.of(10, 0, 10)) };
    const kept = keptState({ description: "d", snapshot, records: records.slice(position) });
    t.same(
      kept.events.map((event) => event.position),
      [1, 2, 3, 4, 5].slice(position),
    );
    t.same([...(kept.image ?? [])], [10, 0, 10], "whatever bytes are in it");
    t.equal(kept.position, 5);
  }
});

t.test("a session of which not even a start is left is nothing to go on from", async (t) => {
  const store = new MemoryStore();
  t.equal(await loadKept(store, ID), undefined);
  store.describe(ID, "only described");
  t.equal(await loadKept(store, ID), undefined);
  store.append(ID, sessionEvent("start", 0, 1));
  t.ok(await loadKept(store, ID));
  store.append(ID, RESTART);
  store.append(ID, sessionEvent("start", 0, 2));
  store.append(ID, sessionEvent("connect", 1, 2));
  store.append(ID, voidRecord(3));
  t.equal(await loadKept(store, ID), undefined);
});

t.test("garbage is STORE_CORRUPT, whatever it is", async (t) => {
  const good = encodeSnapshot({ nextTimer: 5, connections: [[1, 5]], connectionsEver: 1, time: 7 }, Uint8Array.of(1));
  t.ok(keptState({ description: "", snapshot: { position: 1, bytes: good }, records: [] }));
  const heads = [
    "",
    "null",
    "[]",
    "7",
    "{}",
    '{"connections":[],"connectionsEver":0}',
    '{"connections":1,"connectionsEver":0,"time":0}',
    '{"connections":[1],"connectionsEver":0,"time":0}',
    '{"connections":[[1]],"connectionsEver":0,"time":0}',
    '{"connections":[[1,"1"]],"connectionsEver":0,"time":0}',
    '{"connections":[],"connectionsEver":"0","time":0}',
    '{"connections":[],"connectionsEver":0,"time":0,"nextTimer":"soon"}',
    '{"connections":[],"connectionsEver":0,"time":0',
  ].map((head) => Buffer.from(`${head}\nimage`));
  for (const bytes of [...heads, new Uint8Array(), Uint8Array.of(10), good.subarray(0, 10), good.subarray(3)])
    t.throws(() => keptState({ description: "", snapshot: { position: 1, bytes }, records: [] }), {
      code: "STORE_CORRUPT",
    });
  for (const record of [
    "",
    "void",
    "void x",
    "void 1 2",
    "start",
    "start 0 1",
    "jump 0 1\n",
    "frame -1 1\n",
    "frame 1 x\n",
    "restart 1",
  ])
    t.throws(
      () => keptState({ description: "", snapshot: undefined, records: [record] }),
      { code: "STORE_CORRUPT" },
      record,
    );
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), (record, bytes) => {
      const isRecord =
        /^(void \d+|restart)$|^(start|connect|frame|disconnect|pause|resume|timer|reload) \d+ \d+\n/.test(record);
      if (!isRecord) t.throws(() => keptState({ description: "", snapshot: undefined, records: [record] }));
      t.throws(() => keptState({ description: "", snapshot: { position: 0, bytes }, records: [] }), {
        code: "STORE_CORRUPT",
      });
    }),
    { numRuns: 200, seed: 3 },
  );
});
