import { scenario } from "./scenario.ts";

scenario(
  "a prototype keeps its identity, its instances have the new methods, their own fields stay",
  {
    main: `
      Contact = session:prototype("Contact", { name = "", tags = {} })
      function Contact:label() return "old " .. self.name end
      a = a or Contact:new{ name = "Ada" }`,
  },
  (app) => {
    app.run("before = Contact label = a.label");
    app.edit("main", { '"old "': '"new "' });
    app.gives(
      "a:label() .. label(a) .. tostring(before == Contact and getmetatable(a) == before)",
      "new Adanew Adatrue",
    );
  },
);

scenario(
  "changed defaults show in instances that have no value of their own; added ones come, removed ones go from all",
  {
    main: `
      P = session:prototype("P", { a = 1, b = 2, gone = 3 })
      if not session.reloading then x, y = P:new{ a = 10, gone = 30, own = 1 }, P:new() end`,
  },
  (app) => {
    app.edit("main", { "a = 1, b = 2, gone = 3": "a = 5, b = 6, c = 7" });
    app.gives("x.a, x.b, x.c, x.gone, x.own", "10, 6, 7, nil, 1");
    app.gives("y.a, y.b, y.c, y.gone", "5, 6, 7, nil");
    app.gives("rawget(P, 'gone'), rawget(x, 'gone')", "nil, nil");
  },
);

scenario(
  "a method that is deleted from the source is gone from all instances, a base's shows again",
  {
    main: `
      Base = session:prototype("Base", {})
      function Base:hello() return "base" end
      P = session:prototype("P", {}, Base)
      function P:hello() return "own" end
      function P:only() return 1 end
      p = p or P:new()`,
  },
  (app) => {
    app.gives("p:hello() .. p:only()", "own1");
    app.edit("main", { 'function P:hello() return "own" end\n      function P:only() return 1 end': "" });
    app.gives("p:hello(), p.only", "base, nil");
  },
);

scenario(
  "a method that is renamed, and one that is held by a callback",
  {
    main: `
      P = session:prototype("P", {})
      function P:first() return self.n end
      p = p or P:new{ n = 7 }
      if not session.reloading then session:setInterval(function() seen = p:first() end, 1000) end
      held = P.first`,
  },
  (app) => {
    app.edit("main", {
      "P:first() return self.n": "P:second() return self.n",
      "p:first()": "p:second()",
      "P.first": "P.second",
    });
    app.gives("P.first, held(p)", "nil, 7");
    app.session.advance(1000);
    app.gives("seen", 7);
  },
);

scenario(
  "the base changes: it is taken over, dropped, and the default constructor follows",
  {
    main: `
      A = session:prototype("A", { v = "a" })
      B = session:prototype("B", { v = "b" })
      P = session:prototype("P", {}, A)
      p = p or P:new()`,
  },
  (app) => {
    app.gives("p.v", "a");
    app.edit("main", { '"P", {}, A': '"P", {}, B' });
    app.gives("p.v .. P:new().v", "bb");
    app.edit("main", { '"P", {}, B': '"P", {}' });
    app.gives("p.v, P:new().v, rawget(P, 'new') ~= nil", "nil, nil, true");
    app.edit("main", { '"P", {}': '"P", {}, A' });
    app.gives("p.v, rawget(P, 'new')", "a, nil");
  },
);

scenario(
  "a prototype called Object becomes the base of all others that have none",
  { main: `P = session:prototype("P", {}) p = p or P:new()` },
  (app) => {
    app.save({
      main: `Object = session:prototype("Object", { common = 1 }) P = session:prototype("P", {}) p = p or P:new()`,
    });
    app.gives("p.common", 1);
  },
);

scenario(
  "methods of a base that is edited are new in instances of what is derived from it, in other files too",
  {
    base: `Base = session:prototype("Base", {}) function Base:f() return "old" end return Base`,
    main: `local P = session:prototype("P", {}, require("base")) function P:g() return self:f() end p = p or P:new()`,
  },
  (app) => {
    app.edit("base", { '"old"': '"new"' }, { files: ["lua/base.lua"] });
    app.gives("p:g()", "new");
  },
);

scenario(
  "EMPTY: to a value, to another field, back, and away",
  {
    main: `P = session:prototype("P", { a = EMPTY, b = 1 }) if not session.reloading then p, q = P:new(), P:new{ a = "own" } end`,
  },
  (app) => {
    app.edit("main", { "a = EMPTY, b = 1": "a = 5, b = EMPTY" });
    app.gives("p.a, p.b, q.a", "5, nil, own");
    app.edit("main", { "a = 5, b = EMPTY": "a = EMPTY" });
    app.gives("p.a, p.b, q.a", "nil, nil, own");
    app.edit("main", { "{ a = EMPTY }": "{}" });
    app.gives("p.a, q.a", "nil, nil");
  },
);

