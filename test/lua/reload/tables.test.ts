import { scenario } from "./scenario.ts";

const toNew = { [`"old"`]: `"new"` };

scenario(
  "several closures of one place that are keys stay several",
  {
    m: `
      local total = 0
      return function() return function() total = total + 1 return "old" .. total end end`,
    main: `local make = require("m") keys = {} for i = 1, 3 do keys[make()] = i end`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("(function() local n = 0 for f, i in pairs(keys) do n = n + i end return n end)()", 6);
    app.gives("next(keys)()", "new1");
  },
);

scenario(
  "tables of callbacks: lists, by name, nested, with functions as keys and values",
  {
    m: `
      local M = {}
      function M.one() return "old one" end
      function M.two() return "old two" end
      return M`,
    main: `
      local M = require("m")
      calls = { M.one, { M.two, deep = { f = M.one } }, named = M.two }
      names = { [M.one] = "one", [M.two] = "two" }
      both = { [M.one] = M.two }
      set = {}
      set[M.one] = true`,
  },
  (app) => {
    app.edit("m", { old: "new" });
    app.gives("calls[1]() .. calls[2][1]() .. calls[2].deep.f() .. calls.named()", "new onenew twonew onenew two");
    app.gives(`names[require("m").one] .. names[require("m").two]`, "onetwo");
    app.gives(`both[require("m").one]()`, "new two");
    app.gives(`set[require("m").one] and next(set, next(set)) == nil`, true);
  },
);

scenario(
  "weak tables: entries of functions are healed while somebody holds the function",
  {
    m: `local M = {} function M.f() return "old" end return M`,
    main: `
      local M = require("m")
      keys = setmetatable({ [M.f] = "key" }, { __mode = "k" })
      values = setmetatable({ f = M.f }, { __mode = "v" })
      both = setmetatable({ [M.f] = M.f }, { __mode = "kv" })`,
  },
  (app) => {
    app.edit("m", toNew);
    app.run("collectgarbage()");
    app.gives(`keys[require("m").f] .. values.f() .. both[values.f]()`, "keynewnew");
  },
);

scenario(
  "metatables: __index functions, __call, operators, and the metatable of texts",
  {
    m: `
      return {
        __index = function(_, name) return "old " .. name end,
        __call = function(_, x) return "old called " .. x end,
        __add = function(a, b) return "old sum" end,
      }`,
    main: `
      local meta = require("m")
      object = setmetatable({}, meta)
      local twice = function(s) return s .. s end
      getmetatable("").__mul = function(s, n) return twice(s) .. "old" end`,
  },
  (app) => {
    app.edit("m", { old: "new" });
    app.gives(`object.field .. object("x") .. (object + object)`, "new fieldnew called xnew sum");
    app.edit("main", { '"old"': '"new"', "s .. s": "s .. '+' .. s" });
    app.gives(`("a") * 2`, "a+anew");
  },
);

scenario(
  "a metatable that is taken out of the source, put in, and exchanged",
  {
    m: `local M = setmetatable({ a = 1 }, { __index = function() return "old" end }) return M`,
    main: `M = require("m") M.b = 2`,
  },
  (app) => {
    app.gives("M.x", "old");
    app.edit("m", { '"old"': '"new"' });
    app.gives("M.x .. M.b", "new2");
    app.save({ m: `local M = { a = 1 } return M` });
    app.gives("M.x, M.b", "nil, 2");
    app.save({ m: `local M = setmetatable({ a = 1 }, { __index = { x = "table" } }) return M` });
    app.gives("M.x .. M.b", "table2");
  },
);

scenario(
  "classes as tables with instances: methods, metamethods, class functions, inheritance",
  {
    shape: `
      local Shape = {}
      Shape.__index = Shape
      Shape.__tostring = function(s) return "old " .. s:area() end
      function Shape.new(class, w) return setmetatable({ w = w }, class) end
      function Shape:area() return self.w * self.w end
      return Shape`,
    box: `
      local Shape = require("shape")
      local Box = setmetatable({}, { __index = Shape })
      Box.__index, Box.__tostring = Box, Shape.__tostring
      function Box:area() return "box " .. Shape.area(self) end
      return Box`,
    main: `a, b = require("shape"):new(2), require("box"):new(3)`,
  },
  (app) => {
    app.edit("shape", { "old ": "new ", "self.w * self.w": "self.w + 100" });
    app.gives("tostring(a) .. tostring(b)", "new 102new box 103");
    app.edit("box", { '"box "': '"BOX "' });
    app.gives("tostring(a) .. tostring(b)", "new 102new BOX 103");
    app.gives(`getmetatable(a) == require("shape") and getmetatable(b) == require("box")`, true);
  },
);

scenario(
  "a registry by function that a file fills each time that it runs keeps what the app made of its entries",
  {
    registry: `return { entries = {} }`,
    m: `
      local entries = require("registry").entries
      local M = {}
      function M.same() return "same" end
      function M.edited() return "old" end
      entries[M.same], entries[M.edited] = { n = 0 }, { n = 0 }
      return M`,
    main: `require("m") entries = require("registry").entries`,
  },
  (app) => {
    app.run("for _, entry in pairs(entries) do entry.n = 5 end");
    app.edit("m", { '"old"': '"new"' });
    app.run("found = {} for f, entry in pairs(entries) do found[#found + 1] = f() .. entry.n end table.sort(found)");
    app.gives("table.concat(found, ' ')", "new5 same5");
  },
);

scenario(
  "what required files put into tables of the file that requires them stays when that one is edited",
  {
    a: `table.insert(Pages, { name = "a" }) register("a", { 1 }) Pages.count = 1 require("deep")`,
    b: `table.insert(Pages, 1, { name = "b" }) register("b", 5)`,
    deep: `table.insert(Pages, { name = "deep" })`,
    main: `
      local known, first = {}, { name = "first" }
      Pages = { first, { name = "second" } }
      function register(name, value) known[name] = value end
      function of(name) return known[name] end
      function names() local list = {} for i, page in ipairs(Pages) do list[i] = page.name end return table.concat(list, " ") end
      require("a") require("b")
      table.insert(Pages, { name = "last" })
      function text() return "old" end`,
  },
  (app) => {
    app.gives("names()", "b first second a deep last");
    app.run(`table.insert(Pages, { name = "mine" }) of("a")[1] = 2`);
    app.edit("main", { '"old"': '"new"' });
    app.gives("names() .. text()", "b first second a deep last minenew");
    app.gives(`of("a")[1] .. of("b") .. Pages.count`, "251");
    app.edit("main", { ', { name = "second" }': "" });
    app.gives("names()", "b first a deep last mine");
    app.edit("main", { '"last"': '"end"' });
    app.gives("names()", "b first a deep end mine");
    app.gives(`of("a")[1] .. of("b") .. Pages.count`, "251");
  },
);
