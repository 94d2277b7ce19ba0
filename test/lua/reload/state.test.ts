import { scenario } from "./scenario.ts";

scenario(
  "variables of a file keep what the app made of them, unless their declared value is edited",
  {
    m: `
      local count, name, LIMIT = 0, "Ada", 10
      local M = {}
      function M.add() count = count + 1 name = name .. count LIMIT = LIMIT + 1 end
      function M.show() return count .. name .. LIMIT end
      return M`,
    main: `M = require("m") M.add() M.add()`,
  },
  (app) => {
    app.gives("M.show()", "2Ada1212");
    app.edit("m", { "return count ..": "return 'new ' .. count .." });
    app.gives("M.show()", "new 2Ada1212");
    app.edit("m", { "10": "100" });
    app.gives("M.show()", "new 2Ada12100");
    app.edit("m", { '"Ada"': '"Eve"' });
    app.gives("M.show()", "new 2Eve100");
    app.run("M.add()");
    app.edit("m", { "LIMIT + 1": "LIMIT + 2" });
    app.gives("M.show()", "new 3Eve3101");
  },
);

scenario(
  "a value that was edited and edited back is the declared one again",
  { m: `local n = 1 return { get = function() return n end, set = function(v) n = v end }`, main: `M = require("m")` },
  (app) => {
    app.run("M.set(5)");
    app.edit("m", { "n = 1": "n = 2" });
    app.gives("M.get()", 2);
    app.edit("m", { "n = 2": "n = 1" });
    app.gives("M.get()", 1);
  },
);

scenario(
  "a table in a variable keeps identity and content; only fields that were edited change",
  {
    m: `
      local config = { size = 1, color = "red", deep = { a = 1, b = { c = 2 } } }
      return { config = config, get = function() return config end }`,
    main: `
      local M = require("m")
      held, deep = M.config, M.config.deep
      held.size, held.own, deep.own = 9, "app's", true`,
  },
  (app) => {
    app.edit("m", { '"red"': '"blue"', "c = 2": "c = 3, d = 4" });
    app.gives(`held == require("m").config and held == require("m").get() and deep == held.deep`, true);
    app.gives("held.size .. held.color .. held.own .. deep.a .. deep.b.c .. deep.b.d .. tostring(deep.own)", "9blueapp's134true");
    app.edit("m", { "size = 1, ": "", "a = 1, ": "" });
    app.gives("held.size, held.color, deep.a", "9, blue, nil");
    app.edit("m", { "deep = {": "size = 2, deep = {" });
    app.gives("held.size", 9);
    app.edit("m", { "size = 2": "size = 3" });
    app.gives("held.size", 3);
  },
);

scenario(
  "a table that the app has replaced stays the app's while its literal is not edited",
  {
    m: `
      local rows = { "a" }
      return { get = function() return table.concat(rows, ",") end, set = function(t) rows = t end }`,
    main: `M = require("m") mine = { "x", "y" } M.set(mine)`,
  },
  (app) => {
    app.edit("m", { "return table.concat": "return 'rows ' .. table.concat" });
    app.gives("M.get()", "rows x,y");
    app.edit("m", { '{ "a" }': '{ "a", "b" }' });
    app.gives("M.get()", "rows a,b");
    app.gives("table.concat(mine)", "xy");
  },
);

const list = (items: string): string => `local list = ${items} return { list = list, f = function() end }`;

for (const { title, from, change, to, gives } of [
  { title: "appended by the app, edited in the middle", from: `{ "a", "b", "c" }`, change: `l[4] = "app"`, to: `{ "a", "B", "c" }`, gives: "a B c app" },
  { title: "appended by the app, put in at the front", from: `{ "a", "b" }`, change: `l[3] = "app"`, to: `{ "z", "a", "b" }`, gives: "z a b app" },
  { title: "appended on both sides", from: `{ "a" }`, change: `l[2] = "app"`, to: `{ "a", "b" }`, gives: "a b app" },
  { title: "put in by the app, appended in the source", from: `{ "a", "b" }`, change: `table.insert(l, 2, "app")`, to: `{ "a", "b", "c" }`, gives: "a app b c" },
  { title: "removed by the app, edited elsewhere", from: `{ "a", "b", "c" }`, change: `table.remove(l, 1)`, to: `{ "a", "b", "C" }`, gives: "b C" },
  { title: "removed in the source, kept by the app", from: `{ "a", "b", "c" }`, change: `l[4] = "app"`, to: `{ "a", "c" }`, gives: "a c app" },
  { title: "sorted by the app, added to in the source", from: `{ "b", "a", "c" }`, change: `table.sort(l)`, to: `{ "b", "a", "x", "c" }`, gives: "a x b c" },
  { title: "reordered in the source, appended by the app", from: `{ "a", "b", "c" }`, change: `l[4] = "app"`, to: `{ "c", "b", "a" }`, gives: "c b a app" },
  { title: "one place changed by the app, another in the source", from: `{ 1, 2, 3 }`, change: `l[2] = 20`, to: `{ 1, 2, 30 }`, gives: "1 20 30" },
  { title: "the same place changed by both", from: `{ 1, 2, 3 }`, change: `l[2] = 20`, to: `{ 1, 200, 3 }`, gives: "1 200 3" },
  { title: "emptied by the app, not edited", from: `{ "a", "b" }`, change: `l[1], l[2] = nil, nil`, to: `{ "a",\n"b" }`, gives: "" },
  { title: "filled by the app, filled in the source", from: `{}`, change: `l[1], l[2] = "x", "y"`, to: `{ "a" }`, gives: "a x y" },
  { title: "not touched by the app", from: `{ "a", "b" }`, change: ``, to: `{ "b", "c", "d", "a" }`, gives: "b c d a" },
]) {
  scenario(`a list: ${title}`, { m: list(from), main: `M = require("m") l = M.list` }, (app) => {
    app.run(change);
    app.save({ m: list(to) });
    app.gives(`table.concat(l, " ")`, gives);
    app.gives("l == M.list", true);
  });
}

