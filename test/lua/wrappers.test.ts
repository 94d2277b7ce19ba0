import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const site = {
  lua: {
    main: `
      Mod = { Box = {} }
      Mod.Box.__index = Mod.Box
      Mod.Box.type = "Box"
      news, syncs = 0, 0
      function Mod.Box:new(variable)
        news = news + 1
        local box = setmetatable({ variable = variable, value = variable:getValue() }, self)
        box.option, box.dotted = variable:getProperty("extra"), variable.getProperty("extra")
        variable:setProperty("count:high", news)
        return box
      end
      function Mod.Box:sync() syncs = syncs + 1 end
      function Mod.Box:text() return "<" .. tostring(self.value) .. ">" end
      Again = { type = "Again" }
      function Again:new(variable)
        local old = variable:getWrapper()
        return old or setmetatable({ n = 0 }, { __index = Again })
      end
      function Again:same() return "same" end
      Wrong = { new = function() return 5 end }
      Fails = { new = function() error("constructor") end }
      local app = session:prototype("App"):new{ name = "one", other = "x" }
      function app:rename(text) self.name = text end
      function app:counts() return news .. " " .. syncs end
      session:createAppVariable(app)`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><i ui-view="name?wrapper=Mod.Box&extra=7"></i><i ui-view="other?wrapper=Again"></i><i ui-view="name?wrapper=Nope"></i>
      <i ui-view="name?wrapper=Wrong"></i><i ui-view="name?wrapper=Fails"></i><b ui-value="counts()?priority=low"></b><b ui-action="rename(_)"></b></div>`,
    "Box.DEFAULT": `<div><b ui-value="text()"></b><b ui-value="option"></b><b ui-value="dotted"></b></div>`,
    "Again.DEFAULT": `<b ui-value="same()"></b>`,
  },
};
const box = "name?wrapper=Mod.Box&extra=7";

t.test("a wrapper is found by dotted name, made once, told of changes by value and sync; its view stays", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  t.same(
    ["text()", "option", "dotted"].map((text) => page.root.child(box).value(text)),
    ["<one>", "7", "7"],
  );
  t.same(page.properties.get(page.root.variable(box)), { count: "1" });
  const id = page.root.child(box).variable("text()");
  page.root.set("rename(_)", "two");
  t.equal(page.root.child(box).value("text()"), "<two>");
  t.equal(page.root.child(box).variable("text()"), id);
  t.equal(page.root.value("counts()?priority=low"), "1 1");
  session.close();
});

t.test("nil drops the wrapper, the next value makes a new one", async (t) => {
  const session = await LuaSession.start(site);
  const page = session.connect();
  page.root.set("rename(_)", null);
  t.equal(page.root.child(box).viewdef, undefined);
  page.root.set("rename(_)", "three");
  t.equal(page.root.child(box).value("text()"), "<three>");
  t.equal(page.root.value("counts()?priority=low"), "2 0");
  session.close();
});

t.test("a wrapper that is missing or fails is an error on its variable, not silence", async (t) => {
  const session = await LuaSession.start(site);
  const { root } = session.connect();
  t.match(root.error("name?wrapper=Nope"), { code: "WRAPPER_MISSING", message: /Nope/ });
  t.match(root.error("name?wrapper=Wrong"), { code: "WRAPPER_FAILED", message: /Wrong:new/ });
  t.match(root.error("name?wrapper=Fails"), { code: "WRAPPER_FAILED", message: "constructor", file: "lua/main.lua" });
  t.equal(root.child("other?wrapper=Again").value("same()"), "same");
  session.close();
});
