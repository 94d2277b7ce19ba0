import { scenario } from "./scenario.ts";

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
  "a timer becomes one of another kind; one that is taken out of the source is gone, though its function stays",
  {
    main: `
      log = ""
      local function tick() log = log .. "t" end
      session:setTimeout(function() log = log .. "x" end, 2000)
      session:setInterval(tick, 1000)
      function call() tick() end`,
  },
  (app) => {
    app.edit("main", { "session:setTimeout(function() log": "session:setInterval(function() log" });
    app.session.advance(4000);
    app.gives("log", "ttxttx");
    app.edit("main", { "session:setInterval(tick, 1000)": "" });
    app.session.advance(2000);
    app.gives("log", "ttxttxx");
    app.save({ main: `log = "" local function tick() log = log .. "t" end function call() tick() end` });
    app.session.advance(2000);
    app.gives("log", "ttxttxx");
  },
);
