import * as fc from "fast-check";
import t, { type Test } from "tap";
import type { WireError } from "../../src/protocol/error-code.ts";
import { LuaSession, type TestSite } from "../support/lua-session.ts";
import { roundTrip } from "../support/round-trip.ts";

async function open(t: Test, site: TestSite): Promise<LuaSession> {
  const session = await LuaSession.start(site);
  t.teardown(() => session.close());
  return session;
}

/** The state of a session of `site` after `change`. */
async function stateOf(t: Test, site: TestSite, change: string): Promise<string> {
  const session = await open(t, site);
  t.equal(session.evaluate(change), "");
  const state = session.export();
  if (typeof state !== "string") throw new Error(state.message, { cause: state });
  return state;
}

const messages = (notes: WireError[]): string[] => notes.map(({ code, message }) => `${code} ${message}`);

const app = (more = ""): TestSite => ({
  lua: {
    main: `App = session:prototype("App", {}) app = App:new() ${more} session:createAppVariable(app)
           function same(a, b) return rawequal(a, b) end`,
  },
});

t.test("nothing is left behind silently: functions and coroutines are named with their path", async (t) => {
  const site = app("app.sort = function() return 'of main.lua' end app.list = {}");
  const change = `
    app.sort = function() return 'lost' end
    app.list = { { ok = 1, call = function() end }, coroutine.create(print), [function() end] = 1 }
    app['odd name'] = { [true] = function() end, [2.5] = function() end }`;
  const state = await stateOf(t, site, change);
  const { left, leftCount } = JSON.parse(state) as { left: object[]; leftCount: number };
  const paths = [
    { path: "app.sort", what: "function" },
    { path: "app.list[2]", what: "thread" },
    { path: "app.list[a function]", what: "function" },
    { path: 'app["odd name"][2.5]', what: "function" },
    { path: 'app["odd name"][true]', what: "function" },
    { path: "app.list[1].call", what: "function" },
  ];
  t.same(left, paths);
  t.equal(leftCount, paths.length);
  const session = await open(t, site);
  const { error, notes } = session.import(state);
  t.equal(error, undefined);
  t.same(
    messages(notes),
    paths.map(
      ({ path, what }) =>
        `STATE_LEFT ${path} was a ${what}, which cannot leave its session: it has what main.lua gives it, or nothing.`,
    ),
  );
  t.equal(session.evaluate("return app.sort(), app.list[1].ok, app.list[2]"), "of main.lua, 1, nil");
});

t.test("of very many things that are left behind a hundred are named, and all are counted", async (t) => {
  const state = await stateOf(t, app(), "app.list = {} for i = 1, 1000 do app.list[i] = function() end end");
  const { left, leftCount } = JSON.parse(state) as { left: object[]; leftCount: number };
  t.same([left.length, leftCount], [100, 1000]);
});

t.test("lists of a page are left behind, with what hangs on them", async (t) => {
  const change = "app.list = setmetatable({ items = {} }, lua.ViewList) app.item = setmetatable({}, lua.ViewListItem)";
  const { left } = JSON.parse(await stateOf(t, app(), change)) as { left: object[] };
  t.same(left, [
    { path: "app.item", what: "list of a page" },
    { path: "app.list", what: "list of a page" },
  ]);
});

t.test("what nobody holds is not in the state", async (t) => {
  const state = await stateOf(t, app(), "for i = 1, 100 do App:new({ i = i }) end app.one = App:new({ i = 0 })");
  t.equal((JSON.parse(state) as { objects: unknown[] }).objects.length, 2);
});

t.test("modules that the session has loaded are loaded, so that objects have their prototypes", async (t) => {
  const page = `local Page = session:prototype("Page", { title = "none" }) function Page:shout() return self.title .. "!" end return Page`;
  const site = { lua: { ...app().lua, "pages.page": page, "pages.unused": "error('not to be loaded')" } };
  await roundTrip(t, site, "app.page = require('pages.page'):new({ title = 'x' })", [
    "app.page:shout() == 'x!'",
    "package.loaded['pages.unused'] == nil",
  ]);
});

t.test("a module's table that the app holds is state, and stays the module's; its functions stay too", async (t) => {
  const store = `local M = { items = {} } function M.add(x) table.insert(M.items, x) end return M`;
  const site = { lua: { main: `store = require("store") ${app().lua["main"]}`, store } };
  await roundTrip(t, site, "app.list = { store } store.add('a')", [
    "same(app.list[1], require('store'))",
    "#store.items == 1",
    "(function() store.add('b') return store.items[2] == 'b' and table.remove(store.items) == 'b' end)()",
  ]);
});

