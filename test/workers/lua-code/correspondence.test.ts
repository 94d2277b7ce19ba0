import t from "tap";
import { readReloadTable, startCompiler, type ReadReloadTable } from "../../support/lua-code.ts";

const compiler = await startCompiler();

/** The reload table of two texts of a file. */
function compare(from: string, to: string): Promise<ReadReloadTable> {
  return readReloadTable(compiler, compiler.compile("app.lua", from), compiler.compile("app.lua", to));
}

interface Edit {
  title: string;
  from: string;
  to: string;
  /** Only functions that have changed or moved to another line. */
  map: Record<string, string | false>;
}

/** Two functions of different code; a number makes a third, a fourth, … */
const poll = "fetch('news', function(answer) self.answer = answer.text end)";
const clock = "self.time = os.date('%H:%M') .. ' ' .. tostring(self.zone or 0)";

const edits: Edit[] = [
  {
    title: "a comment in a line changes nothing",
    from: "local function f() return 1 end -- one\nfunction g() return f() end",
    to: "local function f() return 1 end -- still one\nfunction g() return f() end --[[ two ]]",
    map: {},
  },
  {
    title: "a change behind a function in its line leaves the function alone",
    from: "local function f() return 1 end local x = 1",
    to: "local function f() return 1 end local x, y = 2, 3",
    map: {},
  },
  {
    title: "variables declared before a function in its line leave it alone, although it finds its own elsewhere",
    from: "local x = 1 function f() return x end",
    to: "local a, b, x = 2, 3, 1 function f() return x end",
    map: {},
  },
  {
    title: "a changed function is replaced, its neighbours are not",
    from: "function f() return 1 end\nfunction g() return 2 end\nfunction h() return 3 end",
    to: "function f() return 1 end\nfunction g() return 4 end\nfunction h() return 3 end",
    map: { g: "g" },
  },
  {
    title: "a line inserted above moves all that follow",
    from: "function f() return 1 end\nfunction g() return 2 end",
    to: "function f() return 1 end\n\nfunction g() return 2 end",
    map: { g: "g" },
  },
  {
    title: "a function around one that has changed has changed",
    from: "function f() return function() return 1 end end",
    to: "function f() return function() return 2 end end",
    map: { f: "f", "f/return#1": "f/return#1" },
  },
  {
    title: "a function inside one that has changed in the same lines has not",
    from: "function f() return function() return 1 end end",
    to: "function f(a) return function() return 1 end, a end",
    map: { f: "f" },
  },
  {
    title: "a function that uses another variable of the same name has changed",
    from: "local x = 1; local x = 2; function f() return x end",
    to: "local x = 1; function f() return x end",
    map: { f: "f" },
  },
  {
    title: "a function whose variable is no longer one of the file has changed",
    from: "local x = 1; function f() return x end",
    to: "do local x = 1; function f() return x end end",
    map: { f: "f" },
  },
  {
    title: "a function with one more line below its code has changed: its end is elsewhere",
    from: "function f() end function g() end",
    to: "function f()\nend function g() end",
    map: { f: "f", g: "g" },
  },
  {
    title: "functions inserted before others of other names",
    from: "function f() return 1 end\nfunction g() return 2 end",
    to: "function e() return 1 end\nfunction f() return 1 end\nfunction g() return 2 end",
    map: { f: "f", g: "g" },
  },
  {
    title: "functions in another order",
    from: "local App = {}\nfunction App.f() return 1 end\nfunction App:g() return 2 end",
    to: "local App = {}\nfunction App:g() return 2 end\nfunction App.f() return 1 end",
    map: { "App.f": "App.f", "App.g": "App.g" },
  },
  {
    title: "a deleted function has no counterpart",
    from: "function f() return 1 end\nfunction g() return 2 end",
    to: "function g() return 2 end",
    map: { f: false, g: "g" },
  },
  {
    title: "a function renamed and otherwise the same",
    from: "function f() return 'the same' end",
    to: "function begin() return 'the same' end",
    map: { f: "begin" },
  },
  {
    title: "a function renamed and changed is another one",
    from: "function f() return 'the same' end",
    to: "function begin() return 'another' end",
    map: { f: false },
  },
  {
    title: "a table that is renamed takes its methods with it, changed or not",
    from: "local M = {}\nfunction M.start(n) return n + M.size end\nfunction M.stop() return 'stopped' end return M",
    to: "local Board = {}\nfunction Board.start(n) return n * Board.size end\nfunction Board.stop() return 'stopped' end return Board",
    map: { "M.start": "Board.start", "M.stop": "Board.stop" },
  },
  {
    title: "methods of one table are never those of another that replaces it",
    from: "local A = {}\nfunction A.new() return setmetatable({}, A) end",
    to: "local B = {}\nfunction B.new(parent, id) B.count = B.count + id; parent:add(id); return B.make(parent) end",
    map: { "A.new": false },
  },
  {
    title: "callbacks inserted before others: each finds its own code",
    from: `setInterval(function() ${poll} end, 1)\nsetInterval(function() ${clock} end, 1)`,
    to: `setInterval(function() return 'new' end, 1)\nsetInterval(function() ${poll} end, 1)\nsetInterval(function() ${clock} end, 1)`,
    map: {
      "setInterval#1": "setInterval#2",
      'setInterval#1/fetch("news")#1': 'setInterval#2/fetch("news")#1',
      "setInterval#2": "setInterval#3",
    },
  },
  {
    title: "callbacks in another order and changed: each finds the most similar",
    from: `setInterval(function() ${poll} end, 1)\nsetInterval(function() ${clock} end, 1)`,
    to: `setInterval(function() ${clock} self.n = 1 end, 1)\nsetInterval(function() self.n = 2 ${poll} end, 1)`,
    map: {
      "setInterval#1": "setInterval#2",
      'setInterval#1/fetch("news")#1': 'setInterval#2/fetch("news")#1',
      "setInterval#2": "setInterval#1",
    },
  },
  {
    title: "one of several callbacks deleted",
    from: `later(function() ${poll} end)\nlater(function() ${clock} end)`,
    to: `later(function() ${clock} end)`,
    map: { "later#1": false, 'later#1/fetch("news")#1': false, "later#2": "later#1" },
  },
  {
    title: "a callback is told by the text that is given with it",
    from: "on('open', function() return 1 end)\non('close', function() return 2 end)",
    to: "on('close', function() return 3 end)\non('open', function() return 4 end)",
    map: { 'on("open")#1': 'on("open")#1', 'on("close")#1': 'on("close")#1' },
  },
  {
    title: "a callback whose text is renamed, and that is changed a little",
    from: `on('press', function() ${clock} end)`,
    to: `on('click', function() ${clock} self.n = 1 end)`,
    map: { 'on("press")#1': 'on("click")#1' },
  },
  {
    title: "a callback given to something else is another one, unless its code is the same",
    from: `every(function() return 1, 'minute' end)\nevery(function() return 2, 'hour' end)`,
    to: `sort(function(a, b) return a < b end)\nschedule(function() return 2, 'hour' end)`,
    map: { "every#1": false, "every#2": "schedule#1" },
  },
  {
    title: "a function wrapped into an if, a loop or a block",
    from: `setTimeout(function() ${clock} end)\nlocal function f() return 1 end\nfunction g() return 2 end`,
    to: `if ready then setTimeout(function() ${clock} print(1) end) end\nwhile f do local function f() return 5 end end\ndo\nfunction g() return 3 end end`,
    map: { "setTimeout#1": "setTimeout#1", f: "f", g: "g" },
  },
  {
    title: "functions wrapped into another function keep their code",
    from: `local function f() return 1 end\nsetTimeout(function() ${poll} end)`,
    to: `local function init()\nlocal function f() return 1 end\nsetTimeout(function() ${poll} end)\nend init()`,
    map: {
      f: "init/f",
      "setTimeout#1": "init/setTimeout#1",
      'setTimeout#1/fetch("news")#1': 'init/setTimeout#1/fetch("news")#1',
    },
  },
  {
    title: "a callback that gets a name",
    from: `setTimeout(function() ${clock} end)`,
    to: `local function tick() ${clock} end\nsetTimeout(tick)`,
    map: { "setTimeout#1": "tick" },
  },
  {
    title: "a local function that becomes a field, or a global, and the other way round",
    from: "local function f() return 1 end\nfunction g() return 2 end\nlocal M = {}",
    to: "local M = {}\nfunction M.f() return 1 end\nlocal function g() return 2 end",
    map: { f: "M.f", g: "g" },
  },
  {
    title: "functions with one name, one of them deleted",
    from: "local function f() return 'first' end\nf()\nlocal function f() return 'second' end",
    to: "local function f() return 'second' end",
    map: { f: false, "f~2": "f" },
  },
  {
    title: "functions in tables, by the fields that lead to them",
    from: "local rules = { name = function(v) return v end, inner = { mail = function(v) return v end } }",
    to: "local rules = { inner = { mail = function(v) return #v end }, name = function(v) return #v end }",
    map: { "rules.name": "rules.name", "rules.inner.mail": "rules.inner.mail" },
  },
  {
    title: "functions in arrays, by their code",
    from: `local steps = { function() ${poll} end, function() ${clock} end }`,
    to: `local steps = { function() ${clock} end, function() return 'another' end, function() ${poll} end }`,
    map: {
      "steps[]#1": "steps[]#3",
      'steps[]#1/fetch("news")#1': 'steps[]#3/fetch("news")#1',
      "steps[]#2": "steps[]#1",
    },
  },
  {
    title: "methods of a prototype, by the prototype's name",
    from: "Contact = session:prototype('Contact', { label = function() return 1 end })\nfunction Contact:open() return 2 end",
    to: "Contact = session:prototype('Contact', { title = '', label = function() return 3 end })\n\nfunction Contact:open() return 4 end",
    map: { "Contact.label": "Contact.label", "Contact.open": "Contact.open" },
  },
  {
    title: "a function that is there only when something is not",
    from: "local f = f or function() return 1 end\nx = x and y or function() return 2 end",
    to: "x = x and y or function() return 3 end\nlocal f = f or function() return 4 end",
    map: { f: "f", x: "x" },
  },
];

