import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

t.test("a method that answers once delivers its answer to every tab, and is called once per event", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new{ pending = "", calls = 0 }
        function app:once() local text = self.pending; self.pending = ""; self.calls = self.calls + 1; return text end
        function app:say(text) self.pending = text end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><b ui-value="once()?priority=high"></b><b ui-value="calls?priority=low"></b><b ui-action="say(_)"></b></div>`,
    },
  });
  const [one, two] = [session.connect(), session.connect()];
  const before = one.root.value("calls?priority=low") as number;
  one.root.set("say(_)", "hello");
  t.equal(one.root.value("once()?priority=high"), "hello");
  t.equal(two.root.value("once()?priority=high"), "hello");
  t.equal(one.root.value("calls?priority=low"), before + 1);
  session.close();
});

t.test("high is read before medium before low, so a high trigger's effects are seen in the same event", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new{ log = "" }
        function app:note(text) self.log = self.log .. text; return text end
        function app:clear() self.log = "" end
        function app:shown() return self.log end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><b ui-value="note('l')?priority=low"></b><b ui-value="note('m')"></b><b ui-value="note('h')?priority=high"></b>
        <b ui-value="shown()?priority=low"></b><b ui-action="clear()"></b></div>`,
    },
  });
  const page = session.connect();
  t.equal(page.root.value("shown()?priority=low"), "hml", "on first reading");
  page.root.set("clear()");
  t.equal(page.root.value("shown()?priority=low"), "hml", "and on every later one");
  session.close();
});

t.test("fragments are sorted by the priority of their variable", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new{ n = 0 }
        function app:step() self.n = self.n + 1 end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><b ui-value="n?priority=low"></b><b ui-value="n"></b><b ui-value="n?priority=high"></b><b ui-action="step()"></b></div>`,
    },
  });
  const page = session.connect();
  page.root.set("step()");
  const id = page.root.variable("n?priority=low");
  t.same(page.last, {
    connection: 1,
    viewdefs: [],
    high: `{"type":"update","id":${id + 2},"value":1}`,
    medium: `{"type":"update","id":${id + 1},"value":1}`,
    low: `{"type":"update","id":${id},"value":1}`,
  });
  session.close();
});

t.test(
  "an object that a low view re-points is read whole in the same event, though its slots had their turn",
  async (t) => {
    const session = await LuaSession.start({
      lua: {
        main: `local P = session:prototype("P", { name = "" })
        local app = session:prototype("App"):new{ p = P:new{ name = "one", inner = P:new{ name = "in one" } } }
        function app:swap() self.p = P:new{ name = "two", inner = P:new{ name = "in two" } } end
        session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><i ui-view="p?priority=low"></i><b ui-action="swap()"></b></div>`,
        "P.DEFAULT": `<div><b ui-value="name?priority=high"></b><i ui-view="inner"></i></div>`,
      },
    });
    const page = session.connect();
    const shown = () => {
      const p = page.root.child("p?priority=low");
      return [p.value("name?priority=high"), p.child("inner").value("name?priority=high")];
    };
    t.same(shown(), ["one", "in one"]);
    page.root.set("swap()");
    t.same(shown(), ["two", "in two"]);
    session.close();
  },
);

t.test(
  "a paused tab is sent nothing, its own events are carried out, and on resume it gets one difference",
  async (t) => {
    const session = await LuaSession.start({
      lua: {
        main: `local app = session:prototype("App"):new{ n = 0, rows = {} }
        function app:step() self.n = self.n + 1; table.insert(self.rows, 1, "r" .. self.n) end
        session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><b ui-value="n"></b><ul ui-viewlist="rows"></ul><b ui-action="step()"></b></div>`,
      },
    });
    const [one, two] = [session.connect(), session.connect()];
    session.dispatch("pause", 1);
    for (let i = 0; i < 5; i++) one.root.set("step()");
    t.equal(one.root.value("n"), 0);
    t.equal(two.root.value("n"), 5);
    session.dispatch("resume", 1);
    t.equal(one.root.value("n"), 5);
    t.equal(one.messages.filter(({ type }) => type === "list").length, 1);
    t.equal(one.root.rows("rows").length, 5);
    session.close();
  },
);

t.test(
  "what another tab or a timer changes is seen by all; what a tab wrote itself is not sent back to it",
  async (t) => {
    const session = await LuaSession.start({
      lua: {
        main: `local app = session:prototype("App"):new{ name = "" }
        session:setTimeout(function() app.name = "timer" end, 100)
        session:createAppVariable(app)`,
      },
      viewdefs: { "App.DEFAULT": `<input ui-value="name">` },
    });
    const [one, two] = [session.connect(), session.connect()];
    one.root.set("name", "typed");
    t.same([one.messages.length, two.root.value("name")], [0, "typed"]);
    session.advance(200);
    t.same([one.root.value("name"), two.root.value("name")], ["timer", "timer"]);
    session.close();
  },
);

t.test("a setter that changes what it was given corrects the page", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new{ stored = "" }
        function app:name(value) if value then self.stored = value:upper() end return self.stored end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<input ui-value="name()?access=rw">` },
  });
  const page = session.connect();
  page.root.set("name()?access=rw", "ada");
  t.same(page.messages, [{ type: "update", id: page.root.variable("name()?access=rw"), value: "ADA" }]);
  page.root.set("name()?access=rw", "ADA");
  t.same(page.messages, []);
  session.close();
});

