import t from "tap";
import { Blame } from "../../src/host/blame.ts";

const unknown = { isStuck: false, hasWorked: false };

t.test("a thread that dies while it does nothing for the session is nobody's fault here", async (t) => {
  const blame = new Blame();
  for (let death = 0; death < 100; death++) t.equal(blame.died(undefined, unknown), false);
  t.equal(blame.isHopeless, false);
});

t.test("an event is to blame if it was stuck, or when a second thread in a row dies during it", async (t) => {
  const blame = new Blame();
  t.equal(blame.died(5, unknown), false);
  t.equal(blame.died(6, unknown), false, "another event");
  t.equal(blame.died(6, unknown), true);
  t.equal(blame.died(7, { ...unknown, isStuck: true }), true);
});

t.test("one that has worked before is not, unless it is stuck", async (t) => {
  const blame = new Blame();
  for (let death = 0; death < 20; death++) t.equal(blame.died(5, { ...unknown, hasWorked: true }), false);
  t.equal(blame.died(5, { isStuck: true, hasWorked: true }), true);
});

t.test("a session that has ended ten threads within a minute is hopeless", async (t) => {
  const blame = new Blame();
  for (let death = 1; death <= 9; death++) blame.died(death, { ...unknown, isStuck: true });
  t.equal(blame.isHopeless, false);
  blame.died(10, { ...unknown, isStuck: true });
  t.equal(blame.isHopeless, true);
});
