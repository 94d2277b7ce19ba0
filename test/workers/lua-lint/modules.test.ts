import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { lint, lintFolder } from "../../support/lint.ts";

t.test("a file that no way of requires leads to from main.lua is told", async (t) => {
  t.same(
    await lint(t, {
      main: 'require("used") if x then pcall(require, "optional") end x = 1',
      used: 'return function() return require("folder.later") end',
      optional: "",
      "folder/later": 'return require("folder.module")',
      "folder/module/init": "",
      lost: 'require("lost.friend")',
      "lost/friend": "",
    }),
    ["lost.lua", "lost/friend.lua"].map(
      (file) =>
        `${file}:1 LINT_UNUSED: No session loads this file: lua/main.lua does not require it, nor does any file that it requires`,
    ),
  );
});

t.test("where names of modules are made, any file may be used", async (t) => {
  const ways = [
    "require(name)",
    "require('a' .. name)",
    "local r = require; r('a')",
    "load_all(require)",
    "pcall(require, name)",
  ];
  for (const way of ways) t.same(await lint(t, { main: `name, load_all = 1, 2; ${way}`, a: "", b: "" }), [], way);
});

t.test("nothing is called unused while a file cannot be compiled, which might require it", async (t) => {
  t.match(await lint(t, { main: "return return", other: "" }), [/^main\.lua:1 LUA_SYNTAX/]);
});

t.test("a file with several names is one file, used by any of them", async (t) => {
  const folder = t.testdir({
    lua: { "main.lua": 'require("linked") require("apps.tasks")', "real.lua": "", tasks: { "tasks.lua": "" } },
  });
  fs.symlinkSync("real.lua", path.join(folder, "lua/linked.lua"));
  fs.symlinkSync("tasks", path.join(folder, "lua/apps"));
  t.same(await lintFolder(folder), []);
});

t.test("files that require each other while they are loaded are told, with the whole way", async (t) => {
  t.same(
    await lint(t, {
      main: 'require("a")\nrequire("myself")\nrequire("late.one")',
      a: 'local x = 1\nrequire("folder.b")',
      "folder/b": 'require("c") require("aside")',
      c: 'return { b = require("folder.b"), a = require("a") }',
      aside: "",
      myself: 'require("myself")',
      "late/one": 'return function() return require("late.two") end',
      "late/two": 'return require("late.one")',
    }),
    [
      "a.lua:2 LINT_CYCLE: The files require each other: lua/a.lua → lua/folder/b.lua → lua/c.lua → lua/a.lua. Whichever comes last gets true instead of the module",
      "myself.lua:1 LINT_CYCLE: The files require each other: lua/myself.lua → lua/myself.lua. Whichever comes last gets true instead of the module",
    ],
  );
});

t.test("a module that is not there is told where it is required, unless the code reckons with that", async (t) => {
  t.match(await lint(t, { main: 'local ok = pcall(require, "nowhere")\nrequire("nowhere")\nrequire("no/name")' }), [
    /^main\.lua:2 REQUIRE_MISSING: There is no module "nowhere"\. Tried lua\/nowhere\.lua/,
    /^main\.lua:3 REQUIRE_NAME: "no\/name" is not a module name$/,
  ]);
});

t.test("files begin as Lua reads them: with a byte order mark or a line for the shell", async (t) => {
  t.same(await lint(t, { main: "\uFEFF#!/usr/bin/lua\nrequire('other')", other: "#!/usr/bin/lua\nreturn 1" }), []);
});

t.test("the demo has nothing to be warned of", async (t) => {
  t.same(await lintFolder(process.cwd()), []);
});
