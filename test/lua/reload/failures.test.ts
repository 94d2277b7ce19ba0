import t from "tap";
import { MoonpoolError } from "../../../src/protocol/error-code.ts";
import { LuaSession } from "../../support/lua-session.ts";
import { scenario } from "./scenario.ts";

const site = {
  lua: {
    limits: `return { most = 10 }`,
    m: `
      local limits = require("limits")
      local count, most = 0, limits.most
      local M = { list = { "a" } }
      function M.next() count = count + 1 M.list[#M.list + 1] = "n" .. count return "old " .. count .. " of " .. most end
      session:setInterval(function() M.next() end, 1000)
      return M`,
    main: `
      local next_of = require("m").next
      App = session:prototype("App", { n = 1 })
      function App:text() return next_of() .. #require("m").list end
      if not session.reloading then session:createAppVariable(App:new()) end`,
  },
  viewdefs: { "App.DEFAULT": `<p ui-value="text()"></p>` },
};

const broken: { title: string; save: Record<string, string>; error: object }[] = [
  {
    title: "a syntax error",
    save: { m: `local M = {} return M return` },
    error: { code: "LUA_SYNTAX", file: "lua/m.lua", line: 1 },
  },
  {
    title: "an error at the top",
    save: { m: `error("at the top")\n${site.lua.m}` },
    error: { code: "LUA_ERROR", file: "lua/m.lua", line: 1, message: "at the top" },
  },
  {
    title: "an error at the end",
    save: { m: site.lua.m.replace("return M", "M.list[1] = 'x' local x = nil + 1") },
    error: { code: "LUA_ERROR", file: "lua/m.lua", line: 7 },
  },
  {
    title: "an error that is a table",
    save: { m: `error({ message = "a table" })` },
    error: { code: "LUA_ERROR", message: "a table" },
  },
  {
    title: "a nil that is called",
    save: { m: `nothing_of_the_kind()` },
    error: { code: "LUA_ERROR", file: "lua/m.lua" },
  },
  {
    title: "an error in a dependant that runs again",
    save: { limits: `return { most = "ten" }`, m: `local most = require("limits").most + 1 return {}` },
    error: { code: "LUA_ERROR", file: "lua/m.lua" },
  },
  {
    title: "an error in the last of many files",
    save: {
      limits: `return { most = 11 }`,
      m: site.lua.m.replace("old", "new"),
      main: `${site.lua.main} error("last")`,
    },
    error: { code: "LUA_ERROR", file: "lua/main.lua", message: "last" },
  },
  {
    title: "an error in a file that is required newly",
    save: { main: `require("fresh") ${site.lua.main}`, fresh: `App.n = 99 error("fresh")` },
    error: { code: "LUA_ERROR", message: "fresh", file: "lua/fresh.lua" },
  },
  {
    title: "a file that does not exist",
    save: { main: `require("nowhere")` },
    error: { code: "REQUIRE_MISSING", file: "lua/main.lua" },
  },
  { title: "an endless loop", save: { m: `while true do end` }, error: { code: "LIMIT_TIME" } },
  {
    title: "a loop that swallows errors",
    save: { m: `for i = 1, 3 do pcall(function() while true do end end) end error("late")` },
    error: {},
  },
  {
    title: "too much memory",
    save: { m: `local t = {} for i = 1, 1e9 do t[i] = { i } end` },
    error: { code: /^LIMIT_/ },
  },
  {
    title: "endless recursion",
    save: { m: `local function f() return 1 + f() end f()` },
    error: { code: /^LUA_ERROR|LIMIT_/ },
  },
  {
    title: "a bad argument",
    save: { m: `session:prototype(5)` },
    error: { code: "LUA_ERROR", file: "lua/m.lua", line: 1 },
  },
  {
    title: "changes everywhere, then an error",
    save: {
      m: `App.n, App.text = 7, nil session:removePrototype("App") session:createAppVariable({ type = "X" }) _G.next_global = 1 for k in pairs(package.loaded) do package.loaded[k] = nil end session.prototype = nil error("half-way")`,
    },
    error: { message: "half-way" },
  },
  {
    title: "a coroutine that fails",
    save: { m: `coroutine.wrap(function() error("inside") end)()` },
    error: { code: "LUA_ERROR", message: "inside" },
  },
];

