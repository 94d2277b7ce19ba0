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