scenario(
  "a list of records: who is who is told by content, and records keep what the app did to them",
  {
    m: `local people = {\n { name = "Ada", age = 36 },\n { name = "Bob", age = 40 },\n} return { people = people }`,
    main: `
      people = require("m").people
      function show() local all = {} for i, p in ipairs(people) do all[i] = p.name .. (p.age or "") .. (p.phone or "") end return table.concat(all, " ") end`,
  },
  (app) => {
    app.run("ada, bob = people[1], people[2] ada.phone, bob.age = 123, 41 people[3] = { name = 'Cid' }");
    app.edit("m", { "{\n {": `{ { name = "Zed" },\n {` });
    app.gives("show()", "Zed Ada36123 Bob41 Cid");
    app.gives("people[2] == ada and people[3] == bob", true);
    app.edit("m", { Bob: "Bert" });
    app.gives("show()", "Zed Ada36123 Bert41 Cid");
    app.edit("m", { '{ name = "Ada", age = 36 },': "" });
    app.gives("show()", "Zed Bert41 Cid");
    app.gives("bob.name", "Bert");
  },
);

scenario(
  "a list of callbacks: each goes on with what it knows, wherever it stands in the new list",
  {
    m: `
      local function counter(name) local n = 0 return function() n = n + 1 return name .. n end end
      return { list = { counter("a"), counter("b") } }`,
    main: `list = require("m").list list[1]() list[2]() list[2]()`,
  },
  (app) => {
    app.edit("m", { "return name .. n": "return name .. '=' .. n" });
    app.gives("list[1]() .. list[2]()", "a=2b=3");
    app.edit("m", { 'counter("a"), counter("b")': 'counter("a"), counter("b"), counter("c")' });
    app.gives("list[1]() .. list[2]() .. list[3]()", "a=3b=4c=1");
  },
);

scenario(
  "the guard idioms: x = x or {}, if not session.reloading, local that is only set the first time",
  {
    main: `
      items = items or {}
      Config = Config or { size = 1 }
      Config.color = "red"
      local app
      if not session.reloading then app = { n = 0 } end
      function add() items[#items + 1] = "x" app.n = app.n + 1 Config.size = Config.size + 1 end
      function show() return "old " .. #items .. app.n .. Config.size .. Config.color end`,
  },
  (app) => {
    app.run("add() add()");
    app.edit("main", { '"old "': '"new "' });
    app.gives("show()", "new 223red");
    app.run("Config.color = 'mine'");
    app.edit("main", { '"new "': '"newer "' });
    app.gives("show()", "newer 223mine");
    app.edit("main", { '"red"': '"blue"' });
    app.gives("show()", "newer 223blue");
    app.edit("main", { "if not session.reloading then app = { n = 0 } end": "app = { n = 0 }" });
    app.gives("show()", "newer 223blue");
  },
);

scenario(
  "globals: counters stay, edited ones change, deleted ones go unless the app changed them, nil says nothing",
  {
    m: `counter = 0 LIMIT = 10 Unused = { 1 } unused_number = 7 changed_number = 8 selected = nil
      function bump() counter = counter + 1 selected = "row" .. counter end`,
    main: `require("m")`,
  },
  (app) => {
    app.run("bump() bump() changed_number = 9");
    app.edit("m", { "counter + 1": "counter + 10" });
    app.gives("counter .. LIMIT .. selected", "210row2");
    app.edit("m", { "LIMIT = 10": "LIMIT = 20", "Unused = { 1 } unused_number = 7 changed_number = 8": "" });
    app.gives("counter .. LIMIT .. selected", "220row2");
    app.gives("Unused, unused_number, changed_number", "nil, nil, 9");
  },
);

