import t from "tap";
import type { Value } from "../../src/protocol/message.ts";
import { LuaSession } from "../support/lua-session.ts";

const site = {
  lua: {
    main: `local helper = require("deep.helper")
local app = session:prototype("App"):new{ name = "good", broken = false }
function app:title()
  if self.broken then return helper.fail(self) end
  return self.name
end
function app:breaks() self.broken = true end
function app:heals() self.broken = false end
function app:raises() error({ message = "a table" }) end
function app:half() self.name = "half"; error("after a write") end
function app:nothing() error() end
setmetatable(app, { __index = function(self, key)
  if key == "trap" and rawget(self, "broken") then error("trapped") end
  return getmetatable(self).proto[key]
end, proto = getmetatable(app) })
session:setInterval(function() if app.broken then error("tick") end end, 1000)
session:createAppVariable(app)`,
    "deep.helper": `local helper = {}
function helper.fail(object)
  return object.missing.field
end
return helper`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><b ui-value="title()"></b><b ui-value="trap"></b><b ui-value="name"></b><b ui-action="breaks()"></b><b ui-action="heals()"></b>
      <b ui-action="raises()"></b><b ui-action="half()"></b><b ui-action="nothing()"></b></div>`,
  },
};

t.test(
  "an error in a method belongs to its variable, with file and line; the last good value stays; it goes when healed",
  async (t) => {
    const session = await LuaSession.start(site);
    const page = session.connect();
    page.root.set("breaks()");
    t.match(page.root.error("title()"), {
      code: "LUA_ERROR",
      file: "lua/deep/helper.lua",
      line: 3,
      message: /missing/,
      stack: /helper\.lua:3/,
    });
    t.equal(page.root.value("title()"), "good");
    t.match(page.root.error("trap"), { message: /trapped/ }, "also where a plain field raises");
    t.equal(page.root.error("name"), undefined, "the fields beside it are read");
    t.match(
      session.logs.filter(({ level }) => level === "error").map(({ message }) => message),
      [/App\.DEFAULT title\(\).*helper\.lua:3/, /trapped/],
    );
    page.root.set("heals()");
    t.equal(page.errors.size, 0);
    session.close();
  },
);

t.test(
  "an error in an action is that action's, what it wrote before stays, and later messages of the frame run",
  async (t) => {
    const session = await LuaSession.start(site);
    const page = session.connect();
    page.send([
      { type: "update", id: page.root.variable("half()"), value: null },
      { type: "update", id: page.root.variable("breaks()"), value: null },
    ]);
    t.match(page.root.error("half()"), { code: "LUA_ERROR", file: "lua/main.lua", line: 10, message: "after a write" });
    t.equal(page.root.value("name"), "half");
    t.ok(page.root.error("title()"));
    page.root.set("raises()");
    t.match(page.root.error("raises()"), { message: "a table" });
    page.root.set("nothing()");
    t.match(page.root.error("nothing()"), { code: "LUA_ERROR" });
    session.close();
  },
);

t.test("an error in a timer is told to the page and the log, and the interval goes on", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  page.root.set("breaks()");
  session.advance(2500);
  t.match(page.faults, [{ code: "LUA_ERROR", message: "tick", file: "lua/main.lua", line: 16 }, { message: "tick" }]);
  session.close();
});

t.test("outside development pages are told the code and the message, never file or stack", async (t) => {
  const session = await LuaSession.start(site, { development: false });
  const page = session.connect();
  page.root.set("breaks()");
  const error = page.root.error("title()");
  t.equal(error?.code, "LUA_ERROR");
  t.equal(error?.file, undefined);
  t.equal(error?.stack, undefined);
  t.ok(
    session.logs.some((log) => log.error.includes("helper.lua")),
    "the log has it all",
  );
  session.close();
});

t.test("the same error in a thousand rows is logged once", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `Row = session:prototype("Row")
        function Row:bad() error("bad row") end
        local app = session:prototype("App"):new{ rows = {} }
        for i = 1, 1000 do app.rows[i] = Row:new() end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<ul ui-viewlist="rows"></ul>`, "Row.list-item": `<b ui-value="bad()"></b>` },
  });
  const page = session.connect();
  t.equal(page.errors.size, 1000);
  t.equal(session.logs.length, 1);
  session.close();
});

const broken: [name: string, lua: string, error: object][] = [
  ["a syntax error in main.lua", "local x = = 1", { code: "LUA_SYNTAX", file: "lua/main.lua", line: 1 }],
  ["an error in main.lua", "\n\nlocal x = nil + 1", { code: "LUA_ERROR", file: "lua/main.lua", line: 3 }],
  ["a module that is missing", `\nrequire("not.there")`, { code: "REQUIRE_MISSING", file: "lua/main.lua", line: 2 }],
  [
    "an error inside coroutine.wrap",
    `local function f()\nerror("in co") end\ncoroutine.wrap(f)()`,
    { code: "LUA_ERROR", file: "lua/main.lua", line: 2, message: "in co" },
  ],
  ["a syntax error in a module", `require("bad")`, { code: "LUA_SYNTAX", file: "lua/bad.lua", line: 2 }],
  ["an error object", `error(setmetatable({}, { __tostring = function() error("no") end }))`, { code: "LUA_ERROR" }],
];
for (const [name, main, error] of broken)
  t.test(`${name} fails the start with its place`, async (t) => {
    const cause = await LuaSession.start({ lua: { main, bad: "\nx x" } }).then(
      () => undefined,
      (failure: Error) => failure.cause,
    );
    t.match(cause, error);
  });

t.test(
  "a loop in a method or a handler is stopped by the time limit with its line; the rest of the page lives",
  async (t) => {
    const session = await LuaSession.start(
      {
        lua: {
          main: `local app = session:prototype("App"):new{ name = "x", on = false }
function app:loops()
  while self.on do end
  return "done"
end
function app:handler() self.name = "before"; while true do end end
function app:wrapped() coroutine.wrap(function() while true do end end)() end
function app:start() self.on = true end
function app:stop() self.on = false end
session:createAppVariable(app)`,
        },
        viewdefs: {
          "App.DEFAULT": `<div><b ui-value="loops()"></b><b ui-value="name"></b><b ui-action="handler()"></b><b ui-action="start()"></b><b ui-action="stop()"></b><b ui-action="wrapped()"></b></div>`,
        },
      },
      { timeLimit: 50 },
    );
    const page = session.connect();
    page.root.set("handler()");
    t.match(session.refused, { code: "LIMIT_TIME", file: "lua/main.lua", line: 6, where: "App.DEFAULT handler()" });
    t.equal(page.root.value("name"), "x", "nothing of it is shown");
    page.root.set("wrapped()");
    t.match(session.refused, { code: "LIMIT_TIME", line: 7 }, "inside a coroutine too");
    page.root.set("start()");
    t.match(page.root.error("loops()"), { code: "LIMIT_TIME", line: 3 });
    t.equal(session.refused, undefined, "what is only read does not take the event back");
    session.advance(30_000);
    page.root.set("stop()");
    t.equal(page.root.value("loops()"), "done");
    t.equal(page.root.error("loops()"), undefined);
    session.close();
  },
);

t.test("a memory bomb is an event to be taken back, with its place, and the session goes on", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `local app = session:prototype("App"):new{ n = 0 }
        function app:bomb() local t = {} for i = 1, 1e9 do t[i] = { i } end end
        function app:long() local s = "x" while true do s = s .. s end end
        function app:count() self.n = self.n + 1 end
        session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><b ui-value="n"></b><b ui-action="bomb()"></b><b ui-action="long()"></b><b ui-action="count()"></b></div>`,
      },
    },
    { timeLimit: 60_000 },
  );
  const page = session.connect();
  page.root.set("bomb()");
  t.match(session.refused, { code: "LIMIT_MEMORY", file: "lua/main.lua", line: 2 });
  page.root.set("long()");
  t.match(session.refused, { code: "LIMIT_MEMORY", file: "lua/main.lua", line: 3 });
  page.root.set("count()");
  t.equal(page.root.value("n"), 1);
  session.close();
});

t.test(
  "an error of ours that an app caught, changed and raised again stays what it was; nothing can be smuggled out with it",
  async (t) => {
    const session = await LuaSession.start({
      lua: {
        main: `local app = session:prototype("App"):new()
        function app:again()
          local _, e = pcall(require, "nope")
          assert(tostring(e):find("nope") and e.code == "REQUIRE_MISSING" and getmetatable(e) == "error")
          pcall(function() e.code = 'X"}\\nc 2 1 0\\nm {}' end)
          pcall(function() e.message = nil end)
          error(e)
        end
        function app:forge() error(setmetatable({ code = 'X"\\nc 2 1 0', line = "7", message = "forged" }, {})) end
        session:createAppVariable(app)`,
      },
      viewdefs: { "App.DEFAULT": `<div><b ui-action="again()"></b><b ui-action="forge()"></b></div>` },
    });
    const page = session.connect();
    page.root.set("again()");
    t.match(page.root.error("again()"), { code: "REQUIRE_MISSING", message: /nope/ });
    page.root.set("forge()");
    t.match(page.root.error("forge()"), { code: "LUA_ERROR", message: "forged" });
    session.close();
  },
);

t.test("a value that is nested too deeply is refused by its variable and the session goes on", async (t) => {
  const session = await LuaSession.start({
    lua: { main: `session:createAppVariable(session:prototype("App"):new{ any = 1 })` },
    viewdefs: { "App.DEFAULT": `<input ui-value="any">` },
  });
  const page = session.connect();
  let deep: Value = [];
  for (let i = 0; i < 60; i++) deep = [deep];
  page.root.set("any", deep);
  t.equal(page.root.error("any")?.code ?? page.faults[0]?.code, "VALUE_CYCLE");
  page.root.set("any", 2);
  t.equal(page.root.error("any"), undefined);
  session.close();
});

t.test("a message that is nothing but positions costs no more than another", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new()
        function app:raise() error(("a.lua:1: "):rep(100000), 0) end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<b ui-action="raise()"></b>` },
  });
  const page = session.connect();
  page.root.set("raise()");
  t.match(page.root.error("raise()"), { code: "LUA_ERROR", file: "lua/a.lua", line: 1 });
  session.close();
});

