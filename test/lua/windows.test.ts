import * as fc from "fast-check";
import t from "tap";
import type { List, ListWindow } from "../../src/protocol/message.ts";
import { LuaSession, type TestPage } from "../support/lua-session.ts";

/** A list of rows named by numbers, of which the test says what happens to them; `options` are those of the list. */
const site = (options: string) => ({
  lua: {
    main: `
      Row = session:prototype("Row", { name = "" })
      Presenter = session:prototype("Presenter", { baseItem = EMPTY, index = 0, list = EMPTY })
      function Presenter:name() return self.baseItem.name end
      function Presenter:drop() self.list:remove(self) end
      local App = session:prototype("App", { rows = EMPTY, other = 0 })
      app = App:new{ rows = {} }
      local next_name = 0
      local function fresh() next_name = next_name + 1; return Row:new{ name = next_name } end
      local edits = {}
      function edits.add(at, count) for i = 1, count do table.insert(app.rows, at + i, fresh()) end end
      function edits.append(count) for _ = 1, count do app.rows[#app.rows + 1] = fresh() end end
      function edits.drop(at, count) for _ = 1, count do table.remove(app.rows, at + 1) end end
      function edits.move(from, to) table.insert(app.rows, to + 1, table.remove(app.rows, from + 1)) end
      function edits.sort() table.sort(app.rows, function(a, b) return a.name > b.name end) end
      function edits.copy() app.rows = table.move(app.rows, 1, #app.rows, 1, {}) end
      function edits.touch() app.other = app.other + 1 end
      function App:edit(code) load(code, "edit", "t", edits)() end
      session:createAppVariable(app)`,
  },
  viewdefs: {
    "App.DEFAULT": `<div><ul ui-viewlist="rows${options}"></ul><b ui-action="edit(_)"></b><i ui-value="other"></i></div>`,
    "Row.list-item": `<li ui-value="name"></li>`,
    "Presenter.list-item": `<li><b ui-value="name()"></b><i ui-value="index"></i><u ui-action="drop()"></u></li>`,
  },
});

/** The list of a page, as its window and the names of its rows. */
class ListOf {
  readonly page: TestPage;
  readonly slot: string;
  readonly session: LuaSession;

  private constructor(session: LuaSession, slot: string) {
    this.session = session;
    this.page = session.connect();
    this.slot = slot;
  }

  static async start(options: string, edit: string): Promise<ListOf> {
    const session = await LuaSession.start(site(options));
    const list = new ListOf(session, `rows${options}`);
    list.edit(edit);
    return list;
  }

  edit(code: string): void {
    this.page.root.set("edit(_)", code);
  }

  ask(start: number, count: number, keep?: number): void {
    const id = this.page.root.variable(this.slot);
    this.page.send([{ type: "window", id, start, count, ...(keep !== undefined && { keep }) }]);
  }

  get window() {
    return this.page.root.window(this.slot);
  }

  get names(): number[] {
    return this.page.root.rows(this.slot).map((row) => Number(row.value("name")));
  }

  /** Variable of the row with this name. */
  row(name: number): number {
    const row = this.page.root.rows(this.slot).find((one) => one.value("name") === name);
    if (!row) throw new Error(`there is no row ${name}`);
    return row.id;
  }

  /** The list messages of the last event. */
  get said(): List[] {
    return this.page.messages.filter((message) => message.type === "list");
  }

  /** The names of all elements of the array. */
  get all(): number[] {
    const names = this.session.evaluate(
      `local names = {} for i, row in ipairs(app.rows) do names[i] = row.name end return table.concat(names, " ")`,
    );
    return names === "" ? [] : names.split(" ").map(Number);
  }
}

const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

