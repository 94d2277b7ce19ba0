// The same as `sleep`, with as many sessions as a small machine has in a day.
import { measureSleep } from "../sleep/sleep.ts";
import type { Benchmark } from "../support/benchmark.ts";

export const sleepMany: Benchmark = {
  name: "sleep-many",
  question: "What do 10,000 sleeping sessions take, and 2,000 that are connected and idle?",
  seconds: 300,
  isLong: true,
  run: (progress) =>
    measureSleep({ sleepers: 10_000, connected: 2_000, wakes: 250, crowd: 2_000, tellsMemory: true }, progress),
};
