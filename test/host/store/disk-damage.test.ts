import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import t, { type Test } from "tap";
import { openStore } from "../../../src/host/store/open-store.ts";
import type { SessionStore } from "../../../src/host/store/session-store.ts";
import { MoonpoolError } from "../../../src/protocol/main.ts";

/** Places of the file that are damaged at random, besides those that are always. */
const PLACES = Number(process.env["STORE_DAMAGES"] ?? 70);
const PAGE = 4096;
const SESSIONS = 40;

const recordOf = (id: string, position: number): string => `${id} ${position} ${"r".repeat((position * 53) % 400)}`;
const stateOf = (id: string, position: number): Buffer =>
  Buffer.from(`${id} at ${position} `.repeat(20 * position + id.length * 50));
const ids = Array.from({ length: SESSIONS }, (_, i) => `session ${i}`);
const lastOf = (id: string): number => 5 + (ids.indexOf(id) % 11);

function folder(t: Test): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-store-"));
  t.teardown(() => fs.rmSync(dir, { recursive: true }));
  return dir;
}

const open = (dir: string): Promise<SessionStore> => openStore({ durability: "disk", dir });

/** The bytes of a store with trees of two levels, values in pages of their own, and free pages. */
async function wholeFile(t: Test): Promise<Buffer> {
  const dir = folder(t);
  const store = await open(dir);
  for (const id of [...ids, "removed 1", "removed 2"]) {
    store.describe(id, `about ${id}`);
    for (let position = 1; position <= Math.max(5, lastOf(id)); position++) {
      store.append(id, recordOf(id, position));
      if (position % 2 === 0) store.snapshot(id, position, stateOf(id, position));
    }
    await store.flushed();
  }
  store.remove("removed 1");
  await store.flushed();
  store.remove("removed 2");
  await store.close();
  const bytes = fs.readFileSync(path.join(dir, "sessions.mdb"));
  // Without the room at its end: nothing is there yet.
  const lastPage = Math.max(bytes.readUInt32LE(144), bytes.readUInt32LE(PAGE + 144));
  return bytes.subarray(0, PAGE * (lastPage + 1));
}

/** Adds the codes of what a damaged store says; returns how many sessions it says them of. Throws if it says anything wrong. */
async function look(store: SessionStore, extra: number, codes: Set<string>): Promise<number> {
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof MoonpoolError) || !error.code.startsWith("STORE_")) throw error;
      codes.add(error.code);
    }
  };
  let damaged = 0;
  for (const id of ids) {
    const known = codes.size;
    await attempt(async () => {
      const loaded = await store.load(id);
      assert(loaded, `${id} is lost without a word`);
      assert.equal(loaded.description, `about ${id}`);
      const begin = loaded.snapshot?.position ?? 0;
      assert(loaded.snapshot && Buffer.compare(loaded.snapshot.bytes, stateOf(id, begin)) === 0);
      assert.equal(begin + loaded.records.length, lastOf(id) + extra);
      assert.deepEqual(
        loaded.records,
        loaded.records.map((_, i) => recordOf(id, begin + 1 + i)),
      );
    });
    await attempt(async () => {
      for (const { position, record } of await store.history(id)) assert.equal(record, recordOf(id, position));
    });
    if (codes.size > known) damaged++;
  }
  await attempt(async () => {
    const listed = await store.list();
    for (const { id, description, damaged } of listed)
      if (!damaged) assert(ids.includes(id) && description === `about ${id}`, `${id} is made up`);
    assert.equal(listed.length, SESSIONS);
  });
  return damaged;
}

/** Opens a store with these bytes, looks at it, goes on with it, and looks again. At most so many sessions may be damaged. */
async function examine(dir: string, bytes: Buffer, most = 1): Promise<Set<string>> {
  const codes = new Set<string>();
  fs.writeFileSync(path.join(dir, "sessions.mdb"), bytes);
  for (const extra of [0, 1]) {
    let store: SessionStore;
    try {
      store = await open(dir);
    } catch (error) {
      assert(error instanceof MoonpoolError && error.code.startsWith("STORE_"), String(error));
      return codes.add(error.code);
    }
    try {
      assert((await look(store, extra, codes)) <= most, "more sessions are damaged than can be");
      if (codes.size > 0) return codes;
      for (const id of ids) store.append(id, recordOf(id, lastOf(id) + extra + 1));
      await store.flushed();
      await look(store, extra + 1, codes);
    } finally {
      await store.close();
    }
  }
  return codes;
}

t.test("a store that is as it was is right", async (t) => {
  t.strictSame(await examine(folder(t), await wholeFile(t)), new Set());
});