scenario(
  "mutate runs once for each instance, when fields or base have changed, and not when only code has",
  {
    main: `
      P = session:prototype("P", { text = "" })
      function P:mutate() self.mutated = (self.mutated or 0) + 1 end
      if not session.reloading then a, b = P:new{ text = "1,2" }, P:new{ text = "3" } end`,
  },
  (app) => {
    app.edit("main", { "(self.mutated or 0) + 1": "(self.mutated  or 0) + 1" });
    app.gives("a.mutated, b.mutated", "nil, nil");
    app.edit("main", {
      'text = ""': "parts = EMPTY",
      "function P:mutate()": "function P:mutate() self.parts = self.text .. '!'",
    });
    app.gives("a.mutated .. b.mutated .. a.parts .. b.parts", "111,2!3!");
    app.gives("a.text, b.text", "nil, nil");
    app.save({ main: `${app.lua["main"]}\n` });
    app.gives("a.mutated .. b.mutated", "11");
  },
);

scenario(
  "tables and functions in init are compared by content and place: an unchanged literal is no change",
  {
    main: `
      P = session:prototype("P", { list = {}, nested = { a = { 1, 2 } }, f = function() return "old" end })
      function P:mutate() mutations = (mutations or 0) + 1 end
      p = p or P:new()
      table.insert(P.list, "live")`,
  },
  (app) => {
    app.edit("main", { '"old"': '"new"' });
    app.gives("p.f(), mutations", "new, nil");
    app.gives("P.list[1]", "live");
    app.edit("main", { "{ 1, 2 }": "{ 1, 3 }" });
    app.gives("p.nested.a[2] .. mutations", "31");
  },
);

scenario(
  "a default that is a table and shared by instances keeps identity and what the app put there",
  { main: `P = session:prototype("P", { shared = { a = 1, b = 2 } }) p = p or P:new()` },
  (app) => {
    app.run("held = p.shared held.own, held.a = true, 9");
    app.edit("main", { "b = 2": "b = 3" });
    app.gives("held == p.shared and held.a .. held.b .. tostring(held.own)", "93true");
  },
);

scenario(
  "an error in mutate is told for each instance; that instance keeps its fields, the others do not, and it is tried again",
  {
    main: `
      P = session:prototype("P", { text = "" })
      if not session.reloading then a, b, c = P:new{ text = "1" }, P:new{ text = "x" }, P:new{ text = "3" } end`,
  },
  (app) => {
    app.edit(
      "main",
      { '{ text = "" })': "{ number = 0 })\nfunction P:mutate() self.number = self.text + 1 end" },
      {
        notes: [
          {
            code: "LUA_ERROR",
            message: /mutate of P: attempt to add/,
            file: "lua/main.lua",
            line: 3,
          },
        ],
      },
    );
    app.gives("a.number .. c.number, a.text, b.text, b.number", "24, nil, x, 0");
    app.edit("main", { "self.text + 1": "(tonumber(self.text) or 100) + 1" });
    app.gives("a.number, b.number, c.number, b.text", "2, 101, 4, nil");
  },
);

scenario(
  "a mutate that is itself in a base",
  {
    main: `
      B = session:prototype("B", {})
      function B:mutate() self.seen = (self.seen or "") .. self.type end
      P = session:prototype("P", { a = 1 }, B)
      if not session.reloading then b, p = B:new(), P:new() end`,
  },
  (app) => {
    app.edit("main", { "a = 1": "a = 2" });
    app.gives("b.seen, p.seen", "nil, P");
  },
);

scenario(
  "static fields of a prototype follow the rule of all declarations",
  {
    main: `
      P = session:prototype("P", {})
      P.count, P.limit, P.list = 0, 10, { "a" }
      function P.add() P.count = P.count + 1 P.list[#P.list + 1] = "app" return "old" end`,
  },
  (app) => {
    app.run("P.add() P.add()");
    app.edit("main", { '"old"': '"new"' });
    app.gives("P.count .. P.limit .. #P.list .. P.add()", "2103new");
    app.edit("main", { "0, 10": "0, 20", '{ "a" }': '{ "a", "b" }' });
    app.gives("P.count .. P.limit .. table.concat(P.list)", "320abappappapp");
    app.edit("main", { "P.limit, ": "", "0, 20, ": "0, " });
    app.gives("P.limit", "nil");
  },
);

