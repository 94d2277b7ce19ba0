import t from "tap";
import { CpuBudget } from "../../src/workers/cpu-budget.ts";

t.test("a session may use its burst at once, and then its share of every second", async (t) => {
  const budget = new CpuBudget({ perSecond: 500, burst: 1_000 }, 0);
  budget.spend(999, 0);
  t.equal(budget.wait(0), 0);
  budget.spend(1, 0);
  t.ok(budget.wait(0) > 0);
  t.equal(budget.wait(10), 0);
});

t.test(
  "an event that takes more than is left is not cut short; the next one waits until it is worked off",
  async (t) => {
    const budget = new CpuBudget({ perSecond: 500, burst: 1_000 }, 0);
    budget.spend(2_000, 0);
    const wait = budget.wait(0);
    t.equal(wait, 2_001);
    t.ok(budget.wait(1_000) > 0);
    t.equal(budget.wait(wait), 0);
  },
);

t.test("in the long run it has its share and no more, whatever the size of its events", async (t) => {
  for (const size of [1, 7, 130, 1_000]) {
    const budget = new CpuBudget({ perSecond: 250, burst: 1_000 }, 0);
    let now = 0;
    let used = 0;
    while (now < 1_000_000) {
      now += budget.wait(now);
      now += size;
      used += size;
      budget.spend(size, now);
    }
    t.ok(Math.abs(used / now - 0.25) < 0.01, `${used} of ${now} ms`);
  }
});

t.test("rest is not saved up beyond the burst", async (t) => {
  const budget = new CpuBudget({ perSecond: 500, burst: 1_000 }, 0);
  budget.spend(1_500, 1e9);
  t.equal(budget.wait(1e9), 1_001);
});

t.test("what was used lately is what has not been earned again", async (t) => {
  const budget = new CpuBudget({ perSecond: 500, burst: 10_000 }, 0);
  budget.spend(30, 0);
  t.equal(budget.recent(0), 30);
  t.equal(budget.recent(20), 20);
  t.equal(budget.recent(1_000), 0);
});
