import t from "tap";
import { Placement } from "../../src/host/placement.ts";

const threads = (...usages: number[]): { id: number; currentUsage: number }[] =>
  usages.map((currentUsage, index) => ({ id: index + 1, currentUsage }));

t.test("a session is put on the thread with the fewest; it is said once which it was", async (t) => {
  const placement = new Placement(3, 4);
  t.equal(placement.choose(null, threads(3, 1, 2))?.id, 2);
  t.equal(placement.takeLast(), 2);
  t.equal(placement.takeLast(), undefined);
});

t.test("one that is held is avoided; when all are, there is to be another, up to a limit", async (t) => {
  const placement = new Placement(2, 3);
  placement.held = new Set([1]);
  t.equal(placement.choose(null, threads(0, 900))?.id, 2);
  placement.held = new Set([1, 2]);
  placement.takeLast();
  t.equal(placement.choose(null, threads(0, 900)), null);
  t.equal(placement.takeLast(), undefined);
  placement.held = new Set([1, 2, 3]);
  t.equal(placement.choose(null, threads(5, 4, 6))?.id, 2, "then it waits there");
  t.equal(placement.choose(null, []), null);
});

t.test("one that is given up is avoided too, and is not given up if it is needed", async (t) => {
  const placement = new Placement(1, 2);
  placement.retiring = 2;
  t.equal(placement.choose(null, threads(900, 0))?.id, 1);
  t.equal(placement.retiring, 2);
  placement.held = new Set([1]);
  t.equal(placement.choose(null, threads(900, 0))?.id, 2);
  t.equal(placement.retiring, undefined);
});
