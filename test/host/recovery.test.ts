import * as fc from "fast-check";
import t from "tap";
import { decide, recoveryOf, type RecoveryStep } from "../../src/host/recovery.ts";

const failure = {
  sessionId: "s",
  event: "frame",
  error: { code: "LIMIT_TIME", message: "too long" },
  attempts: 1,
} as const;

/** Nothing is wrong with the strategy. */
const untold = (error: unknown): void => void t.fail(String(error));

t.test(
  "without options an event that cannot be carried out is rolled back, and an error keeps what was done",
  async (t) => {
    t.same(recoveryOf(), {
      strategy: "rollback",
      retries: 1,
      circuit: { failures: 5, window: 60_000, pause: 10_000, longestPause: 300_000 },
    });
  },
);

t.test("options are taken over, those of the circuit one by one", async (t) => {
  const strategy = (): RecoveryStep => "end";
  const settings = recoveryOf({ strategy, retries: 0, circuit: { pause: 5 } });
  t.equal(settings.strategy, strategy);
  t.match(settings, { retries: 0, circuit: { failures: 5, pause: 5 } });
});

t.test("what cannot be is refused, and named", async (t) => {
  const wrong: [object, RegExp][] = [
    [{ strategy: "again" }, /recovery\.strategy.*rollback, retry, restart, end/],
    [{ strategy: null }, /recovery\.strategy/],
    [{ retries: -1 }, /recovery\.retries/],
    [{ retries: 1.5 }, /recovery\.retries/],
    [{ retries: "2" }, /recovery\.retries/],
    [{ circuit: { failures: 0 } }, /recovery\.circuit\.failures/],
    [{ circuit: { window: Number.NaN } }, /recovery\.circuit\.window/],
    [{ circuit: { pause: "soon" } }, /recovery\.circuit\.pause/],
    [{ circuit: { pause: "5" } }, /recovery\.circuit\.pause/],
    [{ circuit: { longestPause: undefined } }, /recovery\.circuit\.longestPause/],
    [{ circuit: { pauses: 5 } }, /recovery\.circuit\.pauses/],
  ];
  for (const [options, message] of wrong)
    t.throws(() => recoveryOf(options), { code: "CONFIG_INVALID", message }, JSON.stringify(options));
});

t.test("a strategy's name is what is done each time", async (t) => {
  for (const strategy of ["rollback", "restart", "end"] as const)
    t.equal(await decide(recoveryOf({ strategy }), failure, untold), strategy);
});

t.test("an event is tried again as often as `retries` says, then it is rolled back", async (t) => {
  const settings = recoveryOf({ strategy: "retry", retries: 2 });
  const steps = await Promise.all([1, 2, 3, 4].map((attempts) => decide(settings, { ...failure, attempts }, untold)));
  t.same(steps, ["retry", "retry", "rollback", "rollback"]);
});

t.test("a function decides each time, at once or later, and is told all about the event", async (t) => {
  const seen: unknown[] = [];
  const now = recoveryOf({
    strategy: (about) => {
      seen.push(about);
      return "restart";
    },
  });
  const later = recoveryOf({ strategy: async (): Promise<RecoveryStep> => "end" });
  t.equal(await decide(now, failure, untold), "restart");
  t.equal(await decide(later, failure, untold), "end");
  t.same(seen, [failure]);
});

t.test("a function that never answers is a rollback after a while, and its author is told", async (t) => {
  const told: unknown[] = [];
  const settings = recoveryOf({ strategy: () => new Promise(() => {}) });
  t.equal(await decide(settings, failure, (error) => told.push(error), 20), "rollback");
  t.match(told, [{ code: "CONFIG_INVALID", message: /answers within/ }]);
});

t.test("a pause may be longer than the usual longest one, but not than the one that is given", async (t) => {
  t.equal(recoveryOf({ circuit: { pause: 900_000 } }).circuit.longestPause, 900_000);
  t.throws(() => recoveryOf({ circuit: { pause: 10, longestPause: 9 } }), { code: "CONFIG_INVALID" });
});

t.test("a function that throws, rejects or gives anything else is a rollback, and its author is told", async (t) => {
  const given = fc.oneof(
    fc.anything().map((value) => () => value),
    fc.anything().map((value) => () => {
      throw value;
    }),
    fc.anything().map((value) => async () => value),
    fc.anything().map((value) => async () => {
      throw value;
    }),
  );
  await fc.assert(
    fc.asyncProperty(given, async (strategy) => {
      const told: unknown[] = [];
      const settings = recoveryOf({ strategy: strategy as () => RecoveryStep });
      const step = await decide(settings, failure, (error) => told.push(error));
      t.equal(step, "rollback");
      t.equal(told.length, 1);
    }),
    { numRuns: 100, seed: 4 },
  );
});
