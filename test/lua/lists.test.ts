import * as fc from "fast-check";
import t from "tap";
import type { List } from "../../src/protocol/message.ts";
import { LuaSession, type TestPage } from "../support/lua-session.ts";

const site = {
  lua: {
    main: `
      Row = session:prototype("Row", { name = "" })
      local App = session:prototype("App", { rows = EMPTY })
      app = App:new{ rows = {} }
      local known = {}
      local function row(name) known[name] = known[name] or Row:new{ name = name }; return known[name] end
      function App:order(text)
        local rows = {}
        for name in text:gmatch("[^,]+") do rows[#rows + 1] = row(name) end
        self.rows = rows
      end
      function App:inPlace(text)
        for i = #self.rows, 1, -1 do self.rows[i] = nil end
        for name in text:gmatch("[^,]+") do table.insert(self.rows, row(name)) end
      end
      function App:rename(text) row(text).name = text .. "!" end
      session:createAppVariable(app)`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><ul ui-viewlist="rows"></ul><b ui-action="order(_)"></b><b ui-action="inPlace(_)"></b><b ui-action="rename(_)"></b></div>`,
    "Row.list-item": `<li ui-value="name"></li>`,
  },
};

const names = (page: TestPage): unknown[] => page.root.rows("rows").map((row) => row.value("name"));
const rowIds = (page: TestPage): number[] => {
  const rows = page.root.rows("rows");
  return rows.map((row) => row.id).sort((a, b) => a - b);
};
const list = (page: TestPage): List | undefined => page.messages.find((message) => message.type === "list");

t.test("any order becomes any other, and a row that stays keeps its variable", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  const short = fc.array(fc.constantFrom(..."abcdefghij"), { maxLength: 14 });
  const long = fc.array(
    fc.nat(59).map((number) => `r${number}`),
    { minLength: 10, maxLength: 90, size: "max" },
  );
  const anyOrder = fc.oneof(short, long);
  const rowsByName = (): Map<unknown, number[]> => {
    const map = new Map<unknown, number[]>();
    for (const row of page.root.rows("rows")) {
      const name = row.value("name");
      map.set(name, [...(map.get(name) ?? []), row.id]);
    }
    return map;
  };
  fc.assert(
    fc.property(anyOrder, fc.boolean(), (order, inPlace) => {
      const before = rowsByName();
      page.root.set(inPlace ? "inPlace(_)" : "order(_)", order.join(","));
      t.same(names(page), order);
      for (const [name, ids] of rowsByName()) {
        const kept = (before.get(name) ?? []).filter((id) => ids.includes(id));
        if (kept.length !== Math.min(ids.length, before.get(name)?.length ?? 0))
          throw new Error(`a row of ${name} was made anew`);
      }
    }),
    { numRuns: 300 },
  );
  session.close();
});

t.test("a reorder is a move: one row moved is one entry and no row is sent again", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  page.root.set("order(_)", "a,b,c,d,e,f");
  const [a] = page.root.rows("rows");
  page.root.set("order(_)", "b,c,d,a,e,f");
  t.same(names(page), ["b", "c", "d", "a", "e", "f"]);
  t.equal(page.messages.length, 1);
  t.same(
    list(page)?.place?.map(({ row }) => row),
    [a?.id],
  );
  t.equal(list(page)?.remove, undefined);
  session.close();
});

t.test(
  "a row of a long list that moves is one entry, from wherever to wherever; so is a row that comes or goes",
  async (t) => {
    const session = await LuaSession.start(site);
    const page = session.connect();
    let order = Array.from({ length: 200 }, (_, i) => `r${i % 150}`); // some stand there twice
    page.root.set("order(_)", order.join(","));
    const place = fc.constantFrom(0, 1, 2, 50, 99, 100, 101, 149, 150, 198, 199);
    fc.assert(
      fc.property(place, place, fc.boolean(), (from, to, inPlace) => {
        const ids = rowIds(page);
        const next = order.toSpliced(from, 1).toSpliced(to, 0, order[from]!);
        page.root.set(inPlace ? "inPlace(_)" : "order(_)", next.join(","));
        t.same(names(page), next);
        t.same(rowIds(page), ids, "the same rows");
        const message = list(page);
        const moved = (message?.place ?? []).reduce((sum, { count = 1 }) => sum + count, 0);
        t.ok(moved <= 1 && message?.remove === undefined, `${moved} rows moved from ${from} to ${to}`);
        order = next;
      }),
      { numRuns: 100 },
    );
    session.close();
  },
);

t.test("an insert sends the new row only, a removal its id only, a changed field no list message", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  page.root.set("order(_)", Array.from({ length: 1000 }, (_, i) => `r${i}`).join(","));
  t.equal(list(page)?.place?.length, 1, "a thousand new rows are one run");
  const order = names(page) as string[];
  page.root.set("order(_)", [...order.slice(0, 500), "new", ...order.slice(500)].join(","));
  t.same(
    page.messages.map(({ type }) => type),
    ["list", "view"],
  );
  page.root.set("order(_)", order.join(","));
  t.match(page.messages, [{ type: "list", remove: [Number] }]);
  page.root.set("rename(_)", "r7");
  t.match(page.messages, [{ type: "update", value: "r7!" }]);
  t.equal(page.messages.length, 1);
  session.close();
});

t.test("plain values, repeated ones too, are rows with a value; a value that moves keeps its row", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `app = session:prototype("App"):new{ words = { "x", "y", "x", 3, false } }
        function app:turn() self.words = { 3, "x", "y", "x" } end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<div><ul ui-viewlist="words"></ul><b ui-action="turn()"></b></div>` },
  });
  const page = session.connect();
  const rows = (): number[] => page.lists.get(page.root.variable("words")) ?? [];
  t.same(
    rows().map((row) => page.values.get(row)),
    ["x", "y", "x", 3, false],
  );
  const three = rows()[3];
  page.root.set("turn()");
  t.same(
    rows().map((row) => page.values.get(row)),
    [3, "x", "y", "x"],
  );
  t.equal(rows()[0], three);
  session.close();
});

t.test(
  "an element that cannot be shown is an error of its row; the rows around it are there, now and later",
  async (t) => {
    const session = await LuaSession.start({
      lua: {
        main: `local app = session:prototype("App"):new{ n = 0, values = { "a", 0/0, print, { type = "Nowhere" }, "z" } }
        function app:touch() self.n = self.n + 1 end
        session:createAppVariable(app)`,
      },
      viewdefs: { "App.DEFAULT": `<div><ul ui-viewlist="values"></ul><b ui-action="touch()"></b></div>` },
    });
    const page = session.connect();
    const rows = page.lists.get(page.root.variable("values")) ?? [];
    t.same(
      rows.map((row) => page.errors.get(row)?.code ?? page.values.get(row)),
      ["a", "VALUE_NOT_ENCODABLE", "VALUE_FUNCTION", "VIEWDEF_MISSING", "z"],
    );
    page.root.set("touch()");
    t.same(page.messages, [], "a value that differs from itself is no change");
    session.close();
  },
);

t.test(
  "nil and an empty table are lists, an array ends at its first hole as for ipairs; an object and a number are errors",
  async (t) => {
    const session = await LuaSession.start({
      lua: {
        main: `app = session:prototype("App"):new{ value = nil }
        function app:hole() self.value = { "a", nil, "c" } end
        function app:empty() self.value = {} end
        function app:object() self.value = { a = 1 } end
        function app:number() self.value = 5 end
        session:createAppVariable(app)`,
      },
      viewdefs: {
        "App.DEFAULT": `<div><ul ui-viewlist="value"></ul><b ui-action="hole()"></b><b ui-action="empty()"></b><b ui-action="object()"></b><b ui-action="number()"></b></div>`,
      },
    });
    const page = session.connect();
    const rows = (): number => (page.lists.get(page.root.variable("value")) ?? []).length;
    t.equal(rows(), 0);
    page.root.set("hole()");
    t.equal(rows(), 1);
    page.root.set("object()");
    t.match(page.root.error("value"), { code: "LIST_EXPECTED" });
    page.root.set("empty()");
    t.equal(page.root.error("value"), undefined, "the error goes with the next good value");
    t.equal(rows(), 0);
    page.root.set("number()");
    t.match(page.root.error("value"), { code: "LIST_EXPECTED" });
    session.close();
  },
);

const listSite = {
  lua: {
    main: `
      made = 0
      Presenter = {}
      Presenter.__index = Presenter
      Presenter.type = "Presenter"
      function Presenter:new(argument) made = made + 1; return setmetatable(argument, Presenter) end
      function Presenter:label() return self.index .. ":" .. self.baseItem.name end
      local app = session:prototype("App"):new{ rows = {} }
      for _, name in ipairs{ "a", "b", "c" } do table.insert(app.rows, session:prototype("Row"):new{ name = name }) end
      function app:reverse() self.rows = { self.rows[3], self.rows[2], self.rows[1] } end
      function app:made() return made end
      session:createAppVariable(app)`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><div ui-view="rows?wrapper=lua.ViewList&itemWrapper=Presenter"></div><ul ui-viewlist="rows?itemWrapper=Presenter"></ul>
      <b ui-action="reverse()"></b><b ui-value="made()"></b></div>`,
    "lua.ViewList.DEFAULT": `<div ui-viewlist="items"></div>`,
    "lua.ViewListItem.DEFAULT": `<div><i ui-view="item"></i><b ui-value="index"></b><b ui-action="list.remove(_)"></b><b ui-action="remove()"></b><b ui-value="baseItem.name"></b></div>`,
    "Presenter.list-item": `<i ui-value="label()"></i>`,
  },
};

