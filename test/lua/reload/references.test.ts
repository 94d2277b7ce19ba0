import { scenario } from "./scenario.ts";

const m = `
  local M = {}
  function M.f() return "old" end
  return M`;
const toNew = { [`"old"`]: `"new"` };

scenario("a field of a module's table is the new function", { m, main: `require("m")` }, (app) => {
  app.edit("m", toNew);
  app.gives(`require("m").f()`, "new");
});

scenario("a function taken out of a module into a local is the new one", { m, main: `local f = require("m").f function probe() return f() end` }, (app) => {
  app.edit("m", toNew, { files: ["lua/m.lua"] });
  app.gives(`probe()`, "new");
  app.gives(`probe() == require("m").f()`, true);
});

scenario(
  "a module's table keeps its identity, so a local that holds it has the new functions",
  { m, main: `local M = require("m") before = M function probe() return M.f() end` },
  (app) => {
    app.edit("m", toNew);
    app.gives(`probe()`, "new");
    app.gives(`before == require("m")`, true);
  },
);

scenario(
  "variables of functions that are variables of functions are healed",
  {
    m,
    main: `
      local f = require("m").f
      local function inner() return f() end
      local function middle() return inner() end
      function probe() return middle() end`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("probe()", "new");
    app.edit("main", { "return inner()": `return "middle " .. inner()` });
    app.gives("probe()", "middle new");
    app.edit("main", { "return f()": `return "inner " .. f()` });
    app.gives("probe()", "middle inner new");
  },
);

scenario(
  "one function held in several places is one function afterwards, and one that nothing changed of is itself",
  {
    m: `
      local M = {}
      function M.same() return 1 end
      function M.f() return "old" end
      return M`,
    main: `local M = require("m") a, b, list, same = M.f, M.f, { M.f, M.same }, M.same`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives(`a == b and a == list[1] and a == require("m").f and a()`, "new");
    app.gives(`same == require("m").same and same == list[2]`, true);
  },
);

scenario(
  "factories: closures made before run the new code with the variables that each has",
  {
    m: `
      local made = 0
      return function(start)
        made = made + 1
        local n = start
        return {
          add = function() n = n + 1 return n end,
          text = function() return "old " .. n .. " of " .. made end,
        }
      end`,
    main: `local new = require("m") a, b = new(0), new(10) a.add() b.add() b.add()`,
  },
  (app) => {
    app.gives("a.text()", "old 1 of 2");
    app.edit("m", { [`"old "`]: `"new "`, "n = n + 1": "n = n + 100" });
    app.gives("a.text()", "new 1 of 2");
    app.gives("b.text()", "new 12 of 2");
    app.run("a.add()");
    app.gives("a.text()", "new 101 of 2");
    app.gives("b.text()", "new 12 of 2");
  },
);

scenario(
  "what a factory made when the file ran keeps its variables",
  {
    m: `
      local function counter(from) local n = from return function() n = n + 1 return n end end
      local next_id = counter(0)
      local M = { other = counter(100) }
      function M.id() return "id-" .. next_id() end
      return M`,
    main: `local M = require("m") M.id() M.id() M.other() taken = M.other`,
  },
  (app) => {
    app.edit("m", { [`"id-"`]: `"ID-"` });
    app.gives(`require("m").id()`, "ID-3");
    app.gives(`require("m").other()`, 102);
    app.gives(`taken == require("m").other`, true);
    app.edit("m", { "n = n + 1": "n = n + 10" });
    app.gives(`require("m").id()`, "ID-13");
    app.gives(`taken()`, 112);
    app.edit("m", { "counter(0)": "counter(1000)" });
    app.gives(`require("m").id()`, "ID-1010");
    app.gives(`taken()`, 122);
  },
);

scenario(
  "variables of a block at file level are kept, also by functions that are added to it",
  {
    m: `
      local M = {}
      do
        local n = 0
        function M.add() n = n + 1 end
        function M.get() return n end
      end
      return M`,
    main: `require("m").add() require("m").add()`,
  },
  (app) => {
    app.edit("m", { "return n": "return 'n = ' .. n" });
    app.gives(`require("m").get()`, "n = 2");
    app.edit("m", { "function M.get": "function M.twice() n = n * 2 end function M.get" });
    app.run(`require("m").twice()`);
    app.gives(`require("m").get()`, "n = 4");
  },
);

scenario(
  "closures in closures, three deep, all run the new code with their own variables",
  {
    m: `
      return function(a)
        return function(b)
          return function(c) return "old " .. a .. b .. c end
        end
      end`,
    main: `local m = require("m") one = m("a") two = m("A")("B")`,
  },
  (app) => {
    app.gives(`one("b")("c")`, "old abc");
    app.edit("m", { "old ": "new " });
    app.gives(`one("b")("c")`, "new abc");
    app.gives(`two("c")`, "new ABc");
  },
);

