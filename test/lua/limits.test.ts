import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const row = `local Row = session:prototype("Row", { a = 1, b = 2 })`;
const viewdefs = { "Row.DEFAULT": `<p><b ui-value="a"></b><b ui-value="b"></b></p>` };

t.test("a session has so many timers and no more; those that are over count no more", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `local App = session:prototype("App", {})
local handles = {}
function App:more()
  handles[#handles + 1] = session:setTimeout(function() end, 1000)
end
function App:clear() session:clearTimeout(table.remove(handles)) session:clearTimeout(12345) end
session:createAppVariable(App:new())`,
      },
      viewdefs: { "App.DEFAULT": `<div><b ui-action="more()"></b><b ui-action="clear()"></b></div>` },
    },
    { limits: { timers: 3 } },
  );
  const { root } = session.connect();
  const fits = (): boolean => {
    root.set("more()");
    return session.refused === undefined;
  };
  t.same([fits(), fits(), fits(), fits()], [true, true, true, false]);
  t.match(session.refused, { code: "LIMIT_TIMERS", message: /3 timers/, file: "lua/main.lua", line: 4 });
  root.set("clear()");
  t.same([fits(), fits()], [true, false]);
  session.advance(1000);
  t.same([fits(), fits(), fits(), fits()], [true, true, true, false]);
  session.close();
});

t.test("a list that would need too many variables is an error of its own, and shows what it showed", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `${row}
local App = session:prototype("App", { n = 0 })
function App:add() for _ = 1, 10 do table.insert(self.rows, Row:new()) end end
function App:drop() for _ = 1, 20 do table.remove(self.rows) end end
function App:renew() for i = 1, #self.rows do self.rows[i] = Row:new() end end
function App:long() self.rows = setmetatable({}, { __index = function(_, i) return i end }) end
session:createAppVariable(App:new{ rows = {} })`,
      },
      viewdefs: {
        ...viewdefs,
        "App.DEFAULT": `<div><b ui-viewlist="rows"></b><b ui-value="n"></b>${["add", "drop", "renew", "long"]
          .map((name) => `<b ui-action="${name}()"></b>`)
          .join("")}</div>`,
      },
    },
    { limits: { variables: 100 } },
  );
  const { root } = session.connect();
  for (let i = 1; i <= 3; i++) root.set("add()");
  t.equal(root.rows("rows").length, 30);
  root.set("renew()");
  t.equal(root.error("rows"), undefined, "those that go make room for those that come");
  root.set("add()");
  t.match(root.error("rows"), { code: "LIMIT_VARIABLES", message: /100 variables/ });
  t.equal(root.rows("rows").length, 30);
  root.set("drop()");
  t.equal(root.error("rows"), undefined);
  t.equal(root.rows("rows").length, 20);
  root.set("long()");
  t.match(root.error("rows"), { code: "LIMIT_VARIABLES" }, "an array without end is not counted to its end");
  session.close();
});

t.test("views that come and go are counted as they are, so that the limit is never reached by turns", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `${row}
local App = session:prototype("App", {})
function App:turn()
  self.view = not self.view and Row:new() or nil
  self.rows = self.view and { Row:new(), Row:new(), 1 } or nil
end
function App:much() self.view = setmetatable({ type = "Wide" }, { __index = { 1 } }) end
session:createAppVariable(App:new())`,
      },
      viewdefs: {
        ...viewdefs,
        "Wide.DEFAULT": `<p>${Array.from({ length: 60 }, (_, i) => `<b ui-value="x${i}"></b>`).join("")}</p>`,
        "App.DEFAULT": `<div><b ui-view="view"></b><b ui-viewlist="rows"></b><b ui-action="turn()"></b><b ui-action="much()"></b></div>`,
      },
    },
    { limits: { variables: 20 } },
  );
  const { root } = session.connect();
  for (let i = 0; i < 50; i++) root.set("turn()");
  t.same([root.error("view"), root.error("rows")], [undefined, undefined]);
  root.set("much()");
  t.match(root.error("view"), { code: "LIMIT_VARIABLES" });
  session.close();
});

t.test("a value for which an event has no room is an error of its variable; small ones have", async (t) => {
  const session = await LuaSession.start(
    {
      lua: {
        main: `local App = session:prototype("App", { n = 0, text = "", rows = {} })
function App:long() self.text, self.n = ("x"):rep(2000), 1 end
function App:short() self.text = "short" end
function App:fill() for i = 1, 5000 do self.rows[i] = ("r"):rep(20) end end
session:createAppVariable(App:new())`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><b ui-value="text"></b><b ui-value="n"></b><b ui-viewlist="rows"></b><b ui-action="long()"></b><b ui-action="short()"></b><b ui-action="fill()"></b></div>`,
      },
    },
    { limits: { output: 1000 } },
  );
  const page = session.connect();
  const { root } = page;
  root.set("long()");
  t.match(root.error("text"), { code: "LIMIT_OUTPUT" });
  t.equal(root.value("n"), 1);
  root.set("short()");
  t.equal(root.value("text"), "short");
  t.equal(root.error("text"), undefined);
  root.set("fill()");
  const refused = [...page.errors.values()].filter(({ code }) => code === "LIMIT_OUTPUT").length;
  t.ok(refused > 0 && refused < 500, `${refused} errors: not one for each row`);
  session.close();
});