t.test("lua.ViewList keeps an item and its presenter with the element; index follows a reorder", async (t) => {
  const session = await LuaSession.start(listSite);
  const page = session.connect();
  const items = () => page.root.child("rows?wrapper=lua.ViewList&itemWrapper=Presenter").rows("items");
  const shown = () =>
    items().map((item) => [item.value("index"), item.value("baseItem.name"), item.child("item").value("label()")]);
  t.same(shown(), [
    [0, "a", "0:a"],
    [1, "b", "1:b"],
    [2, "c", "2:c"],
  ]);
  const ids = items().map(({ id }) => id);
  page.root.set("reverse()");
  t.same(shown(), [
    [0, "c", "0:c"],
    [1, "b", "1:b"],
    [2, "a", "2:a"],
  ]);
  t.same(
    items().map(({ id }) => id),
    ids.toReversed(),
  );
  t.same(
    page.root.rows("rows?itemWrapper=Presenter").map((row) => row.value("label()")),
    ["0:c", "1:b", "2:a"],
  );
  t.equal(page.root.value("made()"), 6, "one presenter per element and list, none made anew");
  session.close();
});

t.test("a presenter of a ui-viewlist removes its own row through its list", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `Row = {}
        Row.__index = Row
        Row.type = "Row"
        function Row:new(argument) return setmetatable(argument, Row) end
        function Row:drop() self.list:remove(self) end
        session:createAppVariable(session:prototype("App"):new{ names = { { name = "a" }, { name = "b" } } })`,
    },
    viewdefs: {
      "App.DEFAULT": `<ul ui-viewlist="names?itemWrapper=Row"></ul>`,
      "Row.list-item": `<li><b ui-value="baseItem.name"></b><button ui-action="drop()"></button></li>`,
    },
  });
  const { root } = session.connect();
  const rows = () => root.rows("names?itemWrapper=Row");
  rows()[0]?.set("drop()");
  t.same(
    rows().map((row) => row.value("baseItem.name")),
    ["b"],
  );
  session.close();
});

t.test("an item removes itself through remove() and the list takes items, presenters and elements", async (t) => {
  const session = await LuaSession.start(listSite);
  const page = session.connect();
  const items = () => page.root.child("rows?wrapper=lua.ViewList&itemWrapper=Presenter").rows("items");
  items()[1]?.set("remove()");
  t.same(
    items().map((item) => item.value("baseItem.name")),
    ["a", "c"],
  );
  t.equal(page.root.rows("rows?itemWrapper=Presenter").length, 2, "the array itself has one element less");
  session.close();
});
