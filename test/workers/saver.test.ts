import t from "tap";
import { Saver } from "../../src/workers/saver.ts";

/** How many events of `time` ms and `length` characters come until an image is due. */
function eventsUntilDue(saver: Saver, time: number, length = 1): number {
  for (let events = 1; events <= 100_000; events++) {
    saver.note("x".repeat(length), time);
    if (saver.isDue) return events;
  }
  return Infinity;
}

t.test("images are due when the Lua time since the last one is much more than what it cost", async (t) => {
  const saver = new Saver();
  t.equal(saver.isDue, false);
  t.equal(eventsUntilDue(saver, 1), 50, "at first after 50 ms");
  for (const cost of [0.1, 1, 5, 20]) {
    saver.saved(cost);
    t.equal(saver.isDue, false);
    t.equal(eventsUntilDue(saver, 1), Math.max(50, 20 * cost), `an image costs ${cost} ms`);
  }
  saver.saved(0.1);
  t.equal(eventsUntilDue(saver, 1), 50);
});

t.test("and when there are many events, or much text, however little time they took", async (t) => {
  const saver = new Saver();
  t.equal(eventsUntilDue(saver, 0), 1_000);
  saver.saved(1);
  t.equal(eventsUntilDue(saver, 0), 1_000);
  saver.saved(1);
  t.equal(eventsUntilDue(saver, 0, 100_000), 11);
});
