import * as fc from "fast-check";
import t from "tap";
import { linesOf } from "../../../src/workers/lua-code/lua-dump.ts";
import { at, runWith, startCompiler } from "../../support/lua-code.ts";
import { luaProgram } from "../../support/lua-programs.ts";

const compiler = await startCompiler();

t.test(
  "a function's id is what debug.getinfo tells as its last line; all else runs and reads as in the source",
  async (t) => {
    const code = compiler.compile(
      "app.lua",
      `local App = {}
function App:start() return 40 + self.two end
function App.fail(what)
  local reason = what
  reason.field = 1
end
return App`,
    );
    const start = at(code, "App.start");
    t.ok(start.id >= 2 ** 30 && start.id < 2 ** 31);
    t.equal(
      await runWith(
        { app: code.code },
        `local App = chunk('app')()
      local i = debug.getinfo(App.start, 'SL')
      return table.concat({ App.start({ two = 2 }), i.lastlinedefined, i.linedefined, i.short_src, i.what }, ' ')`,
      ),
      `42 ${start.id} 2 app.lua Lua`,
    );
    t.match(
      await runWith({ app: code.code }, `return select(2, xpcall(chunk('app')().fail, debug.traceback))`),
      /^app\.lua:5: attempt to index a nil value \(local 'reason'\)[^]*\n\tapp\.lua:5: in function <app\.lua:3>/,
    );
    t.equal(await runWith({ app: code.code }, `return debug.getinfo(chunk('app'), 'S').what`), "main");
  },
);

t.test("lines of instructions are those that Lua tells, however far they are apart", async () => {
  await fc.assert(
    fc.asyncProperty(luaProgram, async (source) => {
      const code = compiler.compile("app.lua", source);
      for (const { id, proto } of code.functions.slice(1)) {
        const lua = `local lines = {}
          for line in pairs(debug.getinfo(chunk('alone'), 'L').activelines) do lines[#lines + 1] = line end
          table.sort(lines)
          return table.concat(lines, ' ')`;
        const told = await runWith({ alone: code.standalone(id) }, lua);
        // What prepares `...` is no line of the source to Lua.
        const lines = new Set(linesOf(proto).slice(proto.isVararg));
        if (told !== [...lines].toSorted((one, two) => one - two).join(" ")) throw new Error(`${told} of ${id}`);
      }
    }),
    { numRuns: 10 },
  );
});

t.test("the variables of file level that each function uses are told by their names", async (t) => {
  const code = compiler.compile(
    "app.lua",
    `local count, count = 1, 2
local function add(n) count = count + n return print end
do local inner = 1; function show() return inner, count, function() return inner, n end end end
local last = function() end`,
  );
  const expected = {
    add: "count#2 _ENV",
    show: "false count#2 _ENV",
    "show/return#1": "false _ENV",
    last: "",
  };
  for (const [place, variables] of Object.entries(expected)) {
    const lua = `local t = chunk('variables')()[${at(code, place).id}]
      for i, v in ipairs(t) do t[i] = tostring(v) end
      return table.concat(t, ' ')`;
    t.equal(await runWith({ variables: code.variables }, lua), variables, place);
  }
  t.equal(
    await runWith(
      { variables: code.variables },
      `local n = 0 for _ in pairs(chunk('variables')()) do n = n + 1 end return n`,
    ),
    "4",
    "the file itself is not listed",
  );
});

t.test("one function alone runs once its upvalues are joined, and knows its file and lines", async (t) => {
  const code = compiler.compile(
    "deep/app.lua",
    `local count = 10
local step = 1
function add()
  count = count + step
  return function() return count end
end
function raise() error('raised') end`,
  );
  const { id } = at(code, "add");
  const lua = `chunk('app')()
    local alone = chunk('alone')
    for i = 1, 2 do debug.upvaluejoin(alone, i, add, i) end
    local inner = alone()
    add()
    local ok, message = pcall(chunk('raise'))
    return table.concat({ inner(), debug.getinfo(alone, 'S').lastlinedefined, debug.getinfo(alone, 'u').nups,
      debug.getinfo(inner, 'S').lastlinedefined, message }, ' ')`;
  t.equal(
    await runWith({ app: code.code, alone: code.standalone(id), raise: code.standalone(at(code, "raise").id) }, lua),
    // The upvalue of raise, which should be the globals, is not joined: a fresh first upvalue is just that.
    `12 ${id} 2 ${at(code, "add/return#1").id} deep/app.lua:7: raised`,
  );
  t.equal(code.standalone(1), undefined);
  t.equal(code.standalone(0), undefined, "the file itself is not among them");
});
