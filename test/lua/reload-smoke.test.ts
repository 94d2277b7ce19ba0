import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

t.test("smoke", async (t) => {
  const m1 = `
local count = 0
local LIMIT = 10
local items = {}
local M = { size = 1 }
local function helper() return "old helper" end
function M.f() count = count + 1 return "old " .. count .. helper() .. LIMIT end
function M.gone() return 1 end
function M.start() local n = 5 session:setInterval(function() n = n + 1 items[#items+1] = "old" .. n end, 1000) end
function M.items() return table.concat(items, ",") end
return M
`;
  const main = `
local f = require("m").f
App = session:prototype("App", { name = "x" })
local app
function App:text() return f() end
function App:items() return require("m").items() end
if not session.reloading then app = App:new() session:createAppVariable(app) require("m").start() end
`;
  const s = await LuaSession.start({ lua: { main, m: m1 }, viewdefs: { "App.DEFAULT": `<div><p ui-value="text()"></p><i ui-value="items()"></i><b ui-value="name"></b></div>` } }, { hotload: true });
  const page = s.connect();
  t.equal(page.root.value("text()"), "old 1old helper10");
  t.same(s.stale(), []);
  s.advance(1000);
  const report = s.save({ lua: { m: m1.replaceAll('"old', '"new').replace("LIMIT = 10", "LIMIT = 20").replace(/function M.gone.*/, "") } });
  t.same(report, { files: ["lua/m.lua"], notes: [] });
  t.equal(page.root.value("text()"), "new 3new helper20");
  t.same(s.stale(), []);
  s.advance(1000);
  t.equal(page.root.value("items()"), "old6,new7");
  const bad = s.save({ lua: { m: "local x =" } });
  t.match(bad.error, { code: "LUA_SYNTAX", file: "lua/m.lua", line: 1 });
  const bad2 = s.save({ lua: { m: m1.replace("local M", "error('no') local M") } });
  t.match(bad2.error, { code: "LUA_ERROR", file: "lua/m.lua", line: 5 });
  s.advance(1000);
  t.equal(page.root.value("items()"), "old6,new7,new8");
  t.same(s.save({ viewdefs: { "App.DEFAULT": `<section><b ui-value="name"></b><p ui-value="text()"></p></section>` } }), { files: [], notes: [] });
  t.equal(page.root.value("name"), "x");
  t.match(page.messages[0], { type: "view", id: 1, from: [4, 2] });
});
