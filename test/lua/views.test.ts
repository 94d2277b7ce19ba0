import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const nested = {
  lua: {
    main: `
      local Level = session:prototype("Level", { name = "", inner = EMPTY })
      local top
      for i = 6, 1, -1 do top = Level:new{ name = "level " .. i, inner = top } end
      function top:cut() self.inner = nil end
      function top:again() self.inner = Level:new{ name = "new" } end
      function top:swap() self.inner = Level:new{ name = "other", inner = self.inner.inner } end
      session:createAppVariable(top)`,
  },
  viewdefs: {
    "Level.DEFAULT": `<div><b ui-value="name"></b><div ui-view="inner"></div><button ui-action="cut()"></button>
      <button ui-action="again()"></button><button ui-action="swap()"></button></div>`,
  },
};

t.test("six levels of nested views come complete in one change set, parents before children", async (t) => {
  const session = await LuaSession.start(nested);
  const page = session.connect();
  let view = page.root;
  for (let level = 1; level <= 6; level++) {
    t.equal(view.value("name"), `level ${level}`);
    if (level < 6) view = view.child("inner");
  }
  t.same(page.viewdefs, ["Level.DEFAULT"], "a viewdef is named once however often it is shown");
  const ids = page.messages.flatMap((message) => (message.type === "view" ? [message.id] : []));
  t.same(
    ids,
    [...ids].sort((a, b) => a - b),
  );
  session.close();
});

t.test("an object that goes leaves an empty view, one that comes fills it again", async (t) => {
  const session = await LuaSession.start(nested);
  const page = session.connect();
  page.root.set("cut()");
  t.equal(page.root.child("inner").viewdef, undefined);
  t.equal(page.views.size, 1, "all variables below are gone");
  page.root.set("again()");
  t.equal(page.root.child("inner").value("name"), "new");
  session.close();
});

t.test("another object of the same type re-points the variables and renders nothing anew", async (t) => {
  const session = await LuaSession.start(nested);
  const page = session.connect();
  const third = page.root.child("inner").child("inner").id;
  page.root.set("swap()");
  t.same(
    page.messages.map((message) => message.type),
    ["update"],
    "one name changed",
  );
  t.equal(page.root.child("inner").value("name"), "other");
  t.equal(page.root.child("inner").child("inner").id, third);
  session.close();
});

t.test("a viewdef is chosen by namespace, then fallback namespace, then DEFAULT", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `
        local P = session:prototype("P", { name = "p" })
        local App = session:prototype("App", { p = EMPTY, list = EMPTY })
        session:createAppVariable(App:new{ p = P:new(), list = { P:new() } })`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><i ui-view="p"></i><i ui-view="p" ui-namespace="CARD"></i><i ui-view="p" ui-namespace="NONE"></i>
        <i ui-view="p?fallbackNamespace=CARD&namespace=NONE"></i><div ui-namespace="CARD"><i ui-viewlist="list?x"></i></div>
        <i ui-viewlist="list"></i></div>`,
      "P.DEFAULT": `<b ui-value="name"></b>`,
      "P.CARD": `<u ui-value="name"></u>`,
      "P.list-item": `<li ui-value="name"></li>`,
    },
  });
  const page = session.connect();
  const { first, count } = page.views.get(1) ?? { first: 0, count: 0 };
  const shown = Array.from({ length: count }, (_, slot) => {
    const rows = page.lists.get(first + slot);
    return page.view(rows?.[0] ?? first + slot).viewdef;
  });
  t.same(shown, ["P.DEFAULT", "P.CARD", "P.DEFAULT", "P.CARD", "P.CARD", "P.list-item"]);
  session.close();
});

t.test("a type without a viewdef is an error on its variable that says where it was looked for", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local App = session:prototype("App", { p = EMPTY, plain = EMPTY, text = "x" })
        session:createAppVariable(App:new{ p = session:prototype("Person"):new(), plain = { a = 1 } })`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><i ui-view="p" ui-namespace="CARD"></i><i ui-view="plain"></i><i ui-view="text"></i><b ui-value="text"></b></div>`,
    },
  });
  const page = session.connect();
  const { first } = page.views.get(1) ?? { first: 0 };
  t.match(page.errors.get(first), { code: "VIEWDEF_MISSING", message: /Person\.CARD, Person\.DEFAULT/ });
  t.match(page.errors.get(first + 1), { code: "TYPE_MISSING" });
  t.match(page.errors.get(first + 2), { code: "TYPE_MISSING", message: /string/ });
  t.equal(page.values.get(first + 3), "x", "the rest of the page is there");
  session.close();
  const without = await LuaSession.start({
    lua: { main: `session:createAppVariable(session:prototype("App"):new())` },
    viewdefs: {},
  });
  without.connect();
  t.match(without.logs, [{ message: "the app: There is no viewdef for type App (looked for App.DEFAULT)." }]);
  without.close();
});

t.test("an object that shows itself stops at a depth with an error instead of taking the session down", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local N = session:prototype("N", { n = 0 }); local a = N:new(); a.me = a; session:createAppVariable(a)`,
    },
    viewdefs: { "N.DEFAULT": `<div><i ui-value="n"></i><i ui-view="me"></i></div>` },
  });
  const page = session.connect();
  t.match([...page.errors.values()], [{ code: "VIEW_DEPTH" }]);
  t.equal(page.root.value("n"), 0);
  session.close();
});

