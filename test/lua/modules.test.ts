import t, { type Test } from "tap";
import { LuaSession } from "../support/lua-session.ts";

async function check(t: Test, main: string, modules: Record<string, string> = {}): Promise<void> {
  const session = await LuaSession.start({
    lua: { main: `${main}\nsession:createAppVariable{ type = "A" }`, ...modules },
  });
  t.pass();
  session.close();
}

t.test("require returns what the file returned, runs it once, and true for a file that returns nothing or nil", (t) =>
  check(
    t,
    `local a = require("a.b")
     assert(a.x == 1 and require("a.b") == a and runs == 1)
     assert(require("nothing") == true and require("null") == true and require("no") == false)
     assert(require("several") == "first")
     assert(package.loaded["a.b"] == a and package.loaded["lua/a/b.lua"] == a)
     assert(select("#", require("a.b")) == 1)`,
    {
      "a.b": `runs = (runs or 0) + 1 assert((...) == "a.b") return { x = 1 }`,
      nothing: `local x = 1`,
      null: `return nil`,
      no: `return false`,
      several: `return "first", "second"`,
    },
  ),
);

t.test("a circular require finds true, as in the reference, and ends", (t) =>
  check(t, `assert(require("a") == "a")`, {
    a: `assert(require("b") == "b") return "a"`,
    b: `assert(require("a") == true) return "b"`,
  }),
);

t.test("a file that failed can be tried again, and its error passes through pcall with its place", (t) =>
  check(
    t,
    `tries = 0
     local ok, e = pcall(require, "bad")
     assert(not ok and tostring(e):find("lua/bad.lua:2: first", 1, true), tostring(e))
     assert(require("bad") == "good")
     local ok, e = pcall(require, "syntax")
     assert(not ok and tostring(e):find("syntax.lua", 1, true) and tostring(e):find("error loading module 'syntax'", 1, true))
     local ok, e = pcall(require, "missing")
     assert(not ok and tostring(e):find("missing"))
     assert(not pcall(require, 5))`,
    { bad: `tries = tries + 1\nif tries == 1 then error("first") end return "good"`, syntax: `x = = 1` },
  ),
);

t.test(
  "unloadModule forgets a module under all its names, and the prototypes it declared, nested requires excepted",
  (t) =>
    check(
      t,
      `local first = require("outer")
     session:unloadModule("lua/outer.lua")
     assert(package.loaded.outer == nil and package.loaded.inner == true)
     assert(session:prototype("Outer") ~= first.outer and session:prototype("AfterInner", {}) ~= first.after)
     assert(session:prototype("Inner").kept)
     assert(require("outer") ~= first)
     session:unloadModule("lua/unknown.lua")`,
      {
        outer: `local M = { outer = session:prototype("Outer", {}) } require("inner") M.after = session:prototype("AfterInner", {}) return M`,
        inner: `session:prototype("Inner", { kept = true })`,
      },
    ),
);

t.test("unloadDirectory forgets the modules directly in a folder", (t) =>
  check(
    t,
    `require("d.one") require("d.e.two") require("dd")
     session:unloadDirectory("lua/d")
     assert(package.loaded["d.one"] == nil and package.loaded["d.e.two"] and package.loaded.dd)`,
    { "d.one": "", "d.e.two": "", dd: "" },
  ),
);