for (const { title, from, to, map } of edits) {
  t.test(`matching of functions: ${title}`, async (t) => {
    const table = await compare(from, to);
    t.same(table.map, map);
    t.same(table.names, Object.fromEntries(Object.keys(map).map((place) => [place, place])), "old places are told");
    t.same(
      Object.keys(table.from).toSorted(),
      Object.values(map)
        .filter((place) => place !== false)
        .toSorted(),
      "the upvalues of each counterpart are told",
    );
  });
}

t.test("a function twice replaced corresponds to the newest one directly", async (t) => {
  const texts = ["function f() return 1 end", "\nfunction f() return 2 end", "\n\nfunction f() return 3 end"];
  const versions = texts.map((text) => compiler.compile("app.lua", text));
  const [first, , last] = versions;
  t.ok(first && last);
  if (first && last) t.same((await readReloadTable(compiler, first, last)).map, { f: "f" });
});

t.test("a version compared with itself has nothing to map", async (t) => {
  const text = "function f() return function() return 1 end end";
  t.same(await compare(text, text), { map: {}, from: {}, names: {}, edited: [], renamed: {} });
});

t.test("upvalues of a function are those of its counterpart that are the same variable", async (t) => {
  const uses: { title: string; from: string; to: string; numbers: Record<string, number[]> }[] = [
    {
      title: "added, removed and in another order",
      from: "local a, b, c\nfunction f() return a, b, c, print end",
      to: "local x, c, a\nfunction f() return c, x, print, a end",
      numbers: { f: [3, 0, 4, 1] },
    },
    {
      title: "none left, none before",
      from: "local a\nfunction f() return a end\nfunction g() end",
      to: "local a\nfunction f() end\nfunction g() return a end",
      numbers: { f: [], g: [0] },
    },
    {
      title: "shadowed names are other variables",
      from: "local a = 1\nfunction f() return a end\nlocal a = 2\nfunction g() return a end",
      to: "local a = 1\nfunction h() end local a = 2\nfunction f() return a, 0 end function g() return a, 0 end",
      numbers: { f: [0], g: [1] },
    },
    {
      title: "a variable of file level is not one of a block",
      from: "local a = 1\nfunction f() return a end",
      to: "do local a = 1\nfunction f() return a, 0 end end",
      numbers: { f: [0] },
    },
    {
      title: "variables of functions, through two levels, parameters among them",
      from: "function f(n)\nlocal m\nreturn function() return n, function() return m, n end end end",
      to: "function f(k, n)\nlocal m, l\nreturn function() return k, l, function() return n, l, m end end end",
      numbers: { f: [], "f/return#1": [0, 0, 1, 2], "f/return#1/return#1": [2, 0, 1] },
    },
    {
      title: "variables of loops, by the functions that use them when another loop is inserted before",
      from: `for _, x in ipairs(all) do on('a', function() return x, 'first' end) end
for x = 1, 10 do on('b', function() return x, 'second', print end) end`,
      to: `for _, x in ipairs(all) do on('c', function() x = x + 1 end) end
for _, x in ipairs(all) do on('a', function() return x, 'first', 1 end) end
for x = 1, 10 do on('b', function() return print, x, 'second' end) end`,
      numbers: { 'on("a")#1': [1], 'on("b")#1': [2, 1] },
    },
    {
      title: "a local function that calls itself, and one that is used before it is set",
      from: "local later\nlocal function f(n) return n == 0 and later() or f(n - 1) end\nfunction later() return f(1) end",
      to: "local later\nlocal function f(n) return n > 0 and f(n - 1) or later() end\nfunction later() return 2, f(1) end",
      numbers: { f: [2, 1], later: [1] },
    },
    {
      title: "globals by a local _ENV are not the globals",
      from: "function f() return print end\nlocal _ENV = { f = f }\nfunction g() return print end",
      to: "local _ENV = { f = f }\nfunction f() return print, 1 end\nfunction g() return print, 1 end",
      numbers: { f: [0], g: [1] },
    },
  ];
  for (const { title, from, to, numbers } of uses) t.same((await compare(from, to)).from, numbers, title);
});

