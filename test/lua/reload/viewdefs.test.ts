import t, { type Test } from "tap";
import type { ServerMessage } from "../../../src/protocol/message.ts";
import { LuaSession, type TestPage, type TestSite, type TestView } from "../../support/lua-session.ts";

/** All that a view shows, as far as it does not depend on the tab. */
function picture(view: TestView): unknown {
  const { page, viewdef } = view;
  if (viewdef === undefined) return null;
  const slots = page.session.plans.get(viewdef)?.slots ?? [];
  const shown = slots.map(({ text, use }, slot) => {
    const id = (page.views.get(view.id)?.first ?? 0) + slot;
    const error = page.errors.get(id)?.code;
    const below =
      use === "view"
        ? picture(page.view(id))
        : use === "list"
          ? (page.lists.get(id) ?? []).map((row) => [
              page.views.has(row) ? picture(page.view(row)) : page.values.get(row),
              page.errors.get(row)?.code,
            ])
          : page.values.get(id);
    return { text, below, error, properties: page.properties.get(id) };
  });
  return { viewdef, shown };
}

class Views {
  readonly session: LuaSession;
  readonly t: Test;

  constructor(t: Test, session: LuaSession) {
    this.t = t;
    this.session = session;
  }

  /** Saves viewdefs (null: deletes). Afterwards every tab that is not paused shows what a new one shows. */
  save(viewdefs: Record<string, string | null>, paused: TestPage[] = []): void {
    const report = this.session.save({ viewdefs });
    this.t.match(report, { files: [], notes: [], error: undefined });
    this.compare(paused);
  }

  compare(paused: TestPage[] = []): void {
    const pages = [...this.session.pages.values()].filter((page) => !paused.includes(page));
    const fresh = this.session.connect();
    for (const page of pages) {
      this.t.strictSame(picture(page.root), picture(fresh.root), "as a new tab");
      this.t.same(page.faults, []);
    }
    fresh.close();
  }
}

function views(title: string, site: TestSite, body: (app: Views) => void): void {
  void t.test(title, async (t) => {
    const session = await LuaSession.start(site, { hotload: true });
    body(new Views(t, session));
    t.same(session.stale(), [], "no old code");
    session.close();
  });
}

const types = (page: TestPage): string[] => page.messages.map(({ type }: ServerMessage) => type);

const people = `
  calls = 0
  Person = session:prototype("Person", { name = "", friend = EMPTY })
  function Person:label() calls = calls + 1 return "<" .. self.name .. ">" end
  function Person:fail() error("failed for " .. self.name) end
  function Person:rename() self.name = self.name .. "!" end
  App = session:prototype("App", { title = "T", boss = EMPTY, people = EMPTY, numbers = EMPTY })
  function App:title2() return self.title .. "2" end
  function App:add() table.insert(self.people, 1, Person:new{ name = "new" }) end
  function App:swap() self.boss = Person:new{ name = "Fay" } end
  function App:drop() self.boss = nil end
  local eve = Person:new{ name = "Eve", friend = Person:new{ name = "Fox" } }
  app = App:new{ boss = eve, people = { Person:new{ name = "Ada" }, Person:new{ name = "Bob" } }, numbers = { 1, 2 } }
  session:createAppVariable(app)`;

const site: TestSite = {
  lua: { main: people },
  viewdefs: {
    "App.DEFAULT": `<div><h1 ui-value="title"></h1><p ui-view="boss"></p><ul ui-viewlist="people"></ul><b ui-action="add()"></b><b ui-action="swap()"></b><b ui-action="drop()"></b></div>`,
    "Person.DEFAULT": `<p><b ui-value="name"></b><i ui-value="label()"></i><q ui-view="friend"></q><button ui-action="rename()"></button></p>`,
    "Person.list-item": `<li ui-value="label()"></li>`,
  },
};

views("slots that both versions have keep their variables, in whatever order they stand now", site, (app) => {
  const page = app.session.connect();
  const before = { title: page.root.value("title"), boss: page.root.child("boss").id };
  app.save({
    "App.DEFAULT": `<section><b ui-action="add()"></b><ul ui-viewlist="people"></ul><h2 ui-value="title"></h2><p ui-view="boss"></p><b ui-action="swap()"></b><b ui-action="drop()"></b></section>`,
  });
  app.t.equal(page.root.value("title"), before.title);
  const [view] = page.messages.filter(({ type }) => type === "view");
  app.t.match(view, { id: 1, viewdef: "App.DEFAULT" });
  app.t.ok(view?.type === "view" && view.from?.includes(before.boss), "the view below goes on");
  app.t.equal(types(page).filter((type) => type === "view").length, 1, "views below are not sent again");
});

