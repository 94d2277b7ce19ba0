import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import t, { type Test } from "tap";
import { openStore } from "../../../src/host/store/open-store.ts";
import type { SessionStore } from "../../../src/host/store/session-store.ts";

const MB = 1024 * 1024;
const filler = path.resolve(import.meta.dirname, "../../fixtures/fill-store.js");

function folder(t: Test): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-store-"));
  t.teardown(() => fs.rmSync(dir, { recursive: true }));
  return dir;
}

/** Resolves when all is safe; lets the store try as often as it needs. */
async function safe(store: SessionStore): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return await store.flushed();
    } catch {
      // It tries again by itself.
    }
  }
  throw new Error("The store does not come to an end.");
}

t.test(
  "a store that may not grow further says STORE_FULL, keeps what was safe, and goes on when there is room",
  async (t) => {
    const dir = folder(t);
    const store = await openStore({ durability: "disk", dir, maxBytes: 2 * MB });
    t.teardown(() => store.close().catch(() => {}));
    store.putBlob("ballast", Buffer.alloc(MB));
    store.append("a", "safe");
    await store.flushed();
    for (let i = 0; i < 4; i++) store.append("b", "x".repeat(MB / 3));

    await t.rejects(async () => store.flushed(), { code: "STORE_FULL" });
    // It is told to each who waits, until there is room.
    store.append("a", "waits");
    await t.rejects(async () => store.flushed(), { code: "STORE_FULL" });
    await t.rejects(store.load("a"), { code: "STORE_FULL" });
    store.removeBlob("ballast");
    await safe(store);
    t.strictSame((await store.load("a"))?.records, ["safe", "waits"]);
    t.equal((await store.load("b"))?.records.length, 4);
    await store.close();
    t.ok(fs.statSync(path.join(dir, "sessions.mdb")).size < 6 * MB);
    const again = await openStore({ durability: "disk", dir });
    t.strictSame((await again.load("a"))?.records, ["safe", "waits"]);
    t.equal((await again.load("b"))?.records.length, 4);
    await again.close();
  },
);

t.test("a full store that is closed says that not all is safe, is given up, and has what was", async (t) => {
  const dir = folder(t);
  const store = await openStore({ durability: "disk", dir, maxBytes: MB });
  store.append("a", "safe");
  await store.flushed();
  store.append("a", "x".repeat(MB));
  await t.rejects(store.close(), { code: "STORE_FULL" });
  const again = await openStore({ durability: "disk", dir });
  t.strictSame((await again.load("a"))?.records, ["safe"]);
  await again.close();
});

t.test(
  "when the system refuses to let the file grow, it is the same",
  { skip: process.platform === "win32" },
  async (t) => {
    const dir = folder(t);
    // The shell's limit is for each file, in blocks of 512 or 1,024 bytes. What tap preloads would end the process there.
    const { stdout, status, signal, stderr } = spawnSync(
      "sh",
      ["-c", `unset NODE_OPTIONS; ulimit -f 6000 && exec "$0" "$@"`, process.execPath, filler, dir],
      {
        encoding: "utf8",
        timeout: 60_000,
      },
    );
    t.strictSame({ status, signal, stderr }, { status: 0, signal: null, stderr: "" });
    const [full, after] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { safe: number; code?: string });
    t.equal(full?.code, "STORE_FULL");
    t.ok((full?.safe ?? 0) > 50, "it took what there was room for");
    // The one that had to wait is safe now as well.
    t.equal(after?.safe, (full?.safe ?? 0) + 1);
    const store = await openStore({ durability: "disk", dir });
    const records = (await store.load("a"))?.records ?? [];
    t.equal(records.length, after?.safe);
    t.ok(records.every((record, i) => record.startsWith(`${i + 1} `)));
    t.equal(await store.load("large"), undefined);
    await store.close();
  },
);
