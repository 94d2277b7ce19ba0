import t from "tap";
import { Alarm } from "../../src/host/alarm.ts";
import { systemClock } from "../../src/host/clock.ts";
import { FakeClock } from "../support/fake-clock.ts";

t.test("an alarm rings once, not before its time, and not when it was set to another", async (t) => {
  const clock = new FakeClock(1_000);
  const rung: [string, number][] = [];
  const alarm = (name: string): Alarm => new Alarm(clock, () => rung.push([name, clock.now()]));
  const [first, second] = [alarm("first"), alarm("second")];
  first.set(1_000);
  first.set(undefined);
  second.set(1_001);
  first.set(1_030);
  first.set(1_030);
  t.equal(first.due, 1_030);
  clock.advance(100);
  t.same(rung, [
    ["second", 1_001],
    ["first", 1_030],
  ]);
  t.equal(first.due, undefined);
  t.equal(clock.pending, 0);
});

t.test("a time beyond what setTimeout can wait does not ring at once, nor warn", async (t) => {
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on("warning", warn);
  let rung = 0;
  const far = new Alarm(systemClock, () => rung++);
  far.set(Date.now() + 2 ** 31 + 1000);
  const farther = new Alarm(systemClock, () => rung++);
  farther.set(Date.now() + 2 ** 45);
  await new Promise((resolve) => setTimeout(resolve, 20));
  far.set(undefined);
  farther.set(undefined);
  process.off("warning", warn);
  t.equal(rung, 0);
  t.same(warnings, []);
});

t.test("an alarm far away rings in the end", async (t) => {
  const clock = new FakeClock(0);
  let rung = 0;
  new Alarm(clock, () => (rung = clock.now())).set(2 ** 33);
  clock.advance(2 ** 34);
  t.equal(rung, 2 ** 33);
});

t.test("an alarm may set itself again when it rings, also to a time that is over", async (t) => {
  const clock = new FakeClock();
  let rung = 0;
  const alarm: Alarm = new Alarm(clock, () => {
    if (++rung < 5) alarm.set(clock.now() - 1000);
  });
  alarm.set(clock.now());
  clock.advance(10);
  t.equal(rung, 5);
});
