import type { Worker } from "node:worker_threads";
import t from "tap";
import type { ServerMessage } from "../../src/protocol/main.ts";
import { Random } from "../support/random-run.ts";
import type { Tab } from "../support/browser.ts";
import { counter, slots, startRealHost } from "../support/real-host.ts";

const threads: Worker[] = [];
process.on("worker", (worker) => threads.push(worker));

/** The threads that are there. */
const living = (): Worker[] => threads.filter(({ threadId }) => threadId > 0);

t.test(
  "threads die at random while people press buttons: every press counts once, every page keeps its socket",
  async (t) => {
    const deaths = Number(process.env["DEATHS"] ?? 30);
    const host = await startRealHost(t, counter, { threads: 2, rate: { perSecond: 1e6, burst: 1e6 } });
    const pages = await Promise.all(Array.from({ length: 6 }, async () => (await host.open()).page));
    const pressed = pages.map(() => 0);
    const press = (index: number): void => {
      const page = pages[index]!;
      page.write(slots.press, null);
      pressed[index]!++;
    };
    for (let death = 0; death < deaths; death++) {
      for (let index = 0; index < pages.length; index++) for (let n = 0; n < 1 + (death % 3); n++) press(index);
      if (death % 2 === 0) await new Promise((resolve) => setTimeout(resolve, (death * 7) % 60));
      const victims = living();
      await victims[death % victims.length]?.terminate();
      for (let index = 0; index < pages.length; index += 2) press(index);
    }
    for (const [index, page] of pages.entries())
      await page.until(() => page.values.get(page.slot(slots.count)) === pressed[index]);
    for (const [index, page] of pages.entries()) {
      press(index);
      await page.until(() => page.values.get(page.slot(slots.count)) === pressed[index]);
      t.equal(page.values.get(page.slot(slots.count)), pressed[index]);
      t.equal(page.faults.length, 0);
    }
  },
);

t.test("who calls what never comes back is told so, and others of the thread go on", async (t) => {
  const files = {
    ...counter,
    "lua/main.lua": counter["lua/main.lua"]!.replace(
      "while true do end",
      `self.count = 1000 string.find(("a"):rep(4000), (".-"):rep(30) .. "b")`,
    ),
  };
  const host = await startRealHost(t, files, { timeLimit: 100 });
  const [stuck, other] = [(await host.open()).page, (await host.open()).page];
  for (const page of [stuck, other]) page.write(slots.press, null);
  stuck.write(slots.loop, null);
  for (const page of [stuck, other]) page.write(slots.press, null);
  for (const page of [stuck, other]) await page.until(() => page.values.get(page.slot(slots.count)) === 2);
  t.same(stuck.faults, ["LIMIT_TIME"]);
  t.same(other.faults, []);
});

/** Events that are under way when a thread dies. */
const BURST = 8;

/** Every step changes something else: values, lists, views that come and go, errors. */
const workshop: Record<string, string> = {
  "lua/main.lua": `
local Item = session:prototype("Item", { n = 0 })
function Item:text() if self.n % 5 == 4 then error("item " .. self.n) end return "item " .. self.n end
local App = session:prototype("App", { count = 0, items = EMPTY, inner = EMPTY })
function App:step(n)
  self.count = self.count + 1
  for i = 1, n % 4 * 5000 do local _ = i .. "" end
  if n % 3 == 0 then table.insert(self.items, n % (#self.items + 1) + 1, Item:new{ n = n }) end
  if n % 7 == 1 then table.remove(self.items, 1) end
  if n % 5 == 2 then table.sort(self.items, function(a, b) return a.n * n % 11 < b.n * n % 11 end) end
  if n % 11 == 0 then self.inner = Item:new{ n = n } end
  if n % 13 == 0 then error("step " .. n) end
end
session:createAppVariable(App:new{ items = {} })
`,
  "viewdefs/App.DEFAULT.html": `<template><div><i ui-action="step(_)"></i><b ui-value="count"></b>
<ul ui-viewlist="items"></ul><p ui-view="inner"></p></div></template>`,
  "viewdefs/Item.DEFAULT.html": `<template><p><b ui-value="text()?priority=high"></b><i ui-value="n"></i></p></template>`,
};

/** The messages of the frames `first` to `last`. Rejects when there is a gap between them. */
async function readFrames(tab: Tab, first: number, last: number): Promise<ServerMessage[][]> {
  const frames: ServerMessage[][] = [];
  for (let seq = first; seq <= last;) {
    const frame = await tab.next();
    if (!("seq" in frame)) continue;
    if (frame.seq !== seq++) throw new Error(`frame ${frame.seq} came in the place of ${seq - 1}`);
    frames.push(frame.messages);
  }
  return frames;
}

t.test("threads die at random: a page gets the very frames that it would have got, each once", async (t) => {
  const seed = Number(process.env["SEED"] ?? 1);
  const deaths = Number(process.env["DEATHS"] ?? 8);
  const random = new Random(seed);
  const bursts = Array.from({ length: deaths }, () => Array.from({ length: BURST }, () => random.below(1000)));
  const host = await startRealHost(t, workshop, { threads: 2, rate: { perSecond: 1e6, burst: 1e6 } });
  const open = async (): Promise<Tab> => {
    const browser = host.browser();
    return browser.connect(await browser.start());
  };
  /** What comes of every burst, with or without a death in it. The app's view begins with variable 2. */
  const play = async (tabs: Tab[], isDisturbed: boolean): Promise<ServerMessage[][][]> => {
    const frames = await Promise.all(tabs.map((tab) => readFrames(tab, 1, 1)));
    for (const [index, steps] of bursts.entries()) {
      for (const tab of tabs) for (const step of steps) tab.send([{ type: "update", id: 2, value: step }]);
      if (isDisturbed) {
        await new Promise((resolve) => setTimeout(resolve, random.below(12)));
        await random.pick(living())?.terminate();
      }
      const first = 2 + index * steps.length;
      for (const [at, tab] of tabs.entries())
        frames[at]!.push(...(await readFrames(tab, first, first + steps.length - 1)));
    }
    return frames;
  };
  const [expected = []] = await play([await open()], false);
  for (const got of await play([await open(), await open()], true)) {
    t.equal(got.length, 1 + BURST * deaths);
    const at = got.findIndex((messages, index) => JSON.stringify(messages) !== JSON.stringify(expected[index]));
    if (at >= 0) t.same(got[at], expected[at], `SEED=${seed}: frame ${at + 1}`);
  }
});
