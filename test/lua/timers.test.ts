import t from "tap";
import { LuaSession } from "../support/lua-session.ts";

const site = (body: string) => ({
  lua: {
    main: `log = {}
      local function note(text) return function() log[#log + 1] = text end end
      ${body}
      local app = session:prototype("App"):new()
      function app:log() return table.concat(log, " ") end
      session:createAppVariable(app)`,
  },
  viewdefs: { "App.DEFAULT": `<b ui-value="log()"></b>` },
});

async function transcript(body: string, milliseconds: number): Promise<unknown> {
  const session = await LuaSession.start(site(body));
  const page = session.connect();
  session.advance(milliseconds);
  const result = page.root.value("log()");
  session.close();
  return result;
}

t.test("timers fire in order of time, then of their making, and change the page by themselves", async (t) =>
  t.equal(
    await transcript(
      `session:setTimeout(note("c"), 20) session:setTimeout(note("a"), 10) session:setTimeout(note("b"), 10)
       session:setImmediate(note("now")) session:setTimeout(note("late"), 1000)`,
      100,
    ),
    "now a b c",
  ),
);

t.test(
  "an interval ticks until it is cleared, from inside too; clearing twice and unknown handles are fine",
  async (t) =>
    t.equal(
      await transcript(
        `local h; local n = 0
       h = session:setInterval(function() n = n + 1; note("t" .. n)(); if n == 3 then session:clearInterval(h) session:clearInterval(h) end end, 10)
       session:clearTimeout(12345) session:clearImmediate(nil)
       local gone = session:setTimeout(note("never"), 5) session:clearTimeout(gone)`,
        200,
      ),
      "t1 t2 t3",
    ),
);

t.test("an interval that came late ticks once and does not catch up", async (t) => {
  const session = await LuaSession.start(site(`session:setInterval(note("t"), 10)`));
  const page = session.connect();
  session.now += 1005;
  session.dispatch("timer", 0);
  t.equal(page.root.value("log()"), "t");
  t.equal(session.nextTimer, session.now + 10);
  session.close();
});

t.test("zero, negative, fractional and huge times are no trouble; NaN is a wrong argument", async (t) =>
  t.equal(
    await transcript(
      `session:setTimeout(note("zero"), 0) session:setTimeout(note("negative"), -5) session:setTimeout(note("half"), 0.5)
       session:setTimeout(note("never"), math.huge) session:setTimeout(note("never"), 1e300)
       local h = session:setInterval(note("i"), 0) session:setTimeout(function() session:clearInterval(h) end, 3)
       assert(not pcall(session.setTimeout, session, print, 0/0))`,
      10,
    ),
    "zero negative half i i i",
  ),
);

t.test(
  "a timer set by a timer waits for its own event, so an immediate that repeats itself cannot hang a session",
  async (t) => {
    const session = await LuaSession.start(
      site(`local function again() note("x")() session:setImmediate(again) end session:setImmediate(again)`),
    );
    const page = session.connect();
    session.dispatch("timer", 0);
    session.dispatch("timer", 0);
    t.equal(page.root.value("log()"), "x x");
    session.close();
  },
);

t.test("timers are kept in the image", async (t) => {
  const session = await LuaSession.start(site(`session:setTimeout(note("kept"), 50)`));
  const page = session.connect();
  const image = session.vm.saveImage();
  session.vm.loadImage(null);
  session.vm.loadImage(image);
  session.advance(100);
  t.equal(page.root.value("log()"), "kept");
  session.close();
});
