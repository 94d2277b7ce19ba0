import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

async function evaluate(expression: string): Promise<unknown> {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new() function app:value() ${expression} end session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<b ui-value="value()"></b>` },
  });
  const { root } = session.connect();
  const result = root.error("value()")?.message ?? root.value("value()");
  session.close();
  return result;
}

t.test("garbage can be collected so often in one event, and again in the next", async (t) => {
  const garbage = "local weak = setmetatable({ {} }, { __mode = 'v' })";
  const left = (times: number): Promise<unknown> =>
    evaluate(`for _ = 1, ${times} do collectgarbage() end ${garbage} collectgarbage() return #weak`);
  t.same([await left(19), await left(20)], [0, 1]);
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new()
        function app:use() for _ = 1, 100 do collectgarbage() end end
        function app:look() ${garbage} collectgarbage() self.left = #weak end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<p><b ui-value="left"></b><b ui-action="use()"></b><b ui-action="look()"></b></p>` },
  });
  const { root } = session.connect();
  root.set("use()");
  root.set("look()");
  t.equal(root.value("left"), 0);
  session.close();
});

for (const name of [
  "io",
  "debug",
  "dofile",
  "loadfile",
  "os.execute",
  "os.exit",
  "os.remove",
  "os.rename",
  "os.getenv",
  "os.tmpname",
  "string.dump",
  "package.loadlib",
  "package.path",
  "warn",
  "js",
  "null",
])
  t.test(`${name} does not exist`, async (t) => t.equal(await evaluate(`return ${name} == nil`), true));

t.test("globals are the safe library and Moonpool's API, nothing else", async (t) => {
  t.same(
    await evaluate(
      `local names = {} for name in pairs(_G) do names[#names + 1] = name end table.sort(names) return table.concat(names, " ")`,
    ),
    "EMPTY _G _VERSION assert collectgarbage coroutine error getmetatable ipairs json load loadstring lua math next os package pairs pcall print rawequal rawget rawlen rawset require select session setmetatable string table tonumber tostring type ui unpack utf8 xpcall",
  );
});

t.test("binary chunks are refused, text chunks load, with an environment of their own if given", async (t) => {
  t.match(await evaluate(`return select(2, load("\\27Lua"))`), /binary chunk/);
  t.equal(await evaluate(`return load("return 1 + x", "chunk", "t", { x = 2 })()`), 3);
  t.equal((await evaluate(`return select(2, load("\\27Lua", "c", "b"))`)) !== 3, true);
  t.equal(
    await evaluate(
      `local parts = { "return ", "7" } local i = 0 return load(function() i = i + 1 return parts[i] end)()`,
    ),
    7,
  );
  t.equal(await evaluate(`return loadstring("return unpack({ 5 })")()`), 5);
});

t.test("time stands still within an event and is the event's", async (t) => {
  t.equal(await evaluate(`return os.time()`), 1_700_000_000);
  t.equal(await evaluate(`local a = os.clock() for i = 1, 1e5 do end return os.clock() - a`), 0);
  t.equal(await evaluate(`return os.date("!%Y-%m-%d")`), "2023-11-14");
  t.equal(
    await evaluate(
      `return os.time{ year = 2020, month = 1, day = 2, hour = 12 } - os.time{ year = 2020, month = 1, day = 1, hour = 12 }`,
    ),
    86_400,
  );
});

t.test("equal seeds give equal random numbers, so a replay repeats them; math.randomseed works", async (t) => {
  t.equal(await evaluate(`return math.random(1 << 40)`), await evaluate(`return math.random(1 << 40)`));
  t.equal(
    await evaluate(`math.randomseed(5) local a = math.random(1000) math.randomseed(5) return a == math.random(1000)`),
    true,
  );
  t.equal(await evaluate(`math.randomseed() return math.type(math.random(10))`), "integer");
});

t.test("an app cannot stop the garbage collector or change its mode", async (t) => {
  for (const option of ["stop", "incremental", "generational", "setpause"])
    t.match(await evaluate(`collectgarbage("${option}")`), /not available/);
  t.equal(await evaluate(`return collectgarbage("count") > 0 and collectgarbage() == 0`), true);
});

t.test("an app that breaks its own globals does not break the runtime", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new{ n = 0, rows = {} }
        function app:wreck()
          local G, next, names, libraries = _G, next, {}, { string, table, math }
          for name in next, G do names[#names + 1] = name end
          for _, name in next, names do G[name] = nil end
          for _, library in next, libraries do
            for name in next, library do library[name] = nil end
          end
          self.n = 1
          self.rows = { "x" }
        end
        function app:more() self.n = self.n + 1; self.rows = { "y", "x" } end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><b ui-value="n"></b><ul ui-viewlist="rows"></ul><b ui-action="wreck()"></b><b ui-action="more()"></b></div>`,
    },
  });
  const page = session.connect();
  page.root.set("wreck()");
  page.root.set("more()");
  t.equal(page.root.value("n"), 2);
  t.equal(page.root.rows("rows").length, 2);
  session.close();
});

t.test("print and ui.log reach the log with their level", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `print("a", 1, nil, true) ui.log("plain") ui.log(1, "one") ui.log(4, "four\\nlines") session:createAppVariable{ type = "A" }`,
    },
    viewdefs: { "A.DEFAULT": "<i></i>" },
  });
  t.match(session.logs, [
    { level: "info", message: "a\t1\tnil\ttrue" },
    { level: "info", message: "plain" },
    { level: "debug", message: "one" },
    { level: "trace", message: "four\nlines" },
  ]);
  session.close();
});
