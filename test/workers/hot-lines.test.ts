import fs from "node:fs";
import t from "tap";
import { HotLines, readHotLines } from "../../src/workers/hot-lines.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";

interface Tracing {
  page: string;
  read: (event: string) => number[];
}
const { openTracing } = (await import(new URL("../../../scripts/hot-lines/find.mjs", import.meta.url).href)) as {
  openTracing: (dist: string, site: string, seed: number) => Promise<Tracing>;
};
const { lines } = JSON.parse(fs.readFileSync(new URL("../../src/workers/hot-lines.json", import.meta.url), "utf8")) as {
  lines: number[];
};
const dist = new URL("../..", import.meta.url).pathname;
const TIME = 1_764_000_000_000;

t.test("most lines that an event reads are on the list, also of another app and with another seed", async (t) => {
  const site = t.testdir({
    lua: {
      "main.lua": `local App = session:prototype("App", { on = false })
function App:flip() self.on = not self.on end
session:createAppVariable(App:new())`,
    },
    viewdefs: {
      "App.DEFAULT.html": `<template><p ui-class-on="on"><i ui-action="flip()"></i></p></template>`,
    },
  });
  const { page, read } = await openTracing(dist, site, 4711);
  const first = Number(/"first":(\d+)/.exec(page)?.[1]);
  let seq = 0;
  const flip = (): number[] => read(`frame 1 ${TIME + ++seq}\n1 ${seq}\nupdate ${first + 1} null`);
  for (let round = 0; round < 20; round++) flip();
  const known = new Set(lines);
  const found = flip();
  const covered = found.filter((line) => known.has(line)).length;
  t.ok(found.length > 400, "an event reads hundreds of lines");
  t.ok(covered > 0.7 * found.length, `${covered} of ${found.length}`);
  t.ok(lines.length < 2 * found.length, "and there are not many more on the list");
});

t.test("fetching lines changes nothing", async (t) => {
  const wasm = await loadLuaWasm(16 * 2 ** 20);
  const { birth } = await LuaVm.bear({ wasm, runtime: await readRuntime(), seed: 1 });
  const hot = await readHotLines();
  const [plain, fetched] = await Promise.all([LuaVm.bear({ wasm, birth }), LuaVm.bear({ wasm, birth, hot })]);
  const load = `load 0 ${TIME}\n00112233445566778899aabbccddeeff\n{"development":false,"hotload":false}`;
  const answers = [plain, fetched].map((vm) => {
    vm.host = () => "";
    return vm.dispatch(load, { timeLimit: 10_000 });
  });
  t.equal(answers[0], answers[1]);
  t.strictSame(plain.saveImage(), fetched.saveImage());
  t.not(hot?.sum, 0, "they have been read");
});

t.test("without a list, or with a damaged one, there are none", async (t) => {
  const dir = t.testdir({ "empty.json": "", "other.json": "{}" });
  for (const name of ["empty.json", "other.json", "missing.json"])
    t.equal(await readHotLines(new URL(`file://${dir}/${name}`)), undefined, name);
});

t.test("lines beyond the end of a memory are nothing to stumble over", async (t) => {
  const hot = new HotLines([0, 1_000_000]);
  hot.fetch(Uint32Array.of(7));
  t.equal(hot.sum, 7);
});
