import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const main = `
ran = {}
local Item = session:prototype("Item", { a = 1 })
local App = session:prototype("App", { n = 0 })
item = Item:new()
function App:loop() self.n = self.n + 1 while true do end end
function App:fail() self.n = self.n + 1 error("on purpose") end
function App:count() self.n = self.n + 1 end
function App:timer() session:setTimeout(function() ran[#ran + 1] = "bad" while true do end end, 10)
  session:setTimeout(function() ran[#ran + 1] = "good" end, 10) end
function App:ticks() ticking = session:setInterval(function() ran[#ran + 1] = "tick" error("in a timer") end, 10) end
function App:migrate() function Item:mutate() while stuck do end error("in mutate") end
  session:prototype("Item", { a = 1, b = 2 }) end
function App:stick() stuck = true end
function App:read() self.missing = true end
function App:shown() if self.missing then error("only read") end return "shown" end
session:createAppVariable(App:new())`;
const actions = ["loop", "fail", "count", "timer", "ticks", "migrate", "stick", "read", "nothing"];
const viewdefs = {
  "App.DEFAULT": `<div><b ui-value="n"></b><b ui-value="shown()"></b>${actions
    .map((name) => `<b ui-action="${name}()"></b>`)
    .join("")}<b ui-action="gone.away()"></b></div>`,
};

const start = (options = {}): Promise<LuaSession> =>
  LuaSession.start({ lua: { main }, viewdefs }, { timeLimit: 200, ...options });

t.test("an action that hits a limit has its event taken back: the answer is why, and nothing else", async (t) => {
  const session = await start();
  const page = session.connect();
  const [loop, count] = [page.root.variable("loop()"), page.root.variable("count()")];
  const writes = [count, loop, count].map((id) => ({ type: "update", id, value: null }) as const);
  page.send(writes);
  t.match(session.refused, {
    code: "LIMIT_TIME",
    message: "the code ran too long and was stopped",
    file: "lua/main.lua",
    line: 6,
    stack: /main\.lua:6/,
    where: "App.DEFAULT loop()",
    id: loop,
  });
  t.equal(page.last, undefined);
  t.equal(session.evaluate("return session:getApp().n"), "2", "what came after it was not begun");
  session.close();
});

t.test("a timer that hits a limit is told by its handle, and the event can go without it", async (t) => {
  const session = await start();
  const page = session.connect();
  page.root.set("timer()");
  const before = session.vm.saveImage();
  session.now += 10;
  session.dispatch("timer", 0);
  t.match(session.refused, { code: "LIMIT_TIME", where: "timer", timer: 1, file: "lua/main.lua", line: 9 });
  t.equal(session.evaluate("return table.concat(ran, ' ')"), "bad");
  session.vm.loadImage(before);
  session.dispatch("timer", 0, "skip 1");
  t.equal(session.refused, undefined);
  t.equal(session.evaluate("return table.concat(ran, ' ')"), "good");
  t.equal(session.nextTimer, undefined, "it counts as run");
  session.close();
});

t.test("a mutate that hits a limit has the event taken back that changed the prototype", async (t) => {
  const session = await start();
  const { root } = session.connect();
  root.set("stick()");
  root.set("migrate()");
  t.match(session.refused, { code: "LIMIT_TIME", where: "mutate", message: /^mutate of Item: /, line: 12 });
  session.close();
});

t.test("an ordinary error keeps what was done before it, unless the site wants it otherwise", async (t) => {
  const session = await start();
  const { root } = session.connect();
  root.set("fail()");
  t.equal(session.refused, undefined);
  t.equal(root.value("n"), 1);
  t.match(root.error("fail()"), { code: "LUA_ERROR", line: 7 });
  session.close();
});

t.test("with rollbackOnError an error in an action, a timer or a mutate takes the event back", async (t) => {
  const session = await start({ rollbackOnError: true });
  const { root } = session.connect();
  root.set("fail()");
  t.match(session.refused, { code: "LUA_ERROR", message: "on purpose", line: 7, where: "App.DEFAULT fail()" });
  root.set("migrate()");
  t.match(session.refused, { code: "LUA_ERROR", message: "mutate of Item: in mutate", where: "mutate" });
  root.set("ticks()");
  session.advance(10);
  t.match(session.refused, { code: "LUA_ERROR", message: "in a timer", timer: 1 });
  session.close();
});

t.test("what changed nothing, or was only read, takes nothing back", async (t) => {
  const session = await start({ rollbackOnError: true });
  const { root } = session.connect();
  for (const path of ["nothing()", "gone.away()", "read()"]) {
    root.set(path);
    t.equal(session.refused, undefined, path);
  }
  t.match(root.error("nothing()"), { code: "METHOD_MISSING" });
  t.match(root.error("shown()"), { code: "LUA_ERROR", message: "only read" });
  session.close();
});

t.test("a mutate that hits a limit fails the reload that led to it", async (t) => {
  const session = await start({ hotload: true });
  session.connect();
  const loops = main.replace(
    `local App`,
    `function Item:mutate() while true do end end\nsession:prototype("Item", { a = 1, c = 3 })\nlocal App`,
  );
  t.match(session.save({ lua: { main: loops } }).error, { code: "LIMIT_TIME", message: /^mutate of Item/ });
  session.close();
});