t.test(
  "a variable of file level is edited when the constant that it begins with is another one in the text",
  async (t) => {
    const cases: [string, string, string[]][] = [
      ["local a, b, c = 1, 'x', true", "local a, b, c = 2, 'y', false", ["a#1", "b#1", "c#1"]],
      ["local a, b, c = 1, 'x', true", "\n\nlocal a, b, c = 1, 'x', true", []],
      ["local a = 60 * 60", "local a = 60 * 61", ["a#1"]],
      ["local a = 3", "local a = 3.0", ["a#1"]],
      ["local a = -1e300", "local a = -1e301", ["a#1"]],
      ["local a local b", "local a local b = 0", ["b#1"]],
      ["local a = 1 local a = 2", "local a = 2 local a = 1", ["a#1", "a#2"]],
      ["local a = 1", "local b = 2", []],
      ["local a = 1", "local a = f()", []],
      ["local a = x and 1 or 2", "local a = x and 1 or 3", []],
      ["local a = x == 1", "local a = x == 2", []],
      ["local a = 'x' .. y", "local a = 'z'", []],
      ["local a = {}", "local a = 1", []],
      ["local a <const> = 1; function f() return a end", "local a <const> = 2; function f() return a end", []],
      ["do local a = 1 end", "do local a = 2 end", []],
      [`local a = "${"long ".repeat(20)}"`, `local a = "${"longer ".repeat(20)}"`, ["a#1"]],
      ["local function a() end", "local a = 1", []],
    ];
    for (const [from, to, edited] of cases) t.same((await compare(from, to)).edited, edited, `${from} → ${to}`);
  },
);

