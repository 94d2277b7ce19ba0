import t, { type Test } from "tap";
import { Mirror } from "../support/mirror.ts";
import { startRealHost, type RealHost } from "../support/real-host.ts";

const slot = { count: 0, press: 1, loop: 2, stubborn: 3, eat: 4, hoard: 5, drop: 6 };
const site: Record<string, string> = {
  "lua/main.lua": `
local App = session:prototype("App", { count = 0 })
function App:press() self.count = self.count + 1 end
function App:loop() while true do end end
function App:stubborn() while true do pcall(function() while true do end end) end end
function App:eat() local s = "x" while true do s = s .. s end end
function App:hoard() self.kept = self.kept or {} while true do self.kept[#self.kept + 1] = ("x"):rep(1000) .. #self.kept end end
function App:drop() self.kept = nil end
session:createAppVariable(App:new())
`,
  "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="count"></b><i ui-action="press()"></i><i ui-action="loop()"></i>
<i ui-action="stubborn()"></i><i ui-action="eat()"></i><i ui-action="hoard()"></i><i ui-action="drop()"></i></main></template>`,
};

const impatient = await startRealHost(t, site, { threads: 1, timeLimit: 300 });
const narrow = await startRealHost(t, site, { threads: 1, memoryLimit: 16 * 2 ** 20, timeLimit: 20_000 });

/** The pages of `count` sessions, each of another browser. */
async function openPages(host: RealHost, count: number): Promise<Mirror[]> {
  const pages = [];
  for (let index = 0; index < count; index++) {
    const browser = host.browser();
    pages.push(await Mirror.of(await browser.connect(await browser.start())));
  }
  return pages;
}

async function press(page: Mirror, times = 1): Promise<void> {
  const count = page.slot(slot.count);
  const goal = Number(page.values.get(count)) + times;
  for (let index = 0; index < times; index++) page.write(page.slot(slot.press));
  await page.until(() => page.values.get(count) === goal);
}

/** Runs what ends in a limit, and gives its code. */
async function failing(page: Mirror, action: number): Promise<string | undefined> {
  page.faults.length = 0;
  page.write(page.slot(action));
  await page.until(() => page.faults.length > 0);
  return page.faults[0]?.code;
}

/** Whether a promise has settled so far. */
function watch(done: Promise<unknown>): { isOver: boolean } {
  const state = { isOver: false };
  void done.then(() => (state.isOver = true));
  return state;
}

t.test(
  "with a thread of its own a session works like any other, and is not held up by another's endless loop",
  async (t) => {
    const host = await startRealHost(t, site, { isolation: "dedicated", timeLimit: 2000 });
    const [looping, busy] = (await openPages(host, 2)) as [Mirror, Mirror];
    await press(looping, 3);
    await press(busy, 3);
    const stopped = failing(looping, slot.loop);
    const loop = watch(stopped);
    for (let round = 0; round < 10; round++) await press(busy);
    t.equal(loop.isOver, false, "ten answers came while the other still ran");
    t.equal(await stopped, "LIMIT_TIME");
    await press(looping);
    t.equal(looping.values.get(looping.slot(slot.count)), 4, "and that one goes on where it was");
  },
);

t.test("a dedicated session that is closed gives its place back", async (t) => {
  const host = await startRealHost(t, site, { isolation: "dedicated", maxSessions: 2 });
  const browser = host.browser();
  for (let round = 0; round < 3; round++) {
    const paths = [await browser.start(), await browser.start()];
    t.equal((await browser.get("/")).status, 503);
    for (const path of paths) {
      await press(await Mirror.of(await browser.connect(path)));
      t.ok(host.app.moonpool.endSession(path.slice(1)));
    }
    t.equal(host.app.moonpool.sessionCount, 0);
  }
});

t.test(
  "an endless loop does not stop sessions on other threads; those on its own thread go on after the time limit",
  async (t) => {
    const host = await startRealHost(t, site, { threads: 2, timeLimit: 1500 });
    const pages = await openPages(host, 6);
    const [looping, ...others] = pages as [Mirror, ...Mirror[]];
    const stopped = failing(looping, slot.loop);
    const loop = watch(stopped);
    let during = 0;
    const answered = others.map(async (page) => {
      await press(page, 5);
      if (!loop.isOver) during++;
    });
    await Promise.all(answered);
    t.equal(await stopped, "LIMIT_TIME");
    t.ok(during >= 2, `${during} of 5 others were answered while it ran: those of the other thread`);
    await Promise.all(pages.map((page) => press(page, 5)));
  },
);

for (const [action, what] of [
  ["loop", "an endless loop"],
  ["stubborn", "a loop that swallows the error"],
] as const) {
  t.test(`${what} on the only thread ends with the time limit, and everybody's events are carried out`, async (t) => {
    const [looping, ...others] = (await openPages(impatient, 3)) as [Mirror, ...Mirror[]];
    await press(looping, 2);
    const stopped = failing(looping, slot[action]);
    await Promise.all(others.map((page) => press(page, 10)));
    t.equal(await stopped, "LIMIT_TIME");
    await press(looping);
    t.equal(looping.values.get(looping.slot(slot.count)), 3, "nothing was lost");
    untouched(t, others);
  });
}

for (const [action, what] of [
  ["eat", "a string that doubles"],
  ["hoard", "data that is kept"],
] as const) {
  t.test(`a memory bomb (${what}) hurts its own session only, which goes on when it lets go of the data`, async (t) => {
    const [bomb, ...others] = (await openPages(narrow, 3)) as [Mirror, ...Mirror[]];
    await press(bomb, 2);
    const exploded = failing(bomb, slot[action]);
    await Promise.all(others.map((page) => press(page, 10)));
    t.equal(await exploded, "LIMIT_MEMORY");
    await Promise.all(others.map((page) => press(page, 10)));
    untouched(t, others);
    bomb.write(bomb.slot(slot.drop));
    await press(bomb);
    t.equal(bomb.values.get(bomb.slot(slot.count)), 3, "nothing was lost");
  });
}

t.test("more sessions than slots take turns: each finds its own state, whatever the order", async (t) => {
  const host = await startRealHost(t, site, { threads: 1, slots: 2 });
  const pages = await openPages(host, 7);
  for (let round = 0; round < 5; round++) {
    for (const [index, page] of pages.entries()) await press(page, index);
    await Promise.all(pages.map((page) => press(page)));
  }
  t.same(
    pages.map((page) => page.values.get(page.slot(slot.count))),
    pages.map((_, index) => 5 * index + 5),
  );
});

function untouched(t: Test, pages: Mirror[]): void {
  t.strictSame(
    pages.flatMap((page) => [...page.errors.values(), ...page.faults]),
    [],
  );
}
