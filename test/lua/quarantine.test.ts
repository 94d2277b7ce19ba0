import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const LIMIT = 200;

/** Counts, outside of what an event may take back, how often a getter was called. */
const main = `
calls = 0
local App = session:prototype("App", { n = 0, bad = true })
function App:slow()
  calls = calls + 1
  while self.bad do end
  return "done"
end
function App:other() return "other " .. self.n end
function App:count() self.n = self.n + 1 end
function App:mend() self.bad = false end
session:createAppVariable(App:new())`;
const viewdefs = {
  "App.DEFAULT": `<div><b ui-value="slow()"></b><b ui-value="other()"></b><b ui-value="n"></b><b ui-action="count()"></b><b ui-action="mend()"></b></div>`,
};

const start = (lua = main): Promise<LuaSession> =>
  LuaSession.start({ lua: { main: lua }, viewdefs }, { timeLimit: LIMIT, hotload: true });
const calls = (session: LuaSession): number => Number(session.evaluate("return calls"));

t.test("a getter that never ends is an error of its variable; what is read after it is shown", async (t) => {
  const session = await start();
  const { root } = session.connect();
  t.match(root.error("slow()"), { code: "LIMIT_TIME", file: "lua/main.lua", line: 6 });
  t.equal(root.value("other()"), "other 0");
  t.equal(session.refused, undefined);
  session.close();
});

t.test("it is left alone for 30 s of event time, then for twice as long each time that it fails again", async (t) => {
  const session = await start();
  const { root } = session.connect();
  let before = calls(session);
  const pause = (milliseconds: number): number => {
    session.advance(milliseconds);
    root.set("count()");
    const more = calls(session) - before;
    before += more;
    return more;
  };
  t.equal(pause(0), 0);
  t.equal(pause(29_999), 0);
  t.ok(pause(1) > 0);
  t.equal(pause(59_999), 0);
  t.ok(pause(1) > 0);
  for (const wait of [120_000, 240_000, 480_000, 600_000, 600_000]) {
    t.equal(pause(wait - 1), 0);
    t.ok(pause(1) > 0, `after ${wait} ms`);
  }
  t.equal(root.value("n"), 15, "the page was usable all the time");
  t.match(root.error("slow()"), { code: "LIMIT_TIME" });
  session.close();
});

t.test("a good reading ends it, and the next time begins with 30 s again", async (t) => {
  const session = await start();
  const { root } = session.connect();
  session.advance(30_000);
  root.set("mend()");
  t.equal(root.value("slow()"), "done");
  t.equal(root.error("slow()"), undefined);
  const before = calls(session);
  root.set("count()");
  t.equal(calls(session), before + 1);
  session.close();
});

t.test("a reload of code ends it at once", async (t) => {
  const session = await start();
  const { root } = session.connect();
  const { error } = session.save({ lua: { main: main.replace("while self.bad do end", "") } });
  t.equal(error, undefined);
  t.equal(root.value("slow()"), "done");
  t.equal(root.error("slow()"), undefined);
  session.close();
});

t.test("a second tab shows the error without waiting for the getter", async (t) => {
  const session = await start();
  session.connect();
  const before = calls(session);
  const { root } = session.connect();
  t.equal(calls(session), before);
  t.match(root.error("slow()"), { code: "LIMIT_TIME" });
  t.equal(root.value("other()"), "other 0");
  session.close();
});

t.test("an action that has used up its time is no reason to leave a getter alone", async (t) => {
  const session = await start(
    main
      .replace("bad = true", "bad = false")
      .replace("self.n = self.n + 1", "self.n = 1 pcall(function() while true do end end)"),
  );
  const { root } = session.connect();
  root.set("count()");
  t.equal(root.error("slow()"), undefined);
  t.equal(root.value("other()"), "other 1");
  session.close();
});

t.test("when three objects have shown that a getter never ends, it is not tried with further ones", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `calls = 0
local Row = session:prototype("Row", {})
function Row:slow() calls = calls + 1 while true do end end
local App = session:prototype("App", { n = 0 })
function App:count() self.n = self.n + 1 end
local app = App:new{ rows = {} }
for i = 1, 100 do app.rows[i] = Row:new() end
session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><b ui-value="n"></b><b ui-viewlist="rows"></b><b ui-action="count()"></b></div>`,
        "Row.DEFAULT": `<b ui-value="slow()"></b>`,
      },
    },
    { timeLimit: LIMIT },
  );
  const page = session.connect();
  t.equal(page.errors.size, 100);
  t.ok(calls(session) <= 6, `${calls(session)} calls`);
  page.root.set("count()");
  t.equal(page.root.value("n"), 1);
  t.ok(calls(session) <= 6);
  session.close();
});

t.test("a plain field behind an __index, and a wrapper, are held like a getter", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `calls, wraps = 0, 0
local App = session:prototype("App", { n = 0, wrapped = {} })
function App:count() self.n = self.n + 1 end
Wrap = { new = function() wraps = wraps + 1 while true do end end }
local app = App:new()
setmetatable(app, { __index = function(_, name)
  if name == "field" then calls = calls + 1 while true do end end
  return App[name]
end })
session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><b ui-value="field"></b><b ui-value="n"></b><b ui-view="wrapped?wrapper=Wrap"></b><b ui-action="count()"></b></div>`,
      },
    },
    { timeLimit: LIMIT },
  );
  const { root } = session.connect();
  t.match(root.error("field"), { code: "LIMIT_TIME", line: 7 });
  t.match(root.error("wrapped?wrapper=Wrap"), { code: "LIMIT_TIME", line: 4 });
  const before = session.evaluate("return calls .. ' ' .. wraps");
  root.set("count()");
  t.equal(root.value("n"), 1);
  t.equal(session.evaluate("return calls .. ' ' .. wraps"), before);
  session.close();
});

t.test("a getter for which there was no memory is tried again as soon as others have let go of theirs", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `local App = session:prototype("App", { n = 0 })
function App:fill()
  local list = {}
  self.kept = list
  pcall(function() while true do list[#list + 1] = ("x"):rep(20000) .. #list end end)
end
function App:drop() self.kept = nil collectgarbage() end
function App:large() return #("x"):rep(self.kept and 8000000 or 80) end
session:createAppVariable(App:new())`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><b ui-value="large()"></b><b ui-action="fill()"></b><b ui-action="drop()"></b></div>`,
      },
    },
    { timeLimit: 60_000 },
  );
  const { root } = session.connect();
  root.set("fill()");
  t.match(root.error("large()"), { code: "LIMIT_MEMORY", file: "lua/main.lua", line: 8 });
  root.set("drop()");
  t.equal(root.error("large()"), undefined);
  t.equal(root.value("large()"), 80);
  session.close();
});