t.test("a list with a window has as many rows as its viewdef says, then those that its page asks for", async (t) => {
  const list = await ListOf.start("?window=20", "append(1000)");
  t.same(list.window, { start: 0, total: 1000 });
  t.same(list.names, from(1, 20));
  list.ask(500, 30);
  t.same(list.window, { start: 500, total: 1000 });
  t.same(list.names, from(501, 30));
  const kept = list.row(520);
  list.ask(510, 30);
  t.same(list.names, from(511, 30));
  t.equal(list.row(520), kept, "a row that is in both keeps its variable");
  t.same(
    list.said.map(({ remove, place }) => [remove?.length, place?.map(({ count }) => count)]),
    [[10, [10]]],
    "only rows that come and go are mentioned",
  );
  list.ask(990, 30);
  t.same([list.window, list.names], [{ start: 970, total: 1000 }, from(971, 30)], "behind the end there is nothing");
  list.ask(0, 1000);
  t.same(list.names, from(1, 1000));
  list.session.close();
});

t.test(
  "every question for rows is answered, also when they are there already; nothing else is said twice",
  async (t) => {
    const list = await ListOf.start("?window", "append(100)");
    t.equal(list.names.length, 50, "50 rows unless the viewdef says otherwise");
    list.ask(0, 50);
    t.match(list.said, [{ window: { start: 0, total: 100 } }]);
    t.notMatch(list.said[0], { place: [] });
    list.edit("touch()");
    t.same(list.said, []);
    list.edit("copy()");
    t.same(list.said, [], "another array with the same elements is the same list");
    list.edit("drop(99, 1)");
    t.match(list.said, [{ window: { start: 0, total: 99 } }], "the scroll bar has to know of what is out of sight");
    list.session.close();
  },
);

t.test("a window stays with its rows when elements come and go around it", async (t) => {
  const list = await ListOf.start("?window=20", "append(1000)");
  list.ask(500, 20);
  const before = list.names.map((name) => list.row(name));
  list.edit("add(0, 7)");
  t.same(list.window, { start: 507, total: 1007 });
  t.same(list.said[0]?.place, undefined, "no row is mentioned");
  list.edit("drop(3, 10)");
  t.same(list.window, { start: 497, total: 997 });
  list.edit("add(900, 5)");
  t.same(list.window, { start: 497, total: 1002 });
  list.edit("add(0, 5); drop(600, 30)");
  t.same(list.window, { start: 502, total: 977 }, "both at once");
  t.same(
    list.names.map((name) => list.row(name)),
    before,
  );
  list.edit("drop(502, 12)");
  t.equal(list.window?.start, 502, "most of its rows went: those behind come up");
  t.same(list.names, list.all.slice(502, 522));
  list.edit("append(3000)");
  list.edit("sort()");
  t.equal(list.window?.start, 502, "after a sort nothing is near: it stays where it is");
  t.same(list.names, list.all.slice(502, 522));
  list.session.close();
});

t.test("a window at the beginning or the end takes in what is added there, up to twice its size", async (t) => {
  const list = await ListOf.start("?window=20", "append(100)");
  list.edit("add(0, 5)");
  t.same([list.window?.start, list.names.length], [0, 25]);
  t.same(list.names, list.all.slice(0, 25));
  list.edit("add(0, 1000)");
  t.not(list.window?.start, 0, "whoever reads is not moved by very much at once");
  t.ok(list.names.includes(10), "its rows are still there");
  list.ask(2000, 20);
  list.edit("append(1)");
  t.same(list.names, list.all.slice(-21));
  list.edit("append(500)");
  t.same(list.names, list.all.slice(-40));
  list.session.close();
});

t.test("a row that the page wants to keep stays, wherever its window goes and whatever the array does", async (t) => {
  const list = await ListOf.start("?window=20", "append(1000)");
  const kept = list.row(7);
  list.ask(500, 20, kept);
  t.same(list.window, { start: 500, total: 1000, kept: 6 });
  t.same(list.names, [7, ...from(501, 20)], "in front of the window when it is above");
  t.equal(list.row(7), kept);
  list.edit("add(0, 3)");
  t.same(list.window, { start: 503, total: 1003, kept: 9 });
  list.edit("move(9, 900)");
  t.same(list.window, { start: 502, total: 1003, kept: 900 }, "it is found however far it moves");
  t.same(list.names, [...from(501, 20), 7], "behind the window when it is below");
  t.equal(list.row(7), kept);
  list.edit("sort()");
  t.equal(list.row(7), kept);
  list.ask(list.window?.kept ?? 0, 20, kept);
  t.equal(list.window?.kept, undefined, "within the window it is a row like others");
  t.equal(list.row(7), kept);
  list.ask(500, 20, kept);
  list.edit("drop(999, 1)");
  t.equal(list.row(7), kept);
  list.edit(`drop(${list.window?.kept}, 1)`);
  t.same([list.window?.kept, list.names.length], [undefined, 20], "out of the array, out of the list");
  list.ask(100, 20, list.row(list.names[3] as number));
  list.ask(700, 20);
  t.equal(list.names.length, 20, "not kept any more");
  list.session.close();
});