scenario(
  "a class table that is its own init table stays the prototype when the file runs again",
  {
    contact: `
      local Contact = {}
      session:prototype("Contact", Contact)
      function Contact:label() return "old " .. self.name end
      function Contact.of(name) return Contact:new{ name = name } end
      return Contact`,
    main: `Contact = require("contact") c = c or Contact.of("Ada")`,
  },
  (app) => {
    app.gives("c:label()", "old Ada");
    app.edit("contact", { '"old "': '"new "' });
    app.gives("c:label() .. Contact.of('Bob'):label()", "new Adanew Bob");
    app.gives(
      `getmetatable(c) == Contact and require("contact") == Contact and getmetatable(Contact.of("x")) == Contact`,
      true,
    );
    app.edit("contact", { "function Contact.of": "function Contact:more() return 'more' end function Contact.of" });
    app.gives("c:more()", "more");
    app.edit("contact", { "local Contact = {}": "local Contact = { city = 'Rom' }" });
    app.gives("c.city", "Rom");
  },
);

scenario(
  "a constructor of its own is edited, added and taken away",
  {
    main: `
      P = session:prototype("P", {})
      function P:new(name) return session:create(self, { name = "old " .. name }) end
      function make(name) return P:new(name) end`,
  },
  (app) => {
    app.edit("main", { '"old "': '"new "' });
    app.gives("make('x').name", "new x");
    app.edit("main", { 'function P:new(name) return session:create(self, { name = "new " .. name }) end': "" });
    app.gives("P:new{ name = 'default' }.name", "default");
  },
);

scenario(
  "a prototype that moves to another file keeps identity and instances",
  {
    a: `P = session:prototype("P", { n = 1 }) function P:f() return "in a" end`,
    b: `x = 1`,
    main: `require("a") require("b") p = p or P:new()`,
  },
  (app) => {
    app.run("before = P");
    app.save({ a: `x = 2`, b: `P = session:prototype("P", { n = 2 }) function P:f() return "in b" end` });
    app.gives("p:f() .. p.n .. tostring(P == before)", "in b2true");
    app.edit("b", { "in b": "in B" });
    app.gives("p:f()", "in B");
  },
);

scenario(
  "a prototype that is taken out of its file is forgotten: it can be declared anew",
  { m: `P = session:prototype("P", { n = 1 }) Q = session:prototype("Q", {})`, main: `require("m") p = p or P:new()` },
  (app) => {
    app.run("before, q = P, Q");
    app.save({ m: `Q = session:prototype("Q", {})` });
    app.gives("P, before ~= nil, Q == q", "nil, true, true");
    app.run(`again = session:prototype("P", { n = 5 })`);
    app.gives("again ~= before and again.n", 5);
  },
);

scenario(
  "session.prototype that the app has replaced is still used, and healed",
  {
    main: `
      declared = declared or 0
      if not session.reloading then
        local original = session.prototype
        function session:prototype(name, ...) declared = declared + 1 return original(self, name, ...) end
      end
      P = session:prototype("P", { a = 1 })`,
  },
  (app) => {
    app.edit("main", { "declared + 1": "declared + 10" });
    app.gives("declared", 2);
    app.edit("main", { "a = 1": "a = 2" });
    app.gives("declared .. P.a", "122");
  },
);

scenario(
  "a field that is retyped: mutate sees the old value, the default is the new one",
  {
    main: `
      P = session:prototype("P", { when = "1" })
      if not session.reloading then p, q = P:new{ when = "7" }, P:new() end`,
  },
  (app) => {
    app.save({
      main: `
      P = session:prototype("P", { when = 0 })
      function P:mutate() self.when = tonumber(self.when) end
      if not session.reloading then p, q = P:new{ when = "7" }, P:new() end`,
    });
    app.gives("math.type(p.when), p.when, q.when", "integer, 7, 0");
  },
);

scenario(
  "a default that a prototype takes from a module is the new one in all instances after an edit of the module",
  {
    limits: `return { most = 10 }`,
    app: `local limits = require("limits") App = session:prototype("App", { most = limits.most, own = 1 })`,
    main: `require("app") one, two = App:new(), App:new({ most = 3 })`,
  },
  (app) => {
    app.edit("limits", { "10": "20" }, { files: ["lua/limits.lua", "lua/app.lua", "lua/main.lua"] });
    app.gives("one.most .. ' ' .. two.most .. ' ' .. App:new().most", "20 3 20");
  },
);
