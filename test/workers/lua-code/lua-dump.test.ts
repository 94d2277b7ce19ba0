import fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import t from "tap";
import { functionsOf } from "../../../src/workers/lua-code/functions.ts";
import { parseDump, writeDump } from "../../../src/workers/lua-code/lua-dump.ts";
import { LuaTranslator } from "../../../src/workers/lua-code/translator.ts";
import { loadLuaWasm } from "../../../src/workers/lua-wasm.ts";
import { luaProgram } from "../../support/lua-programs.ts";

const translator = await LuaTranslator.start(await loadLuaWasm(64 * 2 ** 20));

/** Every Lua file of the demo site and of the runtime. */
const files = ["lua", "src/workers/runtime"].flatMap((folder) =>
  fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".lua"))
    .map((file) => path.join(folder, file)),
);

t.test("what is read from a binary chunk is written as the same bytes", (t) => {
  t.ok(files.length > 30);
  for (const file of files) {
    const dump = translator.translate(`@${file}`, fs.readFileSync(file, "utf8"));
    t.ok(writeDump(parseDump(dump)).equals(dump), file);
  }
  fc.assert(
    fc.property(luaProgram, (source) => {
      const dump = translator.translate("@app.lua", source);
      return writeDump(parseDump(dump)).equals(dump);
    }),
  );
  t.end();
});

t.test("every upvalue is found to be the variable that has its name", (t) => {
  const check = (source: string): void => {
    for (const { proto, upvalues } of functionsOf(parseDump(translator.translate("@app.lua", source)))) {
      for (const [index, { name }] of proto.upvalues.entries()) {
        if (upvalues[index]?.name !== name) throw new Error(`${name} is taken for ${upvalues[index]?.id}`);
      }
    }
  };
  for (const file of files) check(fs.readFileSync(file, "utf8"));
  fc.assert(fc.property(luaProgram, check));
  t.end();
});

t.test("a binary chunk that this Lua has not made is refused", (t) => {
  const dump = translator.translate("@app.lua", "return 1");
  const broken = [
    Buffer.alloc(0),
    Buffer.from("return 1 -- not compiled"),
    Buffer.from(dump.toString("latin1").replace("\x1bLua\x54", "\x1bLua\x53"), "latin1"),
    dump.subarray(0, -1),
    Buffer.concat([dump, Buffer.of(0)]),
  ];
  for (const bytes of broken) t.throws(() => parseDump(bytes));
  t.end();
});