t.test("C14–C19: first and last keep so many elements, whatever is added where", async (t) => {
  const log = await ListOf.start("?last=5", "append(8)");
  t.same(log.names, [4, 5, 6, 7, 8], "C14: the first frame has no more than that");
  t.equal(log.window, undefined, "it is no window");
  log.edit("append(1)");
  t.same(log.names, [5, 6, 7, 8, 9], "C15: one more at the end drops the first");
  t.same(
    log.said.map(({ remove, place }) => [remove?.length, place?.length]),
    [[1, 1]],
    "and that is all that is sent",
  );
  log.edit("append(10)");
  t.same(log.names, from(15, 5), "C15: ten more");
  log.edit("add(0, 3)");
  t.same([log.names, log.said], [from(15, 5), []], "C18: one more at the beginning changes nothing");
  log.edit("add(20, 1)");
  t.same(log.names, log.all.slice(-5), "C19: anywhere between");
  log.edit("drop(0, 20)");
  t.same(log.names, log.all, "fewer than the limit");
  log.session.close();

  const news = await ListOf.start("?first=5", "append(8)");
  t.same(news.names, [1, 2, 3, 4, 5], "C14");
  news.edit("add(0, 1)");
  t.same(news.names, [9, 1, 2, 3, 4], "C16: one more at the beginning drops the last");
  news.edit("append(1)");
  t.same([news.names, news.said], [[9, 1, 2, 3, 4], []], "C17: one more at the end changes nothing");
  news.edit("add(2, 1)");
  t.same(news.names, news.all.slice(0, 5), "C19: anywhere between");
  news.session.close();
});

t.test("a window over a limited list counts within the limit", async (t) => {
  const log = await ListOf.start("?last=100&window=10", "append(500)");
  t.same([log.window, log.names], [{ start: 0, total: 100 }, from(401, 10)]);
  log.ask(50, 10);
  t.same(log.names, from(451, 10));
  log.edit("append(4)");
  t.same([log.window, log.names], [{ start: 46, total: 100 }, from(451, 10)], "its rows come nearer to the limit");
  log.ask(90, 10);
  log.edit("append(1)");
  t.same(log.names, log.all.slice(-11));
  log.session.close();
});

t.test(
  "presenters exist for the rows in the window only, know their place in the array, and remove themselves",
  async (t) => {
    const list = await ListOf.start("?window=10&itemWrapper=Presenter", "append(1000)");
    const shown = () => list.page.root.rows(list.slot).map((row) => [row.value("name()"), row.value("index")]);
    list.ask(500, 10);
    t.same(
      shown(),
      from(501, 10).map((name) => [name, name - 1]),
    );
    const before = list.page.root.rows(list.slot).map(({ id }) => id);
    list.edit("add(0, 2)");
    t.same(
      shown(),
      from(501, 10).map((name) => [name, name + 1]),
    );
    t.same(
      list.page.root.rows(list.slot).map(({ id }) => id),
      before,
    );
    list.page.root.rows(list.slot)[3]?.set("drop()");
    t.notOk(list.all.includes(504), "it is the array's element that goes");
    t.equal(list.all.length, 1001);
    t.same(
      shown().map(([name]) => name),
      [501, 502, 503, ...from(505, 7)],
    );
    list.edit("copy()");
    list.page.root.rows(list.slot)[0]?.set("drop()");
    t.notOk(list.all.includes(501), "also when the array is another one meanwhile");
    list.session.close();
  },
);