t.test("modules and prototypes that are gone are told; their objects are plain tables with a type", async (t) => {
  const before = {
    lua: { ...app().lua, page: `Page = session:prototype("Page", {}) function Page.f() end return Page` },
  };
  const change =
    "require('page') app.page = Page:new({ title = 'x' }) app.pages = { Page:new() } app.f = Page.f app.class = Page";
  const session = await open(t, app());
  const { error, notes } = session.import(await stateOf(t, before, change));
  t.equal(error, undefined);
  t.same(messages(notes).sort(), [
    "STATE_LEFT Module page is not there any more.",
    "STATE_LEFT There is no prototype Page any more.",
    "STATE_LEFT There is no prototype Page any more: its objects are plain tables now.",
    "STATE_LEFT There is no prototype Page.f any more.",
  ]);
  t.equal(
    session.evaluate("return app.page.type, app.page.title, app.pages[1].type, getmetatable(app.page)"),
    "Page, x, Page, nil",
  );
});

t.test(
  "a module with a mistake in it keeps the state out, so that its objects are not made plain tables",
  async (t) => {
    const before = { lua: { ...app().lua, page: `Page = session:prototype("Page", {})` } };
    const state = await stateOf(t, before, "require('page') app.page = Page:new()");
    const session = await open(t, { lua: { ...app().lua, page: "local x = = 1" } });
    t.match(session.import(state).error, { code: "LUA_SYNTAX", file: "lua/page.lua" });
    t.equal(session.evaluate("return app.page"), "nil");
  },
);

t.test(
  "newer code: fields that the state does not know have their defaults, those that were taken away stay away",
  async (t) => {
    const state = await stateOf(
      t,
      app("P = session:prototype('P', { a = 1, gone = 5 }) app.p, app.hint = P:new({ gone = 6 }), 'welcome'"),
      "app.hint = nil app.p.a = 2",
    );
    const session = await open(
      t,
      app(
        `P = session:prototype('P', { a = 1, b = 'new' })
       function P:mutate() self.migrated = (self.migrated or 0) + 1 self.was = self.gone end
       Q = session:prototype('Q', { c = 3 }) function Q:mutate() error('not changed') end
       app.p, app.hint, app.filters = P:new({ own = 'of main.lua' }), 'welcome', { 'all' }`,
      ),
    );
    t.same(session.import(state), { objects: 2, notes: [] });
    t.equal(
      session.evaluate("return app.p.a, app.p.b, app.p.own, app.hint, app.filters[1]"),
      "2, new, of main.lua, nil, all",
    );
    t.equal(
      session.evaluate("return app.p.migrated, app.p.was, app.p.gone"),
      "1, 6, nil",
      "mutate, then what is gone goes",
    );
  },
);

t.test("an error in mutate is told, and keeps nothing else from being restored", async (t) => {
  const state = await stateOf(t, app("P = session:prototype('P', { a = 1 })"), "app.p = P:new({ a = 2 })");
  const session = await open(t, app("P = session:prototype('P', { b = 1 }) function P:mutate() error('oh') end"));
  const { error, notes } = session.import(state);
  t.equal(error, undefined);
  t.match(notes, [{ code: "LUA_ERROR", message: "mutate of P: oh", file: "lua/main.lua" }]);
  t.equal(session.evaluate("return app.p.a"), "2");
});

const chart = (version: number, more: string): TestSite =>
  app(`Chart = session:prototype("Chart", {}) Chart.stateVersion = ${version}
    function Chart:new(o) o = session:create(self, o) o.zoom, o.pan, o.cache = 1, 7, {} return o end
    function Chart:getState() return { zoom = self.zoom } end
    function Chart:restoreState(state) self.zoom, self.pan = state.zoom, state.pan end ${more}`);

t.test("a state of another stateVersion is migrated; what it lacks has the value of a new object", async (t) => {
  const state = await stateOf(
    t,
    chart(1, ""),
    "app.c, app.list = Chart:new(), { Chart:new() } app.c.zoom, app.list[1].zoom = 2, 3",
  );
  const session = await open(
    t,
    chart(
      2,
      `function Chart:migrateState(state, version) return { zoom = state.zoom * 100 + version } end
       function Chart:getState() return { zoom = self.zoom, pan = self.pan } end
       app.c = Chart:new() first = app.c`,
    ),
  );
  t.same(session.import(state).notes, []);
  t.equal(session.evaluate("return app.c.zoom, app.c.pan, app.list[1].zoom, app.list[1].pan"), "201, 7, 301, 7");
  t.equal(
    session.evaluate("return same(first, app.c), app.list[1].cache ~= nil, getmetatable(app.list[1]) == Chart"),
    "true, true, true",
  );
});