t.test("a thousand rebuilt views leave the VM's memory and the tree as they were", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local A, B = session:prototype("A", { n = 1 }), session:prototype("B", { n = 2 })
        local app = session:prototype("App"):new{ shown = A:new(), rows = {} }
        function app:turn()
          self.shown = self.shown.type == "A" and B:new() or A:new()
          self.rows = { A:new(), B:new(), A:new() }
        end
        function app:memory() collectgarbage() collectgarbage() return collectgarbage("count") end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><i ui-view="shown"></i><ul ui-viewlist="rows"></ul><b ui-action="turn()"></b><b ui-value="memory()"></b></div>`,
      "A.DEFAULT": `<div><b ui-value="n"></b><b ui-value="missing()"></b></div>`,
      "B.DEFAULT": `<b ui-value="n"></b>`,
    },
  });
  const page = session.connect();
  for (let i = 0; i < 100; i++) page.root.set("turn()");
  const before = page.root.value("memory()") as number;
  for (let i = 0; i < 1000; i++) page.root.set("turn()");
  t.ok((page.root.value("memory()") as number) < before + 16, `${page.root.value("memory()")} KB after ${before} KB`);
  t.equal(page.views.size, 5);
  session.close();
});

t.test("an app's __eq is never asked: identity decides, in lists, views and values", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local Row = session:prototype("Row", { id = 0, name = "" })
        Row.__eq = function(a, b) return a.id == b.id and a:check() and b:check() end
        function Row:check() return true end
        local function rows(name) return { Row:new{ id = 1, name = name } } end
        local app = session:prototype("App"):new{ rows = rows("old"), one = rows("old")[1] }
        function app:load() self.rows, self.one = rows("NEW"), rows("NEW")[1] end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><ul ui-viewlist="rows"></ul><i ui-view="one"></i><b ui-value="one?priority=low"></b><b ui-action="load()"></b></div>`,
      "Row.DEFAULT": `<b ui-value="name"></b>`,
    },
  });
  const { root } = session.connect();
  const before = JSON.stringify(root.value("one?priority=low"));
  root.set("load()");
  t.equal(root.rows("rows")[0]?.value("name"), "NEW");
  t.equal(root.child("one").value("name"), "NEW");
  t.not(JSON.stringify(root.value("one?priority=low")), before);
  session.close();
});