t.test("a variable of file level is renamed when nothing else about it and about its users is different", async (t) => {
  const one =
    "local a = 1 local n = 0 function f() n = n + 1 return function() return n end end function g() return a end";
  const cases: [string, string, Record<string, string>][] = [
    [one, one.replace(/\bn\b/g, "m"), { "m#1": "n#1" }],
    [one, `-- a comment\n\n${one.replace(/\bn\b/g, "m")}`, { "m#1": "n#1" }],
    [one, one.replace(/\bn\b/g, "m").replace("return a ", "return a, 1 "), { "m#1": "n#1" }],
    [one, one.replace(/\bn\b/g, "m").replace("return m ", "return m, 1 "), {}],
    [one, one.replace(/\bn\b/g, "m").replace("m = 0", "m = 0.0"), {}],
    [one, one.replace(/\bn\b/g, "m").replace("m = 0", "m"), {}],
    [one, one.replace(/\bn\b/g, "m").replace("m = 0", "m = {}"), {}],
    [one, one.replace(/\bn\b/g, "m").replace("return a ", "return m "), {}],
    [one, one.replace(/\bn\b/g, "a"), {}],
    [one, one.replace(/\bn\b/g, "m").replace(/\ba\b/g, "b"), {}],
    [one, one.replace(/\bn\b/g, "m").replace("local a = 1", "local a, n = 1, 0"), {}],
    ["local a, b = {}, {} function f() return a, b end", "local b, a = {}, {} function f() return b, a end", {}],
    ["local a = {} function f() return a end", "local b = {} function f() return b end", { "b#1": "a#1" }],
    ["local a = {} function f() return a end", "local b = g() function f() return b end", {}],
    ["local n, n = 1, 2 function f() return n end", "local n, m = 1, 2 function f() return m end", { "m#1": "n#2" }],
    ["local n = 1", "local m = 1", {}],
    ["local function n() end function f() n() end", "local function m() end function f() m() end", { "m#1": "n#1" }],
  ];
  for (const [from, to, renamed] of cases) t.same((await compare(from, to)).renamed, renamed, `${from} → ${to}`);
});
