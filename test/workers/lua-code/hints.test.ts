import t from "tap";
import { assignments } from "../../../src/workers/lua-code/assignments.ts";
import { freshNames } from "../../../src/workers/lua-code/fresh-names.ts";
import { timerFunctions } from "../../../src/workers/lua-code/timer-functions.ts";
import { runWith, startCompiler } from "../../support/lua-code.ts";

const compiler = await startCompiler();
const functionsOf = (source: string) => compiler.compile("app.lua", source).functions;

/** The sets of a reload table, functions by their places in the former version. */
async function sets(from: string, to: string): Promise<Record<string, string[]>> {
  const [former, present] = [compiler.compile("app.lua", from), compiler.compile("app.lua", to)];
  const text = await runWith(
    { table: compiler.reloadTable(former, present) },
    `local lines = {}
    for _, set in ipairs({ 'alike', 'moved', 'globals', 'texts' }) do
      for key in pairs(chunk('table')()[set]) do lines[#lines + 1] = set .. ' ' .. key end
    end
    return table.concat(lines, '\\n')`,
  );
  const result: Record<string, string[]> = { alike: [], moved: [], globals: [], texts: [] };
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [set = "", key = ""] = line.split(" ");
    result[set]?.push(former.functions.find(({ id }) => String(id) === key)?.place ?? key);
  }
  for (const keys of Object.values(result)) keys.sort();
  return result;
}

t.test("functions that only stand in other lines are alike, edited ones are not", async (t) => {
  const from = "function f() return 1 end\nfunction g() return 2 end\nfunction h() return 3 end";
  t.same((await sets(from, `\n${from.replace("return 2", "return 4")}`))["alike"], ["f", "h"]);
});

t.test(
  "a function has moved when it has another name or another function around it, not when its number changes",
  async (t) => {
    t.same((await sets("function M.a() return b.c end", "function M.z() return b.c end"))["moved"], ["M.a"]);
    t.same(
      (await sets("local x = function() return b end", "function f() local x = function() return b end end"))["moved"],
      ["x"],
    );
    const last = "on('a', function() return 2 end)";
    t.same((await sets(`on('a', function() return 1 end) ${last}`, last))["moved"], []);
  },
);

t.test("globals and texts that only the former version has", async (t) => {
  const from = `DEBUG = true function run() LATE = 1 print(READ, "gone", M.field) end`;
  t.same(await sets(from, `function run() print(READ, M.other) end`), {
    alike: [],
    moved: [],
    globals: ["DEBUG", "LATE"],
    texts: ["DEBUG", "LATE", "field", "gone"],
  });
});

t.test("constants that variables of the file begin with now, if they were edited or are new", async (t) => {
  const text = await runWith(
    {
      table: compiler.reloadTable(
        compiler.compile(
          "app.lua",
          `local a, b, c, d, e, f = 1, "x", true, 2.5, nil, 3 function g() return a, b, c, d, e, f end`,
        ),
        compiler.compile(
          "app.lua",
          `local a, b, c, d, e, f, n = -2, "\\n\\"é", false, -0.5, 7, 3, {} local m = 1 function g() return a, b, c, d, e, f, n, m end`,
        ),
      ),
    },
    `local c = chunk('table')().constants
    return table.concat({ c['a#1'], math.type(c['a#1']), c['b#1'], tostring(c['c#1']), c['d#1'], c['e#1'], tostring(c['f#1']),
      tostring(c['n#1']), c['m#1'] }, ' ')`,
  );
  t.equal(text, '-2 integer \n"é false -0.5 7 nil nil 1');
});

t.test("fresh are names under which a file puts only what it makes itself", (t) => {
  const names = freshNames(
    functionsOf(`
      local made, plain, of_class, app = {}, 5, setmetatable({}, Class), App:new({ rows = { {} } })
      local looked_up, default, asked = store.items, global or {}, ask()
      Config = {}
      Found = store.found
      made.list, made.found = { {} }, store.items
      session:createAppVariable(app)
      return made`),
  );
  t.same(names.sort(), [
    "[]",
    "app",
    "app#1",
    "global Config",
    "list",
    "made#1",
    "of_class#1",
    "plain#1",
    "return",
    "rows",
  ]);
  t.end();
});

t.test("a function that the file may call when it runs counts, too; one that is only called later does not", (t) => {
  const source = "local M = { rows = {} } function M.load() M.rows = store.rows end";
  t.ok(freshNames(functionsOf(`${source} return M`)).includes("rows"));
  t.notOk(freshNames(functionsOf(`${source} M.load() return M`)).includes("rows"));
  t.end();
});

t.test("the functions that timers are given are known by place, by variable, or not at all", (t) => {
  const places = (source: string): string[] | undefined => {
    const functions = functionsOf(source);
    return timerFunctions(functions)?.map((id) => functions.find((each) => each.id === id)?.place ?? "");
  };
  t.same(
    places("local function tick() end session:setInterval(tick, 1) function f() session:setTimeout(tick, 5) end"),
    ["tick", "tick"],
  );
  t.same(places("session:setImmediate(function() end) local other = function() end"), ["setImmediate#1"]);
  t.same(places("local function tick() end"), []);
  t.equal(places("function every(f) session:setInterval(f, 1) end"), undefined);
  t.equal(places("local tick = function() end tick = function() return 1 end session:setInterval(tick, 1)"), undefined);
  t.end();
});

t.test("a function that is called where it stands is named after what takes its result", (t) => {
  const places = functionsOf("M.counter = (function() local n = 0 return function() return n end end)()").map(
    ({ place }) => place,
  );
  t.same(places, ["", "M.counter()", "M.counter()/return#1"]);
  t.end();
});

t.test(
  "the globals and the fields of others' tables that a file assigns are known, not those that its functions do",
  (t) => {
    const { globals, fields } = assignments(
      functionsOf(`
      VERSION = "1" if not NAME then NAME = "x" end
      local M, config = { own = 1 }, require("config")
      M.rows, config.size, App.size = {}, 3, 4
      local made = setmetatable({}, M) made.own = 1
      Contact = session:prototype("Contact", {}) Contact.most = 3
      local other = Other or {} other.deep = 1 App.view.title = "t"
      function App.start(self) LATER = 1 self.later = 2 end
      return M`),
    );
    t.same([...globals].toSorted(), ["Contact", "NAME", "VERSION"]);
    t.same([...fields].map(([name, places]) => `${name} ${[...places].join(",")}`).toSorted(), [
      "deep ",
      "most Contact",
      "size App,=config",
      "start App",
      "title ",
    ]);
    t.end();
  },
);
