import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const site = (methods: string, start = "") => ({
  lua: {
    main: `local App = session:prototype("App", { text = "", said = "" })
      function App:go() ${methods} end
      ${start}
      session:createAppVariable(App:new())`,
  },
  viewdefs: { "App.DEFAULT": `<b ui-value="text"></b><b ui-value="said"></b><i ui-action="go()"></i>` },
});

t.test("a notice is one message to every page of the session, with what was asked for and nothing else", async (t) => {
  const session = await LuaSession.start(
    site(`session:notify("Saved \\"x\\" <b>") session:notify(12, { kind = "error", duration = 1500.7, other = {} })
      session:notify("Für immer", { kind = "warning", duration = 0 })`),
  );
  const pages = [session.connect(), session.connect()];
  pages[0]!.root.set("go()");
  for (const page of pages)
    t.strictSame(page.notices, [
      { type: "notify", text: 'Saved "x" <b>' },
      { type: "notify", text: "12", kind: "error", duration: 1500 },
      { type: "notify", text: "Für immer", kind: "warning", duration: 0 },
    ]);
  session.advance(10_000);
  t.equal(pages[0]!.notices.length, 3, "it is said once");
  session.close();
});

t.test("what is said before there is a page waits for the first one, the newest 20; it goes to no other", async (t) => {
  const session = await LuaSession.start(
    site(
      "",
      `for i = 1, 30 do session:notify("n" .. i) end session:setTimeout(function() session:notify("timer") end, 50)`,
    ),
  );
  session.advance(100);
  const [page, late] = [session.connect(), session.connect()];
  t.strictSame(
    page.notices.map(({ text }) => text),
    [...Array.from({ length: 19 }, (_, index) => `n${index + 12}`), "timer"],
  );
  t.strictSame(late.notices, []);
  session.close();
});

t.test("wrong arguments raise an error at the caller's line, and nothing is said", async (t) => {
  const calls: [call: string, message: string][] = [
    [`session:notify()`, "#2 to 'notify' (text expected, got nil)"],
    [`session:notify("")`, "#2 to 'notify' (text expected, got string)"],
    [`session:notify({})`, "#2 to 'notify' (text expected, got table)"],
    [`session:notify("x", "success")`, "#3 to 'notify' (table expected, got string)"],
    [
      `session:notify("x", { kind = "fatal" })`,
      `#3 to 'notify' (kind: "info", "success", "warning" or "error" expected)`,
    ],
    [`session:notify("x", { kind = 1 })`, "kind: "],
    [`session:notify("x", { duration = -1 })`, "#3 to 'notify' (duration: milliseconds"],
    [`session:notify("x", { duration = 0/0 })`, "duration: "],
    [`session:notify("x", { duration = math.huge })`, "duration: "],
    [`session:notify("x", { duration = "5" })`, "duration: "],
  ];
  const session = await LuaSession.start(
    site(`local said = {}
      ${calls.map(([call]) => `said[#said + 1] = select(2, pcall(function() ${call} end))`).join("\n")}
      self.said = table.concat(said, "|")`),
  );
  const page = session.connect();
  page.root.set("go()");
  const said = String(page.root.value("said")).split("|");
  for (const [index, [call, message]] of calls.entries()) {
    t.match(said[index], new RegExp(`^main.lua:${index + 3}: bad argument`), call);
    t.ok(said[index]?.includes(message), `${call}: ${said[index]}`);
  }
  t.strictSame(page.notices, []);
  session.close();
});

t.test("long texts are cut between characters, texts that are none are made one", async (t) => {
  const session = await LuaSession.start(
    site(`session:notify(("ä"):rep(5000)) session:notify(("x"):rep(1000)) session:notify("a\\xffb\\0c")`),
  );
  const page = session.connect();
  page.root.set("go()");
  t.strictSame(
    page.notices.map(({ text }) => [text.length, text.slice(-1)]),
    [
      [1000, "…"],
      [1000, "x"],
      [5, "c"],
    ],
  );
  session.close();
});

t.test("an event that is taken back has said nothing", async (t) => {
  const session = await LuaSession.start(site(`session:notify("half") while true do end`), { timeLimit: 50 });
  const page = session.connect();
  page.root.set("go()");
  t.equal(session.refused?.code, "LIMIT_TIME");
  t.strictSame(page.notices, []);
  session.close();
});

t.test(
  "notices count for LIMIT_OUTPUT: those for which there is no room are not sent, and the log says so",
  async (t) => {
    const session = await LuaSession.start(site(`for i = 1, 20 do session:notify(("x"):rep(1000)) end`), {
      limits: { output: 2000 },
    });
    const page = session.connect();
    page.root.set("go()");
    // 16 KB are kept for saying what is wrong.
    t.ok(page.notices.length < 20 && page.notices.length > 10, String(page.notices.length));
    t.match(session.logs.at(-1), { level: "error", message: /LIMIT_OUTPUT|more than 2000 bytes/ });
    session.close();
  },
);
