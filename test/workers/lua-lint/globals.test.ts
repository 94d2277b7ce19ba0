import t from "tap";
import { globals, lint } from "../../support/lint.ts";

t.test("globals that a session really has are known", (t) => {
  for (const name of [
    "session",
    "ui",
    "json",
    "lua",
    "EMPTY",
    "require",
    "package",
    "string",
    "pcall",
    "_G",
    "unpack",
  ]) {
    t.ok(globals.has(name), name);
  }
  for (const name of ["io", "debug", "dofile", "host"]) t.notOk(globals.has(name), name);
  t.end();
});

t.test("a global that is read and set nowhere in the site is told, once for each file", async (t) => {
  t.same(
    await lint(t, {
      main: `require("other")
print(count, string.format("%d", total))
function show() return totl, totl.x end
total = 1`,
      other: "count = totl",
    }),
    [
      "main.lua:3 LINT_GLOBAL: There is no global totl, and no file sets it",
      "other.lua:1 LINT_GLOBAL: There is no global totl, and no file sets it",
    ],
  );
});

t.test("libraries that Lua has and sessions do not are told", async (t) => {
  t.same(await lint(t, { main: "io.write(os.getenv('HOME'))" }), [
    "main.lua:1 LINT_GLOBAL: There is no global io, and no file sets it",
  ]);
});

t.test("a global that only a function sets has probably lost its local", async (t) => {
  t.same(
    await lint(t, {
      main: `declared = nil
function App() declared = 1; kept = 2
  for i = 1, 2 do
    sum = (sum or 0) + i
  end
  function helper() end
end
require("other")`,
      other: "kept = {}",
    }),
    [
      "main.lua:4 LINT_GLOBAL: The function makes a global sum; write local before it, or set it in the file outside of functions first",
      "main.lua:6 LINT_GLOBAL: The function makes a global helper; write local before it, or set it in the file outside of functions first",
    ],
  );
});

t.test("a global set through _G or _ENV counts, and is no slip", async (t) => {
  t.same(
    await lint(t, { main: "_G.one = 1; _ENV.two = 2; _G['three'] = 3; print(one, two, three, _G, _VERSION)" }),
    [],
  );
});

t.test("where globals of any name may be set, none is called missing", async (t) => {
  const ways = [
    "for _, name in ipairs({ 'x' }) do _G[name] = 1 end",
    "setmetatable(_G, { __index = function() return 1 end })",
    "rawset(_G, 'x', 1)",
    "local env = _ENV; env.x = 1",
    "local function get() return _G end get().x = 1",
  ];
  for (const way of ways) t.same(await lint(t, { main: `${way}\nprint(x)` }), [], way);
  t.equal((await lint(t, { main: "print(_G.print, x)" })).length, 1, "reading a field of _G sets nothing");
});

t.test("names in a _ENV of one's own are not globals", async (t) => {
  t.same(await lint(t, { main: "do local _ENV = { f = print } f(x) function g() y = x end end" }), []);
});

t.test("nothing is called missing while a file cannot be compiled, which might set it", async (t) => {
  t.match(await lint(t, { main: "print(x)", other: "x = = 1" }), [/^other\.lua:1 LUA_SYNTAX/]);
});
