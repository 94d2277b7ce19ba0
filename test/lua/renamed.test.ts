import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const main = `
  App = session:prototype("App", { name = "Ada", count = 0 })
  function App:add() self.count = self.count + 1 end
  session:createAppVariable(App:new())
`;
const first = `<div><input ui-value="name"><b ui-value="count"></b><button ui-action="add()"></button></div>`;
const second = `<section><button ui-action="add()"></button><b ui-value="count"></b><i>x</i><input ui-value="name"></section>`;

t.test("what was under way while viewdefs were exchanged arrives, however often they were", async (t) => {
  const session = await LuaSession.start({ lua: { main }, viewdefs: { "App.DEFAULT": first } }, { hotload: true });
  const page = session.connect();
  const name = page.root.variable("name");
  const add = page.root.variable("add()");
  for (let round = 0; round < 3; round++) {
    session.save({ viewdefs: { "App.DEFAULT": second.replace("x", `round ${round}`) } });
    session.save({ viewdefs: { "App.DEFAULT": first.replace("<div>", `<div title="${round}">`) } });
    page.send([
      { type: "update", id: name, value: `Grace ${round}` },
      { type: "update", id: add, value: null },
    ]);
    t.same(page.faults, []);
    t.equal(page.root.value("count"), round + 1);
    t.equal(session.connect().root.value("name"), `Grace ${round}`);
  }
});

t.test("an id of long ago is unknown, and memory for them is bounded", async (t) => {
  const session = await LuaSession.start({ lua: { main }, viewdefs: { "App.DEFAULT": first } }, { hotload: true });
  const page = session.connect();
  const name = page.root.variable("name");
  for (let round = 0; round < 70; round++)
    session.save({ viewdefs: { "App.DEFAULT": round % 2 === 0 ? second : first } });
  page.send([{ type: "update", id: name, value: "Grace" }]);
  t.match(page.faults, [{ code: "VARIABLE_UNKNOWN" }]);
  t.equal(page.root.value("name"), "Ada");
});
