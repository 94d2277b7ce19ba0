import t from "tap";
import { Reminder } from "../../src/host/reminder.ts";
import { FakeClock } from "../support/fake-clock.ts";

t.test("whoever is reminded acts once, within the shortest time that was asked for", async (t) => {
  const clock = new FakeClock(1_000);
  const acted: number[] = [];
  const reminder = new Reminder(clock, () => acted.push(clock.now()));
  reminder.within(1_000);
  reminder.within(20);
  reminder.within(500);
  clock.advance(19);
  t.strictSame(acted, []);
  clock.advance(2_000);
  t.strictSame(acted, [1_020]);
  t.equal(clock.pending, 0);
});

t.test("what was called off is not done, and what is asked for after that has its full time", async (t) => {
  const clock = new FakeClock(0);
  const acted: number[] = [];
  const reminder = new Reminder(clock, () => acted.push(clock.now()));
  reminder.within(20);
  clock.advance(15);
  reminder.callOff();
  reminder.within(20);
  clock.advance(100);
  t.strictSame(acted, [35]);
  reminder.within(20);
  reminder.callOff();
  clock.advance(100);
  t.strictSame(acted, [35]);
  reminder.within(20);
  reminder.close();
  t.equal(clock.pending, 0, "closed, it leaves no timer behind");
});

t.test("thousands of reminders that are called off make one timer", async (t) => {
  const clock = new FakeClock(0);
  let timers = 0;
  const reminder = new Reminder(
    { now: () => clock.now(), after: (ms, action) => (timers++, clock.after(ms, action)) },
    () => {},
  );
  for (let event = 0; event < 5_000; event++) {
    reminder.within(1_000);
    reminder.within(20);
    reminder.callOff();
  }
  t.equal(timers, 2, "one for each of the two times");
  reminder.close();
});