t.test("an array may make its elements when they are asked for: only those of the window are", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `
        Row = session:prototype("Row", { name = "" })
        local App = session:prototype("App", { rows = EMPTY, asked = 0 })
        local app = App:new()
        local known = {}
        app.rows = setmetatable({}, {
          __len = function() return 1000000 end,
          __index = function(_, at)
            if math.type(at) ~= "integer" then return nil end
            app.asked = app.asked + 1
            known[at] = known[at] or Row:new{ name = at }
            return known[at]
          end,
        })
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><ul ui-viewlist="rows?window=10"></ul><b ui-value="asked?priority=low"></b></div>`,
      "Row.list-item": `<li ui-value="name"></li>`,
    },
  });
  const page = session.connect();
  t.same(page.root.window("rows?window=10"), { start: 0, total: 1_000_000 });
  page.send([{ type: "window", id: page.root.variable("rows?window=10"), start: 999_990, count: 10 }]);
  t.same(
    page.root.rows("rows?window=10").map((row) => row.value("name")),
    from(999_991, 10),
  );
  t.ok(Number(page.root.value("asked?priority=low")) < 100, "a few readings of each");
  session.close();
});

t.test("what is no array is an error, and so is a question for rows of what is no window", async (t) => {
  const session = await LuaSession.start({
    lua: {
      main: `
        local App = session:prototype("App", { rows = EMPTY, all = EMPTY })
        app = App:new{ all = { 1, 2 } }
        function App:set(code) self.rows = load("return " .. code, "code", "t", { setmetatable = setmetatable })() end
        session:createAppVariable(app)`,
    },
    viewdefs: {
      "App.DEFAULT": `<div><ul ui-viewlist="rows?window"></ul><ul ui-viewlist="all"></ul><b ui-action="set(_)"></b></div>`,
    },
  });
  const page = session.connect();
  t.same(page.root.rows("rows?window"), [], "nil has no rows");
  for (const code of [
    "1",
    "'text'",
    "{ a = 1 }",
    "{ type = 'Odd', 1 }",
    "setmetatable({}, { __len = function() return -1 end })",
    "setmetatable({}, { __len = function() return 1e300 end })",
  ]) {
    page.root.set("set(_)", code);
    t.equal(page.root.error("rows?window")?.code, "LIST_EXPECTED", code);
    page.root.set("set(_)", "{ 'good' }");
    t.equal(page.root.error("rows?window"), undefined);
  }
  page.root.set("set(_)", "{ 1, nil, 3, nil, 5 }");
  t.equal(page.root.error("rows?window"), undefined, "holes are rows without anything");
  page.send([{ type: "window", id: page.root.variable("all"), start: 0, count: 10 }]);
  t.match(page.faults, [{ code: "WINDOW_INVALID" }]);
  page.send([{ type: "window", id: 4711, start: 0, count: 10 }]);
  t.equal(page.faults.length, 1, "a list that is gone is nothing to speak of");
  page.root.set("set(_)", "{ 1, 2, 3 }");
  page.send([{ type: "window", id: page.root.variable("rows?window"), start: 2 ** 53 - 1, count: 1000, keep: -3 }]);
  t.same(page.root.window("rows?window"), { start: 0, total: 3 });
  session.close();
});