views("new slots are read, removed ones are forgotten", site, (app) => {
  const page = app.session.connect();
  app.save({ "App.DEFAULT": `<div><h1 ui-value="title2()"></h1><p ui-view="boss"></p></div>` });
  app.t.equal(page.root.value("title2()"), "T2");
  app.save({
    "App.DEFAULT": `<div><h1 ui-value="title"></h1><ul ui-viewlist="people"></ul><u ui-value="nowhere.at.all"></u></div>`,
  });
  app.t.equal(page.root.rows("people").length, 2);
  app.save({ "App.DEFAULT": `<div>nothing</div>` });
  app.t.equal(page.values.size, 0);
  app.save({ "App.DEFAULT": site.viewdefs?.["App.DEFAULT"] ?? "" });
});

views("the same path several times: each slot is one, also when one more comes or goes", site, (app) => {
  const page = app.session.connect();
  const twice = `<div><b ui-value="title"></b><i ui-value="title"></i><p ui-view="boss"></p><q ui-view="boss"></q></div>`;
  app.save({ "App.DEFAULT": twice });
  app.save({ "App.DEFAULT": twice.replace("<div>", `<div><u ui-value="title"></u><s ui-view="boss"></s>`) });
  app.save({ "App.DEFAULT": `<div><i ui-value="title"></i><q ui-view="boss"></q></div>` });
  app.t.equal(page.views.size, 3);
});

views("nested views of the same type are all exchanged, the inner ones inside the outer ones", site, (app) => {
  const page = app.session.connect();
  app.save({
    "Person.DEFAULT": `<div><u ui-value="name"></u><q ui-view="friend"></q><button ui-action="rename()"></button></div>`,
  });
  page.root.child("boss").child("friend").set("rename()");
  app.t.equal(page.root.child("boss").child("friend").value("name"), "Fox!");
  app.compare();
});

views("outer and inner viewdef in one save", site, (app) => {
  const page = app.session.connect();
  app.save({
    "App.DEFAULT": `<div><ul ui-viewlist="people"></ul><p ui-view="boss"></p></div>`,
    "Person.DEFAULT": `<p><i ui-value="label()"></i><b ui-value="friend.name"></b></p>`,
    "Person.list-item": `<li><b ui-value="name"></b></li>`,
  });
  app.t.equal(page.root.child("boss").value("friend.name"), "Fox");
});

views("rows: each keeps its object, and lists that grow afterwards have the new viewdef", site, (app) => {
  const page = app.session.connect();
  app.save({ "Person.list-item": `<li><b ui-value="name"></b><button ui-action="rename()"></button></li>` });
  page.root.rows("people")[1]?.set("rename()");
  page.root.set("add()");
  app.t.same(
    page.root.rows("people").map((row) => row.value("name")),
    ["new", "Ada", "Bob!"],
  );
  app.compare();
});

views("a list of plain values goes on, and becomes another list", site, (app) => {
  const page = app.session.connect();
  app.save({ "App.DEFAULT": `<div><ul ui-viewlist="numbers"></ul></div>` });
  app.save({ "App.DEFAULT": `<ol><div ui-viewlist="numbers"></div><ul ui-viewlist="people"></ul></ol>` });
  app.session.evaluate("app.numbers[3] = 3");
  page.send([]);
  app.compare();
  app.t.equal(page.lists.get(page.root.variable("numbers"))?.length, 3);
});

