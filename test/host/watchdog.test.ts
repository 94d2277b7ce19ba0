import t, { type Test } from "tap";
import { Watchdog } from "../../src/host/watchdog.ts";
import { ThreadStatus } from "../../src/protocol/thread-status.ts";

/** A watchdog with `patience` ms, and the threads that it has found stuck, as they are found. */
function watch(t: Test, patience: number): { watchdog: Watchdog; stuck: number[]; next: () => Promise<number> } {
  const stuck: number[] = [];
  let found: (thread: number) => void = () => {};
  const watchdog = new Watchdog(patience, (thread) => {
    stuck.push(thread);
    found(thread);
  });
  // The watchdog itself keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  t.teardown(() => {
    clearInterval(alive);
    watchdog.close();
  });
  return { watchdog, stuck, next: () => new Promise((resolve) => (found = resolve)) };
}

t.test("a thread that dispatches one event without a sign of life is found, again and again", async (t) => {
  const { watchdog, next } = watch(t, 1);
  const status = new ThreadStatus();
  watchdog.watch(7, status.memory);
  status.enter(1, 0);
  t.equal(await next(), 7);
  t.equal(await next(), 7);
});

t.test("a thread that is idle, that goes on, or that is not watched any more is left alone", async (t) => {
  const { watchdog, stuck, next } = watch(t, 1);
  const statuses = Array.from({ length: 5 }, () => new ThreadStatus());
  const [idle, busy, , , short] = statuses;
  for (const [thread, status] of statuses.entries()) {
    watchdog.watch(thread, status.memory);
    status.enter(1, 0);
  }
  idle?.leave();
  watchdog.forget(2);
  const beating = setInterval(() => {
    busy?.beat();
    // Another event, in which no sign of life was due so far.
    short?.leave();
    short?.enter(1, 0);
  }, 5);
  for (let round = 0; round < 4; round++) t.equal(await next(), 3);
  clearInterval(beating);
  t.same([...new Set(stuck)], [3]);
});

t.test("it knows what a thread is doing, or was when it died", async (t) => {
  const { watchdog } = watch(t, 60_000);
  const status = new ThreadStatus();
  t.equal(watchdog.busy(1), undefined);
  watchdog.watch(1, status.memory);
  t.equal(watchdog.busy(1), undefined);
  status.enter(12, 34);
  status.beat();
  t.same(watchdog.busy(1), { session: 12, beats: 2, event: 34, turn: 1 });
  status.leave();
  t.equal(watchdog.busy(1), undefined);
});
