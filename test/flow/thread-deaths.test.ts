import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { counter, slots, startRealHost, type RealHost } from "../support/real-host.ts";
import type { PageModel } from "../support/page-model.ts";
import { deaths, ThreadKiller, type Death } from "../support/thread-killer.ts";

const killer = new ThreadKiller();
t.teardown(() => killer.close());

/** How often its page pressed a button, and the page. */
class Presser {
  readonly page: PageModel;
  pressed = 0;

  constructor(page: PageModel) {
    this.page = page;
  }

  static async open(host: RealHost): Promise<Presser> {
    return new Presser((await host.open()).page);
  }

  press(times = 1): void {
    for (let n = 0; n < times; n++) this.page.write(slots.press, null);
    this.pressed += times;
  }

  get count(): unknown {
    return this.page.values.get(this.page.slot(slots.count));
  }

  /** Until the page shows every press. */
  async settle(): Promise<void> {
    await this.page.until(() => this.count === this.pressed);
  }
}

const unlimited = { rate: { perSecond: 1e6, burst: 1e6 } };

t.test(
  "threads die at random while people press buttons: every press counts once, every page keeps its socket",
  async (t) => {
    const number = Number(process.env["DEATHS"] ?? 30);
    const host = await startRealHost(t, counter, { threads: 2, ...unlimited });
    const pressers = await Promise.all(Array.from({ length: 6 }, () => Presser.open(host)));
    for (let death = 0; death < number; death++) {
      for (const presser of pressers) presser.press(1 + (death % 3));
      if (death % 2 === 0) await new Promise((resolve) => setTimeout(resolve, (death * 7) % 60));
      const victims = killer.living;
      const victim = victims[death % victims.length];
      // Out of memory takes its time, so it comes now and then.
      const way: Death = death % 15 === 14 ? "memory" : deaths[death % 4]!;
      if (victim) await killer.kill(victim, way);
      for (const presser of pressers.filter((_, index) => index % 2 === 0)) presser.press();
      if (death % 10 === 9) for (const presser of pressers) await presser.settle();
    }
    for (const presser of pressers) await presser.settle();
    for (const presser of pressers) {
      presser.press();
      await presser.settle();
      t.equal(presser.count, presser.pressed);
      t.same(presser.page.faults, []);
    }
  },
);

for (const death of deaths) {
  t.test(`a thread that ends by ${death} takes no session with it`, async (t) => {
    const host = await startRealHost(t, counter, { threads: 1, ...unlimited });
    const pressers = await Promise.all(Array.from({ length: 5 }, () => Presser.open(host)));
    for (let round = 0; round < 2; round++) {
      for (const presser of pressers) presser.press(3);
      const [victim] = killer.living;
      const dying = killer.kill(victim!, death);
      for (const presser of pressers) presser.press(3);
      await dying;
      for (const presser of pressers) presser.press(3);
      for (const presser of pressers) await presser.settle();
    }
    for (const { page, count } of pressers) {
      t.equal(count, 18);
      t.same(page.faults, []);
    }
  });
}

t.test("who calls what never comes back is told so, and others of the thread go on", async (t) => {
  const files = {
    ...counter,
    "lua/main.lua": counter["lua/main.lua"]!.replace(
      "while true do end",
      `self.count = 1000 string.find(("a"):rep(4000), (".-"):rep(30) .. "b")`,
    ),
  };
  const host = await startRealHost(t, files, { timeLimit: 100 });
  const [stuck, other] = [await Presser.open(host), await Presser.open(host)];
  for (const presser of [stuck, other]) presser.press();
  stuck.page.write(slots.loop, null);
  for (const presser of [stuck, other]) presser.press();
  for (const presser of [stuck, other]) await presser.settle();
  t.same(stuck.page.faults, ["LIMIT_TIME"]);
  t.same(other.page.faults, []);
});

t.test(
  "a file that was required is not seen a second time, whatever it says by the time its thread dies",
  async (t) => {
    const part = (value: number): string => `return { value = ${value} }`;
    const files = {
      ...counter,
      "lua/main.lua": counter["lua/main.lua"]!.replace(
        "while true do end",
        `self.name = tostring(require("part").value)`,
      ),
      "lua/part.lua": part(1),
    };
    const host = await startRealHost(t, files, unlimited);
    const presser = await Presser.open(host);
    const { page } = presser;
    const name = (): unknown => page.values.get(page.slot(slots.name));
    presser.press(2);
    page.write(slots.loop, null);
    presser.press(2);
    await page.until(() => name() === "1");
    await presser.settle();
    fs.writeFileSync(path.join(host.dir, "lua/part.lua"), part(2));
    fs.writeFileSync(path.join(host.dir, "lua/main.lua"), "error('this must not run')");
    for (const death of deaths) {
      await killer.kill(killer.living[0]!, death);
      presser.press();
      page.write(slots.loop, null);
      await presser.settle();
    }
    t.equal(name(), "1");
    t.same(page.faults, []);
  },
);