views(
  "wrapped lists keep their items and presenters, with what they know",
  {
    lua: {
      main: `
        Row = session:prototype("Row", {})
        function Row:new(given) return session:create(self, { given = given, clicks = 0 }) end
        function Row:text() return given and "" or self.given.baseItem.name .. self.clicks .. self.given.index end
        function Row:click() self.clicks = self.clicks + 1 end
        App = session:prototype("App", {})
        app = App:new{ rows = { { name = "a" }, { name = "b" } } }
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><p ui-view="rows?wrapper=lua.ViewList&itemWrapper=Row"></p><ul ui-viewlist="rows?itemWrapper=Row"></ul></div>`,
      "Row.DEFAULT": `<b ui-value="text()"></b>`,
      "Row.list-item": `<li><b ui-value="text()"></b><button ui-action="click()"></button></li>`,
    },
  },
  (app) => {
    const page = app.session.connect();
    page.root.rows("rows?itemWrapper=Row")[0]?.set("click()");
    app.t.match(
      app.session.save({
        viewdefs: {
          "App.DEFAULT": `<section><ul ui-viewlist="rows?itemWrapper=Row"></ul><p ui-view="rows?wrapper=lua.ViewList&itemWrapper=Row"></p></section>`,
          "Row.list-item": `<li><i ui-value="text()"></i><button ui-action="click()"></button></li>`,
          "Row.DEFAULT": `<i ui-value="text()"></i>`,
        },
      }),
      { error: undefined },
    );
    const rows = page.root.rows("rows?itemWrapper=Row");
    app.t.equal(rows[0]?.value("text()"), "a10", "its presenter is the one that was clicked");
    rows[1]?.set("click()");
    app.t.equal(rows[1]?.value("text()"), "b11");
  },
);

views(
  "a wrapper goes on with its state and its variable, which has another id",
  {
    lua: {
      main: `
        made = 0
        W = { type = "W" }
        W.__index = W
        function W:new(v) made = made + 1 return setmetatable({ v = v, n = 0 }, W) end
        function W:text() return self.v:getValue() .. self.n end
        function W:bump() self.n = self.n + 1 self.v:setProperty("bumped", tostring(self.n)) end
        App = session:prototype("App", { name = "x", other = "o" })
        app = App:new()
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><p ui-view="name?wrapper=W"></p></div>`,
      "W.DEFAULT": `<b><i ui-value="text()"></i><button ui-action="bump()"></button></b>`,
    },
  },
  (app) => {
    const page = app.session.connect();
    page.root.child("name?wrapper=W").set("bump()");
    app.session.save({
      viewdefs: { "App.DEFAULT": `<div><u ui-value="other"></u><p ui-view="name?wrapper=W"></p></div>` },
    });
    const shown = page.root.child("name?wrapper=W");
    app.t.equal(shown.value("text()"), "x1");
    app.t.equal(app.session.evaluate("return made"), "1");
    shown.set("bump()");
    app.t.equal(shown.value("text()"), "x2");
    app.t.same(page.properties.get(shown.id), { bumped: "2" }, "properties go to the variable that it is now");
    app.session.save({ viewdefs: { "W.DEFAULT": `<u ui-value="text()"></u>` } });
    app.t.equal(page.root.child("name?wrapper=W").value("text()"), "x2");
  },
);

views("variables that the page created itself go on", site, (app) => {
  const page = app.session.connect();
  page.send([{ type: "create", id: -1, parent: page.root.child("boss").id, path: "label()" }] as never);
  app.t.match(page.faults, []);
  const own = [...page.values].find(([, value]) => value === "<Eve>")?.[0];
  app.t.ok(own !== undefined);
  app.save({ "Person.DEFAULT": `<p><b ui-value="name"></b></p>` });
  app.session.evaluate("app.boss.name = 'Eva'");
  page.send([]);
  app.t.ok([...page.values.values()].includes("<Eva>"), "and are read on");
});

views("errors stay with their slots, come with new ones, go with removed ones", site, (app) => {
  const page = app.session.connect();
  app.save({ "Person.DEFAULT": `<p><b ui-value="fail()"></b><i ui-value="name"></i></p>` });
  app.t.match(page.root.child("boss").error("fail()"), { code: "LUA_ERROR", message: "failed for Eve" });
  app.save({ "Person.DEFAULT": `<p><i ui-value="name"></i><u ui-value="label()"></u><b ui-value="fail()"></b></p>` });
  app.t.match(page.root.child("boss").error("fail()"), { message: "failed for Eve" });
  app.t.equal(page.errors.size, 1);
  app.save({ "Person.DEFAULT": `<p><i ui-value="name"></i></p>` });
  app.t.equal(page.errors.size, 0);
});

views("a deleted viewdef falls back to the next namespace, and comes back when the file does", site, (app) => {
  const page = app.session.connect();
  app.save({ "Person.list-item": null });
  app.t.same(
    page.root.rows("people").map(({ viewdef }) => viewdef),
    ["Person.DEFAULT", "Person.DEFAULT"],
  );
  app.save({ "Person.list-item": `<li><b ui-value="name"></b></li>` });
  app.t.same(
    page.root.rows("people").map(({ viewdef }) => viewdef),
    ["Person.list-item", "Person.list-item"],
  );
});

