import fs from "node:fs";
import path from "node:path";
import t from "tap";

import { roundTrip } from "../support/round-trip.ts";

/** What everything of the corpus may use. */
const main = `
  Person = session:prototype("Person", { name = "", age = 0, friend = EMPTY })
  function Person:greeting() return "I am " .. self.name end
  Student = session:prototype("Student", { school = "none" }, Person)
  Chart = session:prototype("Chart", {})
  Chart.stateVersion = 1
  function Chart:new(o) o = session:create(self, o) o.zoom, o.cache = 1, {} return o end
  function Chart:getState() return { zoom = self.zoom, next = self.next } end
  function Chart:restoreState(state) self.zoom, self.next, self.restored = state.zoom, state.next, true end
  local App = session:prototype("App", { title = "made by main.lua" })
  app = App:new()
  app.settings = { size = 1 }
  settings = app.settings
  app.handler = function() return "called" end
  session:createAppVariable(app)
  function same(a, b) return rawequal(a, b) end
`;

interface Graph {
  title: string;
  /** More of main.lua. */
  also?: string;
  /** What the first session does to its app. */
  change: string;
  /** True in both sessions. */
  holds: string;
}

const graphs: Graph[] = [
  { title: "an app without content", change: "app.settings = nil", holds: "app.settings == nil" },
  {
    title: "texts and booleans",
    change: "app.a, app.b, app.c = 'text', true, false",
    holds: "app.a == 'text' and app.b == true and app.c == false",
  },
  {
    title: "an empty text and a text of spaces",
    change: "app.a, app.b = '', '  '",
    holds: "app.a == '' and app.b == '  '",
  },
  {
    title: "texts with quotes, lines and control characters",
    change: `app.a = '"\\\\\\n\\r\\t\\1\\127'`,
    holds: `app.a == '"\\\\\\n\\r\\t\\1\\127'`,
  },
  {
    title: "texts of many scripts",
    change: "app.a = 'äß漢字😀\\u{2028}\\u{FFFD}'",
    holds: "app.a == 'äß漢字😀\\u{2028}\\u{FFFD}' and utf8.len(app.a) == 7",
  },
  {
    title: "NUL and bytes that are no UTF-8",
    change: "app.a, app.b, app.c = 'a\\0b', '\\xff\\xfe\\0', '\\xed\\xa0\\x80'",
    holds: "app.a == 'a\\0b' and app.b == '\\xff\\xfe\\0' and app.c == '\\xed\\xa0\\x80'",
  },
  {
    title: "integers stay integers",
    change: "app.a, app.b = 3, -4",
    holds: "math.type(app.a) == 'integer' and app.b == -4",
  },
  {
    title: "floats stay floats",
    change: "app.a, app.b = 3.0, 1e15",
    holds: "math.type(app.a) == 'float' and math.type(app.b) == 'float' and app.b == 1e15",
  },
  {
    title: "integers beyond 2^53",
    change: "app.a, app.b, app.c = 9007199254740993, math.maxinteger, math.mininteger",
    holds:
      "app.a == 9007199254740993 and app.b == math.maxinteger and app.c == math.mininteger and math.type(app.c) == 'integer'",
  },
  {
    title: "infinities and NaN",
    change: "app.a, app.b, app.c = 1/0, -1/0, 0/0",
    holds: "app.a == 1/0 and app.b == -1/0 and app.c ~= app.c",
  },
  {
    title: "the two zeros",
    change: "app.a, app.b, app.c = 0.0, -0.0, 0",
    holds: "1/app.a == 1/0 and 1/app.b == -1/0 and math.type(app.c) == 'integer'",
  },
  {
    title: "fractions to the last bit",
    change: "app.a, app.b, app.c, app.d = 0.1, 1/3, 5e-324, 1.7976931348623157e308",
    holds: "app.a == 0.1 and app.b == 1/3 and app.c == 5e-324 and app.d == 1.7976931348623157e308",
  },
  { title: "arrays", change: "app.list = { 'a', 'b', { 'c' } }", holds: "#app.list == 3 and app.list[3][1] == 'c'" },
  {
    title: "arrays with holes",
    change: "app.list = { [1] = 1, [2] = 2, [4] = 4, [100000] = 5 }",
    holds: "app.list[2] == 2 and app.list[3] == nil and app.list[4] == 4 and app.list[100000] == 5",
  },
  {
    title: "tables with names and numbers",
    change: "app.mix = { 1, 2, x = 3, ['a b'] = 4 }",
    holds: "app.mix[2] == 2 and app.mix.x == 3 and app.mix['a b'] == 4",
  },
  {
    title: "keys of all kinds",
    change: "app.k = { [true] = 1, [false] = 2, [1.5] = 3, [-1] = 4, [0] = 5, ['\\xff'] = 6, [2^60] = 7, [''] = 8 }",
    holds:
      "app.k[true] == 1 and app.k[false] == 2 and app.k[1.5] == 3 and app.k[-1] == 4 and app.k[0] == 5 and app.k['\\xff'] == 6 and app.k[2^60] == 7 and app.k[''] == 8",
  },
  {
    title: "names that mean something in JavaScript",
    change: "app.k = { __proto__ = 1, constructor = 2, toString = 3, ['1'] = 4, __index = 5 }",
    holds:
      "app.k.__proto__ == 1 and app.k.constructor == 2 and app.k.toString == 3 and app.k['1'] == 4 and app.k[1] == nil and rawget(app.k, '__index') == 5",
  },
  {
    title: "keys that are objects",
    change: "local p = Person:new() app.p, app.set = p, { [p] = 'yes' }",
    holds: "app.set[app.p] == 'yes'",
  },
  { title: "fields that begin with _", change: "app._private = { _x = 1 }", holds: "app._private._x == 1" },
  {
    title: "empty tables are different tables",
    change: "app.a, app.b = {}, {}",
    holds: "not same(app.a, app.b) and next(app.a) == nil",
  },
  {
    title: "one table in two places is one table",
    change: "local x = {} app.a, app.b = x, { x }",
    holds: "same(app.a, app.b[1])",
  },
  {
    title: "a table that contains itself",
    change: "local x = {} x.me, x[1] = x, x app.x = x",
    holds: "same(app.x, app.x.me) and same(app.x, app.x[1])",
  },
  {
    title: "a ring of objects and the way back to the app",
    change: "local a, b = Person:new(), Person:new() a.friend, b.friend, a.app = b, a, app app.people = { a, b }",
    holds: "same(app.people[1].friend.friend, app.people[1]) and same(app.people[1].app, app)",
  },
  {
    title: "a long chain",
    change: "for i = 1, 20000 do app.chain = { next = app.chain, i = i } end",
    holds:
      "(function() local n, at = 0, app.chain while at do n = n + at.i at = at.next end return n end)() == 200010000",
  },
  {
    title: "deep nesting",
    change: "app.deep = { 'bottom' } for i = 1, 500 do app.deep = { app.deep } end",
    holds: "(function() local at = app.deep while type(at) == 'table' do at = at[1] end return at end)() == 'bottom'",
  },
  {
    title: "instances, with methods and defaults",
    change: "app.p = Person:new({ name = 'Ada' })",
    holds:
      "app.p:greeting() == 'I am Ada' and app.p.age == 0 and rawget(app.p, 'age') == nil and getmetatable(app.p) == Person",
  },
  {
    title: "instances of derived prototypes",
    change: "app.s = Student:new({ name = 'Bob' })",
    holds: "app.s:greeting() == 'I am Bob' and app.s.school == 'none' and getmetatable(app.s) == Student",
  },
  {
    title: "prototypes and functions that have a name",
    change: "app.class, app.how, app.lib, app.sin, app.f = Person, Person.greeting, math, math.sin, same",
    holds:
      "app.class == Person and app.how == Person.greeting and app.lib == math and app.sin == math.sin and app.f == same",
  },
  {
    title: "getState and restoreState",
    change: "app.c = Chart:new() app.c.zoom, app.c.cache = 7, { 'not kept' }",
    holds: "app.c.zoom == 7 and getmetatable(app.c) == Chart",
  },
  {
    title: "states that lead to each other",
    change: "local a, b = Chart:new(), Chart:new() a.next, b.next = b, a app.list = { a, b, a }",
    holds:
      "same(app.list[1].next, app.list[2]) and same(app.list[2].next, app.list[1]) and same(app.list[3], app.list[1])",
  },
  {
    title: "objects of a serializer",
    also: `
      Money = {} Money.__index = Money Money.type = "Money"
      local secret = setmetatable({}, { __mode = "k" })
      function money(n) local m = setmetatable({}, Money) secret[m] = n return m end
      function Money:amount() return secret[self] end
      session:registerSerializer("Money", { version = 2, save = function(m) return { secret[m] } end, load = function(s, v) return money(s[1] + v - 2) end })`,
    change: "app.a = money(5) app.b = { app.a, money(6) }",
    holds: "app.a:amount() == 5 and app.b[2]:amount() == 6 and same(app.a, app.b[1]) and app.a.type == 'Money'",
  },
  {
    title: "objects of a serializer inside of one another",
    also: `
      Box = session:prototype("Box", {})
      session:registerSerializer(Box, { save = function(b) return { inner = b.inner, list = b.list } end,
        load = function(s) return session:create(Box, { inner = s.inner, list = s.list, depth = s.inner and s.inner.depth + 1 or 0 }) end })`,
    change:
      "local a = session:create(Box, { depth = 0 }) local b = session:create(Box, { inner = a, depth = 1 }) app.box = session:create(Box, { inner = b, depth = 2, list = { a } })",
    holds: "app.box.depth == 2 and app.box.inner.depth == 1 and same(app.box.list[1], app.box.inner.inner)",
  },
  {
    title: "metatables with a name",
    also: "Point = {} Point.__index = Point function Point.__add(a, b) return setmetatable({ x = a.x + b.x }, Point) end",
    change: "app.p = setmetatable({ x = 2 }, Point)",
    holds: "(app.p + app.p).x == 4 and getmetatable(app.p) == Point",
  },
  {
    title: "metatables without functions",
    change:
      "app.weak = setmetatable({}, { __mode = 'k' }) app.weak[app] = 1 app.other = setmetatable({}, getmetatable(app.weak))",
    holds:
      "getmetatable(app.weak).__mode == 'k' and app.weak[app] == 1 and getmetatable(app.other) == getmetatable(app.weak)",
  },
  {
    title: "values that nothing of the app leads to, if they are kept",
    also: "local draft = 'none' function setDraft(d) draft = d end function getDraft() return draft end session:keep('draft', getDraft, setDraft)",
    change: "setDraft({ text = 'hello', app = app })",
    holds: "getDraft().text == 'hello' and same(getDraft().app, app)",
  },
  {
    title: "a kept value that is nil again",
    also: "local draft = 'none' function setDraft(d) draft = d end function getDraft() return draft end session:keep('draft', getDraft, setDraft)",
    change: "setDraft(nil)",
    holds: "getDraft() == nil",
  },
  {
    title: "what the app has taken away of what main.lua gave it",
    also: "app.welcome = { 'hello' }",
    change: "app.welcome = nil app.title = nil",
    holds: "app.welcome == nil and app.title == 'made by main.lua'",
  },
  {
    title: "tables that variables of files lead to",
    change: "settings.size, settings.more = 5, { 1 }",
    holds: "same(settings, app.settings) and settings.size == 5 and settings.more[1] == 1",
  },
  {
    title: "tables that are known by a global name",
    also: "registry = { entries = {} }",
    change: "registry.entries.x = 1 app.list = { registry }",
    holds: "same(app.list[1], registry) and registry.entries.x == 1",
  },
  {
    title: "errors that were caught",
    change: "local _, e = pcall(require, 'missing') app.e = e",
    holds: "tostring(app.e):find('missing', 1, true) ~= nil",
  },
  { title: "EMPTY", change: "app.list = { EMPTY }", holds: "app.list[1] == EMPTY" },
  {
    title: "another app object than that of main.lua",
    change:
      "local other = Person:new({ name = 'Eve' }) other.old = app session:createAppVariable(other, { namespace = 'COMPACT' })",
    holds: "session:getApp().name == 'Eve' and session:getApp().old.title == 'made by main.lua'",
  },
];

for (const { title, also = "", change, holds } of graphs) {
  t.test(`the state travels exactly: ${title}`, async (t) => {
    await roundTrip(t, { lua: { main: main + also } }, change, [holds]);
  });
}

t.test("the demo travels exactly, with all its pages open, and nothing of it is left behind", async (t) => {
  const folder = path.resolve(import.meta.dirname, "../../../lua");
  const lua: Record<string, string> = {};
  for (const file of fs.readdirSync(folder, { recursive: true, encoding: "utf8" }))
    if (file.endsWith(".lua"))
      lua[file.slice(0, -4).replaceAll(path.sep, ".")] = fs.readFileSync(path.join(folder, file), "utf8");
  const { state } = await roundTrip(t, { lua }, "for _, page in ipairs(session:getApp().pages) do page:open() end", [
    "session:getApp().page.title == 'Gallery'",
    "session:getApp().page:isCurrent()",
  ]);
  const { left, objects } = JSON.parse(state) as { left: unknown[]; objects: unknown[] };
  t.same(left, []);
  t.ok(objects.length > 100);
});
