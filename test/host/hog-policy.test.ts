import * as fc from "fast-check";
import t from "tap";
import { HogPolicy } from "../../src/host/hog-policy.ts";

const SECOND = 1_000;

t.test("one long event moves its session to the hogs; after 30 s of good conduct it comes back", async (t) => {
  const policy = new HogPolicy();
  policy.report("anna", 99, 0);
  t.same(policy.moves(0), []);
  policy.report("anna", 100, SECOND);
  t.equal(policy.nextMove, SECOND);
  t.same(policy.moves(SECOND), [{ session: "anna", to: "penalty" }]);
  t.same(policy.moves(SECOND), [], "said once");
  t.ok(policy.isHog("anna"));
  t.equal(policy.nextMove, 31 * SECOND);
  policy.report("anna", 5, 20 * SECOND);
  t.same(policy.moves(31 * SECOND - 1), []);
  t.same(policy.moves(31 * SECOND), [{ session: "anna", to: "shared" }]);
  t.notOk(policy.isHog("anna"));
  t.equal(policy.nextMove, undefined);
});

t.test("of several events reported together it matters what one took", async (t) => {
  const policy = new HogPolicy();
  policy.report("anna", 120, 0, 30);
  t.notOk(policy.isHog("anna"));
  policy.report("anna", 120, SECOND, 100);
  t.ok(policy.isHog("anna"));
});

t.test("many short events do so too, when they are more than its share", async (t) => {
  const policy = new HogPolicy();
  let now = 0;
  for (; now < 60 * SECOND; now += 200) policy.report("steady", 50, now);
  t.same(policy.moves(now), [], "a quarter of a thread is allowed for ever");
  for (let event = 0; event < 30; event++) policy.report("greedy", 50, (now += 100));
  t.same(policy.moves(now), [{ session: "greedy", to: "penalty" }]);
});

t.test("while it goes on, the time apart begins anew; it is longer when it comes back and does it again", async (t) => {
  const policy = new HogPolicy();
  let now = 0;
  for (; now < 100 * SECOND; now += 2 * SECOND) policy.report("loop", 1_000, now);
  t.same(policy.moves(now), [{ session: "loop", to: "penalty" }]);
  t.equal(policy.nextMove, 98 * SECOND + 30 * SECOND, "the first time, however long it was");
  for (const wait of [60, 120, 240, 480, 600, 600]) {
    now = policy.nextMove ?? NaN;
    t.same(policy.moves(now), [{ session: "loop", to: "shared" }]);
    policy.report("loop", 1_000, now);
    t.same(policy.moves(now), [{ session: "loop", to: "penalty" }]);
    t.equal(policy.nextMove, now + wait * SECOND);
    if (wait === 600) break;
  }
});

t.test("after ten minutes without a strike it is forgotten", async (t) => {
  const policy = new HogPolicy();
  policy.report("anna", 500, 0);
  policy.moves(0);
  policy.moves(30 * SECOND);
  policy.report("anna", 500, 600 * SECOND);
  policy.moves(600 * SECOND);
  t.equal(policy.nextMove, 630 * SECOND);
});

t.test("whoever waits for a thread that is busy with one event is resumed elsewhere after 50 ms", async (t) => {
  const policy = new HogPolicy();
  const beat = { session: "loop", since: 0, waiting: ["anna", "berta", "loop"] };
  t.same(policy.evacuees(beat, 49), []);
  t.same(policy.evacuees(beat, 50), ["anna", "berta"]);
  t.same(policy.evacuees({ ...beat, waiting: ["carla"] }, 90), ["carla"], "those that come later as well");
  t.same(policy.evacuees({ ...beat, session: undefined }, 90), ["anna", "berta", "loop"], "whoever it is");
  t.notOk(policy.isHog("loop"), "it may be loading code");
});

t.test("when nobody else waits, or only other hogs, a long event hurts nobody while it goes on", async (t) => {
  const policy = new HogPolicy();
  t.same(policy.evacuees({ session: "loop", since: 0, waiting: [] }, 500), []);
  policy.report("other", 500, 0);
  t.same(policy.evacuees({ session: "loop", since: 0, waiting: ["loop", "other"] }, 500), []);
  t.notOk(policy.isHog("loop"));
});

t.test("a session that has ended leaves nothing", async (t) => {
  const policy = new HogPolicy();
  policy.report("anna", 500, 0);
  policy.forget("anna");
  t.same([policy.moves(0), policy.nextMove, policy.isHog("anna")], [[], undefined, false]);
});

t.test("whatever is reported, moves go to and fro, and everybody who stops comes back", async () => {
  const step = fc.record({
    session: fc.constantFrom("a", "b", "c"),
    used: fc.integer({ min: 0, max: 300 }),
    pause: fc.integer({ min: 0, max: 20_000 }),
    asks: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const policy = new HogPolicy();
      const wards = new Map<string, string>();
      let now = 0;
      const carryOut = (): void => {
        for (const { session, to } of policy.moves(now)) {
          if ((wards.get(session) ?? "shared") === to) throw new Error(`${session} is ${to} already`);
          wards.set(session, to);
        }
      };
      for (const { session, used, pause, asks } of steps) {
        now += pause;
        policy.report(session, used, now);
        if (asks) carryOut();
      }
      for (let round = 0; policy.nextMove !== undefined && round < 10; round++) {
        now = Math.max(now, policy.nextMove);
        carryOut();
      }
      return policy.nextMove === undefined && [...wards.values()].every((ward) => ward === "shared");
    }),
  );
});
