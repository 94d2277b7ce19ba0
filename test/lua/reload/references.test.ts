import { scenario } from "./scenario.ts";

const toNew = { [`"old"`]: `"new"` };

const m = `
  local M = {}
  function M.f() return "old" end
  return M`;

scenario("a field of a module's table is the new function", { m, main: `require("m")` }, (app) => {
  app.edit("m", toNew);
  app.gives(`require("m").f()`, "new");
});

scenario(
  "a function taken out of a module into a local is the new one",
  { m, main: `local f = require("m").f function probe() return f() end` },
  (app) => {
    app.edit("m", toNew, { files: ["lua/m.lua"] });
    app.gives(`probe()`, "new");
    app.gives(`probe() == require("m").f()`, true);
  },
);

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
  {
    m: `local M = {}\nfunction M.f() return 1 end\nfunction M.g() return 2 end\nreturn M`,
    main: `held = require("m").f`,
  },
  (app) => {
    app.edit(
      "m",
      { "function M.f() return 1 end": "" },
      {
        notes: [{ code: "RELOAD_STALE", file: "lua/m.lua", line: 2 }],
        stale: ["m.lua:2"],
      },
    );
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
    app.edit("m", {
      'function() return "function" end': 'setmetatable({}, { __call = function() return "table" end })',
    });
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
  {
    m: `local M = {} function M.f() return "f" end M.alias = M.f return M`,
    b: `return { f = function() return "b" end }`,
    main: `M = require("m")`,
  },
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
