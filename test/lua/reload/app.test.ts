import { scenario } from "./scenario.ts";

scenario(
  "createAppVariable without a guard: the app that people see, and its state, stay; what was edited in it changes",
  {
    lua: {
      main: `
        App = session:prototype("App", { title = "" })
        function App:text() return "old " .. self.title .. self.count end
        function App:add() self.count = self.count + 1 end
        session:createAppVariable(App:new{ title = "T", count = 0, rows = { { name = "a" } } })`,
    },
    viewdefs: { "App.DEFAULT": `<div><p ui-value="text()"></p><b ui-action="add()"></b></div>` },
  },
  (app) => {
    const page = app.connect();
    page.root.set("add()");
    app.run("before = session:getApp() before.own = 1");
    app.edit("main", { '"old "': '"new "' });
    app.t.equal(page.root.value("text()"), "new T1");
    app.gives("before == session:getApp() and before.own", 1);
    app.edit("main", { 'title = "T"': 'title = "U"' });
    app.t.equal(page.root.value("text()"), "new U1");
    for (let round = 0; round < 20; round++) app.edit("main", { "App:text()": "App:text() " });
    app.t.equal(page.root.value("text()"), "new U1");
    app.gives("before == session:getApp()", true);
  },
);

scenario(
  "an app of a plain class with metatable, made without a guard",
  {
    lua: {
      main: `
        local App = { type = "App" }
        App.__index = App
        function App.new() return setmetatable({ n = 0 }, App) end
        function App:text() return "old " .. self.n end
        local app = App.new()
        session:createAppVariable(app)
        function bump() app.n = app.n + 1 end`,
    },
    viewdefs: { "App.DEFAULT": `<p ui-value="text()"></p>` },
  },
  (app) => {
    const page = app.connect();
    app.run("bump() bump()");
    app.edit("main", { '"old "': '"new "' });
    app.t.equal(page.root.value("text()"), "new 2");
    app.run("bump()");
    app.edit("main", { '"new "': '"newer "' });
    app.t.equal(page.root.value("text()"), "newer 3");
  },
);

scenario(
  "a new app that the edited source shows takes the place of the old one",
  {
    lua: {
      main: `A = session:prototype("A", {}) session:createAppVariable(A:new{ n = 1 })`,
    },
    viewdefs: { "A.DEFAULT": `<p ui-value="n"></p>`, "B.DEFAULT": `<b ui-value="n"></b>` },
  },
  (app) => {
    const page = app.connect();
    app.save({ main: `B = session:prototype("B", {}) session:createAppVariable(B:new{ n = 2 })` });
    app.t.equal(page.root.viewdef, "B.DEFAULT");
    app.t.equal(page.root.value("n"), 2);
  },
);

scenario(
  "the app is shown by another file from now on: it stays, with its state",
  {
    lua: {
      app: `App = session:prototype("App", {}) session:createAppVariable(App:new{ n = 1, title = "T" })`,
      main: `require("app")`,
    },
    viewdefs: { "App.DEFAULT": `<p ui-value="n"></p>` },
  },
  (app) => {
    const page = app.connect();
    app.run("session:getApp().n = 5");
    app.save({
      app: `App = session:prototype("App", {})`,
      main: `require("app") session:createAppVariable(App:new{ n = 1, title = "U" })`,
    });
    app.gives("session:getApp().n .. session:getApp().title", "5U");
    app.t.equal(page.root.value("n"), 5);
  },
);

scenario(
  "wrappers that a file registers: the class stays, edited or not, and goes when it is taken out",
  {
    lua: {
      main: `
        local W = { type = "W" }
        W.__index = W
        function W:new(variable) return setmetatable({ v = variable }, W) end
        function W:text() return "old" .. self.v:getValue() end
        ui.registerWrapper("Wrap", W)
        App = session:prototype("App", {})
        if not session:getApp() then session:createAppVariable(App:new{ name = "x", other = "y" }) end`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><p ui-view="name?wrapper=Wrap"></p></div>`,
      "W.DEFAULT": `<b ui-value="text()"></b>`,
    },
  },
  (app) => {
    const page = app.connect();
    app.edit("main", { '"old"': '"new"' });
    app.t.equal(page.root.child("name?wrapper=Wrap").value("text()"), "newx");
    app.edit("main", { 'ui.registerWrapper("Wrap", W)': "", '"new"': '"newer"' });
    app.t.equal(page.root.child("name?wrapper=Wrap").value("text()"), "newerx", "what is shown goes on");
    const other = app.connect();
    app.t.match(other.root.error("name?wrapper=Wrap"), { code: "WRAPPER_MISSING" });
  },
);
