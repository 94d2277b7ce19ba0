import t from "tap";
import { LuaSession } from "../../support/lua-session.ts";

const m = `
  local limits = require("limits")
  local count, config = 0, { list = { "a", "b" }, deep = { a = 1 } }
  local function counter() local n = 0 return function() n = n + 1 return n end end
  local M = { next = counter() }
  do local inner = 0 function M.inner() inner = inner + 1 return inner end end
  for i = 1, 3 do M[i] = function() count = count + i return count end end
  function M.add() config.list[3] = "app" count = count + 1 return "v0" end
  session:setInterval(function() count = count + 1 end, 60000)
  Contact = session:prototype("Contact", { name = "", tags = {} })
  function Contact:label() return self.name .. limits.most end
  ui.registerWrapper("Wrap", { new = function(_, v) return { type = "Wrap", v = v } end })
  return M
`;
const main = `
  local M = require("m")
  local held = M.add
  co = coroutine.wrap(function() while true do coroutine.yield(M.add()) end end)
  App = session:prototype("App", { rows = EMPTY })
  function App:text() return held() .. M.next() end
  session:createAppVariable(App:new{ rows = { Contact:new{ name = "Ada" } } })
  keys = { [M.add] = true, [counter or M.inner] = true }
`;
const viewdefs = {
  "App.DEFAULT": `<div><p ui-value="text()"></p><ul ui-viewlist="rows"></ul></div>`,
  "Contact.list-item": `<li ui-value="label()"></li>`,
};

t.test("1,000 reloads of one file: Lua's memory, variables and timers do not grow", async (t) => {
  const session = await LuaSession.start(
    { lua: { main, m, limits: "return { most = 1 }" }, viewdefs },
    { hotload: true },
  );
  const page = session.connect();
  const used = (): number =>
    Number(session.evaluate(`collectgarbage() collectgarbage() return collectgarbage("count")`));
  const reload = (round: number): void => {
    // Functions move up and down, one is edited, and now and then a value.
    const text = `${"\n".repeat(round % 3)}${m.replace("v0", `v${round}`).replace('"b"', round % 7 === 0 ? '"b", "c"' : '"b"')}`;
    const { error, notes } = session.save({ lua: { m: text } });
    if (error || notes.length > 0) throw new Error(JSON.stringify({ error, notes }));
    if (round % 50 === 0) session.save({ lua: { limits: `return { most = ${round} }` } });
  };
  // Until then the VM still takes memory once, for what all rounds need.
  for (let round = 1; round <= 200; round++) reload(round);
  const after200 = used();
  const bytes = session.vm.bytes;
  const variables = page.values.size;
  for (let round = 201; round <= 1000; round++) reload(round);
  t.ok(used() < after200 * 1.02, `${used()} KB, ${after200} after 200`);
  t.equal(session.vm.bytes, bytes, "nor does what the VM has taken from the system");
  t.match(page.root.value("text()"), /^v1000/);
  t.equal(page.values.size, variables);
  t.same(session.stale(), []);
  session.close();
});

t.test(
  "what a session has to keep of itself is as small after 100 reloads as after a few: former versions do not stay in images",
  async (t) => {
    const session = await LuaSession.start(
      { lua: { main, m, limits: "return { most = 1 }" }, viewdefs },
      { hotload: true },
    );
    const page = session.connect();
    session.vm.rebase(session.vm.saveBase());
    const image = (): number => session.vm.saveImage().data.length;
    const reload = (round: number): void => {
      const { error } = session.save({ lua: { m: m.replace("v0", `v${round}`) } });
      const shown = { ...viewdefs, "Contact.list-item": `<li ui-value="label()">${round}</li>` };
      const { error: other } = session.save({ viewdefs: shown });
      if (error ?? other) throw new Error(JSON.stringify({ error, other }));
    };
    for (let round = 1; round <= 5; round++) reload(round);
    const early = image();
    for (let round = 6; round <= 100; round++) reload(round);
    t.ok(image() < 2 * early, `${image()} bytes, ${early} after five`);
    t.match(page.root.value("text()"), /^v100/);
    session.close();
  },
);
