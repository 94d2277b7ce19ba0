import t from "tap";
import { resyncBody, frameBody } from "../../src/protocol/worker-message.ts";
import { LuaSession } from "../support/lua-session.ts";

const site = {
  lua: {
    main: `
      local app = session:prototype("App"):new{ name = "old", count = 0, empty = nil }
      function app:press() self.count = self.count + 1 end
      function app:double() return self.count * 2 end
      session:createAppVariable(app)`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><input ui-value="name"><input ui-value="empty"><b ui-value="count"></b><i ui-action="press()"></i><b ui-value="double()"></b></div>`,
  },
};
const error = { code: "LIMIT_TIME", message: "stopped", file: "lua/main.lua", line: 3 } as const;

t.test(
  "after a frame that was not carried out the page is told values and error, and the app is not called",
  async (t) => {
    const session = await LuaSession.start(site);
    const page = session.connect();
    const [name, empty, press] = ["name", "empty", "press()"].map((text) => page.root.variable(text)) as [
      number,
      number,
      number,
    ];
    const body = frameBody(true, [
      { type: "update", id: name, value: "new" },
      { type: "update", id: empty, value: "new" },
      { type: "update", id: press, value: null },
      { type: "create", id: -1, parent: 1, path: "double()" },
      { type: "update", id: 999, value: 1 },
    ]);
    // What the page believes.
    page.values.set(name, "new");
    page.values.set(empty, "new");
    session.dispatch("resync", 1, resyncBody(body, error));
    t.equal(page.values.get(name), "old");
    t.equal(page.values.get(empty), null);
    t.equal(page.root.value("count"), 0);
    t.equal(page.values.get(-1), 0, "a variable of the page's own is there");
    for (const id of [name, empty, press]) t.match(page.errors.get(id), error);
    t.same(page.faults, [], "what is not there need not be corrected");
    page.send([
      { type: "update", id: name, value: "newer" },
      { type: "update", id: press, value: null },
    ]);
    t.equal(page.errors.get(name), undefined, "a write that succeeds ends the error");
    t.equal(page.errors.get(press), undefined);
    t.equal(page.values.get(-1), 2);
    session.dispatch("resync", 7, resyncBody(body, error));
    session.close();
  },
);

t.test("a list shows the rows that a frame asked for which was not carried out", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `
        local app = session:prototype("App"):new{ rows = {} }
        for i = 1, 100 do app.rows[i] = i end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<ul ui-viewlist="rows?window=10"></ul>` },
  });
  const page = session.connect();
  const id = page.root.variable("rows?window=10");
  const body = frameBody(true, [{ type: "window", id, start: 40, count: 10 }]);
  session.dispatch("resync", 1, resyncBody(body, error));
  t.same(page.root.window("rows?window=10"), { start: 40, total: 100 });
  session.close();
});
