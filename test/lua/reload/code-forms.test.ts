import { scenario } from "./scenario.ts";

const toNew = { [`"old"`]: `"new"` };

scenario(
  "functions on one line are told apart",
  {
    m: `return { a = function() return "a1" end, b = function() return "b1" end, c = function() return "c1" end }`,
    main: `local m = require("m") a, b, c = m.a, m.b, m.c`,
  },
  (app) => {
    app.edit("m", { b1: "b2", c1: "c2" });
    app.gives("a() .. b() .. c()", "a1b2c2");
    app.edit(
      "m",
      { 'b = function() return "b2" end, ': "", c2: "c3" },
      {
        notes: [{ code: "RELOAD_STALE", file: "lua/m.lua", line: 1, message: /gone from the file/ }],
        stale: ["m.lua:1"],
      },
    );
    app.gives("a() .. c()", "a1c3");
    app.run("b = nil");
    app.save({ m: app.lua.m + "\n" });
  },
);

scenario(
  "recursion: a local function calls its new self",
  {
    m: `local function count(n) if n == 0 then return "old" end return count(n - 1) end return count`,
    main: `count = require("m")`,
  },
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
  {
    m: `return function(...) local n = select("#", ...) local all = { ... } return function(...) return n, all[1], ... end end`,
    main: `held = require("m")("x", "y")`,
  },
  (app) => {
    app.edit("m", { "return n,": "return 'new', n," });
    app.gives("held('z')", "new, 2, x, z");
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
