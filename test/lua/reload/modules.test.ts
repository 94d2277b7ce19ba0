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

scenario("a file whose text is the same does not run", { main: `runs = (runs or 0) + 1` }, (app) => {
  app.save({ main: app.lua["main"] ?? "" }, { files: [] });
  app.gives("runs", 1);
});

scenario("a file that the session has not loaded is none of its business", { main: `x = 1` }, (app) => {
  app.save({ other: `error("nobody runs this")` }, { files: [] });
});

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

scenario(
  "a file that unloads itself while it runs stays loaded, and is reloaded like others",
  {
    m: `
      session:unloadModule("lua/m.lua")
      local M = { size = 1 }
      function M.f() return "old" end
      return M`,
    main: `local size, f = require("m").size, require("m").f function probe() return f() .. size end`,
  },
  (app) => {
    app.edit("m", { old: "new" }, { files: ["lua/m.lua"] });
    app.gives("probe()", "new1");
    app.edit("m", { "size = 1": "size = 2" }, { files: ["lua/m.lua", "lua/main.lua"] });
    app.gives("probe()", "new2");
    app.save({ m: null, main: `x = 1` }, { files: ["lua/main.lua", "lua/m.lua"] });
    app.gives(`package.loaded.m`, "nil");
  },
);

scenario(
  "a file whose functions unload it, or its folder, is reloaded like others until it is required anew, and then too",
  {
    "d.m": `
      local function label() return "old" end
      function unload() session:unloadModule("lua/d/m.lua") return label() end
      function unload_all() session:unloadDirectory("lua/d") return label() end`,
    main: `require("d.m")`,
  },
  (app) => {
    for (const unload of ["unload()", "unload_all()"]) {
      app.gives(unload, "old");
      app.gives(`package.loaded["d.m"]`, "nil");
      app.edit("d.m", { '"old"': '"new"' }, { files: ["lua/d/m.lua"] });
      app.gives(unload, "new");
      app.gives(`(function(before) require("d.m") return before ~= unload end)(unload)`, true);
      app.edit("d.m", { '"new"': '"newest"' }, { files: ["lua/d/m.lua"] });
      app.gives(unload, "newest");
      app.edit("d.m", { '"newest"': '"old"' });
    }
  },
);

scenario(
  "a file that others unload is not reloaded until it is required again",
  {
    m: `runs = (runs or 0) + 1 return { v = 1 }`,
    main: `require("m") function unload() session:unloadModule("lua/m.lua") end`,
  },
  (app) => {
    app.run("unload()");
    app.edit("m", { "v = 1": "v = 2" }, { files: ["lua/main.lua"] });
    app.gives(`require("m").v, runs`, "2, 2");
    app.edit("m", { "v = 2": "v = 3" }, { files: ["lua/m.lua", "lua/main.lua"] });
    app.gives(`require("m").v`, 3);
  },
);
