import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const show = (expression: string) => ({
  lua: {
    main: `local app = session:prototype("App"):new()
      function app:value() ${expression} end
      function app:again() self.n = (self.n or 0) + 1 end
      session:createAppVariable(app)`,
  },
  viewdefs: { "App.DEFAULT": `<div><b ui-value="value()"></b><b ui-action="again()"></b></div>` },
});

const shown: [name: string, lua: string, json: string][] = [
  ["nil", "return nil", "null"],
  ["no result at all", "return", "null"],
  ["false", "return false", "false"],
  ["a string with every kind of escape", `return "\\"\\\\\\n\\t\\0\\u{1F600}é"`, JSON.stringify('"\\\n\t\0\u{1F600}é')],
  ["an integer", "return 42", "42"],
  ["a whole float", "return 1.5 + 1.5", "3"],
  ["negative zero", "return -0.0", "0"],
  ["a fraction", "return 0.1", "0.1"],
  ["a fraction that needs 17 digits", "return 0.1 + 0.2", "0.30000000000000004"],
  ["a large float", "return 1e21", "1e+21"],
  ["an empty table", "return {}", "[]"],
  ["an array", "return { 1, 'two', true }", '[1,"two",true]'],
  ["a nested array", "return { { 1, {} }, { { 2 } } }", "[[1,[]],[[2]]]"],
  ["an array with private names", "return { 1, _note = 'x' }", "[1]"],
];

for (const [name, lua, json] of shown)
  t.test(`${name} travels as ${json}`, async (t) => {
    const session = await LuaSession.start(show(lua));
    t.equal(JSON.stringify(session.connect().root.value("value()")), json);
    session.close();
  });

const refused: [name: string, lua: string, code: string][] = [
  ["a function", "return print", "VALUE_FUNCTION"],
  ["NaN", "return 0/0", "VALUE_NOT_ENCODABLE"],
  ["infinity", "return -math.huge", "VALUE_NOT_ENCODABLE"],
  ["NaN in an array", "return { 0/0 }", "VALUE_NOT_ENCODABLE"],
  ["a coroutine", "return coroutine.create(print)", "VALUE_NOT_ENCODABLE"],
  ["an array that contains itself", "local a = {} a[1] = a return a", "VALUE_CYCLE"],
];

for (const [name, lua, code] of refused)
  t.test(`${name} is ${code} on its variable, said once, and the session goes on`, async (t) => {
    const session = await LuaSession.start(show(lua));
    const page = session.connect();
    t.match(page.root.error("value()"), { code, message: /value\(\)/ });
    page.root.set("again()");
    t.notOk(page.messages.some((message) => message.type === "update" && message.error));
    t.equal(page.root.error("again()"), undefined);
    session.close();
  });

t.test("an object is a reference: the same number for the same object, another for another", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local a, b = { type = "A" }, { x = 1 }
        session:createAppVariable(session:prototype("App"):new{ a = a, again = a, b = b, both = { a, b, a } })`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><b ui-value="a"></b><b ui-value="again"></b><b ui-value="b"></b><b ui-value="both"></b></div>`,
    },
  });
  const { root } = session.connect();
  t.same(root.value("a"), root.value("again"));
  t.notSame(root.value("a"), root.value("b"));
  t.same(root.value("both"), [root.value("a"), root.value("b"), root.value("a")]);
  session.close();
});

t.test("an array is compared by content: an equal new table is no change, a changed element is one", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new{ tags = { "a" } }
        function app:fresh() self.tags = { "a" } end
        function app:grow() table.insert(self.tags, "b") end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><b ui-value="tags"></b><b ui-action="fresh()"></b><b ui-action="grow()"></b></div>`,
    },
  });
  const page = session.connect();
  page.root.set("fresh()");
  t.same(page.messages, []);
  page.root.set("grow()");
  t.same(page.root.value("tags"), ["a", "b"]);
  session.close();
});

t.test("bytes that are not UTF-8 arrive as replacement characters and break nothing", async (t) => {
  const session = await LuaSession.start(show(`return "a\\xff\\xfeb"`));
  t.equal(session.connect().root.value("value()"), "a\ufffd\ufffdb");
  session.close();
});

t.test("json.encode and json.decode round-trip, and say what is wrong instead of raising", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App"):new()
        function app:check()
          local text = '{"a":[1,2.5,null,"x\\\\u00e9\\\\ud83d\\\\ude00\\\\n"],"b":{"c":true},"d":{}}'
          local v = assert(json.decode(text))
          assert(math.type(v.a[1]) == "integer" and v.a[2] == 2.5 and v.a[3] == nil and v.b.c == true)
          assert(v.a[4] == "xé\\u{1F600}\\n", v.a[4])
          assert(json.decode("[1.0]")[1] == 1 and math.type(json.decode("[1.0]")[1]) == "integer")
          assert(json.encode{ 1, 2, "x" } == '[1,2,"x"]' and json.encode{ a = 1, _b = 2, f = print } == '{"a":1}')
          for _, bad in ipairs{ "", "{", "[1,", '"x', "nul", "{a:1}", "[1] x", '"\\\\q"', ("["):rep(1000) } do
            local value, message = json.decode(bad)
            assert(value == nil and message:find("JSON"), bad)
          end
          local cycle = {} cycle.x = cycle
          local none, why = json.encode(cycle)
          assert(none == nil and why:find("itself"))
          assert(select(2, json.encode(0/0)):find("nan"))
          assert(ui.json_decode(ui.json_encode{ x = { 1 } }).x[1] == 1)
          return "ok"
        end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App.DEFAULT": `<b ui-value="check()"></b>` },
  });
  const { root } = session.connect();
  t.equal(root.value("check()"), "ok", root.error("check()")?.message ?? "");
  session.close();
});
