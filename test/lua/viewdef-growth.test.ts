import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const main = `
  Person = session:prototype("Person", { name = "" })
  calls = 0
  function Person:label() calls = calls + 1 return self.name end
  App = session:prototype("App", { people = EMPTY, boss = EMPTY })
  function App:title() calls = calls + 1 return "title" end
  session:createAppVariable(App:new{ boss = Person:new{ name = "Eve" }, people = { Person:new{ name = "Ada" } } })
`;
/** Bindings that come and go with every other version. */
const version = (number: number): Record<string, string> => ({
  "App.DEFAULT": `<div>${number}<b ui-value="title()"></b><ul ui-viewlist="people"></ul>${
    number % 2 === 0 ? `<p ui-view="boss"></p><i ui-value="title()?n=1"></i>` : ""
  }</div>`,
  "Person.DEFAULT": `<p>${number}<b ui-value="label()"></b></p>`,
});

t.test("after 1,000 edits of what is shown Lua reads no more than before, and its memory has not grown", async (t) => {
  const session = await LuaSession.start({ lua: { main }, viewdefs: version(0) }, { hotload: true });
  const page = session.connect();
  const used = (): number =>
    Number(session.evaluate(`collectgarbage() collectgarbage() return collectgarbage("count")`));
  const calls = (): number => {
    session.evaluate("calls = 0");
    page.send([]);
    return Number(session.evaluate("return calls"));
  };
  const before = { calls: calls(), values: page.values.size };
  let early = 0;
  for (let number = 1; number <= 1000; number++) {
    const { error, views } = session.save({ viewdefs: version(number) });
    if (error || views === 0) throw new Error(JSON.stringify({ number, error, views }));
    if (number === 100) early = used();
  }
  t.ok(used() < early * 1.02, `${used()} KB, ${early} after 100`);
  t.strictSame({ calls: calls(), values: page.values.size }, before);
  t.ok(before.calls > 3);
  t.equal(page.root.child("boss").value("label()"), "Eve");
  session.close();
});
