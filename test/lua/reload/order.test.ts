import { scenario } from "./scenario.ts";

scenario(
  "dependants run again when a plain value of what they require changed, in the order of need, and only then",
  {
    limits: `return { most = 10, name = function() return "old" end }`,
    a: `local most = require("limits").most return { most = function() return most end, twice = most * 2 }`,
    b: `local twice = require("a").twice return function() return twice end`,
    other: `return 1`,
    main: `require("other") local a, b = require("a"), require("b") function probe() return a.most() .. " " .. b() .. require("limits").name() end`,
  },
  (app) => {
    app.edit("limits", { '"old"': '"new"' }, { files: ["lua/limits.lua"] });
    app.gives("probe()", "10 20new");
    app.edit("limits", { "10": "50" }, { files: ["lua/limits.lua", "lua/a.lua", "lua/b.lua", "lua/main.lua"] });
    app.gives("probe()", "50 100new");
    app.edit("limits", { "most = 50, ": "most = 50, added = 1, " });
    app.edit("limits", { "added = 1, ": "" }, { files: ["lua/limits.lua", "lua/a.lua"] });
  },
);

scenario(
  "a plain value that is removed or added concerns who may have copied it",
  {
    config: `return { debug = true }`,
    main: `local config = require("config") local debug, level = config.debug or false, config.level or 1 function probe() return tostring(debug) .. level end`,
  },
  (app) => {
    app.gives("probe()", "true1");
    app.save({ config: `return { level = 7 }` }, { files: ["lua/config.lua", "lua/main.lua"] });
    app.gives("probe()", "false7");
  },
);

scenario(
  "defaults of a prototype are plain values of its file",
  {
    contact: `Contact = session:prototype("Contact", { limit = 3 }) return Contact`,
    main: `local limit = require("contact").limit function probe() return limit end`,
  },
  (app) => {
    app.edit("contact", { "3": "4" }, { files: ["lua/contact.lua", "lua/main.lua"] });
    app.gives("probe()", 4);
  },
);

scenario(
  "files that are saved together run in the order of need, whatever their names",
  {
    a: `local z = require("z") return { x = z.x .. "a" }`,
    z: `return { x = "1z" }`,
    main: `probe = function() return require("a").x end`,
  },
  (app) => {
    app.save({ main: `require("a") probe = function() return "main" .. require("a").x end` });
    app.save(
      {
        a: `local z = require("z") return { x = z.x .. "A" }`,
        z: `return { x = "2z" }`,
        main: `require("a") probe = function() return "MAIN" .. require("a").x end`,
      },
      { files: ["lua/z.lua", "lua/a.lua", "lua/main.lua"] },
    );
    app.gives("probe()", "MAIN2zA");
  },
);

scenario(
  "a file that is required newly, and was saved too, runs before the one that requires it",
  {
    a: `return { x = 1 }`,
    z: `return { x = 2 }`,
    main: `require("a") require("z") probe = function() return require("a").x end`,
  },
  (app) => {
    app.save(
      { a: `return { x = require("z").x + 100 }`, z: `return { x = 3 }` },
      { files: ["lua/z.lua", "lua/a.lua", "lua/main.lua"] },
    );
    app.gives("probe()", 103);
  },
);

scenario(
  "a diamond: what two files need runs once, before both",
  {
    base: `runs = (runs or 0) + 1 return { v = 1 }`,
    left: `return { v = require("base").v * 10 }`,
    right: `return { v = require("base").v * 100 }`,
    main: `local l, r = require("left"), require("right") probe = function() return l.v + r.v end`,
  },
  (app) => {
    app.edit(
      "base",
      { "v = 1": "v = 2" },
      { files: ["lua/base.lua", "lua/left.lua", "lua/right.lua", "lua/main.lua"] },
    );
    app.gives("probe() .. ' ' .. runs", "220 2");
  },
);

scenario(
  "policies: only-if-changed does not follow what it requires, never stays and says so, always does",
  {
    base: `return { v = 1 }`,
    only: `session:reloadPolicy("only-if-changed") local v = require("base").v return { v = v, f = function() return "old" end }`,
    never: `session:reloadPolicy("never") local v = require("base").v return { v = v }`,
    always: `session:reloadPolicy("always") local v = require("base").v return { v = v }`,
    main: `function probe() return require("only").v .. require("never").v .. require("always").v .. require("only").f() end probe()`,
  },
  (app) => {
    app.save({ main: `require("only") require("never") require("always") ${app.lua["main"]}` });
    app.edit("base", { "v = 1": "v = 2" }, { files: ["lua/base.lua", "lua/always.lua", "lua/main.lua"] });
    app.gives("probe()", "112old");
    app.edit("only", { old: "new" }, { files: ["lua/only.lua", "lua/main.lua"] });
    app.gives("probe()", "212new");
    app.save(
      { never: `session:reloadPolicy("never") return { v = 9 }` },
      { files: [], notes: [{ code: "RELOAD_NEVER", file: "lua/never.lua" }] },
    );
    app.gives("probe()", "212new");
  },
);

scenario(
  "static fields and methods of a prototype are declarations of its file: dependants follow its plain values",
  {
    contact: `Contact = session:prototype("Contact", {}) Contact.most = 3 function Contact.f() return 1 end return Contact`,
    main: `local most = require("contact").most function probe() return most end`,
  },
  (app) => {
    app.edit("contact", { "return 1": "return 2" }, { files: ["lua/contact.lua"] });
    app.edit("contact", { "= 3": "= 4" }, { files: ["lua/contact.lua", "lua/main.lua"] });
    app.gives("probe()", 4);
  },
);

scenario(
  "a file that fails is an error, even if the one that newly requires it would swallow it",
  { m: `return { v = 1 }`, main: `require("a") require("m") v = 1`, a: `x = 1` },
  (app) => {
    app.fail(
      { a: `local ok, m = pcall(require, "m") x = ok and m.v`, m: `half = true error("m fails")` },
      { code: "LUA_ERROR", message: "m fails", file: "lua/m.lua" },
    );
    app.gives("x, half", "1, nil");
    app.save(
      { a: `local ok, m = pcall(require, "m") x = ok and m.v`, m: `return { v = 2 }` },
      { files: ["lua/m.lua", "lua/a.lua", "lua/main.lua"] },
    );
    app.gives("x", 2);
  },
);
