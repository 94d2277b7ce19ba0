import type { Worker } from "node:worker_threads";
import t from "tap";
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
