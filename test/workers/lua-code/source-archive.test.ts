import t from "tap";
import { collectGarbage } from "../../../src/workers/collect-garbage.ts";
import { SourceArchive } from "../../../src/workers/lua-code/source-archive.ts";

t.test("a thousand versions of a file take the memory of their texts, and can all be had again", async (t) => {
  const archive = new SourceArchive();
  const source = (version: number): string => `return ${version} -- ${"the same again ".repeat(40)}`;
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  for (let version = 0; version < 1_000; version++) archive.add(`hash-${version}`, source(version));
  let grown = Infinity;
  // Memory is given up beside the program.
  for (let turn = 0; turn < 1_000 && grown >= 2 ** 20; turn++) {
    collectGarbage();
    await new Promise(setImmediate);
    grown = process.memoryUsage().arrayBuffers - before;
  }
  t.ok(grown < 2 ** 20, `${grown} bytes`);
  for (let version = 0; version < 1_000; version++)
    if (archive.get(`hash-${version}`) !== source(version)) t.fail(`version ${version}`);
});
