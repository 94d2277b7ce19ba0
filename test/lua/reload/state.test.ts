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
    app.gives(
      "held.size .. held.color .. held.own .. deep.a .. deep.b.c .. deep.b.d .. tostring(deep.own)",
      "9blueapp's134true",
    );
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

for (const { how, view } of [
  {
    how: "through a function that it calls",
    view: `local M = {} function M.load() M.items = require("store").items end M.load()`,
  },
  { how: "out of a global", view: `local M = { items = Store.items }` },
  { how: "with a default", view: `local M = { items = Store.items or {} }` },
  { how: "through another module's function", view: `local M = {} require("store").give(M)` },
  { how: "in a list", view: `local M = {} local list = { Store.items } M.items = list[1]` },
]) {
  scenario(
    `a table of another owner that a file takes ${how} is not taken for its own`,
    {
      store: `Store = { items = {} } function Store.replace(t) Store.items = t end function Store.give(m) m.items = Store.items end return Store`,
      view: `${view} function M.text() return "old " .. table.concat(M.items, ",") end return M`,
      main: `store, view = require("store"), require("view") first = store.items first[1] = "a"`,
    },
    (app) => {
      app.run(`second = {} store.replace(second)`);
      app.edit("view", { "old ": "new " });
      app.gives("#second .. #first .. tostring(store.items == second)", "01true");
      app.run("second[1] = 'x'");
      app.gives("view.text()", "new x");
    },
  );
}

scenario(
  "large data that was edited is the new one, in the table that others hold",
  {
    m: `local t = {} for i = 1, 30000 do t[i] = "v1" end return { t = t, f = function() return "old" end }`,
    main: `local M = require("m") t, f = M.t, M.f`,
  },
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

scenario(
  "small tables of a module that has large data too keep what the app made of them",
  {
    m: `
      local M = { big = {}, large = {}, cfg = { theme = "dark" }, names = { "x" } }
      for i = 1, 21000 do M.big[i], M.large[i] = i, i end
      function M.f() return "old" end
      return M`,
    main: `M = require("m")`,
  },
  (app) => {
    app.run(`M.cfg.theme = "light" M.added = { 1 } table.insert(M.names, "mine")`);
    app.edit("m", { '"old"': '"new"' });
    app.gives("M.f() .. M.cfg.theme .. #M.names .. #M.added .. #M.big", "newlight2121000");
  },
);

const counted = `
  local step, count, names = 1, 0, { "first" }
  local M = {}
  function M.next() count = count + step return "count " .. count end
  function M.add(name) names[#names + 1] = name return #names end
  local timer = session:setTimeout(function() count = count + 100 end, 1000)
  return M`;

scenario(
  "a variable of a file that is only renamed keeps its value, and whoever held its functions",
  { m: counted, main: `local next_of = require("m").next function probe() return next_of() end` },
  (app) => {
    app.run("probe() names_of = nil require('m').add('second')");
    app.session.advance(1000);
    app.gives("probe()", "count 102");
    app.save({
      m: app
        .edited("m", { "count =": "total =", "count +": "total +", " .. count": " .. total" })
        .replace("step, count", "step, total"),
    });
    app.gives("probe()", "count 103");
    app.session.advance(2000);
    app.gives("probe()", "count 104");
    app.edit("m", { names: "rows" });
    app.gives("require('m').add('third')", 3);
    app.edit("m", { "1, 0,": "1, 1000," });
    app.gives("probe()", "count 1001");
  },
);

scenario(
  "a variable of another name that is used, begun or placed otherwise is another one",
  { m: counted, main: `local next_of = require("m").next function probe() return next_of() end` },
  (app) => {
    const renamed = app
      .edited("m", { "count =": "total =", "count +": "total +", " .. count": " .. total" })
      .replace("step, count", "step, total");
    const others = [
      renamed.replace("total + step", "total + step + step"),
      renamed.replace("1, 0,", "1, 5,"),
      renamed.replace("local M", "local more = 1 local M"),
      renamed.replace("function M.add", "function M.peek() return total end function M.add"),
      renamed.replace("step, total, names = 1, 0, {", "total, step, names = 0, 1, {"),
      renamed.replaceAll("step", "by"),
    ];
    for (const other of others) {
      app.run("for i = 1, 9 do probe() end");
      app.save({ m: other });
      app.t.match(app.session.evaluate("return probe()"), /^count [126]$/, other);
      app.save({ m: counted.replaceAll("count", "other") });
      app.save({ m: counted.replace("local M", "local distinct = 1 local M") });
    }
  },
);

scenario(
  "a local function that is renamed is the same one for those who hold it, with its variables",
  {
    m: `local n = 0 local function tick() n = n + 1 return "old " .. n end return { f = function() return tick() end, tick = tick }`,
    main: `local m, tick = require("m"), require("m").tick function probe() return m.f() .. tick() end`,
  },
  (app) => {
    app.gives("probe()", "old 1old 2");
    app.edit("m", { "tick()": "tock()", "tick = tick": "tick = tock" });
    app.gives("probe()", "old 3old 4");
    app.edit("m", { old: "new" });
    app.gives("probe()", "new 5new 6");
  },
);
