import t from "tap";
import { lint } from "../../support/lint.ts";

const declare = 'App = session:prototype("App", { name = "" })\n';
const made =
  "LINT_APP: The app is made again, and dropped, each time that the file is reloaded; write if not session:getApp() then … end around it";

t.test("an app that is made whenever the file runs is told", async (t) => {
  const ways = [
    "session:createAppVariable(App:new())",
    "session:createAppVariable(session:create(App))",
    "local app = App:new()\nsession:createAppVariable(app)",
    "app = App:new()\nsession:createAppVariable(app)",
    "local s = session\ns:createAppVariable(App:new())",
    "if os.time() > 1 then session:createAppVariable(App:new()) end",
    "local first = App:new()\nlocal second = first\nsession:createAppVariable(second)",
  ];
  for (const way of ways) {
    t.same(await lint(t, { main: declare + way }), [`main.lua:${way.split("\n").length + 1} ${made}`], way);
  }
});

t.test("an app that is made only if there is none, or taken over, is as it should be", async (t) => {
  const ways = [
    "if not session:getApp() then session:createAppVariable(App:new()) end",
    "if session:getApp() == nil then session:createAppVariable(App:new()) end",
    "if not session.reloading then session:createAppVariable(App:new()) end",
    "local app = session:getApp() if not app then app = App:new() session:createAppVariable(app) end",
    "session:createAppVariable(session:getApp() or App:new())",
    "app = app or App:new() session:createAppVariable(app)",
    "local app = session:getApp() or App:new() session:createAppVariable(app)",
    "if session:getApp() then return end session:createAppVariable(App:new())",
    "local app = { type = 'App' } session:createAppVariable(app)",
    "function start() session:createAppVariable(App:new()) end",
  ];
  for (const way of ways) t.same(await lint(t, { main: declare + way }), [], way);
});

const settings = `local M = { size = 3, title = "x" .. 1, on = true, list = {}, both = 1 }
local limit = 10
M.name = "settings"
function M.limit() return limit * 2 end
function M.label(n) if n then return "n" end return M.title and tostring(n) end
function M.make() return { size = 3 } end
function M.pass(value) return value end
function M.setup() M.both = 2 end
return M`;

t.test("what a module's function has calculated is out of reach of a reload when a file keeps it", async (t) => {
  const ways = [
    'local limit = require("settings").limit()',
    'local settings = require("settings")\nlocal limit = settings.limit()',
    'local settings = require("settings")\nConfig = { limit = settings.limit() }',
    'local settings = require("settings")\nlocal get = settings.label\nlabel = get(1)',
    'local settings = require("settings")\nlocal list = { settings.limit() + 0, (settings.limit()) }',
    'local settings, limit = require("settings")\nfunction late()\nlimit = limit or settings.limit() end',
  ];
  for (const way of ways) {
    const name = way.includes("label") ? "label" : "limit";
    t.same(
      await lint(t, { main: way, settings }),
      [
        `main.lua:${way.split("\n").length} LINT_CAPTURED: A reload of lua/settings.lua does not reach what require("settings").${name}() gave; call it where its result is needed`,
      ],
      way,
    );
  }
  t.match(
    await lint(t, { main: 'local n = require("number")()', number: "return function() return 3 end" }),
    [/what require\("number"\)\(\) gave/],
    "a module that is a function itself",
  );
});

t.test(
  "a module's value is out of reach where a function puts it away, or where the file is not run again",
  async (t) => {
    const late =
      'local settings, size = require("settings")\nfunction late() size = size or settings.size return size end';
    const message =
      'LINT_CAPTURED: A reload of lua/settings.lua does not reach the value that require("settings").size had; read it where it is needed';
    t.same(await lint(t, { main: late, settings }), [`main.lua:2 ${message}`]);
    for (const policy of ["never", "only-if-changed"]) {
      const main = `session:reloadPolicy("${policy}")\nlocal size = require("settings").size`;
      t.same(await lint(t, { main, settings }), [`main.lua:2 ${message}`], policy);
    }
    const prototype = 'return session:prototype("Box", { size = 3 })';
    const box = 'session:reloadPolicy("never")\nlocal size = require("box").size';
    t.same((await lint(t, { main: box, box: prototype })).length, 1, "defaults of a prototype");
  },
);

t.test("a module's value is out of reach in an object that a function has put it into", async (t) => {
  const head = 'local settings = require("settings")\nlocal Box, list = session:prototype("Box", {}), {}\n';
  const ways = [
    "function Box:open() self.size = settings.size end",
    "function Box:open() local most = settings.size self.state.most = self.state.most or most end",
    "function Box.make() local self = Box:new() self.size = settings.size return self end",
    "function Box:open() local now = require('settings') self.size = now.size end",
    "function Box:open() list[#list + 1] = settings.size end",
    "function Box:open() package.size = settings.size end",
    "function late() session:prototype('Late', { size = settings.size }) end",
    "function late() local init = { size = settings.size } session:prototype('Late', init) end",
  ];
  for (const way of ways) {
    t.same(
      await lint(t, { main: head + way, settings }),
      [
        'main.lua:3 LINT_CAPTURED: A reload of lua/settings.lua does not reach the value that require("settings").size had; read it where it is needed',
      ],
      way,
    );
  }
});

t.test("defaults of a prototype are out of reach where the file is not run again, and only there", async (t) => {
  const declare = 'session:prototype("App", { size = require("settings").size, title = "app" })';
  t.same(await lint(t, { main: declare, settings }), []);
  for (const policy of ["never", "only-if-changed"]) {
    const found = await lint(t, { main: `session:reloadPolicy("${policy}")\n${declare}`, settings });
    t.match(found, [/^main.lua:2 LINT_CAPTURED: .* the value that require\("settings"\).size had/], policy);
    t.equal(found.length, 1);
  }
});

t.test("values that a reload reaches, or of which nothing is known, are as they should be", async (t) => {
  const ways = [
    "local size, title = require('settings').size, require('settings').title",
    "session:reloadPolicy('always') local size = require('settings').size",
    "session:reloadPolicy('never') local list, limit = require('settings').list, require('settings').limit",
    "session:reloadPolicy('never') local both = require('settings').both",
    "session:reloadPolicy('never') local none = require('settings').none",
    "local box = require('settings').make()",
    "local value = require('settings').pass(1)",
    "require('settings').limit() print(require('settings').limit())",
    "local settings = require('settings') function now() local limit = settings.limit() return limit end",
    "local timer = session:setInterval(function() local n = require('settings').limit() end, 1000)",
    "local settings = require('settings') App = {} function App:now() local t = { size = settings.size } return t.size end",
    "local settings = require('settings') App = {} function App:now() return { size = settings.size } end",
    "local settings = require('settings') App = {} function App:open() self.text = settings.label(1) self.n = settings.size + 1 end",
    "local settings = require('settings') App = {} function App:open() self.list, self.both = settings.list, settings.both end",
    "local settings = require('settings') App = {} function App.fill(row) row.size = settings.size end",
  ];
  for (const way of ways) t.same(await lint(t, { main: way, settings }), [], way);
});
