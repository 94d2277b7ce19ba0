import { scenario } from "./scenario.ts";

const toNew = { [`"old"`]: `"new"` };

scenario(
  "closures in timers of all kinds, whoever set them",
  {
    m: `
      local M = { log = {} }
      function M.start()
        local n = 0
        local function add(what) n = n + 1 M.log[#M.log + 1] = "old" .. what .. n end
        session:setInterval(function() add("i") end, 1000)
        session:setTimeout(function() add("t") end, 1500)
        session:setImmediate(function() add("m") end)
      end
      return M`,
    main: `local M = require("m") M.start() function log() return table.concat(M.log, " ") end`,
  },
  (app) => {
    app.edit("m", { '"old"': '"new"' });
    app.session.advance(2000);
    app.gives("log()", "newm1 newi2 newt3 newi4");
    app.edit("m", { '"new"': '"newer"' });
    app.session.advance(1000);
    app.gives("log()", "newm1 newi2 newt3 newi4 neweri5");
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
  { m: `local M = setmetatable({ a = 1 }, { __index = function() return "old" end }) return M`, main: `M = require("m") M.b = 2` },
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
  "a coroutine that has not begun runs the new code, also one that `wrap` made",
  {
    m: `return function(a) local b = coroutine.yield("old " .. a) return "old end " .. b end`,
    main: `
      local f = require("m")
      co, wrapped = coroutine.create(f), coroutine.wrap(f)
      held = coroutine.wrap(function(x) return f(x) end)`,
  },
  (app) => {
    app.edit("m", { old: "new" });
    app.gives(`select(2, coroutine.resume(co, 1))`, "new 1");
    app.gives(`wrapped(2)`, "new 2");
    app.gives(`held(3)`, "new 3");
  },
);

scenario(
  "a coroutine in the middle of edited code is told with file and line, and goes on there; what it calls is new",
  {
    m: `
      local M = {}
      function M.step(n) return "old " .. n end
      function M.loop()
        local n = 0
        while true do
          n = n + 1
          coroutine.yield(M.step(n))
        end
      end
      return M`,
    main: `next_of = coroutine.wrap(require("m").loop) next_of()`,
  },
  (app) => {
    app.edit("m", { '"old "': '"new "' });
    app.gives("next_of()", "new 2");
    const told = { code: "RELOAD_STALE", file: "lua/m.lua", line: 8 };
    app.edit("m", { "n = n + 1": "n = n + 10" }, { notes: [told], stale: ["m.lua:4"] });
    app.gives("next_of()", "new 3");
    app.edit("m", { '"new "': '"newer "' }, { notes: [told], stale: ["m.lua:4"] });
    app.gives("next_of()", "newer 4");
    app.run("next_of = nil");
    app.edit("m", { '"newer "': '"newest "' });
  },
);

scenario(
  "a coroutine in code that was not edited is not told of, and its variables are healed",
  {
    m: `local M = {} function M.f() return "old" end return M`,
    main: `
      local M = require("m")
      loop = coroutine.wrap(function(...)
        local f, list, given = M.f, { M.f }, select("#", ...)
        for _, g in ipairs({ M.f, M.f, M.f }) do
          coroutine.yield(f() .. list[1]() .. g() .. (...)())
        end
      end)
      loop(M.f)`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("loop()", "newnewnewnew");
    app.edit("m", { "return M": "function M.g() end return M" });
    app.gives("loop()", "newnewnewnew");
  },
);

scenario(
  "generators: an iterator that is half-way goes on in new code with the variables that it has",
  {
    m: `return function(list) local i = 0 return function() i = i + 1 local x = list[i] return x and "old" .. x end end`,
    main: `it = require("m")({ "a", "b", "c" }) it()`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("it()", "newb");
    app.gives("it()", "newc");
  },
);

scenario(
  "a coroutine that loops over an iterator gets the iterator's new code in the middle of the loop",
  {
    m: `return function(n) local i = 0 return function() i = i + 1 if i <= n then return "old" .. i end end end`,
    main: `local each = require("m") loop = coroutine.wrap(function() for x in each(3) do coroutine.yield(x) end return "end" end) loop()`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("loop() .. loop() .. loop()", "new2new3end");
  },
);

scenario(
  "functions that were passed to another module's registry, with what only they know",
  {
    bus: `
      local handlers = {}
      local bus = {}
      function bus.on(name, f) handlers[name] = f end
      function bus.fire(name, ...) return handlers[name](...) end
      return bus`,
    m: `
      local bus = require("bus")
      local count, LIMIT = 0, 10
      bus.on("tick", function(x) count = count + 1 return "old " .. count .. x .. LIMIT end)`,
    main: `require("m") fire = require("bus").fire`,
  },
  (app) => {
    app.gives(`fire("tick", "!")`, "old 1!10");
    app.edit("m", { '"old "': '"new "' });
    app.gives(`fire("tick", "!")`, "new 2!10");
    app.edit("m", { "0, 10": "0, 20" });
    app.gives(`fire("tick", "!")`, "new 3!20");
    app.edit("bus", { "return handlers[name](...)": `return "bus " .. handlers[name](...)` });
    app.gives(`fire("tick", "!")`, "bus new 4!20");
  },
);

scenario(
  "a registry that keeps a list: who registers once, guarded by session.reloading, is there once and new",
  {
    bus: `
      local bus = { list = {} }
      function bus.on(f) bus.list[#bus.list + 1] = f end
      function bus.fire() local all = {} for i, f in ipairs(bus.list) do all[i] = f() end return table.concat(all, " ") end
      return bus`,
    m: `
      local n = 0
      if not session.reloading then require("bus").on(function() n = n + 1 return "old" .. n end) end`,
    main: `require("m") fire = require("bus").fire`,
  },
  (app) => {
    app.gives("fire()", "old1");
    app.edit("m", toNew);
    app.gives("fire()", "new2");
    app.edit("bus", { '" "': '","' });
    app.gives("fire()", "new3");
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

scenario(
  "callbacks under pcall, in sort, gsub and next",
  {
    m: `
      local M = {}
      function M.fails() error("old failure", 0) end
      function M.less(a, b) return a > b end
      function M.repl(s) return "old" .. s end
      return M`,
    main: `
      local M = require("m")
      local fails, less, repl = M.fails, M.less, M.repl
      function probe()
        local list = { 2, 3, 1 }
        table.sort(list, less)
        local _, e = pcall(fails)
        return e .. table.concat(list) .. (string.gsub("x", "x", repl))
      end`,
  },
  (app) => {
    app.gives("probe()", "old failure321oldx");
    app.edit("m", { old: "new", "a > b": "a < b" });
    app.gives("probe()", "new failure123newx");
  },
);

scenario(
  "global functions, in any table of globals, and in session itself",
  {
    m: `
      function greet() return "old" end
      App_ = {}
      function App_.f() return greet() .. " f" end
      function session:custom() return "old custom" end
      string.shout = function(s) return s .. "old!" end`,
    main: `require("m") local g = greet function probe() return g() .. App_.f() .. session:custom() .. ("s"):shout() end`,
  },
  (app) => {
    app.edit("m", { old: "new" });
    app.gives("probe()", "newnew fnew customsnew!");
  },
);

scenario(
  "functions in objects that only a page knows: wrappers and presenters",
  {
    lua: {
      m: `
        Shout = {}
        function Shout:new(variable) return setmetatable({ variable = variable, f = function() return "old" end }, { __index = Shout }) end
        function Shout:text() return self.f() .. self.variable:getValue() end
        Row = { type = "Row" }
        function Row:new(given) return setmetatable({ of = given.baseItem, f = function() return "old" .. given.baseItem.name end }, { __index = Row }) end
        function Row:label() return self.f() end`,
      main: `
        require("m")
        App = session:prototype("App", { name = "x", rows = EMPTY })
        session:createAppVariable(App:new{ rows = { { name = "a" }, { name = "b" } } })`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><p ui-view="name?wrapper=Shout"></p><ul ui-viewlist="rows?itemWrapper=Row"></ul></div>`,
      "Shout.DEFAULT": `<b ui-value="text()"></b>`,
      "Row.list-item": `<li ui-value="label()"></li>`,
    },
  },
  (app) => {
    const page = app.connect();
    const shown = (): unknown[] => [
      page.root.child("name?wrapper=Shout").value("text()"),
      ...page.root.rows("rows?itemWrapper=Row").map((row) => row.value("label()")),
    ];
    app.t.same(shown(), ["oldx", "olda", "oldb"]);
    app.edit("m", { '"old"': '"new"' });
    app.t.same(shown(), ["newx", "newa", "newb"]);
  },
);