scenario(
  "a global that moves to another file keeps what the app made of it",
  { a: `total = 0 function fa() return total end`, b: `function fb() return 1 end`, main: `require("a") require("b")` },
  (app) => {
    app.run("total = 5");
    app.save({ a: `function fa() return total end`, b: `total = 0 function fb() return 2 end` });
    app.gives("fa() .. fb()", "52");
  },
);

scenario(
  "createAppVariable without a guard: the app that people see, and its state, stay; what was edited in it changes",
  {
    lua: {
      main: `
        App = session:prototype("App", { title = "" })
        function App:text() return "old " .. self.title .. self.count end
        function App:add() self.count = self.count + 1 end
        session:createAppVariable(App:new{ title = "T", count = 0, rows = { { name = "a" } } })`,
    },
    viewdefs: { "App.DEFAULT": `<div><p ui-value="text()"></p><b ui-action="add()"></b></div>` },
  },
  (app) => {
    const page = app.connect();
    page.root.set("add()");
    app.run("before = session:getApp() before.own = 1");
    app.edit("main", { '"old "': '"new "' });
    app.t.equal(page.root.value("text()"), "new T1");
    app.gives("before == session:getApp() and before.own", 1);
    app.edit("main", { 'title = "T"': 'title = "U"' });
    app.t.equal(page.root.value("text()"), "new U1");
    for (let round = 0; round < 20; round++) app.edit("main", { "App:text()": "App:text() " });
    app.t.equal(page.root.value("text()"), "new U1");
    app.gives("before == session:getApp()", true);
  },
);

scenario(
  "an app of a plain class with metatable, made without a guard",
  {
    lua: {
      main: `
        local App = { type = "App" }
        App.__index = App
        function App.new() return setmetatable({ n = 0 }, App) end
        function App:text() return "old " .. self.n end
        local app = App.new()
        session:createAppVariable(app)
        function bump() app.n = app.n + 1 end`,
    },
    viewdefs: { "App.DEFAULT": `<p ui-value="text()"></p>` },
  },
  (app) => {
    const page = app.connect();
    app.run("bump() bump()");
    app.edit("main", { '"old "': '"new "' });
    app.t.equal(page.root.value("text()"), "new 2");
    app.run("bump()");
    app.edit("main", { '"new "': '"newer "' });
    app.t.equal(page.root.value("text()"), "newer 3");
  },
);

scenario(
  "a new app that the edited source shows takes the place of the old one",
  {
    lua: {
      main: `A = session:prototype("A", {}) session:createAppVariable(A:new{ n = 1 })`,
    },
    viewdefs: { "A.DEFAULT": `<p ui-value="n"></p>`, "B.DEFAULT": `<b ui-value="n"></b>` },
  },
  (app) => {
    const page = app.connect();
    app.save({ main: `B = session:prototype("B", {}) session:createAppVariable(B:new{ n = 2 })` });
    app.t.equal(page.root.viewdef, "B.DEFAULT");
    app.t.equal(page.root.value("n"), 2);
  },
);

scenario(
  "timers that a file sets without a guard are never doubled over 20 reloads, keep their rhythm and their handles",
  {
    main: `
      ticks, tocks, once = 0, 0, 0
      local handle = session:setInterval(function() ticks = ticks + 1 end, 1000)
      local function named() tocks = tocks + 1 end
      session:setInterval(named, 1000)
      session:setTimeout(function() once = once + 1 end, 500)
      function stop() session:clearInterval(handle) end`,
  },
  (app) => {
    for (let round = 0; round < 20; round++) {
      app.session.advance(100);
      app.save({ main: `${app.lua["main"]}\n` });
      app.edit("main", { "session:setInterval(function": "\nsession:setInterval(function" });
    }
    app.gives("ticks .. ' ' .. tocks .. ' ' .. once", "2 2 1");
    app.session.advance(1000);
    app.gives("ticks .. ' ' .. tocks .. ' ' .. once", "3 3 1");
    app.run("stop()");
    app.save({ main: `\n${app.lua["main"]}` });
    app.session.advance(3000);
    app.gives("ticks .. ' ' .. tocks", "3 6");
  },
);