t.test(
  "a view whose new object has no viewdef keeps the old content with an error, which goes with the next good object",
  async (t) => {
    const session = await LuaSession.start({
      lua: {
        main: `local A, B, C = session:prototype("A", { n = 1 }), session:prototype("B"), session:prototype("C", { n = 3 })
        local app = session:prototype("App"):new{ shown = A:new() }
        function app:show(name) self.shown = ({ a = A, b = B, c = C })[name]:new() end
        session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><i ui-view="shown"></i><b ui-action="show(_)"></b></div>`,
        "A.DEFAULT": `<b ui-value="n"></b>`,
        "C.DEFAULT": `<u ui-value="n"></u>`,
      },
    });
    const { root } = session.connect();
    root.set("show(_)", "b");
    t.equal(root.error("shown")?.code, "VIEWDEF_MISSING");
    t.equal(root.child("shown").viewdef, "A.DEFAULT");
    root.set("show(_)", "c");
    t.equal(root.error("shown"), undefined);
    t.equal(root.child("shown").value("n"), 3);
    session.close();
  },
);

t.test("a variable that the client made follows its view to another object", async (t) => {
  const session = await LuaSession.start(nested);
  const page = session.connect();
  page.send([{ type: "create", id: -1, parent: page.root.child("inner").id, path: "name" }]);
  t.equal(page.values.get(-1), "level 2");
  page.root.set("swap()");
  t.equal(page.values.get(-1), "other");
  session.close();
});

t.test("createAppVariable is safe to call again: the page shows the new object", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local App = session:prototype("App", { name = "one" })
        function App:another() t.id = session:createAppVariable(App:new{ name = "two" }) end
        t = { id = session:createAppVariable(App:new()) }
        function App:id() return t.id end
        function App:same() return session:getApp() == self end`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><b ui-value="name"></b><b ui-value="id()"></b><b ui-value="same()"></b><b ui-action="another()"></b></div>`,
    },
  });
  const page = session.connect();
  t.same([page.root.value("name"), page.root.value("id()"), page.root.value("same()")], ["one", 1, true]);
  page.root.set("another()");
  t.same([page.root.value("name"), page.root.value("id()"), page.root.value("same()")], ["two", 1, true]);
  session.close();
});

t.test("a session that shows nothing tells its pages why", async (t) => {
  const session = await LuaSession.start({ lua: { main: `` } });
  t.match(session.connect().faults, [{ code: "APP_MISSING" }]);
  session.close();
});

t.test("a connection that closes leaves nothing behind and the other tab untouched", async (t) => {
  const session = await LuaSession.start(nested);
  const [one, two] = [session.connect(), session.connect()];
  one.close();
  two.root.set("again()");
  t.equal(two.root.child("inner").value("name"), "new");
  t.notOk(two.messages.some((message) => message.type === "error"));
  session.close();
});

t.test("a view that would contain itself twice over is an error, not the end of the session", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local A, B = session:prototype("A", { n = 1 }), session:prototype("B")
        local a, b = A:new(), B:new()
        a.b, b.a = b, a
        session:createAppVariable(a)`,
    },
    viewdefs: {
      "A.DEFAULT": `<div><b ui-value="n"></b><i ui-view="b"></i><i ui-view="b"></i></div>`,
      "B.DEFAULT": `<div><i ui-view="a"></i><i ui-view="a"></i></div>`,
    },
  });
  const page = session.connect();
  t.same([...new Set([...page.errors.values()].map(({ code }) => code))], ["VIEW_DEPTH"]);
  t.equal(page.root.value("n"), 1);
  session.close();
});

t.test("showing the app in another namespace reaches pages that are open", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("A", { n = 1 }):new()
        function app:other() session:createAppVariable(self, { namespace = "OTHER" }) end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "A.DEFAULT": `<div><b ui-value="n"></b><i ui-action="other()"></i></div>`,
      "A.OTHER": `<u ui-value="n"></u>`,
    },
  });
  const page = session.connect();
  page.root.set("other()");
  t.equal(page.root.viewdef, "A.OTHER");
  t.equal(page.root.value("n"), 1);
  session.close();
});

t.test("a client can have a thousand variables of its own, no more, until it gives some back", async (t) => {
  const session = await LuaSession.start(nested);
  const page = session.connect();
  const create = (id: number) => ({ type: "create", id, parent: 1, path: "name" }) as const;
  page.send(Array.from({ length: 1001 }, (_, i) => create(-1 - i)));
  t.same(
    page.faults.map(({ code }) => code),
    ["VARIABLE_LIMIT"],
  );
  page.send([{ type: "destroy", id: -1 }, create(-2000)]);
  t.equal(page.values.get(-2000), "level 1");
  session.close();
});
