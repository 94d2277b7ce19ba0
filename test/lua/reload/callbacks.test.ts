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

scenario(
  "event handlers that objects carry, made by the file or later",
  {
    lua: {
      main: `
        local function handler(name) local clicks = 0 return function(self) clicks = clicks + 1 self.log = "old " .. name .. clicks end end
        Button = session:prototype("Button", { log = "" })
        function Button:press() self:on_press() end
        session:createAppVariable(Button:new{ on_press = handler("first") })
        function replace() session:getApp().on_press = handler("later") end`,
    },
    viewdefs: { "Button.DEFAULT": `<b ui-value="log" ui-action="press()"></b>` },
  },
  (app) => {
    const page = app.connect();
    page.root.set("press()");
    app.edit("main", { '"old "': '"new "' });
    page.root.set("press()");
    app.t.equal(page.root.value("log"), "new first2");
    app.run("replace()");
    app.edit("main", { '"new "': '"newer "' });
    page.root.set("press()");
    app.t.equal(page.root.value("log"), "newer later1");
  },
);

scenario(
  "variables that only functions use which are not made again: edited constants are new, everything else stays",
  {
    bus: `local bus = { list = {} } function bus.on(f) bus.list[#bus.list + 1] = f end return bus`,
    m: `
      local count, LIMIT, name, list = 0, 10, "a", { "x" }
      if not session.reloading then
        require("bus").on(function() count = count + 1 return "old " .. count .. LIMIT .. name .. list[1] end)
      end`,
    main: `require("m") fire = function() return require("bus").list[1]() end`,
  },
  (app) => {
    app.gives("fire()", "old 110ax");
    app.edit("m", { '"old "': '"new "', "10": "20", '"a"': '"b"' });
    app.gives("fire()", "new 220bx");
    app.edit("m", {
      '"new "': '"newer "',
      "local count": "local added, count",
      "0, 20": "7, 0, 20",
      "LIMIT ..": "LIMIT + added ..",
    });
    app.gives("fire()", "newer 327bx");
    app.edit("m", { '"newer "': '"newest "', "7, 0, 20": "7, 0, 30" });
    app.gives("fire()", "newest 437bx");
  },
);

scenario(
  "a callback that is taken out of the source leaves no hole in the app's list: what follows moves up",
  {
    main: `
      Bus = Bus or { list = {} }
      function on(f) table.insert(Bus.list, f) end
      function fire()
        local said = {}
        for _, f in ipairs(Bus.list) do said[#said + 1] = f() end
        return table.concat(said, ",")
      end
      if not session.reloading then
        on(function() return "log" end)
        on(function() local text = "save" return text end)
        on(function() return #{ "x" } .. "count" end)
      end`,
  },
  (app) => {
    app.run(`on(load("return 'mine'"))`);
    app.gives("fire()", "log,save,1count,mine");
    app.edit("main", { 'on(function() return "log" end)': "" });
    app.gives("fire() .. #Bus.list", "save,1count,mine3");
    app.edit("main", { '"count"': '"sum"' });
    app.gives("fire() .. #Bus.list", "save,1sum,mine3");
    app.edit("main", { 'on(function() local text = "save" return text end)': "" });
    app.gives("fire() .. #Bus.list", "1sum,mine2");
    app.edit("main", { 'on(function() return #{ "x" } .. "sum" end)': "" });
    app.gives("fire() .. #Bus.list", "mine1");
  },
);