scenario(
  "a timer whose time or code was edited has the new ones; one that was taken out of the source is gone",
  {
    main: `
      log = log or ""
      session:setInterval(function() log = log .. "a" end, 1000)
      session:setInterval(function() log = log .. "b" end, 1000)
      session:setTimeout(function() log = log .. "t" end, 100)`,
  },
  (app) => {
    app.session.advance(1000);
    app.gives("log", "tab");
    app.edit("main", { '"a" end, 1000': '"A" end, 500' });
    app.session.advance(1000);
    app.gives("log", "tabAAb");
    app.edit("main", { [`session:setInterval(function() log = log .. "b" end, 1000)`]: "" });
    app.session.advance(1000);
    app.gives("log", "tabAAbAA");
    app.edit("main", { '"t" end': '"T" end' });
    app.session.advance(100);
    app.gives("log", "tabAAbAAT");
  },
);

scenario(
  "timers that a loop sets are several, each with its variables, and stay several",
  {
    main: `
      log = ""
      for _, name in ipairs({ "x", "y" }) do
        local n = 0
        session:setInterval(function() n = n + 1 log = log .. name .. n end, 1000)
      end`,
  },
  (app) => {
    app.session.advance(1000);
    app.edit("main", { "name .. n": "name .. ':' .. n" });
    app.session.advance(1000);
    app.gives("log", "x1y1x:2y:2");
    app.edit("main", { '"y"': '"y", "z"' });
    app.session.advance(1000);
    app.gives("log", "x1y1x:2y:2x:3y:3z:1");
  },
);

scenario(
  "timers that a file sets by calling another one's function",
  {
    clock: `local M = {} function M.start(f) local n = 0 session:setInterval(function() n = n + 1 f(n) end, 1000) end return M`,
    main: `log = "" require("clock").start(function(n) log = log .. "old" .. n end)`,
  },
  (app) => {
    app.session.advance(1000);
    app.edit("main", { '"old"': '"new"' });
    app.session.advance(1000);
    app.edit("clock", { "f(n)": "f(n * 10)" });
    app.session.advance(1000);
    app.save({ main: app.edited("main", { '"new"': '"both"' }), clock: app.edited("clock", { "n * 10": "n * 100" }) });
    app.session.advance(1000);
    app.gives("log", "old1new2new30both400");
  },
);

scenario(
  "wrappers that a file registers: the class stays, edited or not, and goes when it is taken out",
  {
    lua: {
      main: `
        local W = { type = "W" }
        W.__index = W
        function W:new(variable) return setmetatable({ v = variable }, W) end
        function W:text() return "old" .. self.v:getValue() end
        ui.registerWrapper("Wrap", W)
        App = session:prototype("App", {})
        if not session:getApp() then session:createAppVariable(App:new{ name = "x", other = "y" }) end`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><p ui-view="name?wrapper=Wrap"></p></div>`,
      "W.DEFAULT": `<b ui-value="text()"></b>`,
    },
  },
  (app) => {
    const page = app.connect();
    app.edit("main", { '"old"': '"new"' });
    app.t.equal(page.root.child("name?wrapper=Wrap").value("text()"), "newx");
    app.edit("main", { 'ui.registerWrapper("Wrap", W)': "", '"new"': '"newer"' });
    app.t.equal(page.root.child("name?wrapper=Wrap").value("text()"), "newerx", "what is shown goes on");
    const other = app.connect();
    app.t.match(other.root.error("name?wrapper=Wrap"), { code: "WRAPPER_MISSING" });
  },
);

scenario(
  "a table of another owner that a file only looks up is not taken for its own",
  {
    store: `local M = { items = { "a" } } function M.replace(t) M.items = t end return M`,
    view: `local items = require("store").items return { text = function() return "old " .. table.concat(items, ",") end }`,
    main: `store, view = require("store"), require("view") first = store.items`,
  },
  (app) => {
    app.run(`second = { "x", "y" } store.replace(second)`);
    app.edit("view", { "old ": "new " });
    app.gives("view.text()", "new x,y");
    app.gives("table.concat(first) .. table.concat(second) .. tostring(store.items == second)", "axytrue");
  },
);

scenario(
  "large data that was edited is the new one, in the table that others hold",
  { m: `local t = {} for i = 1, 30000 do t[i] = "v1" end return { t = t, f = function() return "old" end }`, main: `local M = require("m") t, f = M.t, M.f` },
  (app) => {
    app.edit("m", { v1: "v2", '"old"': '"new"' });
    app.gives("t[1] .. t[30000] .. f()", "v2v2new");
    app.gives(`t == require("m").t`, true);
  },
);

scenario(
  "small state beside large data stays",
  {
    m: `
      local big = {} for i = 1, 30000 do big[i] = i end
      local n, small = 0, { a = 1 }
      return { f = function() n = n + 1 small.a = small.a + 1 return n .. small.a .. #big end }`,
    main: `f = require("m").f f() f()`,
  },
  (app) => {
    app.edit("m", { "return n ..": "return 'new' .. n .." });
    app.gives("f()", "new3430000");
  },
);