t.test(
  "a byte that is changed anywhere is found, or is none that counts: never wrong data, never a crash",
  async (t) => {
    const whole = await wholeFile(t);
    const dir = folder(t);
    // All that is read of the two meta pages, the heads of all pages, and places at random.
    const places = new Set<number>();
    for (const meta of [0, PAGE]) for (let offset = 0; offset < 160; offset += 5) places.add(meta + offset);
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed % below;
    };
    for (let i = 0; i < PLACES; i++) {
      const page = random(whole.length / PAGE) * PAGE;
      // Heads and tails of pages are where the structure is.
      const offset = i % 3 === 0 ? random(80) : i % 3 === 1 ? PAGE - 1 - random(600) : random(PAGE);
      places.add(page + offset);
    }
    const found = new Map<string, number>();
    for (const place of places) {
      const bytes = Buffer.from(whole);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << random(8));
      try {
        for (const code of await examine(dir, bytes)) found.set(code, (found.get(code) ?? 0) + 1);
      } catch (error) {
        t.fail(`byte ${place % PAGE} of page ${Math.floor(place / PAGE)}: ${String(error)}`);
      }
    }
    t.ok(
      (found.get("STORE_CORRUPT") ?? 0) > places.size / 10,
      `${JSON.stringify([...found])} in ${places.size} places`,
    );
  },
);

t.test("a sector that was not written, or holds something else, is found, or is none that counts", async (t) => {
  const whole = await wholeFile(t);
  const dir = folder(t);
  let found = 0;
  const sectors = Math.ceil(PLACES / 4);
  for (let i = 0; i < sectors; i++) {
    const place = 512 * ((i * 7919) % (whole.length / 512));
    for (const content of [Buffer.alloc(512), Buffer.alloc(512, "garbage"), whole.subarray(whole.length - 512)]) {
      const bytes = Buffer.from(whole);
      bytes.set(content, place);
      try {
        found += (await examine(dir, bytes, SESSIONS)).size;
      } catch (error) {
        t.fail(`sector at ${place}: ${String(error)}`);
      }
    }
  }
  t.ok(found > sectors / 5, `${found} in ${3 * sectors}`);
});

t.test("a file that ends anywhere is found", async (t) => {
  const whole = await wholeFile(t);
  const dir = folder(t);
  for (const length of [1, 100, PAGE, PAGE + 50, 2 * PAGE, 3 * PAGE, whole.length / 2, whole.length * 0.8])
    t.strictSame(
      await examine(dir, whole.subarray(0, Math.floor(length))),
      new Set(["STORE_CORRUPT"]),
      `${length} bytes`,
    );
});

t.test("a file that is missing or empty is found, once something was written", async (t) => {
  const dir = folder(t);
  const file = path.join(dir, "sessions.mdb");
  // What is left of a process that was killed while it made the store.
  fs.writeFileSync(file, "");
  const store = await open(dir);
  store.append("a", "one");
  await store.close();
  fs.truncateSync(file);
  await t.rejects(open(dir), { code: "STORE_CORRUPT", message: /missing or empty/ });
  fs.rmSync(file);
  await t.rejects(open(dir), { code: "STORE_CORRUPT" });
  t.notOk(fs.existsSync(file), "nothing new is put in its place");
});

t.test("damaged values cost their session, which is named and can be removed; the others go on", async (t) => {
  const whole = await wholeFile(t);
  const dir = folder(t);
  const victim = "session 7";
  const place = whole.indexOf(stateOf(victim, lastOf(victim) - (lastOf(victim) % 2)));
  whole[place + 100] = 0;
  fs.writeFileSync(path.join(dir, "sessions.mdb"), whole);
  const store = await open(dir);
  const error: unknown = await store.load(victim).catch((reason: unknown) => reason);
  t.match(error, { code: "STORE_CORRUPT", message: victim });
  for (const id of ids) if (id !== victim) t.ok(await store.load(id));
  store.remove(victim);
  t.equal(await store.load(victim), undefined);
  t.equal(store.append(victim, "new"), 1);
  await store.close();
  const again = await open(dir);
  t.strictSame((await again.load(victim))?.records, ["new"]);
  await again.close();
});

t.test("a session whose description or head is damaged is told as damaged, never as absent", async (t) => {
  const whole = await wholeFile(t);
  const victim = "session 7";
  for (const part of [`{"id":"${victim}"`, `["${victim}",`]) {
    const dir = folder(t);
    const bytes = Buffer.from(whole);
    // Every copy, as older ones lie in pages that are free by now.
    for (let place = 0; (place = bytes.indexOf(part, place)) >= 0; place += part.length)
      bytes[place + part.length] = 0x21;
    fs.writeFileSync(path.join(dir, "sessions.mdb"), bytes);
    const store = await open(dir);
    await t.rejects(store.load(victim), { code: "STORE_CORRUPT" });
    if (part.startsWith("[")) t.throws(() => store.append(victim, "x"), { code: "STORE_CORRUPT" });
    t.equal((await store.list()).length, SESSIONS);
    store.remove(victim);
    await store.flushed();
    t.equal((await store.list()).length, SESSIONS - 1);
    await store.close();
  }
});
