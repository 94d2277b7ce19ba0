import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const site = {
  lua: {
    main: `
      local App = session:prototype("App", { name = "app", items = EMPTY, inner = EMPTY, log = "", open = false, n = 3.0 })
      app = App:new{ items = { { label = "first" }, { label = "second" } }, inner = session:prototype("Inner"):new{ name = "in" } }
      function App:note(...)
        local parts = table.pack(...)
        for i = 1, parts.n do parts[i] = math.type(parts[i]) or type(parts[i]) .. ":" .. tostring(parts[i]) end
        self.log = table.concat(parts, " ", 1, parts.n) .. " #" .. parts.n
      end
      function App:label(prefix, n) return prefix .. n .. self.name end
      function App:value(v) if v ~= nil then self.stored = v end return self.stored end
      function App:me() return self end
      function App:several() return 1, 2 end
      session:createAppVariable(app)`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><b ui-value="name"></b><b ui-value="items.1.label"></b><b ui-value="missing.very.deep"></b><b ui-value="me().me().name"></b>
      <b ui-value="label('x', 2)"></b><b ui-value="!open"></b><b ui-value="several()"></b><b ui-value="n"></b><b ui-value="log"></b>
      <b ui-action="note(_)"></b><b ui-action="note('a b', 2.5, true, nil)"></b><b ui-action="note()"></b><b ui-event-x="written"></b>
      <input ui-value="value()?access=rw"><input ui-value="items.0.label"><input ui-value="missing.field"><input ui-value="name.length?access=rw">
      <b ui-value="name.x.y"></b><i ui-view="inner"></i><b ui-action="gone.method()"></b><b ui-action="nothing()"></b></div>`,
    "Inner.DEFAULT": `<div><b ui-value="name"></b><b ui-value="../name"></b><b ui-action="../note(_)"></b><b ui-value="../../name"></b></div>`,
  },
};

t.test(
  "fields, 0-based indexes, methods, literals, negation and .. read what they say; nil reads as empty",
  async (t) => {
    const session = await LuaSession.start(site);
    const { root } = session.connect();
    t.equal(root.value("name"), "app");
    t.equal(root.value("items.1.label"), "second");
    t.equal(root.value("missing.very.deep"), null);
    t.equal(root.error("missing.very.deep"), undefined);
    t.equal(root.value("me().me().name"), "app");
    t.equal(root.value("label('x', 2)"), "x2app");
    t.equal(root.value("!open"), true);
    t.equal(root.value("several()"), 1, "the first result counts");
    const inner = root.child("inner");
    t.same([inner.value("name"), inner.value("../name"), inner.value("../../name")], ["in", "app", null]);
    session.close();
  },
);

t.test("whole numbers stay integers on their way out and in", async (t) => {
  const session = await LuaSession.start(site);
  const { root } = session.connect();
  t.equal(JSON.stringify(root.value("n")), "3");
  root.set("note(_)", 3);
  t.equal(root.value("log"), "integer #1");
  root.set("note(_)", 3.5);
  t.equal(root.value("log"), "float #1");
  session.close();
});

t.test("an action gets its literal arguments, the value for _, or nothing", async (t) => {
  const session = await LuaSession.start(site);
  const { root } = session.connect();
  root.set("note('a b', 2.5, true, nil)", "ignored");
  t.match(root.value("log"), /^string:a b float boolean:true/);
  root.set("note()", "ignored");
  t.equal(root.value("log"), " #0");
  root.child("inner").set("../note(_)", "up");
  t.equal(root.value("log"), "string:up #1");
  session.close();
});

t.test("writing reaches fields, indexes and setters; what was accepted is not sent back", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  const { root } = page;
  root.set("written", "plain event write");
  t.equal(root.error("written"), undefined);
  root.set("items.0.label", "changed");
  t.equal(page.messages.length, 0);
  root.set("value()?access=rw", "stored");
  t.equal(page.messages.length, 0);
  root.set("value()?access=rw", 5);
  t.equal(page.messages.length, 0);
  session.close();
});

t.test(
  "writing through nil or into a string is an error of that variable with a code, and the page gets the true value",
  async (t) => {
    const session = await LuaSession.start(site);
    const page = session.connect();
    const { root } = page;
    root.set("missing.field", "x");
    t.match(root.error("missing.field"), { code: "PATH_NIL", message: /missing\.field/ });
    t.equal(root.value("missing.field"), null, "the refused text is corrected");
    root.set("name.length?access=rw", 1);
    t.match(root.error("name.length?access=rw"), { code: "PATH_NOT_TABLE" });
    t.match(root.error("name.x.y"), { code: "PATH_NOT_TABLE" }, "so is reading through a string");
    session.close();
  },
);

t.test(
  "a method that does not exist is an error that names it; a button of something that is gone does nothing",
  async (t) => {
    const session = await LuaSession.start(site);
    const page = session.connect();
    page.root.set("nothing()");
    t.match(page.root.error("nothing()"), { code: "METHOD_MISSING", message: /App has no method 'nothing'/ });
    page.root.set("gone.method()");
    t.equal(page.root.error("gone.method()"), undefined);
    session.close();
  },
);

t.test("a variable that is only read refuses to be written", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  page.send([{ type: "update", id: page.root.variable("!open"), value: false }]);
  t.match(page.root.error("!open"), { code: "PATH_READ_ONLY" });
  t.equal(page.root.value("!open"), true);
  session.close();
});

t.test("create=Type makes the object once, stores it and shows it", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `made = 0
        Address = session:prototype("Address", { city = "nowhere" })
        local new = Address.new
        function Address:new(init) made = made + 1; return new(self, init) end
        local app = session:prototype("App"):new()
        function app:city() return self.address and self.address.city end
        function app:made() return made end
        function app:clear() self.address = nil end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><i ui-view="address?create=Address"></i><b ui-value="city()"></b><b ui-value="made()"></b><b ui-action="clear()"></b></div>`,
      "Address.DEFAULT": `<input ui-value="city">`,
    },
  });
  const page = session.connect();
  const address = page.root.child("address?create=Address");
  address.set("city", "Rome");
  t.same([page.root.value("city()"), page.root.value("made()")], ["Rome", 1]);
  page.root.set("clear()");
  t.equal(page.root.value("made()"), 1);
  session.close();
});

t.test("create=Type is an error as long as the type is missing, and makes the object when it is there", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new()
        function app:declare() Address = session:prototype("Address", { city = "nowhere" }) end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><i ui-view="address?create=Address"></i><b ui-action="declare()"></b></div>`,
      "Address.DEFAULT": `<input ui-value="city">`,
    },
  });
  const page = session.connect();
  for (let event = 0; event < 2; event++) {
    t.match(page.root.error("address?create=Address"), { code: "WRAPPER_MISSING" });
    page.send([]);
  }
  page.root.set("declare()");
  t.equal(page.root.error("address?create=Address"), undefined);
  t.equal(page.root.child("address?create=Address").value("city"), "nowhere");
  session.close();
});

t.test("a client may watch a path that a viewdef contains, no other, and only below a view that exists", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  page.send([{ type: "create", id: -1, parent: 1, path: "name" }]);
  t.equal(page.values.get(-1), "app");
  page.send([{ type: "update", id: -1, value: "via create" }]);
  t.match(page.faults, []);
  page.send([
    { type: "create", id: -2, parent: 1, path: "secret" },
    { type: "create", id: -1, parent: 1, path: "name" },
    { type: "create", id: -3, parent: 4711, path: "name" },
    { type: "update", id: 4711, value: 1 },
    { type: "destroy", id: -9 },
  ]);
  t.same(
    page.faults.map(({ code }) => code),
    ["PATH_NOT_ALLOWED", "VARIABLE_EXISTS", "VARIABLE_UNKNOWN", "VARIABLE_UNKNOWN", "VARIABLE_UNKNOWN"],
  );
  page.send([{ type: "destroy", id: -1 }]);
  page.send([{ type: "update", id: -1, value: "gone" }]);
  t.equal(page.faults.at(-1)?.code, "VARIABLE_UNKNOWN");
  session.close();
});
