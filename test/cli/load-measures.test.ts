import * as fc from "fast-check";
import t from "tap";
import { Failure } from "../../src/cli/load/failure.ts";
import { Randomness } from "../../src/cli/load/randomness.ts";
import { Tally } from "../../src/cli/load/tally.ts";
import { readThreshold } from "../../src/cli/load/thresholds.ts";

t.test("percentiles are those of the sorted times, to a thousandth", async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        (times) => {
          const tally = new Tally();
          for (const time of times) tally.took("event", time);
          const sorted = times.toSorted((a, b) => a - b);
          for (const percentile of [0, 50, 90, 99, 99.9, 100]) {
            const exact = sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length - 1e-9) - 1)] ?? 0;
            const told = tally.percentile("event", percentile);
            if (Math.abs(told - exact) > exact / 500 + 0.002) throw new Error(`p${percentile}: ${told}, not ${exact}`);
          }
        },
      ),
      { numRuns: 200 },
    ),
  );
});

t.test("a time beyond an hour counts as an hour, and nothing is lost", async (t) => {
  const tally = new Tally();
  for (const time of [1, 1e9]) tally.took("event", time);
  t.equal(tally.distribution("event")?.count, 2);
  t.equal(Math.round(tally.percentile("event", 100) / 10_000), 360);
});

t.test("the timeline adds up to the whole", async (t) => {
  const tally = new Tally();
  for (let second = 1; second <= 5; second++) {
    for (let event = 0; event < second; event++) {
      tally.events.sent++;
      tally.events.answered++;
      tally.took("event", second);
    }
    if (second === 3) tally.failed(new Failure("LOAD_LOST"));
    tally.tick();
  }
  t.same(
    tally.timeline.map(({ events }) => events),
    [1, 2, 3, 4, 5],
  );
  t.same(
    tally.timeline.map(({ errors }) => errors),
    [0, 0, 1, 0, 0],
  );
  t.same(
    tally.timeline.map(({ p99 }) => Math.round(p99 ?? 0)),
    [1, 2, 3, 4, 5],
    "each second's own times",
  );
});

t.test("a site that makes up codes and messages neither fills the memory nor reaches the terminal", async (t) => {
  const tally = new Tally();
  for (let each = 0; each < 1_000; each++)
    tally.failed(
      new Failure(
        `CODE_${String.fromCodePoint(65 + (each % 26), 65 + Math.floor(each / 26))}`,
        "\u001b[2Jx\r\ny".repeat(1_000),
      ),
    );
  t.equal(tally.errorCount, 1_000);
  t.equal(tally.errors.length, 101);
  t.equal(
    tally.errors.reduce((sum, { count }) => sum + count, 0),
    1_000,
  );
  t.notMatch(tally.errors[0]?.message, /\p{C}/u);
  t.ok((tally.errors[0]?.message.length ?? 999) <= 300);
  t.equal(new Failure("<script>").code, "LOAD_PROTOCOL");
});

t.test("a condition compares what it names, in the unit that it names", async (t) => {
  const tally = new Tally();
  for (let time = 1; time <= 100; time++) tally.took("event", time);
  tally.took("page", 2_000);
  tally.events = { sent: 1_000, answered: 500 };
  for (let each = 0; each < 5; each++) tally.failed(new Failure(each < 2 ? "LOAD_LOST" : "LUA_ERROR"));
  const isMissed = (text: string): boolean => {
    const threshold = readThreshold(text);
    return threshold.isMissed(threshold.measure(tally, 10));
  };
  const holds = [
    "p99>98",
    "p50 >= 50",
    "p99.9>99",
    "max>=100ms",
    "max < 0.2s",
    "mean>50000us",
    "page.p50>1s",
    "errors>4",
    "errors >= 0.5%",
  ];
  const more = [
    "errors.LOAD_LOST>1",
    "errors.LOAD_LOST<=0.2%",
    "throughput<51",
    "throughput<=50/s",
    "events>499",
    "users<1",
    "rounds<=0",
  ];
  for (const text of [...holds, ...more]) t.ok(isMissed(text), text);
  const not = [
    "p99>100",
    "p50<50",
    "max>0.2s",
    "page.p50>2.1s",
    "errors>5",
    "errors>0.5%",
    "errors.LUA_ERROR>3",
    "errors.OTHER>0",
  ];
  for (const text of not) t.notOk(isMissed(text), text);
});

t.test("what was never measured misses every condition", async (t) => {
  for (const text of ["p99>50", "p99<50", "resume.max>1s"]) {
    const threshold = readThreshold(text);
    t.ok(threshold.isMissed(threshold.measure(new Tally(), 1)), text);
  }
});

t.test("what is no condition is refused", async (t) => {
  const bad = [
    "",
    "p99",
    "p99>",
    "p99=5",
    "p101>5",
    "p99>5%",
    "p99>5/s",
    "errors>5ms",
    "event.errors>1",
    "foo.p99>5",
    "foo>1",
    "users>5%",
  ];
  for (const text of [...bad, "throughput>5ms", "p99>1e3", "p99.LOAD_LOST>1"])
    t.throws(() => readThreshold(text), { code: "LOAD_OPTION" }, text);
});

t.test("chance comes out the same for a seed, and differs from user to user", async (t) => {
  const draw = (seed: number, stream: number): number[] => {
    const chance = new Randomness(seed, stream);
    return Array.from({ length: 20 }, () => chance.within({ from: 10, to: 20 }));
  };
  t.same(draw(7, 3), draw(7, 3));
  const first = new Set(Array.from({ length: 1_000 }, (_, stream) => draw(7, stream)[0]));
  t.equal(first.size, 1_000);
  const all = Array.from({ length: 1_000 }, (_, stream) => draw(7, stream)).flat();
  t.ok(all.every((value) => value >= 10 && value < 20));
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  // 20,000 even draws: the mean's deviation is 0.02.
  t.ok(Math.abs(mean - 15) < 0.2, `mean ${mean}`);
});

t.test("arrivals come as often as the rate says, at random moments", async (t) => {
  const chance = new Randomness(11);
  const gaps = Array.from({ length: 20_000 }, () => chance.gap(50));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  t.ok(Math.abs(mean - 20) < 1, `mean ${mean} ms`);
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  t.ok(Math.abs(Math.sqrt(variance) - mean) < 1.5, "as far from each other as independent arrivals are");
});

t.test("choices are made as often as their weights say", async (t) => {
  const chance = new Randomness(3);
  const choices = [{ weight: 1 }, { weight: 3 }];
  const counts = [0, 0];
  for (let each = 0; each < 10_000; each++) counts[choices.indexOf(chance.weighted(choices))]!++;
  t.ok(Math.abs((counts[1] ?? 0) - 7_500) < 300, String(counts));
});