t.test("a window goes on when the viewdefs around it and of its rows are edited", async (t) => {
  const session = await LuaSession.start({ ...site("?window=10"), hotload: true } as never);
  const page = session.connect();
  const window = () => page.root.window("rows?window=10");
  page.root.set("edit(_)", "append(200)");
  const row = page.root.rows("rows?window=10")[2]?.id;
  page.send([{ type: "window", id: page.root.variable("rows?window=10"), start: 100, count: 20, keep: row as number }]);
  const before = page.root.rows("rows?window=10").map(({ id }) => id);
  session.save({
    viewdefs: {
      "App.DEFAULT": `<div><b ui-action="edit(_)"></b><p></p><ul ui-viewlist="rows?window=10"></ul></div>`,
      "Row.list-item": `<li><em ui-value="name"></em></li>`,
    },
  });
  t.same(window(), { start: 100, total: 200, kept: 2 });
  t.same(
    page.root.rows("rows?window=10").map(({ id }) => id),
    before,
  );
  page.root.set("edit(_)", "add(0, 5)");
  t.same(window(), { start: 105, total: 205, kept: 7 });
  page.send([{ type: "window", id: page.root.variable("rows?window=10"), start: 0, count: 20, keep: row as number }]);
  t.same(
    page.root.rows("rows?window=10").map((one) => one.value("name")),
    [...from(201, 5), ...from(1, 15)],
  );
  t.equal(page.root.rows("rows?window=10")[7]?.id, row);
  session.close();
});

t.test(
  "whatever happens to the array and wherever the page looks: the rows are those of the array in the window",
  async (t) => {
    for (const options of ["?window=10", "?window=10&last=60", "?last=30", "?first=30"]) {
      const list = await ListOf.start(options, "append(40)");
      const at = fc.nat(1000);
      const edit = fc.oneof(
        fc.tuple(fc.constant("add"), at, fc.integer({ min: 1, max: 30 })),
        fc.tuple(fc.constant("append"), fc.integer({ min: 1, max: 30 })),
        fc.tuple(fc.constant("drop"), at, fc.integer({ min: 1, max: 30 })),
        fc.tuple(fc.constant("move"), at, at),
        fc.tuple(fc.constant("sort")),
        fc.tuple(fc.constant("copy")),
        fc.tuple(fc.constant("ask"), at, fc.integer({ min: 1, max: 40 }), fc.option(fc.nat(39))),
      );
      const hasWindow = options.startsWith("?window");
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
          const rows = new Map(list.page.root.rows(list.slot).map(({ id }, index) => [list.names[index], id]));
          let size = list.all.length;
          const code: string[] = [];
          for (const [name, ...numbers] of edits) {
            if (name === "ask") {
              if (!hasWindow) continue;
              list.edit(code.splice(0).join(";"));
              const [start, count, keep] = numbers as [number, number, number | null];
              const shown = list.page.root.rows(list.slot);
              list.ask(start, count, keep === null ? undefined : shown[keep % shown.length]?.id);
              continue;
            }
            const [first = 0, second = 0] = numbers as number[];
            if (name === "add") code.push(`add(${first % (size + 1)}, ${second})`);
            else if (name === "drop") code.push(`drop(${first % (size + 1)}, ${second})`);
            else if (name === "move" && size > 0) code.push(`move(${first % size}, ${second % size})`);
            else if (name !== "move") code.push(`${name}(${first})`);
            if (name === "add") size += second;
            if (name === "append") size += first;
            if (name === "drop") size = Math.max(first % (size + 1), size - second);
          }
          list.edit(code.join(";"));
          const all = list.all;
          const limit = Number(/(?:last|first)=(\d+)/.exec(options)?.[1] ?? Infinity);
          const range = options.includes("last") ? all.slice(-limit) : all.slice(0, limit);
          const { start, total, kept }: ListWindow = list.window ?? { start: 0, total: range.length };
          const names = list.names;
          const extra = kept === undefined ? [] : [Number(kept < start ? names.shift() : names.pop())];
          t.equal(total, range.length);
          t.same(names, range.slice(start, start + names.length));
          t.same(
            extra.map((name) => range.indexOf(name)),
            kept === undefined ? [] : [kept],
          );
          if (!hasWindow) t.equal(names.length, range.length);
          else if (range.length > 0) t.ok(names.length > 0 && names.length <= 80, `${names.length} rows`);
          for (const name of [...names, ...extra])
            if (edits.length === 1 && rows.has(name) && list.row(name) !== rows.get(name))
              throw new Error(`row ${name} was made anew`);
          if (size > 300) list.edit("drop(0, 260)");
        }),
        { numRuns: 120 },
      );
      list.session.close();
    }
  },
);
