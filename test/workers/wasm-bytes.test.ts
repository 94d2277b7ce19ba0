import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import t from "tap";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { withMemory } from "../../src/workers/wasm-bytes.ts";

const stock = fs.readFileSync(path.join(path.dirname(createRequire(import.meta.url).resolve("wasmoon")), "glue.wasm"));
const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

t.test("a copy of wasmoon's wasm differs in nothing but the limits of its memory", async (t) => {
  const copy = withMemory(stock, 20, 1024);
  const different = [...copy.keys()].filter((index) => copy[index] !== stock[index]);
  t.ok(different.length > 0 && different.length <= 5);
  t.same(withMemory(copy, 256, 32_768), new Uint8Array(stock), "and can be given its old limits back");
});

t.test("a file that is not laid out like wasmoon's is refused, whatever is wrong with it", async (t) => {
  const refused: [string, number[]][] = [
    ["empty", []],
    ["not wasm", [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ["no memory", header],
    ["no memory, only another section", [...header, 1, 1, 0]],
    ["section without its size", [...header, 5]],
    ["size that never ends", [...header, 5, 255, 255, 255, 255, 255, 1]],
    ["section beyond the end", [...header, 5, 4, 1, 1]],
    ["two memories", [...header, 5, 7, 2, 1, 1, 2, 1, 1, 2]],
    ["no maximum", [...header, 5, 3, 1, 0, 1]],
    ["shared memory", [...header, 5, 4, 1, 3, 1, 2]],
    ["more than limits", [...header, 5, 5, 1, 1, 1, 2, 0]],
    ["no room for the numbers", [...header, 5, 4, 1, 1, 1, 2]],
  ];
  for (const [what, bytes] of refused) {
    t.throws(() => withMemory(Uint8Array.from(bytes), 20, 1024), { code: "INTERNAL" }, what);
  }
  t.same(
    withMemory(Uint8Array.from([...header, 5, 4, 1, 1, 1, 2]), 3, 4),
    Uint8Array.from([...header, 5, 4, 1, 1, 3, 4]),
  );
});

t.test("a memory limit that no VM can have is refused by name", async (t) => {
  for (const limit of [0, -1, 2 ** 20, 2 ** 32, Number.NaN]) {
    await t.rejects(loadLuaWasm(limit), { code: "CONFIG_INVALID", message: /memoryLimit/ });
  }
});