t.test("a prototype that does not restore any more gets what it saved as fields", async (t) => {
  const state = await stateOf(t, chart(1, ""), "app.c = Chart:new() app.c.zoom = 5");
  const session = await open(t, app(`Chart = session:prototype("Chart", {})`));
  t.same(session.import(state).notes, []);
  t.equal(session.evaluate("return app.c.zoom, getmetatable(app.c) == Chart"), "5, true");
});

const money = (version: string, load: string): TestSite =>
  app(`session:registerSerializer("Money", { version = ${version}, save = function(m) return { cents = m.cents } end, load = ${load} })
       function money(n) return { type = "Money", cents = n } end`);

t.test("a serializer is told the version with which an object was saved", async (t) => {
  const state = await stateOf(t, money("1", "print"), "app.m = money(5)");
  const load = "function(s, version) local m = money(s.cents * 100) m.from = version return m end";
  const session = await open(t, money("2", load));
  t.same(session.import(state).notes, []);
  t.equal(session.evaluate("return app.m.cents, app.m.from"), "500, 1");
});

t.test("without its serializer an object is what the serializer has saved, and that is told", async (t) => {
  const session = await open(t, app());
  const { notes } = session.import(await stateOf(t, money("1", "print"), "app.m = money(5)"));
  t.same(messages(notes), ["STATE_LEFT There is no serializer of Money any more: its objects are what it has saved."]);
  t.equal(session.evaluate("return app.m.cents"), "5");
});

t.test("what a serializer saves may lead back to the object itself", async (t) => {
  const site = app(`N = session:prototype("N", {})
    session:registerSerializer(N, { save = function(n) return { list = n.list } end, load = function(s) return session:create(N, { list = s.list }) end })`);
  await roundTrip(t, site, "app.n = N:new() app.n.list = { app.n, app }", [
    "same(app.n.list[1], app.n)",
    "same(app.n.list[2], app)",
  ]);
});

t.test("wrong arguments of keep and registerSerializer are errors at the caller", async (t) => {
  const session = await open(t, app());
  const message = (call: string): string => session.evaluate(`local ok, e = pcall(function() ${call} end) return e`);
  t.match(message("session:keep(1, print, print)"), "bad argument #2 to 'keep' (string expected, got number)");
  t.match(message("session:keep('a', 1, print)"), "bad argument #3 to 'keep' (function expected, got number)");
  t.match(message("session:keep('a', print)"), "bad argument #4 to 'keep' (function expected, got nil)");
  t.match(message("session:registerSerializer({}, {})"), "bad argument #2 to 'registerSerializer'");
  t.match(message("session:registerSerializer('A', { save = print })"), "bad argument #3 to 'registerSerializer'");
});

t.test("functions of keep and of serializers are exchanged by a reload as all others are", async (t) => {
  const main = `App = session:prototype("App", {})
    if not session:getApp() then app = App:new() session:createAppVariable(app) end
    local lib = require("lib")
    if not session.reloading then session:keep("k", lib.get, lib.set) session:registerSerializer("M", lib.serializer) end`;
  const lib = `local M = { n = 1 }
    function M.get() return "old" end
    function M.set() end
    M.serializer = { save = function() return "old" end, load = function() return {} end }
    return M`;
  const session = await LuaSession.start({ lua: { main, lib } }, { hotload: true });
  t.teardown(() => session.close());
  session.evaluate("app.m = { type = 'M' }");
  t.match(session.export(), /"kept":\[\["k","old"\]\].*"serializer":"M","state":"old"/);
  t.same(session.save({ lua: { lib: lib.replaceAll('"old"', '"new"') } }).notes, []);
  t.match(session.export(), /"kept":\[\["k","new"\]\].*"serializer":"M","state":"new"/);
  t.same(session.stale(), []);
});

t.test("timers do not travel: there are those that main.lua has set", async (t) => {
  const site = app("app.n = 0 session:setInterval(function() app.n = app.n + 1 end, 1000)");
  const state = await stateOf(t, site, "app.n = 10 session:setTimeout(function() app.n = -1 end, 100)");
  const session = await open(t, site);
  session.import(state);
  session.advance(2500);
  t.equal(session.evaluate("return app.n"), "12");
});

