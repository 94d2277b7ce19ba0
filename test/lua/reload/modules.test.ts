import { scenario } from "./scenario.ts";

scenario(
  "a module that returns a function, a number, nothing, several values",
  {
    f: `return function() return "old" end`,
    number: `return 1`,
    nothing: `function global_of_nothing() return "old" end`,
    several: `return { "old" }, 2`,
    main: `
      local f, number, nothing, several = require("f"), require("number"), require("nothing"), require("several")
      function probe() return f() .. number .. tostring(nothing) .. global_of_nothing() .. several[1] end`,
  },
  (app) => {
    app.gives("probe()", "old1trueoldold");
    app.edit("f", { old: "new" }, { files: ["lua/f.lua"] });
    app.edit("nothing", { old: "new" }, { files: ["lua/nothing.lua"] });
    app.edit("several", { '"old"': '"new"' }, { files: ["lua/several.lua", "lua/main.lua"] });
    app.edit("number", { "1": "2" }, { files: ["lua/number.lua", "lua/main.lua"] });
    app.gives("probe()", "new2truenewnew");
    app.gives(`require("number") .. package.loaded["number"] .. package.loaded["lua/number.lua"]`, "222");
  },
);

scenario(
  "a module becomes another kind of thing: table, function, nothing",
  {
    m: `return { f = function() return "table" end }`,
    main: `function probe() local m = require("m") return type(m) == "function" and m() or type(m) == "table" and m.f() or tostring(m) end`,
  },
  (app) => {
    app.gives("probe()", "table");
    app.save({ m: `return function() return "function" end` });
    app.gives("probe()", "function");
    app.save({ m: `x = 1` });
    app.gives("probe()", "true");
    app.save({ m: `return { f = function() return "again" end }` });
    app.gives("probe()", "again");
  },
);

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
      { a: `local z = require("z") return { x = z.x .. "A" }`, z: `return { x = "2z" }`, main: `require("a") probe = function() return "MAIN" .. require("a").x end` },
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
    app.edit("base", { "v = 1": "v = 2" }, { files: ["lua/base.lua", "lua/left.lua", "lua/right.lua", "lua/main.lua"] });
    app.gives("probe() .. ' ' .. runs", "220 2");
  },
);

scenario(
  "files that require each other",
  {
    a: `local A = {} package.loaded["a"] = A local B = require("b") function A.f() return "old a" end function A.g() return B.g() end return A`,
    b: `local A = require("a") local B = {} function B.g() return "old b" .. A.f() end return B`,
    main: `local A = require("a") probe = function() return A.g() end`,
  },
  (app) => {
    app.gives("probe()", "old bold a");
    app.edit("a", { "old a": "new a" });
    app.gives("probe()", "old bnew a");
    app.edit("b", { "old b": "new b" });
    app.gives("probe()", "new bnew a");
    app.save({ a: app.edited("a", { "new a": "3a" }), b: app.edited("b", { "new b": "3b" }) });
    app.gives("probe()", "3b3a");
  },
);

scenario(
  "two names of one file are one module: it runs once, and both names have the new value",
  {
    lua: {
      "real.app": `local M = {} function M.f() return "old" end return M`,
      main: `a, b = require("link"), require("real.app") number = require("number")`,
      "real.number": `return 1`,
    },
    links: { link: "real.app", number: "real.number" },
  },
  (app) => {
    app.gives("a == b", true);
    app.edit("real.app", { '"old"': '"new"' }, { files: ["lua/link.lua"] });
    app.gives(`a.f() .. tostring(require("link") == require("real.app"))`, "newtrue");
    app.edit("real.number", { "1": "2" });
    app.gives(`require("number") .. require("real.number")`, "22");
  },
);

scenario(
  "a file that is required for the first time by a reload runs as it would at the start: session.reloading is false in it",
  {
    main: `seen = tostring(session.reloading)`,
  },
  (app) => {
    app.gives("seen", "false");
    app.save({
      new: `
        local M = { reloading = session.reloading }
        local made
        if not session.reloading then made = true end
        function M.f() return tostring(M.reloading) .. tostring(made) end
        return M`,
      main: `local before = session.reloading local f = require("new").f seen = tostring(before) .. f() .. tostring(session.reloading)`,
    });
    app.gives("seen", "truefalsetruetrue");
    app.gives("session.reloading", false);
    app.edit("new", { "return tostring": "return 'new ' .. tostring" });
    app.gives(`require("new").f()`, "new truetrue");
  },
);

scenario(
  "session.reloading is false in everything that runs later",
  {
    main: `
      log = {}
      local function note(what) log[#log + 1] = what .. tostring(session.reloading) end
      note("file ")
      if session.reloading then session:setImmediate(function() note("timer ") end) end
      P = session:prototype("P", { x = 1 })
      function P:mutate() note("mutate ") end
      p = p or P:new()`,
  },
  (app) => {
    app.edit("main", { "x = 1": "x = 2" });
    app.session.advance(10);
    app.gives("table.concat(log, ', ')", "file true, mutate false, timer false");
  },
);

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
      { notes: [{ code: "RELOAD_NEEDED", file: "lua/m.lua", message: /main.lua needs it/ as unknown as string }], files: [], stale: ["m.lua:1"] },
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
  "a module that could not be had is tried again when its file comes, or has been corrected",
  {
    broken: `error("not yet")`,
    syntax: `return (`,
    main: `
      local function optional(name) local ok, m = pcall(require, name) return ok and m or "none" end
      function probe() return missing .. broken .. syntax end
      missing, broken, syntax = optional("extra.missing"), optional("broken"), optional("syntax")`,
  },
  (app) => {
    app.gives("probe()", "nonenonenone");
    app.save({ broken: `return "broken "` }, { files: ["lua/main.lua"] });
    app.save({ "extra.missing": `return "missing "` }, { files: ["lua/main.lua"] });
    app.save({ syntax: `return "syntax"` }, { files: ["lua/main.lua"] });
    app.gives("probe()", "missing broken syntax");
    app.save({ "extra.missing": `return "MISSING "` }, { files: ["lua/extra/missing.lua", "lua/main.lua"] });
    app.gives("probe()", "MISSING broken syntax");
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

scenario("a file whose text is the same does not run", { main: `runs = (runs or 0) + 1` }, (app) => {
  app.save({ main: app.lua["main"] ?? "" }, { files: [] });
  app.gives("runs", 1);
});

scenario(
  "a file that the session has not loaded is none of its business",
  { main: `x = 1` },
  (app) => {
    app.save({ other: `error("nobody runs this")` }, { files: [] });
  },
);

scenario(
  "a file that was forgotten and required again is one file with all its functions",
  {
    m: `local n = 0 local M = {} function M.f() n = n + 1 return "old" .. n end return M`,
    main: `first = require("m").f first() session:unloadModule("lua/m.lua") second = require("m").f`,
  },
  (app) => {
    app.edit("m", { '"old"': '"new"' });
    app.gives("second()", "new1");
    app.gives(`first() == "new2" and require("m").f()`, "new3");
  },
);

scenario(
  "a require inside a function runs the file's present version",
  { m: `return { v = 1 }`, main: `function probe() return require("m").v end` },
  (app) => {
    app.save({ m: `return { v = 2 }` }, { files: [] });
    app.gives("probe()", 2);
    app.save({ m: `return { v = 3 }` }, { files: ["lua/m.lua"] });
    app.gives("probe()", 3);
  },
);