t.test("an action that fails again says so again", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  page.root.set("half()");
  page.root.set("half()");
  t.match(page.messages, [{ type: "update", error: { message: "after a write" } }]);
  t.equal(session.logs.filter(({ level }) => level === "error").length, 2);
  session.close();
});

t.test("memory that runs out while the page is read is told, and the page comes back when there is room", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `local app = session:prototype("App"):new{ n = 0, rows = {} }
          local function row(i) return { type = "Row", name = ("x"):rep(200) .. i } end
          function app:fill() for i = 1, 200000 do self.rows[i] = row(i) end end
          function app:drop() self.rows = {} end
          function app:count() self.n = self.n + 1 end
          session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><b ui-value="n"></b><ul ui-viewlist="rows"></ul><b ui-action="fill()"></b><b ui-action="drop()"></b><b ui-action="count()"></b></div>`,
        "Row.DEFAULT": `<b ui-value="name"></b>`,
      },
    },
    { timeLimit: 60_000, limits: { variables: 1e9 } },
  );
  const page = session.connect();
  page.root.set("fill()");
  t.match(session.refused, { code: "LIMIT_MEMORY" });
  page.root.set("drop()");
  page.root.set("count()");
  t.equal(page.root.value("n"), 1);
  session.close();
});

t.test("a function of the library that does not say where it was called is an error with file and line", async (t) => {
  const lines = [
    "coroutine.yield()",
    "local sorted = table.sort({ 1, 'a' })",
    "rawset({}, nil, 1)",
    "local ok = coroutine.wrap(function() string.gsub('a', 'a', coroutine.yield) end)()",
  ];
  for (const line of lines) {
    await t.rejects(
      LuaSession.start({ lua: { main: `local n = 1\n${line}` } }),
      { cause: { code: "LUA_ERROR", file: "lua/main.lua", line: 2 } },
      line,
    );
  }
  await t.rejects(
    LuaSession.start({ lua: { main: `\nerror("without a place", 0)` } }),
    { cause: { message: "without a place", file: undefined } },
    "what the app says itself is left as it is",
  );
});
