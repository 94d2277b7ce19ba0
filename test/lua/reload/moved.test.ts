import { scenario } from "./scenario.ts";

/** The files that something moves between; `a` runs before `b`. */
const main = `require("a") require("b")`;

for (const [from, to] of [
  ["a", "b"],
  ["b", "a"],
] as const) {
  scenario(
    `plain globals that move from ${from} to ${to} are there, and belong to ${to}`,
    { [from]: `VERSION = "1.0" COUNT = 3`, [to]: `y = 1`, main },
    (app) => {
      app.save({ [from]: `z = 1`, [to]: `y = 1 VERSION = "1.0" COUNT = 3` });
      app.gives("VERSION, COUNT", "1.0, 3");
      app.edit(to, { "COUNT = 3": "COUNT = 4" });
      app.gives("VERSION, COUNT", "1.0, 4");
      app.edit(to, { "COUNT = 4": "" });
      app.gives("VERSION, COUNT", "1.0, nil");
      app.edit(to, { 'VERSION = "1.0"': "" });
      app.gives("VERSION", "nil");
    },
  );

  scenario(
    `fields of a table that several files fill stay when they move from ${from} to ${to}, also when its own file is edited`,
    {
      [from]: `CFG.size = 3 CFG.names = { "x" }`,
      [to]: `y = 1`,
      main: `CFG = {} ${main}`,
    },
    (app) => {
      app.save({ [from]: `z = 1`, [to]: `y = 1 CFG.size = 3 CFG.names = { "x" }` });
      app.gives("CFG.size, #CFG.names", "3, 1");
      app.edit("main", { "CFG = {}": "CFG = { own = 1 }" });
      app.gives("CFG.size, #CFG.names, CFG.own", "3, 1, 1");
    },
  );

  scenario(
    `fields of a table that each file makes if it is not there stay when they move from ${from} to ${to}`,
    {
      [from]: `CFG = CFG or {} CFG.size = 3 CFG.other = 1`,
      [to]: `CFG = CFG or {}`,
      main,
    },
    (app) => {
      app.save({ [from]: `CFG = CFG or {} CFG.other = 1`, [to]: `CFG = CFG or {} CFG.size = 3` });
      app.gives("CFG.size, CFG.other", "3, 1");
      app.edit(from, { "CFG.other = 1": "" });
      app.gives("CFG.size, CFG.other", "3, nil");
      app.save({ [from]: `z = 1` });
      app.gives("CFG.size", "3");
    },
  );
}

scenario(
  "fields that other files put into a module's table or a global one stay when the file that makes it is edited",
  {
    a: `CFG.size = 3 CFG.list = { 1 }`,
    b: `local m = require("m") m.color = "red"`,
    m: `local M = { own = 1, gone = 2 } return M`,
    main: `CFG = {} ${main}`,
  },
  (app) => {
    app.run("table.insert(CFG.list, 2)");
    app.edit("main", { "CFG = {}": "CFG = {} x = 1" });
    app.gives("CFG.size, #CFG.list", "3, 2");
    app.edit("m", { "own = 1, gone = 2": "own = 2" });
    app.gives(`require("m").color, require("m").own, require("m").gone`, "red, 2, nil");
  },
);

scenario(
  "a global that two files declare stays until none does",
  { a: `VERSION = "1.0"`, b: `VERSION = "1.0" y = 1`, main },
  (app) => {
    app.save({ b: `y = 2` });
    app.gives("VERSION", "1.0");
    app.save({ a: `z = 2` });
    app.gives("VERSION", "nil");
  },
);

const store = `
  Store = { items = {}, options = { size = 3 } }
  function Store.add(x) table.insert(Store.items, x) return #Store.items end
  total = { n = 0 }
  function count() total.n = total.n + 1 return total.n end`;

/** What people have done with it, and who holds it, however it moves. */
const use = `Store.add("mine") Store.options.size = 4 sref, items, add, tref, held = Store, Store.items, Store.add, total, count count()`;
const same =
  "#Store.items, Store.options.size, sref == Store, items == Store.items, add == Store.add, tref == total, held == count, held()";

for (const [from, to] of [
  ["a", "b"],
  ["b", "a"],
] as const) {
  scenario(
    `global tables and functions that move from ${from} to ${to} keep identity and state, and who holds them has the new code`,
    { [from]: store, [to]: `y = 1`, main },
    (app) => {
      app.run(use);
      app.save({ [from]: `z = 1`, [to]: store.replace("return total.n", "return -total.n") });
      app.gives(same, "1, 4, true, true, true, true, true, -2");
      app.edit(to, { "return #Store.items": "return -#Store.items", "size = 3": "size = 30" });
      app.gives(same, "1, 30, true, true, true, true, true, -3");
      app.gives(`add("second")`, "-2");
      app.save({ [to]: `y = 2` }, { notes: [{}, {}], stale: [`${to}.lua:3`, `${to}.lua:5`] });
      app.gives("Store, total, count", "nil, nil, nil");
      app.run("sref, add, held = nil, nil, nil");
      app.edit(to, { "2": "3" });
    },
  );

  scenario(
    `a function that moves from ${from} to ${to} and calls what was there before does not call itself`,
    {
      [from]: `function say() return "first" end`,
      [to]: `y = 1`,
      main,
    },
    (app) => {
      app.save({
        [to]: `local before = say or function() return "none" end function say() return "<" .. before() .. ">" end`,
      });
      app.gives("say()", "<first>");
    },
  );
}

scenario(
  "what moves into a file that is new keeps identity and state, from the file that requires it",
  { main: store },
  (app) => {
    app.run(use);
    app.save({ main: `require("store")`, store });
    app.gives(same, "1, 4, true, true, true, true, true, 2");
    app.edit("store", { "return total.n": "return -total.n", "size = 3": "size = 30" });
    app.gives(same, "1, 30, true, true, true, true, true, -3");
  },
);

scenario(
  "what moves into a file that is new keeps identity and state, from one that ran before or runs later",
  { a: store, b: `y = 1`, main },
  (app) => {
    app.run(use);
    app.save({ a: "z = 1", b: `require("store") y = 1`, store });
    app.gives(same, "1, 4, true, true, true, true, true, 2");
    app.save({ a: `require("other") z = 1`, b: store, store: null, other: "x = 1" });
    app.gives(same, "1, 4, true, true, true, true, true, 3");
  },
);

scenario("a file that is renamed: its globals keep identity and state", { store, main: `require("store")` }, (app) => {
  app.run(use);
  app.save({ main: `require("shop")`, shop: store, store: null });
  app.gives(same, "1, 4, true, true, true, true, true, 2");
  app.edit("shop", { "return total.n": "return -total.n" });
  app.gives("held()", "-3");
});

scenario(
  "a field of a table that several files fill moves with its state",
  {
    a: `CFG.rows = { "x" }`,
    b: `y = 1`,
    main: `CFG = { own = {} } ${main}`,
  },
  (app) => {
    app.run(`table.insert(CFG.own, 1) rows, own = CFG.own, CFG.own`);
    app.save({ main: `CFG = {} ${main} require("c")`, c: `CFG.own = {}` });
    app.gives("#CFG.own, CFG.own == own", "1, true");
  },
);

scenario(
  "what moves into a file that another new file requires keeps identity and state",
  { a: store, b: "y = 1", main },
  (app) => {
    app.run(use);
    app.save({ a: "z = 1", main: `require("outer") ${main}`, outer: `require("inner")`, inner: store });
    app.gives(same, "1, 4, true, true, true, true, true, 2");
    app.edit("inner", { "return total.n": "return -total.n" });
    app.gives("held()", "-3");
  },
);
