import { scenario } from "./scenario.ts";

scenario(
  "a file that is not required any more stays loaded, and can go then",
  {
    old: `function old_global() return 1 end session:setInterval(function() end, 1000) return { f = function() end }`,
    main: `require("old")`,
  },
  (app) => {
    app.save({ main: `x = 1` });
    app.gives("old_global()", 1);
    app.save({ old: null }, { files: ["lua/old.lua"] });
    app.gives("old_global", "nil");
    app.t.equal(app.session.nextTimer, undefined, "its timer is gone");
  },
);

scenario(
  "deleting a file unloads what it declared: module, globals, prototypes, wrappers, timers",
  {
    gone: `
      Gone = session:prototype("Gone", {})
      gone_config = { a = 1 }
      gone_number = 5
      gone_changed = 6
      function gone_function() end
      ui.registerWrapper("GoneWrapper", { new = function() return {} end })
      session:setInterval(function() ticks = (ticks or 0) + 1 end, 10)
      return { f = gone_function }`,
    main: `require("gone")`,
  },
  (app) => {
    app.run("gone_changed = 7");
    app.save({ gone: null, main: `x = 1` });
    app.gives("Gone, gone_config, gone_number, gone_function", "nil, nil, nil, nil");
    app.gives("gone_changed", 7);
    app.gives(`pcall(require, "gone")`, "false, There is no module gone.");
    app.session.advance(100);
    app.gives("ticks", "nil");
  },
);

scenario(
  "deleting a file that others need keeps its code, says who needs it, and unloads it when nobody does any more",
  {
    m: `local M = {} function M.f() return 1 end return M`,
    main: `M = require("m") function probe() return M.f() end`,
  },
  (app) => {
    app.save(
      { m: null },
      {
        notes: [{ code: "RELOAD_NEEDED", file: "lua/m.lua", message: /main.lua needs it/ }],
        files: [],
        stale: ["m.lua:1"],
      },
    );
    app.gives("probe()", 1);
    app.save({ main: `M = nil function probe() return 2 end` }, { files: ["lua/main.lua", "lua/m.lua"] });
    app.gives("probe()", 2);
  },
);

scenario(
  "a deleted file that comes back is reloaded",
  {
    m: `local M = {} function M.f() return 1 end return M`,
    main: `local f = require("m").f function probe() return f() end`,
  },
  (app) => {
    app.save({ m: null }, { notes: [{ code: "RELOAD_NEEDED" }], stale: ["m.lua:1"] });
    app.save({ m: `local M = {} function M.f() return 2 end return M` });
    app.gives("probe()", 2);
  },
);

scenario(
  "functions of a deleted file that somebody still holds are told of",
  {
    m: `function make() return function() return 1 end end`,
    main: `require("m") held = make()`,
  },
  (app) => {
    app.run("held_by_the_app = held");
    app.save(
      { m: null, main: `x = 1` },
      { notes: [{ code: "RELOAD_STALE", file: "lua/m.lua", line: 1 }], stale: ["m.lua:1"] },
    );
    app.gives("held", "nil");
    app.run("held_by_the_app = nil");
    app.save({ main: `x = 2` });
  },
);

scenario(
  "a deleted file that is still needed does not run when what it requires changes",
  {
    base: `return { v = 1 }`,
    m: `local v = require("base").v return { v = v }`,
    main: `m = require("m")`,
  },
  (app) => {
    app.save({ m: null }, { notes: [{ code: "RELOAD_NEEDED" }] });
    app.save({ base: `return { v = 2 }` }, { files: ["lua/base.lua"] });
    app.gives("m.v", 1);
  },
);

scenario(
  "deleted files that only need each other go together",
  {
    a: `A = {} package.loaded["a"] = A require("b") return A`,
    b: `B = require("a")`,
    c: `require("a") C = 1`,
    main: `require("c")`,
  },
  (app) => {
    const told = { code: "RELOAD_NEEDED" };
    app.save({ a: null, b: null }, { notes: [told, told], files: [] });
    app.save({ c: `C = 2` }, { files: ["lua/c.lua", "lua/main.lua", "lua/a.lua", "lua/b.lua"] });
    app.gives("A, B, C", "nil, nil, 2");
  },
);
