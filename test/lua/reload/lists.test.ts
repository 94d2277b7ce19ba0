import { scenario } from "./scenario.ts";

const list = (items: string): string => `local list = ${items} return { list = list, f = function() end }`;

for (const { title, from, change, to, gives } of [
  {
    title: "appended by the app, edited in the middle",
    from: `{ "a", "b", "c" }`,
    change: `l[4] = "app"`,
    to: `{ "a", "B", "c" }`,
    gives: "a B c app",
  },
  {
    title: "appended by the app, put in at the front",
    from: `{ "a", "b" }`,
    change: `l[3] = "app"`,
    to: `{ "z", "a", "b" }`,
    gives: "z a b app",
  },
  { title: "appended on both sides", from: `{ "a" }`, change: `l[2] = "app"`, to: `{ "a", "b" }`, gives: "a b app" },
  {
    title: "put in by the app, appended in the source",
    from: `{ "a", "b" }`,
    change: `table.insert(l, 2, "app")`,
    to: `{ "a", "b", "c" }`,
    gives: "a app b c",
  },
  {
    title: "removed by the app, edited elsewhere",
    from: `{ "a", "b", "c" }`,
    change: `table.remove(l, 1)`,
    to: `{ "a", "b", "C" }`,
    gives: "b C",
  },
  {
    title: "removed in the source, kept by the app",
    from: `{ "a", "b", "c" }`,
    change: `l[4] = "app"`,
    to: `{ "a", "c" }`,
    gives: "a c app",
  },
  {
    title: "sorted by the app, added to in the source",
    from: `{ "b", "a", "c" }`,
    change: `table.sort(l)`,
    to: `{ "b", "a", "x", "c" }`,
    gives: "a x b c",
  },
  {
    title: "reordered in the source, appended by the app",
    from: `{ "a", "b", "c" }`,
    change: `l[4] = "app"`,
    to: `{ "c", "b", "a" }`,
    gives: "c b a app",
  },
  {
    title: "one place changed by the app, another in the source",
    from: `{ 1, 2, 3 }`,
    change: `l[2] = 20`,
    to: `{ 1, 2, 30 }`,
    gives: "1 20 30",
  },
  {
    title: "the same place changed by both",
    from: `{ 1, 2, 3 }`,
    change: `l[2] = 20`,
    to: `{ 1, 200, 3 }`,
    gives: "1 200 3",
  },
  {
    title: "emptied by the app, not edited",
    from: `{ "a", "b" }`,
    change: `l[1], l[2] = nil, nil`,
    to: `{ "a",\n"b" }`,
    gives: "",
  },
  {
    title: "filled by the app, filled in the source",
    from: `{}`,
    change: `l[1], l[2] = "x", "y"`,
    to: `{ "a" }`,
    gives: "a x y",
  },
  { title: "not touched by the app", from: `{ "a", "b" }`, change: ``, to: `{ "b", "c", "d", "a" }`, gives: "b c d a" },
]) {
  scenario(`a list: ${title}`, { m: list(from), main: `M = require("m") l = M.list` }, (app) => {
    app.run(change);
    app.save({ m: list(to) });
    app.gives(`table.concat(l, " ")`, gives);
    app.gives("l == M.list", true);
  });
}

scenario(
  "a list of records: who is who is told by content, and records keep what the app did to them",
  {
    m: `local people = {\n { name = "Ada", age = 36 },\n { name = "Bob", age = 40 },\n} return { people = people }`,
    main: `
      people = require("m").people
      function show() local all = {} for i, p in ipairs(people) do all[i] = p.name .. (p.age or "") .. (p.phone or "") end return table.concat(all, " ") end`,
  },
  (app) => {
    app.run("ada, bob = people[1], people[2] ada.phone, bob.age = 123, 41 people[3] = { name = 'Cid' }");
    app.edit("m", { "{\n {": `{ { name = "Zed" },\n {` });
    app.gives("show()", "Zed Ada36123 Bob41 Cid");
    app.gives("people[2] == ada and people[3] == bob", true);
    app.edit("m", { Bob: "Bert" });
    app.gives("show()", "Zed Ada36123 Bert41 Cid");
    app.edit("m", { '{ name = "Ada", age = 36 },': "" });
    app.gives("show()", "Zed Bert41 Cid");
    app.gives("bob.name", "Bert");
  },
);

scenario(
  "a list of callbacks: each goes on with what it knows, wherever it stands in the new list",
  {
    m: `
      local function counter(name) local n = 0 return function() n = n + 1 return name .. n end end
      return { list = { counter("a"), counter("b") } }`,
    main: `list = require("m").list list[1]() list[2]() list[2]()`,
  },
  (app) => {
    app.edit("m", { "return name .. n": "return name .. '=' .. n" });
    app.gives("list[1]() .. list[2]()", "a=2b=3");
    app.edit("m", { 'counter("a"), counter("b")': 'counter("a"), counter("b"), counter("c")' });
    app.gives("list[1]() .. list[2]() .. list[3]()", "a=3b=4c=1");
  },
);
