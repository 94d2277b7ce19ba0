import t from "tap";
import { staying } from "../../src/client/stay.ts";

const stay = (order: number[], pinned?: number) => [...staying(order, pinned)].sort((one, other) => one - other);

t.test("rows that are in order all stay", async (t) => {
  t.same(stay([0, 1, 2, 3]), [0, 1, 2, 3]);
  t.same(stay([]), []);
});

t.test("as many rows as possible stay", async (t) => {
  t.same(stay([3, 0, 1, 2]), [1, 2, 3]);
  t.same(stay([1, 2, 3, 0]), [0, 1, 2]);
  t.equal(stay([5, 1, 4, 2, 3, 0]).length, 3);
});

t.test("the pinned row stays even if more have to move for it", async (t) => {
  t.same(stay([3, 0, 1, 2], 0), [0]);
  t.same(stay([2, 0, 1, 3, 4], 0), [0, 3, 4]);
});

t.test("what stays is in increasing order, for any permutation and any pin", async (t) => {
  let seed = 3;
  const random = (below: number) => (seed = (seed * 16_807) % 2_147_483_647) % below;
  for (let round = 0; round < 200; round++) {
    const order = Array.from({ length: 1 + random(12) }, (_, index) => index).sort(() => random(3) - 1);
    const pinned = random(order.length);
    const kept = stay(order, pinned);
    t.ok(kept.includes(pinned));
    t.ok(kept.every((i, at) => at === 0 || (order[kept[at - 1] as number] as number) < (order[i] as number)));
  }
});