scenario(
  "functions on one line are told apart",
  {
    m: `return { a = function() return "a1" end, b = function() return "b1" end, c = function() return "c1" end }`,
    main: `local m = require("m") a, b, c = m.a, m.b, m.c`,
  },
  (app) => {
    app.edit("m", { b1: "b2", c1: "c2" });
    app.gives("a() .. b() .. c()", "a1b2c2");
    app.edit("m", { "b = function() return \"b2\" end, ": "" , c2: "c3" }, {
      notes: [{ code: "RELOAD_STALE", file: "lua/m.lua", line: 1, message: /gone from the file/ as unknown as string }],
      stale: ["m.lua:1"],
    });
    app.gives("a() .. c()", "a1c3");
    app.run("b = nil");
    app.save({ m: app.lua.m + "\n" });
  },
);

scenario(
  "recursion: a local function calls its new self",
  { m: `local function count(n) if n == 0 then return "old" end return count(n - 1) end return count`, main: `count = require("m")` },
  (app) => {
    app.edit("m", toNew);
    app.gives("count(3)", "new");
  },
);

scenario(
  "mutual recursion through forward-declared locals",
  {
    m: `
      local even, odd
      function even(n) if n == 0 then return "even" end return odd(n - 1) end
      function odd(n) if n == 0 then return "odd" end return even(n - 1) end
      return { even = even }`,
    main: `even = require("m").even`,
  },
  (app) => {
    app.gives("even(3)", "odd");
    app.edit("m", { [`"odd"`]: `"ODD"` });
    app.gives("even(3)", "ODD");
    app.edit("m", { [`"even"`]: `"EVEN"` });
    app.gives("even(4)", "EVEN");
  },
);

scenario(
  "varargs, also in functions that hold them",
  { m: `return function(...) local n = select("#", ...) local all = { ... } return function(...) return n, all[1], ... end end`, main: `held = require("m")("x", "y")` },
  (app) => {
    app.edit("m", { "return n,": "return 'new', n," });
    app.gives("held('z')", "new, 2, x, z");
  },
);

scenario(
  "closures that a loop makes are several, each with its own variable",
  {
    m: `
      local M = {}
      for i, name in ipairs({ "a", "b", "c" }) do
        M[i] = function() return "old " .. name .. i end
      end
      return M`,
    main: `local m = require("m") list = { m[3], m[2], m[1] }`,
  },
  (app) => {
    app.edit("m", { "old ": "new " });
    app.gives("list[1]() .. list[2]() .. list[3]()", "new c3new b2new a1");
    app.gives(`list[1] == require("m")[3]`, true);
    app.edit("m", { [`"b"`]: `"B"` });
    app.gives("list[1]() .. list[2]() .. list[3]()", "new c3new B2new a1");
  },
);

scenario(
  "goto and continue in a loop that makes closures",
  {
    m: `
      local M = {}
      for i = 1, 4 do
        if i % 2 == 0 then goto continue end
        M[#M + 1] = function() return "old" .. i end
        ::continue::
      end
      return M`,
    main: `list = { require("m")[1], require("m")[2] }`,
  },
  (app) => {
    app.edit("m", { '"old"': '"new"' });
    app.gives("list[1]() .. list[2]()", "new1new3");
    app.edit("m", { "i % 2 == 0": "i % 2 == 1" });
    app.gives("list[1]() .. list[2]()", "new2new4");
  },
);

scenario(
  "a function that is defined one way or another is the one that the new version defines",
  {
    m: `
      local M = {}
      local fast = false
      if fast then function M.f() return "fast" end else function M.f() return "slow" end end
      return M`,
    main: `f = require("m").f`,
  },
  (app) => {
    app.edit("m", { '"slow"': '"slower"' });
    app.gives("f()", "slower");
    app.edit("m", { "fast = false": "fast = true" }, undefined);
    app.gives(`require("m").f()`, "fast");
  },
);

scenario(
  "constants: <const> and <close> variables",
  {
    m: `
      local log = {}
      local LIMIT <const> = 10
      local M = {}
      function M.f()
        local x <const> = LIMIT
        do local c <close> = setmetatable({}, { __close = function() log[#log + 1] = "old" end }) end
        return x .. table.concat(log, ",")
      end
      return M`,
    main: `f = require("m").f`,
  },
  (app) => {
    app.gives("f()", "10old");
    app.edit("m", { "LIMIT <const> = 10": "LIMIT <const> = 20", '"old"': '"new"' });
    app.gives("f()", "20old,new");
  },
);