t.test("pages that are open show what was imported", async (t) => {
  const site = {
    lua: { main: `App = session:prototype("App", { n = 0 }) app = App:new() session:createAppVariable(app)` },
    viewdefs: { "App.DEFAULT": `<b ui-value="n"></b>`, "Other.DEFAULT": `<i ui-value="text"></i>` },
  };
  const session = await open(t, site);
  const page = session.connect();
  session.import(await stateOf(t, site, "app.n = 5"));
  t.ok([...page.values.values()].includes(5));
  session.import(await stateOf(t, site, "session:createAppVariable({ type = 'Other', text = 'hello' })"));
  t.ok([...page.values.values()].includes("hello"), "another app object takes the place of the first");
});

t.test("an error while a session is exported is told with its place, and the session goes on", async (t) => {
  const failing: [more: string, message: string][] = [
    [
      `P = session:prototype("P", {}) function P:restoreState() end function P:getState() error("oh") end app.p = P:new()`,
      "getState of P: oh",
    ],
    [
      `P = session:prototype("P", {}) function P:restoreState() end function P:getState() end app.p = P:new()`,
      "getState of P did not return a table.",
    ],
    [
      `session:registerSerializer("M", { save = function() error("oh") end, load = print }) app.m = { type = "M" }`,
      "save of M: oh",
    ],
    [
      `session:registerSerializer("M", { save = function() end, load = print }) app.m = { type = "M" }`,
      "save of M returned nil.",
    ],
    [`session:keep("x", function() error("oh") end, print)`, "keep x: oh"],
  ];
  for (const [more, message] of failing) {
    const session = await open(t, app(more));
    t.match(session.export(), { message }, message);
    t.equal(session.evaluate("return app ~= nil"), "true");
  }
});

/** A session that must not change. */
const guarded = app(`
  P = session:prototype("P", {})
  S = session:prototype("S", {})
  if fails == "new" then function P:new() error("oh") end end
  function P:getState() return { x = self.x } end
  function P:restoreState(s) app.touched = true self.x = s.x if fails == "restoreState" then error("oh") end end
  session:registerSerializer(S, { save = function(s) return { s.x } end,
    load = function(s) app.touched = true if fails == "load" then error("oh") elseif fails == "nothing" then return nil end return session:create(S, { x = s[1] }) end })
  session:keep("k", function() return 1 end, function(v) app.touched = true if fails == "set" then error("oh") end end)
  app.count = 1`);

t.test("after an error of the app's code the session is as it was before", async (t) => {
  const state = await stateOf(
    t,
    guarded,
    "app.p, app.s, app.count = session:create(P, { x = 1 }), session:create(S, { x = 2 }), 9",
  );
  for (const [fails, message] of [
    ["new", "new of P: oh"],
    ["restoreState", "restoreState of P: oh"],
    ["load", "load of S: oh"],
    ["nothing", "load of S returned nil."],
    ["set", "keep k: oh"],
  ] as const) {
    const main = `fails = "${fails}" ${guarded.lua["main"]}`;
    const session = await open(t, { lua: { main } });
    const before = session.export();
    t.match(session.import(state), { objects: 0, error: { message } }, fails);
    t.equal(session.export(), before, `${fails}: nothing changed`);
    t.equal(session.evaluate("return app.count, app.touched"), "1, nil");
  }
});

const valid = {
  format: 1,
  app: { object: 1 },
  kept: [["k", 1]],
  modules: [],
  gone: [],
  prototypes: [{ name: "App", fields: [] }],
  objects: [
    { prototype: "App", fields: { count: 2, list: { object: 2 } } },
    { array: [1, "a"], entries: [[true, 1]] },
  ],
  left: [],
  leftCount: 0,
};

