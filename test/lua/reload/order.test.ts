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

// In a circle a file publishes its value before it requires the next one, which would else find `true`.
const published = (name: string, rest: string): string => `local M = {} package.loaded["${name}"] = M ${rest} return M`;

scenario(
  "two files in a circle: each that has copied a plain value of the other runs again when it changes",
  {
    a: published("a", `M.most = 3 local b = require("b") function M.sum() return b.twice() + M.most end`),
    b: published("b", `local most = require("a").most function M.twice() return most * 2 end`),
    main: `local a = require("a") function probe() return a.sum() end`,
  },
  (app) => {
    app.edit("a", { "= 3": "= 4" }, { files: ["lua/a.lua", "lua/b.lua", "lua/main.lua"] });
    app.gives("probe()", 12);
    app.edit("b", { "* 2": "* 10" }, { files: ["lua/b.lua"] });
    app.gives("probe()", 44);
    app.edit("a", { "= 4": "= 5" }, { files: ["lua/a.lua", "lua/b.lua", "lua/main.lua"] });
    app.gives("probe()", 55);
  },
);

for (const [first, second, third] of [
  ["a", "b", "c"],
  ["a", "c", "b"],
  ["b", "c", "a"],
] as const) {
  scenario(
    `three files in a circle, ${first} requires ${second} requires ${third}: what was copied from a copy is new as well`,
    {
      [first]: published(first, `M.most = 3 require("${second}")`),
      [second]: published(
        second,
        `local twice = require("${third}").twice function M.label() return "twice is " .. twice end`,
      ),
      [third]: published(third, `M.twice = require("${first}").most * 2`),
      main: `local m = require("${first}") local second = require("${second}") function probe() return m.most .. " " .. second.label() end`,
    },
    (app) => {
      app.gives("probe()", "3 twice is 6");
      app.edit(first, { "= 3": "= 4" });
      app.gives("probe()", "4 twice is 8");
      app.edit(third, { "* 2": "* 3" });
      app.gives("probe()", "4 twice is 12");
      app.edit(second, { "twice is": "thrice is" }, { files: [`lua/${second}.lua`] });
      app.gives("probe()", "4 thrice is 12");
    },
  );
}

scenario(
  "who requires a member of a circle runs after all of them",
  {
    a: published("a", `M.most = 3 require("b")`),
    b: published("b", `M.twice = require("a").most * 2`),
    d: `local twice = require("b").twice function probe() return twice end`,
    main: `require("a") require("d")`,
  },
  (app) => {
    app.edit("a", { "= 3": "= 4" }, { files: ["lua/a.lua", "lua/b.lua", "lua/d.lua", "lua/main.lua"] });
    app.gives("probe()", 8);
  },
);

scenario(
  "a file in a circle that is never to be reloaded says so once",
  {
    a: published("a", `M.most = 3 require("b")`),
    b: published("b", `session:reloadPolicy("never") local most = require("a").most function probe() return most end`),
    main: `require("a")`,
  },
  (app) => {
    app.save(
      { a: app.edited("a", { "= 3": "= 4" }), b: app.edited("b", { "return most": "return -most" }) },
      { files: ["lua/a.lua", "lua/main.lua"], notes: [{ code: "RELOAD_NEVER" }], stale: ["b.lua:1"] },
    );
    app.gives("probe()", 3);
  },
);
