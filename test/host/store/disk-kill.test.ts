import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import t from "tap";
import { openStore } from "../../../src/host/store/open-store.ts";
import { recordOf, SESSIONS, stateOf } from "../../support/store-traffic.ts";

const KILLS = Number(process.env["STORE_KILLS"] ?? 8);
const writer = path.resolve(import.meta.dirname, "../../fixtures/write-store.js");

/** Starts the writer; counts in `safe` what it says is safe. Resolves when `enough` lines were read. */
async function write(
  dir: string,
  enough: number,
  safe: Map<string, number>,
): Promise<{ child: ChildProcess; read: Promise<unknown> }> {
  const child = spawn(process.execPath, [writer, dir], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = readline.createInterface({ input: child.stdout });
  let count = 0;
  const reached = new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the writer ended by itself")));
    lines.on("line", (line) => {
      for (const [id, position] of Object.entries(JSON.parse(line) as Record<string, number>))
        safe.set(id, Math.max(safe.get(id) ?? 0, position));
      if (++count === enough) resolve();
    });
  });
  const read = once(lines, "close");
  await reached;
  return { child, read };
}

t.test(`kill -9 at any moment, ${KILLS} times: what was safe is there, and nothing that was not given`, async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-store-"));
  t.teardown(() => fs.rmSync(dir, { recursive: true }));
  const safe = new Map<string, number>();
  for (let kill = 1; kill <= KILLS; kill++) {
    const { child, read } = await write(dir, 20 + ((kill * 61) % 150), safe);
    child.kill("SIGKILL");
    await read;
    // Opens at once, though the writer could not give it up.
    const store = await openStore({ durability: "disk", dir });
    for (const id of SESSIONS) {
      const { snapshot, records = [] } = (await store.load(id)) ?? {};
      const begin = snapshot?.position ?? 0;
      if (snapshot && Buffer.compare(snapshot.bytes, stateOf(id, begin)) !== 0) t.fail(`state of ${id} at ${begin}`);
      for (const [i, record] of records.entries())
        if (record !== recordOf(id, begin + 1 + i)) t.fail(`record ${begin + 1 + i} of ${id}`);
      const last = begin + records.length;
      if (last < (safe.get(id) ?? 0)) t.fail(`kill ${kill}: ${id} ends at ${last}, and ${safe.get(id)} was safe`);
      for (const { position, record } of await store.history(id))
        if (record !== recordOf(id, position)) t.fail(`record ${position} in the history of ${id}`);
    }
    await store.close();
  }
  t.ok(
    [...safe.values()].every((position) => position > KILLS),
    "every session was written to all the time",
  );
});
