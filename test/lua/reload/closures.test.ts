import { scenario } from "./scenario.ts";

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
  "a closure whose new version needs a variable that it never had stays as it is, is told of, and is healed by a later save",
  {
    m: `return function()
  local a = "a"
  return function() return "old " .. a end
end`,
    main: `f = require("m")()`,
  },
  (app) => {
    app.save(
      { m: `return function()\n  local a, b = "a", "b"\n  return function() return "new " .. a .. b end\nend` },
      {
        notes: [
          {
            code: "RELOAD_STALE",
            file: "lua/m.lua",
            line: 3,
            message: /needs the variable b now/,
          },
        ],
        stale: ["m.lua:3"],
      },
    );
    app.gives("f()", "old a");
    app.gives(`require("m")()()`, "new ab");
    app.save({ m: `return function()\n  local a = "a"\n  return function() return "newest " .. a end\nend` });
    app.gives("f()", "newest a");
  },
);

scenario(
  "a closure that begins to use a variable of the file has it, also when only closures use it",
  {
    m: `
      local LIMIT, list = 10, { "x" }
      return function() local n = 1 return function() n = n + 1 return n end end`,
    main: `f = require("m")() f()`,
  },
  (app) => {
    app.edit("m", { "return n end": "return n + LIMIT .. list[1] end" });
    app.gives("f()", "13x");
    app.edit("m", { "LIMIT, list = 10": "LIMIT, list = 20" });
    app.gives("f()", "24x");
  },
);

scenario(
  "tables that closures made for themselves keep their content, edited literals in them are new",
  {
    m: `
      local function store() local t = { kind = "a", items = {} } return function(x) t.items[#t.items + 1] = x return t.kind .. #t.items end end
      return { add = store() }`,
    main: `add = require("m").add add(1) add(2)`,
  },
  (app) => {
    app.edit("m", { "return t.kind ..": "return '=' .. t.kind .." });
    app.gives("add(3)", "=a3");
    app.edit("m", { 'kind = "a"': 'kind = "b"' });
    app.gives("add(4)", "=b4");
  },
);

scenario(
  "what decorators of other modules made of a function calls the new one, and keeps what it knows",
  {
    util: `
      local util = {}
      function util.count(f) local n = 0 return function(...) n = n + 1 return n .. ":" .. f(...) end end
      return util`,
    m: `
      local util = require("util")
      local M = {}
      M.f = util.count(function(x) return "old" .. x end)
      return M`,
    main: `f = require("m").f f(1)`,
  },
  (app) => {
    app.edit("m", { '"old"': '"new"' });
    app.gives("f('a')", "2:newa");
    app.edit("util", { '":"': '"/"' });
    app.gives("f('b')", "3/newb");
    app.gives(`f == require("m").f`, true);
  },
);
