import t, { type Test } from "tap";
import { LuaSession } from "../support/lua-session.ts";

/** Runs Lua code whose asserts are the test, and lets the event end, so that mutations are processed. */
async function run(t: Test, body: string, after = ""): Promise<void> {
  const session = await LuaSession.start({
    lua: {
      main: `local app = session:prototype("App__"):new()
        function app:body() ${body} end
        function app:after() ${after} end
        session:createAppVariable(app)`,
    },
    viewdefs: { "App__.DEFAULT": `<div><b ui-action="body()"></b><b ui-action="after()"></b></div>` },
  });
  const page = session.connect();
  page.root.set("body()");
  t.equal(page.root.error("body()")?.message, undefined);
  page.root.set("after()");
  t.equal(page.root.error("after()")?.message, undefined);
  session.close();
}

t.test("the first declaration makes the init table itself the prototype, with type, __index and new", (t) =>
  run(
    t,
    `local init = { name = "x", gone = EMPTY }
     local P = session:prototype("P", init)
     assert(P == init and P.type == "P" and P.__index == P and P.gone == nil)
     local p = P:new{ name = "y" }
     assert(getmetatable(p) == P and p.name == "y" and p.type == "P" and P:new().name == "x")
     assert(session:prototype("P") == P and session:prototype("Dotted.Name").type == "Dotted.Name")
     local plain = {}
     assert(session:create(P, plain) == plain and plain.name == "x")`,
  ),
);

t.test("a base, given or the prototype Object, is inherited from, new included", (t) =>
  run(
    t,
    `local B = session:prototype("B", { a = 1 })
     function B:hello() return "hello " .. self.type end
     local D = session:prototype("D", { b = 2 }, B)
     local d = D:new()
     assert(d.a == 1 and d.b == 2 and d:hello() == "hello D" and getmetatable(d) == D and rawget(D, "new") == nil)
     local O = session:prototype("Object", { common = true })
     local X = session:prototype("X", {})
     assert(X:new().common == true and getmetatable(X) == O)`,
  ),
);

t.test("declared again with equal content nothing is migrated, whatever the identity of tables and functions", (t) =>
  run(
    t,
    `local function init() return { list = {}, nested = { a = { 1, 2 } }, f = function() end, e = EMPTY } end
     local P = session:prototype("P", init())
     count = 0
     function P:mutate() count = count + 1 end
     p = P:new()
     table.insert(P.list, "live data in the default")
     assert(session:prototype("P", init()) == P)`,
    `assert(count == 0)`,
  ),
);

t.test(
  "changed fields reach the prototype, mutate runs once per instance and still sees removed fields, which then go",
  (t) =>
    run(
      t,
      `P = session:prototype("P", { name = "", old = "default" })
     a, b = P:new{ name = "a", old = 1 }, P:new{ name = "b" }
     log = {}
     function P:mutate() self.fresh = (self.fresh or 0) + 1; table.insert(log, self.name .. tostring(self.old)) end
     session:prototype("P", { name = "", fresh = 5 })
     assert(P.old == nil, "the old default is gone at once")`,
      `assert(table.concat(log, ",") == "a1,bnil", table.concat(log, ","))
     assert(a.old == nil and a.fresh == 6 and P.fresh == 5)`,
    ),
);

t.test("an error in one instance's mutate does not keep the others from it", (t) =>
  run(
    t,
    `P = session:prototype("P", { n = 1 })
     a, b = P:new(), P:new()
     function P:mutate() if self == a then error("no") end self.done = true end
     session:prototype("P", { n = 2 })`,
    `assert(b.done and not a.done)`,
  ),
);

t.test("instances are remembered weakly", (t) =>
  run(
    t,
    `P = session:prototype("P", { n = 1 })
     for i = 1, 100 do P:new() end
     kept = P:new()
     count = 0
     function P:mutate() count = count + 1 end
     collectgarbage()
     session:prototype("P", { n = 2 })`,
    `assert(count == 1, count)`,
  ),
);

t.test("removePrototype forgets a name, with children those below it; instances go on working", (t) =>
  run(
    t,
    `local P, C = session:prototype("P", { n = 1 }), session:prototype("P.C", { n = 1 })
     local p = P:new()
     session:removePrototype("P")
     assert(session:prototype("P", {}) ~= P and session:prototype("P.C") == C and p.n == 1)
     session:removePrototype("P", true)
     assert(session:prototype("P.C", {}) ~= C)
     session:removePrototype("unknown")`,
  ),
);

t.test("wrong arguments raise the usual Lua errors, at the caller's line", (t) =>
  run(
    t,
    `local function check(pattern, f, ...)
       local ok, message = pcall(f, ...)
       assert(not ok and message:find(pattern), tostring(message))
     end
     check("bad argument #2 to 'prototype' %(string expected, got nil%)", session.prototype, session)
     check("bad argument #3 to 'prototype'", session.prototype, session, "P", 5)
     check("bad argument #2 to 'create'", session.create, session, 5)
     check("bad argument #2 to 'createAppVariable'", session.createAppVariable, session, 5)
     check("bad argument #2 to 'setTimeout'", session.setTimeout, session, 5)
     check("bad argument #3 to 'setTimeout'", session.setTimeout, session, print)
     check("bad argument #3 to 'setInterval'", session.setInterval, session, print, "soon")`,
  ),
);

t.test("session is an ordinary table that an app may extend and whose functions it may replace", (t) =>
  run(
    t,
    `local original = session.prototype
     session.prototype = function(self, name, ...) return original(self, "My." .. name, ...) end
     assert(session:prototype("P").type == "My.P")
     session.extra = 1
     local v = session:newVersion()
     assert(session:getVersion() == v and session:needsMutation({}) and not session:needsMutation({ _mutationVersion = v }))
     assert(session.reloading == false)`,
  ),
);
