import t from "tap";
import { collectGarbage } from "../../src/workers/collect-garbage.ts";
import { Mirror } from "../support/mirror.ts";
import { startRealHost } from "../support/real-host.ts";

const KB = 1024;
/** Slots of App. */
const slot = { tick: 0, text: 1, start: 2, stop: 3, change: 4 };

/** While it runs a timer changes everything every 2 ms: a number, a long text, the order and number of rows, a view. */
const site: Record<string, string> = {
  "lua/main.lua": `
local Row = session:prototype("Row", { name = "" })
local Odd = session:prototype("Odd", { n = 0 })
local App = session:prototype("App", { tick = 0, size = 0, rows = EMPTY, odd = EMPTY })
function App:text() return ("x"):rep(self.size) .. self.tick end
function App:start(size)
  self.size = size
  self.timer = session:setInterval(function() self:change() end, 2)
end
function App:change()
  self.tick = self.tick + 1
  table.insert(self.rows, 1, Row:new{ name = "row " .. self.tick })
  self.rows[12] = nil
  self.odd = self.tick % 2 == 1 and Odd:new{ n = self.tick } or nil
end
function App:stop()
  session:clearInterval(self.timer)
  self.size = 1
end
session:createAppVariable(App:new{ rows = {} })
`,
  "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="tick"></b><p ui-value="text()"></p><i ui-action="start(_)"></i>
<i ui-action="stop()"></i><i ui-action="change()"></i><ul ui-viewlist="rows"></ul><div ui-view="odd"></div></main></template>`,
  "viewdefs/Row.DEFAULT.html": `<template><li ui-value="name"></li></template>`,
  "viewdefs/Odd.DEFAULT.html": `<template><em ui-value="n"></em></template>`,
};

const host = await startRealHost(t, site, { rate: { perSecond: 1e6, burst: 1e6 } });

/** A page, and beside it a tab on the same session whose frames are counted. */
async function open(): Promise<{ page: Mirror; slow: Mirror; seen: { bytes: number; frames: number } }> {
  const browser = host.browser();
  const path = await browser.start();
  const page = await Mirror.of(await browser.connect(path));
  const slow = await Mirror.of(await browser.connect(path));
  const seen = { bytes: 0, frames: 0 };
  slow.tab.socket.on("message", (data) => {
    seen.bytes += (data as Buffer).length;
    seen.frames++;
  });
  return { page, slow, seen };
}

/** Bytes of this process's heap and of what it holds outside, garbage aside. */
function memoryInUse(): number {
  collectGarbage();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

const ticks = (page: Mirror): number => Number(page.values.get(page.slot(slot.tick)));

t.test(
  "a tab that stops reading while timers change everything is kept the latest state, not every change",
  async (t) => {
    const { page, slow, seen } = await open();
    slow.tab.socket.pause();
    page.write(page.slot(slot.start), 200 * KB);
    await page.until(() => ticks(page) >= 200);
    page.write(page.slot(slot.stop));
    await page.until(() => page.values.get(page.slot(slot.text)) === `x${ticks(page)}`);
    slow.tab.socket.resume();
    await slow.until(() => slow.values.get(slow.slot(slot.text)) === `x${ticks(page)}`);
    t.strictSame(slow.shown(), page.shown(), "all of it: values, rows, views");
    // What the system's own buffers took before the host noticed is some MB; all changes are 40.
    t.ok(seen.bytes < 0.6 * 200 * 200 * KB, `${seen.bytes} bytes in ${seen.frames} frames for ${ticks(page)} changes`);
    t.ok(seen.frames < 100, `${seen.frames} frames`);
  },
);

t.test(
  "a tab that reads but acknowledges nothing is sent no more than the window, then the latest state in few frames",
  async (t) => {
    const { page, slow, seen } = await open();
    const { tab } = slow;
    const sendText = tab.sendText.bind(tab);
    tab.sendText = () => {};
    // Each press is flushed at once, to all tabs.
    for (let count = 1; count <= 700; count++) {
      page.write(page.slot(slot.change));
      await page.until(() => ticks(page) === count);
    }
    await slow.until(() => ticks(slow) >= 500);
    const sent = seen.frames;
    t.ok(sent < 530, `${sent} frames without an acknowledgement`);
    tab.sendText = sendText;
    tab.sendText(JSON.stringify({ ack: tab.ack }));
    await slow.until(() => ticks(slow) === 700);
    t.strictSame(slow.shown(), page.shown());
    t.ok(seen.frames - sent <= 15, `${seen.frames - sent} frames for the last ${700 - sent} changes`);
    slow.write(slow.slot(slot.change));
    await slow.until(() => ticks(slow) === 701);
  },
);

t.test("while one tab reads nothing the host's memory does not grow with the changes", async (t) => {
  const { page, slow } = await open();
  slow.tab.socket.pause();
  page.write(page.slot(slot.start), 100 * KB);
  await page.until(() => ticks(page) >= 100);
  const before = memoryInUse();
  await page.until(() => ticks(page) >= 500);
  const after = memoryInUse();
  page.write(page.slot(slot.stop));
  // 400 changes of 100 KB are 40 MB, and UTF-16 doubles that. Frames that the system took and nobody has acknowledged are kept,
  // for a page that comes back.
  t.ok(after - before < 20_000 * KB, `${Math.round((after - before) / KB)} KB more`);
  slow.tab.socket.terminate();
});
