import t from "tap";
import { Alarm } from "../../src/workers/alarm.ts";

t.test("an alarm rings once, not before its time, and not when it was set to another", async (t) => {
  const rung: string[] = [];
  await new Promise<void>((resolve) => {
    const due = Date.now() + 30;
    const first = new Alarm(() => {
      rung.push("first");
      t.ok(Date.now() >= due);
    });
    first.set(Date.now());
    first.set(undefined);
    const second = new Alarm(() => rung.push("second"));
    second.set(Date.now() + 1);
    first.set(due);
    first.set(due);
    const last = new Alarm(resolve);
    last.set(Date.now() + 60);
  });
  t.same(rung, ["second", "first"]);
});

t.test("a time beyond what setTimeout can wait does not ring at once, nor warn", async (t) => {
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on("warning", warn);
  let rung = 0;
  const far = new Alarm(() => rung++);
  far.set(Date.now() + 2 ** 31 + 1000);
  const farther = new Alarm(() => rung++);
  farther.set(Date.now() + 2 ** 45);
  await new Promise<void>((resolve) => new Alarm(resolve).set(Date.now() + 20));
  far.set(undefined);
  farther.set(undefined);
  process.off("warning", warn);
  t.equal(rung, 0);
  t.same(warnings, []);
});

t.test("an alarm may set itself again when it rings, also to a time that is over", async (t) => {
  let rung = 0;
  await new Promise<void>((resolve) => {
    const alarm: Alarm = new Alarm(() => {
      if (++rung === 5) resolve();
      else alarm.set(Date.now() - 1000);
    });
    alarm.set(Date.now());
  });
  t.equal(rung, 5);
});