t.test("a state that is not valid is refused before any code of the app runs", async (t) => {
  const session = await open(t, guarded);
  const before = session.export();
  const bad: Record<string, unknown> = {
    "no JSON": "{",
    nothing: "",
    "no object": "[]",
    null: "null",
    "no format": { ...valid, format: undefined },
    "a format that is no number": { ...valid, format: "1" },
    "objects that are no list": { ...valid, objects: { a: 1 } },
    "an object that is none": { ...valid, objects: [1] },
    "a list with holes": { ...valid, objects: [null, {}] },
    "an app that is not there": { ...valid, app: { object: 3 } },
    "an app that is no object": { ...valid, app: 1 },
    "a reference to number 0": { ...valid, objects: [{ fields: { a: { object: 0 } } }] },
    "a reference to a fraction": { ...valid, objects: [{ fields: { a: { object: 1.5 } } }] },
    "a value of two kinds": { ...valid, objects: [{ fields: { a: { object: 1, float: "1" } } }] },
    "a value of no kind": { ...valid, objects: [{ fields: { a: {} } }] },
    "a value of an unknown kind": { ...valid, objects: [{ fields: { a: { date: 1 } } }] },
    "bytes that are none": { ...valid, objects: [{ fields: { a: { bytes: "0g" } } }] },
    "half a byte": { ...valid, objects: [{ fields: { a: { bytes: "0" } } }] },
    "an integer that is none": { ...valid, objects: [{ fields: { a: { integer: "1e5" } } }] },
    "a float that is none": { ...valid, objects: [{ fields: { a: { float: "x" } } }] },
    "a name of one part": { ...valid, objects: [{ fields: { a: { name: ["global"] } } }] },
    "fields that are none": { ...valid, objects: [{ fields: 1 }] },
    "fields without names": { ...valid, objects: [{ fields: [1] }] },
    "an entry of one": { ...valid, objects: [{ entries: [[1]] }] },
    "an entry of three": { ...valid, objects: [{ entries: [[1, 2, 3]] }] },
    "a prototype that is no name": { ...valid, objects: [{ prototype: 1 }] },
    "a serializer without a state": { ...valid, objects: [{ serializer: "S" }] },
    "a place that is no name": { ...valid, objects: [{ place: { object: 1 } }] },
    "kept without a name": { ...valid, kept: [[1, 2]] },
    "a module that is no text": { ...valid, modules: [1] },
    "a prototype without a name": { ...valid, prototypes: [{ fields: [] }] },
    "a prototype without fields": { ...valid, prototypes: [{ name: "App" }] },
    "something else in `left`": { ...valid, left: [1] },
    "an error without a code": { ...valid, objects: [{ fields: { a: { error: { message: "x" } } } }] },
    "too many levels": "[".repeat(200) + "]".repeat(200),
  };
  for (const [what, state] of Object.entries(bad)) {
    const { error } = session.import(typeof state === "string" ? state : JSON.stringify(state));
    t.equal(error?.code, "STATE_INVALID", `${what}: ${error?.message}`);
  }
  t.equal(session.export(), before);
  t.equal(session.import(JSON.stringify({ ...valid, format: 2 })).error?.code, "STATE_VERSION");
  t.equal(session.import(JSON.stringify(valid)).error, undefined);
  t.equal(session.evaluate("return app.count, app.list[2], app.list[true]"), "2, a, 1");
});

t.test("no JSON makes an import fail in another way than with a coded error", async (t) => {
  const session = await open(t, guarded);
  const codes = new Set([undefined, "STATE_INVALID", "STATE_VERSION", "RELOAD_STATE", "LUA_ERROR"]);
  /** A valid state in which something has been replaced by something else. */
  const spoiled = fc.tuple(fc.nat(100), fc.jsonValue({ maxDepth: 3 })).map(([nth, other]) => {
    let left = nth;
    return JSON.stringify(valid, (key, value: unknown) => (key !== "" && left-- === 0 ? other : value));
  });
  const value = fc.oneof(
    fc.nat(5).map((object) => ({ object })),
    fc.constantFrom(
      "text",
      1,
      true,
      { left: "function" },
      { name: ["global", "print"] },
      { name: ["global", "_G"] },
      { float: "nan" },
      { name: ["prototype", "P"] },
    ),
  );
  const object = fc.record(
    {
      prototype: fc.constantFrom("App", "P", "S", "Unknown"),
      serializer: fc.constantFrom("S", "Unknown"),
      state: value,
      metatable: value,
      place: fc.constantFrom({ name: ["global", "app"] }, { name: ["global", "string"] }, { name: ["module", "main"] }),
      array: fc.array(value, { maxLength: 3 }),
      fields: fc.dictionary(fc.constantFrom("a", "count", "type", "x"), value, { maxKeys: 3 }),
      entries: fc.array(fc.tuple(value, value), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  const made = fc.array(object, { minLength: 4, maxLength: 6 }).map((objects) => JSON.stringify({ ...valid, objects }));
  let restored = 0;
  const before = session.vm.saveImage();
  fc.assert(
    fc.property(fc.oneof(fc.json(), spoiled, made), (text) => {
      session.vm.loadImage(before);
      const { error } = session.import(text);
      if (!error) restored++;
      const exported = session.export();
      return codes.has(error?.code) && (typeof exported === "string" || exported.code !== "INTERNAL");
    }),
    { numRuns: 1000 },
  );
  t.ok(restored > 100, `${restored} of them were states`);
});
