import { scenario } from "./scenario.ts";

const toNew = { [`"old"`]: `"new"` };

scenario(
  "a coroutine that has not begun runs the new code, also one that `wrap` made",
  {
    m: `return function(a) local b = coroutine.yield("old " .. a) return "old end " .. b end`,
    main: `
      local f = require("m")
      co, wrapped = coroutine.create(f), coroutine.wrap(f)
      held = coroutine.wrap(function(x) return f(x) end)`,
  },
  (app) => {
    app.edit("m", { old: "new" });
    app.gives(`select(2, coroutine.resume(co, 1))`, "new 1");
    app.gives(`wrapped(2)`, "new 2");
    app.gives(`held(3)`, "new 3");
  },
);

scenario(
  "a coroutine in the middle of edited code is told with file and line, and goes on there; what it calls is new",
  {
    m: `
      local M = {}
      function M.step(n) return "old " .. n end
      function M.loop()
        local n = 0
        while true do
          n = n + 1
          coroutine.yield(M.step(n))
        end
      end
      return M`,
    main: `next_of = coroutine.wrap(require("m").loop) next_of()`,
  },
  (app) => {
    app.edit("m", { '"old "': '"new "' });
    app.gives("next_of()", "new 2");
    const told = { code: "RELOAD_STALE", file: "lua/m.lua", line: 8 };
    app.edit("m", { "n = n + 1": "n = n + 10" }, { notes: [told], stale: ["m.lua:4"] });
    app.gives("next_of()", "new 3");
    app.edit("m", { '"new "': '"newer "' }, { notes: [told], stale: ["m.lua:4"] });
    app.gives("next_of()", "newer 4");
    app.run("next_of = nil");
    app.edit("m", { '"newer "': '"newest "' });
  },
);

scenario(
  "a coroutine in code that was not edited is not told of, and its variables are healed",
  {
    m: `local M = {} function M.f() return "old" end return M`,
    main: `
      local M = require("m")
      loop = coroutine.wrap(function(...)
        local f, list, given = M.f, { M.f }, select("#", ...)
        for _, g in ipairs({ M.f, M.f, M.f }) do
          coroutine.yield(f() .. list[1]() .. g() .. (...)())
        end
      end)
      loop(M.f)`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("loop()", "newnewnewnew");
    app.edit("m", { "return M": "function M.g() end return M" });
    app.gives("loop()", "newnewnewnew");
  },
);

scenario(
  "generators: an iterator that is half-way goes on in new code with the variables that it has",
  {
    m: `return function(list) local i = 0 return function() i = i + 1 local x = list[i] return x and "old" .. x end end`,
    main: `it = require("m")({ "a", "b", "c" }) it()`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("it()", "newb");
    app.gives("it()", "newc");
  },
);

scenario(
  "a coroutine that loops over an iterator gets the iterator's new code in the middle of the loop",
  {
    m: `return function(n) local i = 0 return function() i = i + 1 if i <= n then return "old" .. i end end end`,
    main: `local each = require("m") loop = coroutine.wrap(function() for x in each(3) do coroutine.yield(x) end return "end" end) loop()`,
  },
  (app) => {
    app.edit("m", toNew);
    app.gives("loop() .. loop() .. loop()", "new2new3end");
  },
);

scenario(
  "coroutines in several old versions are told of with each of their lines, and what they hold is healed",
  {
    m: `local M = {}
function M.f() return "old" end
function M.loop()
  local f = M.f
  while true do coroutine.yield(f()) end
end
return M`,
    main: `first = coroutine.wrap(require("m").loop) first()`,
  },
  (app) => {
    const told = { code: "RELOAD_STALE", file: "lua/m.lua" };
    app.edit("m", { "local f = M.f": "local f, a = M.f" }, { notes: [told], stale: ["m.lua:3"] });
    app.run(`second = coroutine.wrap(require("m").loop) second()`);
    app.edit(
      "m",
      { "f, a = M.f": "f, a, b = M.f", '"old"': '"new"' },
      { notes: [told], stale: ["m.lua:3", "m.lua:3"] },
    );
    app.gives("first() .. second()", "newnew");
    app.run("first, second = nil, nil");
    app.edit("m", { '"new"': '"newest"' });
  },
);

scenario(
  "coroutines that a file makes go on where they are when something else of it is edited, and begin anew when they are",
  {
    m: `
      local M = { n = 0, made = coroutine.create(function() for i = 1, 100 do coroutine.yield(i) end end) }
      local inner = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end)
      local function count(from) return coroutine.wrap(function() for i = from, 100 do coroutine.yield(i) end end) end
      M.list = { count(10), count(20) }
      counter = coroutine.wrap(function() for i = 1, 100 do M.n = i coroutine.yield(i) end end)
      function M.text() return "old" end
      function M.next()
        return table.concat({ select(2, coroutine.resume(M.made)), inner(), M.list[1](), M.list[2](), counter(), M.n }, " ")
      end
      return M`,
    main: `M = require("m") held = counter`,
  },
  (app) => {
    app.gives("M.next()", "1 1 10 20 1 1");
    app.edit("m", { '"old"': '"new"' });
    app.gives("M.next() .. M.text()", "2 2 11 21 2 2new");
    app.gives("held == counter", true);
    app.edit("m", { '"new"': '"newer"' });
    app.gives("M.next() .. M.text()", "3 3 12 22 3 3newer");
    app.edit("m", { "M.n = i": "M.n = -i" }, { stale: ["m.lua:6"], notes: [{ code: "RELOAD_STALE" }] });
    app.gives("M.next()", "4 4 13 23 1 -1");
    app.gives("held == counter", false);
    app.run("held = nil collectgarbage()");
    app.edit("m", { '"newer"': '"newest"' });
    app.gives("M.next()", "5 5 14 24 2 -2");
  },
);

scenario(
  "a coroutine of a file goes on where it is when only its lines are others, and what it calls is new",
  {
    m: `
      local function step(i) return "old " .. i end
      loop = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(step(i)) end end)`,
    main: `require("m")`,
  },
  (app) => {
    app.gives("loop()", "old 1");
    app.edit("m", { "local function": "\n\nlocal function", '"old "': '"new "' }, { stale: ["m.lua:3"] });
    app.gives("loop()", "new 2");
    app.edit("m", { "\n\nlocal function": "local function", '"new "': '"newer "' });
    app.gives("loop()", "newer 3");
    app.edit("m", { "local function": "\nlocal function", "i = 1, 100": "i = 50, 100" });
    app.gives("loop()", "newer 50");
  },
);

scenario(
  "a coroutine that the app has begun again stays, and one that is taken out of the source is gone",
  {
    m: `
      local M = {}
      function M.run() for i = 1, 100 do coroutine.yield(i) end end
      M.loop, M.other = coroutine.create(M.run), coroutine.create(M.run)
      function M.next() return select(2, coroutine.resume(M.loop)) end
      function M.again() M.loop = coroutine.create(M.run) end
      return M`,
    main: `M = require("m")`,
  },
  (app) => {
    app.run("M.next() M.next() M.again()");
    app.gives("M.next()", 1);
    app.edit("m", { "select(2,": "select(1 + 1," });
    app.gives("M.next()", 2);
    app.edit("m", { "M.loop, M.other = coroutine.create(M.run), ": "M.loop = " });
    app.gives("M.next(), M.other", "3, nil");
  },
);
