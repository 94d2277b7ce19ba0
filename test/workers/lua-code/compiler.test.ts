import * as fc from "fast-check";
import t from "tap";
import { runWith, startCompiler } from "../../support/lua-code.ts";
import { luaProgram } from "../../support/lua-programs.ts";

const compiler = await startCompiler();

t.test("a version is compiled once, and the same in every thread", async (t) => {
  const source = "local n = 1 function f() return function() return n end end";
  const first = compiler.compile("app.lua", source);
  t.equal(compiler.compile("app.lua", source), first);
  t.equal(compiler.find("app.lua", first.hash), first);
  t.match(first.hash, /^[\w-]{22}$/);
  const elsewhere = (await startCompiler()).compile("app.lua", source);
  t.not(elsewhere, first);
  t.ok(elsewhere.code.equals(first.code) && elsewhere.variables.equals(first.variables));
  t.equal(elsewhere.hash, first.hash);

  t.not(compiler.compile("other.lua", source).hash, first.hash, "another file of the same text is another version");
  t.not(compiler.compile("app.lua", `${source} `).hash, first.hash);
  t.equal(compiler.find("other.lua", first.hash), undefined);

  const other = compiler.compile("app.lua", `\n${source}`);
  t.equal(compiler.reloadTable(first, other), compiler.reloadTable(first, other), "tables are made once, too");
});

t.test("the last 33 versions of a file and the last 2,000 files are kept; older ones are compiled again", async (t) => {
  const own = await startCompiler();
  const [kept, dropped] = [own.compile("app.lua", "return 'kept'"), own.compile("app.lua", "return 'dropped'")];
  for (let version = 0; version < 32; version++) {
    own.compile("app.lua", `return ${version}`);
    own.find("app.lua", kept.hash);
  }
  t.equal(own.find("app.lua", kept.hash), kept);
  const again = own.find("app.lua", dropped.hash);
  t.not(again, dropped);
  t.same(again?.code, dropped.code);
  const first = own.compile("first.lua", "return 1");
  for (let file = 0; file < 1999; file++) {
    own.compile(`${file}.lua`, "return 1");
    own.compile("app.lua", "return 'kept'");
  }
  t.equal(own.find("app.lua", kept.hash), kept);
  t.not(own.find("first.lua", first.hash), first);
  t.same(own.find("first.lua", first.hash)?.code, first.code);
  t.equal(own.find("first.lua", "never was"), undefined);
});

t.test("source that is no Lua is LUA_SYNTAX in Lua's own words, with its place", (t) => {
  const cases: [string, string, RegExp][] = [
    ["app.lua", "local x = 1\n\nx x", /^app\.lua:3: syntax error near 'x'$/],
    ["contacts/row.lua", "return 'é", /^contacts\/row\.lua:1: unfinished string near <eof>$/],
    ["app.lua", "goto nowhere", /^app\.lua:1: no visible label 'nowhere' for <goto> at line 1$/],
    ["app.lua", "\x1bLua\x54 anything", /^app\.lua:1: attempt to load a binary chunk/],
    ["app.lua", "(".repeat(300), /^app\.lua:1: .*overflow/],
    ["app.lua", `${"f(function() ".repeat(300)}${" end)".repeat(300)}`, /^app\.lua:1: .*overflow/],
    ["app.lua", "\u0001", /^app\.lua:1: unexpected symbol near '<\\1>'$/],
    ["app.lua", "x = 'é' 'ü'", /^app\.lua:1: unexpected symbol near ''ü''$/],
    ["app.lua", "f(function() end)\n".repeat(132_000), /^app\.lua:1: too many functions/],
  ];
  for (const [chunk, source, message] of cases) {
    t.throws(() => compiler.compile(chunk, source), { code: "LUA_SYNTAX", message }, String(message));
  }
  t.ok(compiler.compile("app.lua", "return 'usable'").code.length > 0);
  t.end();
});

t.test("source that does not fit into a session's memory is LIMIT_MEMORY, and the compiler goes on", async (t) => {
  const small = await startCompiler({ memoryLimit: 4 * 2 ** 20 });
  t.throws(() => small.compile("app.lua", `return {${"'text',x,".repeat(200_000)}}`), { code: "LIMIT_MEMORY" });
  t.throws(() => small.compile("app.lua", " ".repeat(5_000_000)), { code: "LIMIT_MEMORY" });
  t.ok(small.compile("app.lua", "return 'usable'").code.length > 0);
});

t.test("every function of a file has an id of its own, however many there are, and whatever they are called", (t) => {
  const strange = ["a/b", "#1", "é\u0000", '"', "\n", "long ".repeat(100)];
  const named = strange.map((name) => `t[${JSON.stringify(name).replace("\\u0000", "\\0")}] = function() end`);
  const { functions } = compiler.compile("app.lua", `${"f(function() end) ".repeat(2000)}\n${named.join("\n")}`);
  t.equal(functions.length, 1 + 2000 + strange.length);
  t.equal(new Set(functions.map(({ id }) => id)).size, functions.length);
  t.ok(functions.every(({ id, parent }) => (parent ? id >= 2 ** 30 && id < 2 ** 31 : id === 0)));
  t.ok(functions.some(({ place }) => place === "t.é\u0000"));

  // Found by trying: alone, these two functions have one id.
  const twins = ["function f11900() end", "function f14823() end"];
  const ids = (source: string): number[] => compiler.compile("app.lua", source).functions.map(({ id }) => id);
  const [first = "", second = ""] = twins;
  t.equal(ids(first)[1], ids(second)[1]);
  t.equal(new Set(ids(`${first} ${second}`)).size, 3);
  t.end();
});

t.test("whatever program is compiled, all its chunks load in a session, and so does any reload table", async () => {
  let former: ReturnType<typeof compiler.compile> | undefined;
  await fc.assert(
    fc.asyncProperty(luaProgram, async (source) => {
      const code = compiler.compile("app.lua", source);
      const chunks: Record<string, Buffer | undefined> = { code: code.code, variables: code.variables };
      for (const { id } of code.functions) if (id !== 0) chunks[id] = code.standalone(id);
      if (former) chunks["reload"] = compiler.reloadTable(former, code);
      const names = Object.keys(chunks).map((name) => `'${name}'`);
      const lua = `for _, name in ipairs { ${names.join(", ")} } do chunk(name) end
        for id, upvalues in pairs(chunk('variables')()) do
          local f = chunk(tostring(id))
          local i = debug.getinfo(f, 'Su')
          assert(i.lastlinedefined == id and i.nups == #upvalues and i.source == '@app.lua')
        end
        return 'loaded'`;
      former = code;
      return (await runWith(chunks, lua)) === "loaded";
    }),
    { numRuns: 40 },
  );
});