scenario(
  "shadowed names are different variables",
  {
    m: `
      local x = "outer"
      local function a() return x end
      local x = "inner"
      local function b() return x end
      return { a = a, b = b, set = function(v) x = v end }`,
    main: `local m = require("m") a, b = m.a, m.b m.set("changed")`,
  },
  (app) => {
    app.edit("m", { "return { a": "\nreturn { a" });
    app.gives("a() .. ' ' .. b()", "outer changed");
    app.edit("m", { '"outer"': '"OUTER"' });
    app.gives("a() .. ' ' .. b()", "OUTER changed");
  },
);

scenario(
  "long strings, with what looks like code in them",
  {
    m: `return { f = function() return [==[function() return "old" end]==] end }`,
    main: `f = require("m").f`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("f()", `function() return "new" end`);
  },
);

scenario(
  "a method that is renamed: the old name is gone, who holds the function has the new one",
  {
    m: `
      local M = {}
      function M.first() return "one, two, three" end
      return M`,
    main: `held = require("m").first`,
  },
  (app) => {
    app.edit("m", { "M.first": "M.second" });
    app.gives(`require("m").first`, "nil");
    app.gives(`held == require("m").second`, true);
  },
);

scenario(
  "a function that is deleted is gone from its module, and reported where it is still held",
  { m: `local M = {}\nfunction M.f() return 1 end\nfunction M.g() return 2 end\nreturn M`, main: `held = require("m").f` },
  (app) => {
    app.edit("m", { "function M.f() return 1 end": "" }, {
      notes: [{ code: "RELOAD_STALE", file: "lua/m.lua", line: 2 }],
      stale: ["m.lua:2"],
    });
    app.gives(`require("m").f`, "nil");
    app.run("held = nil");
    app.save({ m: app.lua.m + " " });
  },
);

scenario(
  "a function that moves to another file is found where its module is",
  {
    a: `local A = {} function A.f() return "in a" end return A`,
    b: `local B = {} return B`,
    main: `local A, B = require("a"), require("b") function probe() return (A.f or B.f)() end`,
  },
  (app) => {
    app.save({ a: `local A = {} return A`, b: `local B = {} function B.f() return "in b" end return B` });
    app.gives("probe()", "in b");
  },
);

scenario(
  "a function becomes a value, and a value a function",
  { m: `return { a = function() return 1 end, b = 2 }`, main: `M = require("m")` },
  (app) => {
    app.save({ m: `return { a = 3, b = function() return 4 end }` });
    app.gives("M.a .. M.b()", "34");
    app.save({ m: `return { a = function() return 5 end, b = 6 }` });
    app.gives("M.a() .. M.b", "56");
  },
);

scenario(
  "a local that was a function and is a table with __call now",
  {
    m: `
      local f = function() return "function" end
      return { probe = function() return f() end }`,
    main: `probe = require("m").probe`,
  },
  (app) => {
    app.edit("m", { 'function() return "function" end': 'setmetatable({}, { __call = function() return "table" end })' });
    app.gives("probe()", "table");
    app.edit("m", { 'setmetatable({}, { __call = function() return "table" end })': 'function() return "again" end' });
    app.gives("probe()", "again");
  },
);

scenario(
  "who has patched a function of another module stays in front of the new one",
  {
    m: `local M = {} function M.f() return "old" end return M`,
    patch: `
      local M = require("m")
      local original = M.f
      M.f = function() return "<" .. original() .. ">" end`,
    main: `require("patch") f = require("m").f`,
  },
  (app) => {
    app.gives("f()", "<old>");
    app.edit("m", toNew);
    app.gives("f()", "<new>");
    app.gives(`require("m").f()`, "<new>");
    app.edit("patch", { '"<"': '"<<"' });
    app.gives("f()", "<<new>");
  },
);

scenario(
  "another name of a function that is taken out of the source is gone, the function is not",
  { m: `local M = {} function M.f() return "f" end M.alias = M.f return M`, b: `return { f = function() return "b" end }`, main: `M = require("m")` },
  (app) => {
    app.edit("m", { "M.alias = M.f": `M.other = require("b").f` });
    app.gives("M.alias, M.f(), M.other()", "nil, f, b");
    app.edit("m", { [`M.other = require("b").f`]: "" });
    app.gives("M.other, M.f()", "nil, f");
  },
);

scenario(
  "a function that is defined under a condition stays while it is in the source, and is new",
  {
    m: `
      local M = {}
      if not session.reloading then
        function M.once() return "old" end
        function Global_once() return "old" end
      end
      return M`,
    main: `once = require("m").once`,
  },
  (app) => {
    app.edit("m", { '"old"': '"new"' });
    app.gives(`once() .. require("m").once() .. Global_once()`, "newnewnew");
    app.save({ m: "local M = {} return M", main: "" });
    app.gives(`require("m").once, Global_once`, "nil, nil");
  },
);
