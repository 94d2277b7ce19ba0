import t from "tap";
import { Bases } from "../../src/host/bases.ts";
import { encodeSnapshot } from "../../src/host/kept-state.ts";
import { encodeBase } from "../../src/host/store/base-blob.ts";
import { MemoryStore } from "../../src/host/store/memory-store.ts";
import { openStore } from "../../src/host/store/open-store.ts";
import type { SessionStore } from "../../src/host/store/session-store.ts";
import { type BaseImage, encodeImage } from "../../src/protocol/session-image.ts";
import { run, vmFactory } from "../support/vm.ts";

const { bear } = await vmFactory();
const vm = await bear();
const [a, b, c, d] = ["a", "b", "c", "d"].map((letter) => {
  run(vm, `list = { "${letter}" }`);
  return vm.saveBase();
}) as [BaseImage, BaseImage, BaseImage, BaseImage];
const head = { nextTimer: undefined, connections: [], connectionsEver: 0, time: 0 };

/** A snapshot of an image that is a difference to `base`. */
function snapshotOf(base: BaseImage): Uint8Array {
  vm.rebase(base);
  return encodeSnapshot(head, encodeImage(vm.saveImage()));
}

function putBase(store: SessionStore, base: BaseImage): void {
  store.putBlob(`base/${base.name}`, encodeBase(base));
}

async function kept(store: SessionStore): Promise<string[]> {
  const names = await store.blobNames();
  return [a, b, c, d].flatMap(({ name }, index) => (names.includes(`base/${name}`) ? ["abcd"[index]!] : []));
}

t.test("bases that no session's newest image needs are removed from the disk; other blobs stay", async (t) => {
  const store = await openStore({ durability: "disk", dir: t.testdir({}) });
  for (const base of [a, b, c]) putBase(store, base);
  store.putBlob("seed", Buffer.from("1"));
  for (let session = 0; session < 120; session++) {
    store.append(`${session}`, "start 0 1\n{}");
    store.snapshot(`${session}`, 1, snapshotOf(session === 119 ? b : a));
  }
  store.snapshot("119", 1, snapshotOf(c));
  store.snapshot("damaged", 0, Buffer.from("nothing"));
  store.append("none", "start 0 1\n{}");
  await new Bases(store).sweep(0);
  t.same(await kept(store), ["a", "c"]);
  t.ok(await store.blob("seed"));
  t.equal((await store.load("119"))?.snapshot?.position, 1);
  store.remove("119");
  await new Bases(store).sweep(0);
  t.same(await kept(store), ["a"]);
  store.snapshot("119", 0, snapshotOf(a));
  for (let session = 0; session < 120; session++) store.remove(`${session}`);
  await new Bases(store).sweep(0);
  t.same(await kept(store), ["a"], "a single one is left alone");
  await store.close();
});

t.test(
  "bases of sessions that come while it is looked for them stay, also when the session sleeps again",
  async (t) => {
    const store = await openStore({ durability: "disk", dir: t.testdir({}) });
    for (const base of [a, b, c, d]) putBase(store, base);
    for (let session = 0; session < 60; session++) store.snapshot(`${session}`, 0, snapshotOf(a));
    const bases = new Bases(store);
    const load = store.load.bind(store);
    let isBetween = false;
    store.load = async (id) => {
      if (!isBetween) {
        isBetween = true;
        bases.take(b);
        store.snapshot("new", 0, snapshotOf(b));
        bases.give(b.name, true);
        bases.take(c);
      }
      return load(id);
    };
    await bases.sweep(0);
    t.ok(isBetween);
    t.same(await kept(store), ["a", "b", "c"]);
    bases.take(d);
    t.same(await kept(store), ["a", "b", "c", "d"], "what was removed comes again with its next session");
    await store.close();
  },
);

t.test("when the host closes, it is not looked for any more, and nothing is removed", async (t) => {
  const store = await openStore({ durability: "disk", dir: t.testdir({}) });
  for (const base of [a, b]) putBase(store, base);
  for (let session = 0; session < 60; session++) store.snapshot(`${session}`, 0, snapshotOf(a));
  const bases = new Bases(store);
  void bases.sweep(0);
  await bases.close();
  t.same(await kept(store), ["a", "b"]);
  await store.close();
});

t.test("in memory, the base of a session that nobody uses can be found, and goes when the session does", async (t) => {
  const store = new MemoryStore();
  const bases = new Bases(store);
  bases.take(a);
  bases.take(a);
  store.snapshot("one", 0, snapshotOf(a));
  bases.give(a.name, true);
  bases.give(a.name, false);
  t.equal((await bases.find(a.name))?.name, a.name);
  bases.take(b);
  bases.give(b.name, false);
  t.equal(await bases.find(b.name), undefined);
  store.remove("one");
  store.snapshot("two", 0, snapshotOf(b));
  bases.take(b);
  bases.give(b.name, true);
  await bases.sweep(0);
  t.same(await kept(store), ["b"]);
});