views(
  "a nearer namespace that appears is taken, and left when it goes",
  {
    lua: { main: people },
    viewdefs: {
      "App.DEFAULT": `<div><p ui-view="boss" ui-namespace="card"></p><ul ui-viewlist="people"></ul></div>`,
      "Person.DEFAULT": `<b ui-value="name"></b>`,
    },
  },
  (app) => {
    const page = app.session.connect();
    app.t.equal(page.root.child("boss").viewdef, "Person.DEFAULT");
    app.save({ "Person.card": `<i ui-value="label()"></i>` });
    app.t.equal(page.root.child("boss").viewdef, "Person.card");
    app.save({ "Person.card": `<u ui-value="name"></u>` });
    app.save({ "Person.card": null });
    app.t.equal(page.root.child("boss").viewdef, "Person.DEFAULT");
  },
);

views(
  "a namespace that is edited concerns all views below that inherit it",
  {
    lua: { main: people },
    viewdefs: {
      "App.DEFAULT": `<div><p ui-view="boss" ui-namespace="card"></p><ul ui-viewlist="people" ui-namespace="card"></ul></div>`,
      "Person.card": `<div><b ui-value="name"></b><p ui-view="friend"></p></div>`,
      "Person.small": `<i><u ui-value="label()"></u><p ui-view="friend"></p></i>`,
      "Person.DEFAULT": `<b></b>`,
    },
  },
  (app) => {
    const page = app.session.connect();
    app.save({
      "App.DEFAULT": `<div><p ui-view="boss" ui-namespace="small"></p><ul ui-viewlist="people" ui-namespace="small"></ul></div>`,
    });
    app.t.equal(page.root.child("boss").child("friend").value("label()"), "<Fox>");
    app.save({ "Person.small": `<i><u ui-value="label()"></u><p ui-view="friend" ui-namespace="card"></p></i>` });
    app.save({ "App.DEFAULT": `<div><p ui-view="boss"></p><ul ui-viewlist="people"></ul></div>` });
    app.t.equal(page.root.child("boss").viewdef, "Person.DEFAULT");
  },
);

views("without any viewdef there is an error, and a new file heals it", site, (app) => {
  const page = app.session.connect();
  app.save({ "Person.DEFAULT": null });
  app.t.match(page.root.error("boss"), { code: "VIEWDEF_MISSING" });
  app.t.equal(page.root.child("boss").viewdef, undefined);
  app.save({ "Person.list-item": null });
  app.t.equal(page.root.rows("people")[0]?.viewdef, undefined);
  app.save({ "Person.DEFAULT": `<b ui-value="name"></b>` });
  app.t.equal(page.root.error("boss"), undefined);
  app.t.equal(page.root.child("boss").value("name"), "Eve");
  app.t.equal(page.root.rows("people")[1]?.value("name"), "Bob");
  app.t.equal(page.errors.size, 0);
});

views("the app's own viewdef is deleted and comes back", site, (app) => {
  const page = app.session.connect();
  app.save({ "App.DEFAULT": null });
  app.t.equal(page.root.viewdef, undefined);
  app.save({ "App.DEFAULT": `<h1 ui-value="title"></h1>` });
  app.t.equal(page.root.value("title"), "T");
});

views(
  "views on one element: outer, inner, or both are edited",
  {
    lua: { main: people },
    viewdefs: {
      "App.DEFAULT": `<div ui-view="boss"></div>`,
      "Person.DEFAULT": `<p ui-view="friend"></p>`,
      "Person.small": `<b ui-value="name"></b>`,
    },
  },
  (app) => {
    app.session.evaluate("app.boss.friend.friend = nil");
    app.session.connect();
    app.save({ "Person.DEFAULT": `<p ui-view="friend" ui-namespace="small"></p>` });
    app.save({ "Person.small": `<i ui-value="label()"></i>` });
    app.save({ "App.DEFAULT": `<section ui-view="boss" ui-namespace="small"></section>` });
    app.save({
      "App.DEFAULT": `<section ui-view="boss"></section>`,
      "Person.small": `<u ui-value="name"></u>`,
      "Person.DEFAULT": `<div ui-view="friend" ui-namespace="small"></div>`,
    });
  },
);