for (const { title, save, error } of broken) {
  scenario(`${title} leaves everything as it was, byte by byte, and the next good save works`, site, (app) => {
    app.session.timeLimit = 300;
    const page = app.connect();
    app.t.equal(page.root.value("text()"), "old 1 of 102");
    const image = (): Buffer => Buffer.from(app.session.vm.saveImage().data);
    const before = image();
    app.fail(save, error);
    app.t.ok(before.equals(image()), "the memory is what it was");
    app.session.advance(1000);
    app.t.equal(page.root.value("text()"), "old 3 of 104");
    const good = { ...save, ...site.lua, m: site.lua.m.replace('"old ', '"new ') };
    app.save(Object.fromEntries(Object.keys(save).map((name) => [name, good[name as keyof typeof good]])));
    if (!("m" in save)) app.save({ m: good.m });
    app.t.match(page.root.value("text()"), /^new \d/);
  });
}

t.test("Lua that fails and viewdefs that do not: the viewdefs are exchanged, the old code goes on", async (t) => {
  const session = await LuaSession.start(site, { hotload: true });
  const page = session.connect();
  const report = session.save({
    lua: { m: "local" },
    viewdefs: { "App.DEFAULT": `<h1><i ui-value="n"></i><b ui-value="text()"></b></h1>` },
  });
  t.match(report.error, { code: "LUA_SYNTAX" });
  t.same(report.files, []);
  t.equal(page.root.value("n"), 1);
  t.match(page.root.value("text()"), /^old /);
  const good = session.save({ lua: { m: site.lua.m.replace("old", "new") } });
  t.equal(good.error, undefined);
  t.match(page.root.value("text()"), /^new /);
  t.same(session.stale(), []);
  session.close();
});

t.test("one save of Lua and viewdefs is one step: the new view shows what the new code says", async (t) => {
  const session = await LuaSession.start(site, { hotload: true });
  const page = session.connect();
  const report = session.save({
    lua: { main: site.lua.main.replace("App:text()", "App:label() return 'label' end function App:text()") },
    viewdefs: { "App.DEFAULT": `<p ui-value="label()"></p>` },
  });
  t.match(report, { files: ["lua/main.lua"], notes: [], error: undefined });
  t.equal(page.root.value("label()"), "label");
  t.equal(page.messages.filter(({ type }) => type === "view").length, 1, "in one message");
  t.equal(page.root.error("label()"), undefined);
  session.close();
});

scenario(
  "an error while what is shown is read again is no error of the reload: it belongs to the element",
  site,
  (app) => {
    const page = app.connect();
    app.edit("m", { 'return "old "': 'return nil .. "old "' });
    app.t.match(page.root.error("text()"), { code: "LUA_ERROR", file: "lua/m.lua", line: 5 });
    app.edit("m", { 'return nil .. "old "': 'return "new "' });
    app.t.equal(page.root.error("text()"), undefined);
  },
);

scenario(
  "lines in errors are those of the saved file, also in functions that have only moved",
  { m: `local M = {}\nfunction M.f() error("here") end\nreturn M`, main: `f = require("m").f` },
  (app) => {
    app.gives("pcall(f)", "false, m.lua:2: here");
    app.save({ m: `-- a comment\n-- and another\n${app.lua["m"]}` });
    app.gives("pcall(f)", "false, m.lua:4: here");
  },
);

t.test("a limit that is hit while a huge file is looked at names the file that is reloaded", async (t) => {
  const huge = (version: number): string =>
    `M = {}\n${Array.from({ length: 10_000 }, (_, n) => `function M.f${n}() return ${version} end`).join("\n")}`;
  const session = await LuaSession.start(
    { lua: { m: huge(1), main: `require("m")` } },
    { hotload: true, timeLimit: 20_000 },
  );
  session.timeLimit = 1;
  const { error } = session.save({ lua: { m: huge(2) } });
  t.match(error, { code: "LIMIT_TIME", file: "lua/m.lua", message: /^the code ran too long/ });
  session.timeLimit = 10_000;
  const { host } = session.vm;
  session.vm.host = (name, argument) => {
    if (name === "correspondence") throw new MoonpoolError("LIMIT_MEMORY");
    return host(name, argument);
  };
  t.match(session.save({ lua: { m: huge(3) } }).error, { code: "LIMIT_MEMORY", file: "lua/m.lua", message: /memory/ });
  session.vm.host = host;
  t.equal(session.save({ lua: { m: huge(4) } }).error, undefined);
  t.equal(session.evaluate("return M.f1()"), "4");
  session.close();
});
