import { scenario } from "./scenario.ts";

const added = `
  local calls = 0
  function string.shout(s) calls = calls + 1 return s:upper() .. "!" .. calls end
  math.half = function(n) return n / 2 end
  math.most = 3
  table.sizes = { small = 1, large = 10 }
  function session:label() return "label" end
  getmetatable("").__call = function(s, other) return s .. " to " .. other end`;

scenario(
  "what a file adds to libraries goes when it is taken out of the source, or with the file",
  { m: added, main: `require("m")` },
  (app) => {
    app.gives(
      `("a"):shout() .. math.half(3) .. table.sizes.large .. session:label() .. ("x")("y")`,
      "A!11.510labelx to y",
    );
    app.save({ m: `local calls = 0 function string.shout(s) calls = calls + 1 return "again " .. calls end` });
    app.gives(`("a"):shout()`, "again 2");
    app.gives("math.half, math.most, table.sizes, session.label", "nil, nil, nil, nil");
    app.gives(`getmetatable("").__call`, "nil");
    app.save({ m: null, main: `x = 1` }, { files: ["lua/main.lua", "lua/m.lua"] });
    app.gives("string.shout, string.upper('a')", "nil, A");
    app.save({ main: `x = 2` });
  },
);

scenario(
  "what a file adds to libraries is the new version after an edit, for whoever holds the old one",
  {
    m: added,
    main: `require("m") local shout = string.shout function probe() return shout("a") end sizes = table.sizes`,
  },
  (app) => {
    app.gives("probe()", "A!1");
    app.run("table.sizes.small = 2");
    app.edit("m", { '"!"': '"?"', "large = 10": "large = 20", "n / 2": "n // 2" });
    app.gives("probe() .. ('b'):shout() .. math.half(3)", "A?2B?31");
    app.gives("table.sizes.small .. ' ' .. table.sizes.large, sizes == table.sizes", "2 20, true");
    app.edit("m", { '"label"': '"new label"', " to ": " of " });
    app.gives("session:label() .. ('x')('y')", "new labelx of y");
  },
);

scenario(
  "what the app has made of a file's addition to a library stays, like a global",
  { m: added, main: `require("m")` },
  (app) => {
    app.run("math.most = 7");
    app.edit("m", { '"!"': '"?"' });
    app.gives("math.most", 7);
    app.edit("m", { "math.most = 3": "math.most = 4" });
    app.gives("math.most", 4);
    app.run("math.most = 8 math.half = function() return 'the app' end");
    app.save({ m: null, main: `x = 1` });
    app.gives("math.most .. math.half()", "8the app");
  },
);

scenario(
  "a plain value that a file adds to a library concerns who requires the file",
  { m: added, main: `require("m") local most = math.most function probe() return most end` },
  (app) => {
    app.edit("m", { "most = 3": "most = 4" }, { files: ["lua/m.lua", "lua/main.lua"] });
    app.gives("probe()", 4);
    app.edit("m", { '"!"': '"?"' }, { files: ["lua/m.lua"] });
  },
);

scenario(
  "a library's own function that a file has replaced is there again when the file does not replace it any more",
  {
    m: `
      local upper, tell = string.upper, print
      function string.upper(s) return "<" .. upper(s) .. ">" end
      function print(...) tell("told", ...) end`,
    main: `require("m")`,
  },
  (app) => {
    app.run("before = print");
    app.gives(`("a"):upper()`, "<A>");
    app.edit("m", { '"<"': '"["', '">"': '"]"' });
    app.gives(`("a"):upper()`, "[A]");
    app.save({ m: `local n = 1` }, { notes: [{ code: "RELOAD_STALE" }], stale: ["m.lua:4"] });
    app.gives(`("a"):upper()`, "A");
    app.run("before = nil print('again')");
    app.t.match(app.session.logs.at(-1), { message: "again" });
    app.save({ m: `local n = 2` });
    app.save({ m: `function math.floor() return "floor" end` });
    app.gives("math.floor(1.5)", "floor");
    app.save({ m: null, main: `x = 1` });
    app.gives("math.floor(1.5)", 1);
  },
);

scenario(
  "what a file adds to a library may move to another file, and be made only once",
  {
    a: `function math.half(n) return n / 2 end table.made = table.made or {} table.made.a = 1`,
    b: `if not session.reloading then function math.twice(n) return n * 2 end end`,
    main: `require("a") require("b")`,
  },
  (app) => {
    app.run("table.made.app = 1 made = table.made");
    app.edit("b", { "n * 2": "2 * n" });
    app.gives("math.twice(2)", 4);
    app.save({
      a: `table.made = table.made or {} table.made.a = 2`,
      b: `function math.half(n) return "half of " .. n end`,
    });
    app.gives("math.half(3), math.twice", "half of 3, nil");
    app.gives("table.made == made, made.a, made.app", "true, 2, 1");
    app.save({ a: `x = 1` });
    app.gives("table.made", "nil");
    app.run("made = nil");
  },
);

scenario(
  "a global that is set as a field of _G goes when its name is in the source no more",
  { main: `_G.first, _G["second"], third = 1, 2, 3 function probe() return _G.second end` },
  (app) => {
    app.save({ main: `function probe() return _G.second end` });
    app.gives("first, second, third", "nil, 2, nil");
  },
);