views("a slot becomes another use: value, view, list, action, with another priority or access", site, (app) => {
  const page = app.session.connect();
  app.save({ "App.DEFAULT": `<div><p ui-value="boss.name"></p><p ui-view="boss"></p></div>` });
  app.save({ "App.DEFAULT": `<div><p ui-view="boss.friend"></p><input ui-value="title"></div>` });
  page.root.set("title", "typed");
  // A browser has what was typed into it.
  page.values.set(page.root.variable("title"), "typed");
  app.compare();
  app.save({
    "App.DEFAULT": `<div><b ui-value="title?priority=high"></b><b ui-value="title2()?priority=low"></b></div>`,
  });
  app.t.equal(page.root.value("title?priority=high"), "typed");
  app.save({ "App.DEFAULT": `<div><b ui-value="title"></b><ul ui-viewlist="people"></ul></div>` });
  app.save({ "App.DEFAULT": `<div><b ui-value="title"></b><ul ui-view="people?wrapper=lua.ViewList"></ul></div>` });
});

views("a value, a view and a list of the same path are not the same", site, (app) => {
  const page = app.session.connect();
  app.save({ "App.DEFAULT": `<div><p ui-value="boss"></p><ul ui-viewlist="people"></ul></div>` });
  app.save({ "App.DEFAULT": `<div><p ui-view="boss"></p><ul ui-value="people"></ul></div>` });
  app.save({ "App.DEFAULT": `<div><ul ui-viewlist="people"></ul><p ui-value="boss"></p><q ui-view="boss"></q></div>` });
  app.t.equal(page.root.rows("people").length, 2);
});

views("several tabs: each is exchanged; one that never showed the viewdef is sent nothing", site, (app) => {
  const [one, two] = [app.session.connect(), app.session.connect()];
  app.save({ "Person.DEFAULT": `<p><i ui-value="name"></i><button ui-action="rename()"></button></p>` });
  one.root.child("boss").set("rename()");
  app.t.equal(two.root.child("boss").value("name"), "Eve!");
  one.last = undefined;
  app.save({ "Nobody.DEFAULT": `<p></p>` });
  app.t.same(one.messages, []);
});

views("a paused tab starts anew when it goes on, and shows what a new one shows", site, (app) => {
  const page = app.session.connect();
  app.session.dispatch("pause", page.number);
  app.save({ "Person.DEFAULT": `<p><i ui-value="name"></i></p>` }, [page]);
  app.session.evaluate("app.boss.name = 'Eva'");
  app.session.dispatch("resume", page.number);
  app.t.equal(page.root.child("boss").value("name"), "Eva");
  app.compare();
});

views("a method is not called more often than for a new page", site, (app) => {
  app.session.connect();
  app.session.evaluate("calls = 0");
  app.session.save({ viewdefs: { "Person.list-item": `<li><b ui-value="label()"></b></li>` } });
  app.t.equal(app.session.evaluate("return calls"), "4", "two rows, the boss and his friend");
});

views("objects that change in the same event as their viewdefs", site, (app) => {
  const page = app.session.connect();
  const report = app.session.save({
    lua: {
      main: `${people.replace('"<" ..', '"[" ..')} app.boss, app.people[3] = app.people[1], Person:new{ name = "Cid" }`,
    },
    viewdefs: { "App.DEFAULT": `<div><ul ui-viewlist="people"></ul><p ui-view="boss"></p></div>` },
  });
  app.t.match(report, { error: undefined, files: ["lua/main.lua"] });
  app.t.match(page.root.rows("people")[0]?.value("label()"), /^\[Ada/);
  app.compare();
});

views("20 saves back and forth, with events in between, end as a new tab begins", site, (app) => {
  const page = app.session.connect();
  const texts = [
    site.viewdefs?.["App.DEFAULT"] ?? "",
    `<main><ul ui-viewlist="people"></ul><b ui-action="add()"></b><b ui-action="swap()"></b><b ui-action="drop()"></b><h1 ui-value="title2()"></h1></main>`,
    `<div><p ui-view="boss"></p><b ui-action="drop()"></b><b ui-action="add()"></b><b ui-action="swap()"></b><p ui-view="boss.friend"></p></div>`,
  ];
  const actions = ["add()", "swap()", "drop()"];
  for (let round = 0; round < 20; round++) {
    app.save({ "App.DEFAULT": texts[round % 3] ?? "" });
    page.root.set(actions[(round * 7) % 3] ?? "");
    app.compare();
  }
});
