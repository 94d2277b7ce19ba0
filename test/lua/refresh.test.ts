import * as fc from "fast-check";
import t from "tap";
import { LuaSession, TestPage } from "../support/lua-session.ts";

const site = {
  lua: {
    main: `
      local App = session:prototype("App", { name = "app", note = EMPTY, rows = EMPTY, plain = EMPTY, other = EMPTY})
      local Row = session:prototype("Row", { text = "", tags = EMPTY })
      local Other = session:prototype("Other", { text = "other" })
      local app
      function App:broken() if self.note == "bad" then error("it is bad") end return self.note end
      local steps = {
        function(n) app.name = "name " .. n end,
        function(n) app.note = n % 2 == 0 and "bad" or "good" end,
        function(n) table.insert(app.rows, n % (#app.rows + 1) + 1, Row:new{ text = "row " .. n, tags = { "a" } }) end,
        function(n) if app.rows[1] then table.remove(app.rows, n % #app.rows + 1) end end,
        function(n) table.sort(app.rows, function(a, b) return (#a.text * n) % 7 < (#b.text * n) % 7 end) end,
        function(n) local row = app.rows[n % (#app.rows + 1)] if row then row.text = row.text .. n table.insert(row.tags, "t" .. n) end end,
        function(n) table.insert(app.plain, n % 3 == 0 and tostring(n) or n) end,
        function(n) table.remove(app.plain) end,
        function(n) app.other = n % 3 == 0 and nil or n % 3 == 1 and Other:new() or Row:new{ text = "as other", tags = {} } end,
      }
      app = App:new{ rows = {}, plain = {}, note = "good" }
      function App:step(text) local which, n = text:match("(%d+) (%d+)") steps[which % #steps + 1](tonumber(n)) end
      session:createAppVariable(app)`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><b ui-value="name"></b><b ui-value="broken()"></b><i ui-action="step(_)"></i>
      <div ui-viewlist="rows"></div><div ui-viewlist="plain"></div>
      <div ui-viewlist="rows?window=2"></div><div ui-viewlist="plain?last=3"></div><div ui-view="other"></div></div>`,
    "Row.list-item": `<p><b ui-value="text"></b><span ui-viewlist="tags"></span></p>`,
    "Row.DEFAULT": `<p ui-value="text"></p>`,
    "Other.DEFAULT": `<p><b ui-value="text"></b></p>`,
  },
};

/** All that a page shows on variable `id` and below it. Of what has an error, the value before that is not told. */
function shown(page: TestPage, id = 1): object {
  const [error, view] = [page.errors.get(id), page.views.get(id)];
  const slots = view && Array.from({ length: view.count }, (_, slot) => shown(page, view.first + slot));
  const rows = (page.lists.get(id) ?? []).map((row) => shown(page, row));
  const part = page.windows.get(id);
  // Of an empty list it need not be said.
  const window = part && part.total > 0 ? part : undefined;
  const value = error ? error.code : (page.values.get(id) ?? null);
  return { id, value, view: view?.viewdef, slots, rows, window };
}

t.test(
  "a page that was told everything once more shows what one does that has heard all, under the same ids",
  async (t) => {
    const numbers = fc.record({ which: fc.nat(20), n: fc.integer({ min: 1, max: 40 }), isHeard: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 25 }), async (steps) => {
        const session = await LuaSession.start(site);
        const [page, twin] = [new TestPage(session, 1), new TestPage(session, 1)];
        let hearing = [page, twin];
        session.pages.set(1, page);
        page.apply = (changes) => {
          for (const each of hearing) TestPage.prototype.apply.call(each, changes);
        };
        session.dispatch("connect", 1, "{}");
        const step = page.root.variable("step(_)");
        page.send([{ type: "create", id: -1, parent: 1, path: "name" }]);
        const refresh = (): void => {
          hearing = [page];
          session.dispatch("refresh", 1);
        };
        for (const { which, n, isHeard } of steps) {
          // What it does not hear, it is going to be told.
          if (isHeard && hearing.length === 1) refresh();
          hearing = isHeard ? [page, twin] : [twin];
          page.send([{ type: "update", id: step, value: `${which} ${n}` }]);
          if (!isHeard) refresh();
        }
        refresh();
        t.same(shown(page), shown(twin));
        t.same(page.values.get(-1), twin.values.get(-1));
        t.same(page.errors, twin.errors);
        t.same(session.dispatch("timer", 0).changes, [], "and nothing is left to be told");
        session.close();
      }),
      { numRuns: 60, seed: 7 },
    );
  },
);

t.test("a wrapper's properties are told again, and so are rows that cannot be shown", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `
        Wrap = { type = "Wrap" }
        function Wrap:new(variable)
          variable:setProperty("color:high", "red")
          variable:setProperty("gone", "soon")
          variable:setProperty("gone", nil)
          return setmetatable({ type = "Wrap" }, { __index = Wrap })
        end
        local App = session:prototype("App", { thing = EMPTY, rows = EMPTY })
        session:createAppVariable(App:new{ thing = { type = "Thing" }, rows = { { type = "Unseen" }, 5 } })`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><div ui-view="thing?wrapper=Wrap"></div><div ui-viewlist="rows"></div></div>`,
      "Wrap.DEFAULT": `<b>wrapped</b>`,
    },
  });
  const page = session.connect();
  const before = shown(page);
  const { properties, errors } = page;
  t.equal(errors.size, 1);
  const logged = session.logs.length;
  page.properties.clear();
  session.dispatch("refresh", 1);
  t.same(shown(page), before);
  t.same(page.properties, properties);
  t.equal(errors.size, 1);
  t.equal(session.logs.length, logged, "what was logged before is not logged again");
  session.close();
});

t.test("a page that was away while a viewdef was edited is told everything as it is now", async (t) => {
  const session = await LuaSession.start(
    {
      lua: { main: `session:createAppVariable({ type = "App", name = "n" })` },
      viewdefs: { "App.DEFAULT": `<p ui-value="name"></p>` },
    },
    { hotload: true },
  );
  const page = session.connect();
  session.dispatch("pause", 1);
  session.save({ viewdefs: { "App.DEFAULT": `<h1 ui-value="name"></h1>` } });
  session.dispatch("refresh", 1);
  t.match(page.messages, [{ type: "refresh" }, { type: "view", id: 1, values: ["n"] }]);
  t.match(page.last?.viewdefs, [{ key: "App.DEFAULT" }]);
  session.close();
});
