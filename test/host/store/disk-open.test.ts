import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { open as openLmdb } from "lmdb";
import t, { type Test } from "tap";
import { openStore } from "../../../src/host/store/open-store.ts";
import { seal } from "../../../src/host/store/sealed.ts";
import type { SessionStore } from "../../../src/host/store/session-store.ts";
import { FORMAT_KEY } from "../../../src/host/store/store-key.ts";

const holder = path.resolve(import.meta.dirname, "../../fixtures/hold-store.js");

function folder(t: Test): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-store-"));
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const open = (dir: string): Promise<SessionStore> => openStore({ durability: "disk", dir });

/** Another process that opens the store, and what it said. */
async function hold(t: Test, dir: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [holder, dir], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { child, said: said.toString().trim() };
}

t.test("what was closed is there when the store is opened again, in a folder that is made for it", async (t) => {
  const dir = path.join(folder(t), "made/for it");
  const store = await open(dir);
  t.equal(store.durability, "disk");
  store.describe("a", "about a");
  store.append("a", "1");
  store.snapshot("a", 1, Buffer.from("state"));
  store.append("a", "2");
  store.putBlob("b", Buffer.from("blob"));
  await store.close();
  const again = await open(dir);
  const loaded = await again.load("a");
  t.strictSame([loaded?.description, loaded?.snapshot?.position, loaded?.records], ["about a", 1, ["2"]]);
  t.equal(Buffer.from(loaded?.snapshot?.bytes ?? []).toString(), "state");
  t.equal(Buffer.from((await again.blob("b")) ?? []).toString(), "blob");
  t.equal(again.append("a", "3"), 3);
  await again.close();
});

t.test("a store that was closed refuses everything", async (t) => {
  const store = await open(folder(t));
  store.append("a", "1");
  await store.close();
  await store.close();
  for (const call of [
    () => store.append("a", "2"),
    () => store.putBlob("b", new Uint8Array()),
    () => store.remove("a"),
  ])
    t.throws(call, { code: "STORE_FAILED" });
  for (const call of [() => store.load("a"), () => store.list(), () => store.blob("b"), () => store.history("a")])
    await t.rejects<unknown>(call, { code: "STORE_FAILED" });
});

t.test("a store has one owner: others are told STORE_IN_USE, in this process and in another", async (t) => {
  const dir = folder(t);
  const store = await open(dir);
  store.append("a", "1");
  await store.flushed();
  await t.rejects(open(dir), { code: "STORE_IN_USE" });
  t.equal((await hold(t, dir)).said, "STORE_IN_USE");
  t.equal(store.append("a", "2"), 2);
  await store.flushed();
  await store.close();
  const { child, said } = await hold(t, dir);
  t.equal(said, "open");
  await t.rejects(open(dir), { code: "STORE_IN_USE" });
  child.kill("SIGKILL");
  await once(child, "exit");
  const again = await open(dir);
  t.strictSame((await again.load("a"))?.records, ["1", "2", "of the holder"]);
  await again.close();
});

t.test("of many that open a store which a killed owner has left, one gets it", async (t) => {
  const dir = folder(t);
  const { child } = await hold(t, dir);
  child.kill("SIGKILL");
  await once(child, "exit");
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => open(dir)));
  const stores = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  t.equal(stores.length, 1);
  for (const result of results) if (result.status === "rejected") t.match(result.reason, { code: "STORE_IN_USE" });
  for (const store of stores) await store.close();
  t.strictSame(
    fs.readdirSync(dir).filter((name) => name.endsWith(".sock")),
    [],
  );
});

t.test("a folder with a path that is too long for a socket can be a store, with one owner", async (t) => {
  const dir = path.join(folder(t), "x".repeat(90), "y".repeat(90));
  const store = await open(dir);
  await t.rejects(open(dir), { code: "STORE_IN_USE" });
  await store.close();
  await (await open(dir)).close();
});

t.test("a folder that cannot be written is CONFIG_INVALID, with the options that help", async (t) => {
  const file = path.join(folder(t), "file");
  fs.writeFileSync(file, "");
  const error = await open(path.join(file, "store")).catch((reason: unknown) => reason);
  t.match(error, { code: "CONFIG_INVALID", message: /--data.*--durability memory/ });
});

t.test("a file that cannot be read is STORE_FAILED, and the folder is given up", async (t) => {
  const dir = folder(t);
  fs.mkdirSync(path.join(dir, "sessions.mdb"));
  await t.rejects(open(dir), { code: "STORE_FAILED" });
  fs.rmdirSync(path.join(dir, "sessions.mdb"));
  await (await open(dir)).close();
});

t.test("options that make no sense are CONFIG_INVALID, and nothing is made", async (t) => {
  const dir = path.join(folder(t), "not made");
  for (const history of [0, -1, 1.5, NaN]) {
    await t.rejects(openStore({ durability: "disk", dir, history }), { code: "CONFIG_INVALID" });
    await t.rejects(openStore({ durability: "memory", history }), { code: "CONFIG_INVALID" });
  }
  for (const maxBytes of [0, -1, NaN])
    await t.rejects(openStore({ durability: "disk", dir, maxBytes }), { code: "CONFIG_INVALID" });
  t.notOk(fs.existsSync(dir));
});

t.test("a store of another format is STORE_VERSION, and stays as it is", async (t) => {
  const dir = folder(t);
  await (await open(dir)).close();
  const file = path.join(dir, "sessions.mdb");
  const lmdb = openLmdb<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    encoding: "binary",
    keyEncoding: "binary",
    overlappingSync: false,
  });
  await lmdb.put(FORMAT_KEY, seal(FORMAT_KEY, '{"format":2}'));
  await lmdb.close();
  const before = fs.readFileSync(file);
  await t.rejects(open(dir), { code: "STORE_VERSION" });
  t.equal(Buffer.compare(fs.readFileSync(file), before), 0);
  // The next version of LMDB's own format.
  before.writeUInt32LE(3, 28);
  fs.writeFileSync(file, before);
  await t.rejects(open(dir), { code: "STORE_VERSION" });
});

t.test("a file that is no store is STORE_CORRUPT, and stays as it is", async (t) => {
  for (const content of ["x", "no store".repeat(10_000), "\0".repeat(100_000)]) {
    const dir = folder(t);
    const file = path.join(dir, "sessions.mdb");
    fs.writeFileSync(file, content);
    await t.rejects(open(dir), { code: "STORE_CORRUPT" });
    t.equal(fs.readFileSync(file, "utf8"), content);
  }
  const dir = folder(t);
  const lmdb = openLmdb({ path: path.join(dir, "sessions.mdb"), noSubdir: true, overlappingSync: false });
  await lmdb.put("of another", "program");
  await lmdb.close();
  await t.rejects(open(dir), { code: "STORE_CORRUPT" });
});

t.test(
  "an empty file, as is left by a process that was killed while it made the store, is an empty store",
  async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, "sessions.mdb"), "");
    const store = await open(dir);
    t.strictSame(await store.list(), []);
    await store.close();
  },
);
