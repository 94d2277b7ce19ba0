import t from "tap";
import { Circuit } from "../../src/host/circuit.ts";
import { FakeClock } from "../support/fake-clock.ts";

const options = { failures: 3, window: 1_000, pause: 100, longestPause: 350 };

/** A circuit that has just opened. */
function opened(): { circuit: Circuit; clock: FakeClock } {
  const clock = new FakeClock();
  const circuit = new Circuit(options, clock);
  for (let failure = 0; failure < options.failures; failure++) circuit.failed();
  return { circuit, clock };
}

t.test("a circuit opens with the last of so many failures within the window, and says so once", async (t) => {
  const clock = new FakeClock();
  const circuit = new Circuit(options, clock);
  const results = Array.from({ length: 5 }, () => circuit.failed());
  t.same(results, [false, false, true, false, false]);
  t.equal(circuit.state, "open");
  t.equal(circuit.take(), false);
});

t.test("failures that are further apart than the window do not open it, and it lets everything through", async (t) => {
  const clock = new FakeClock();
  const circuit = new Circuit(options, clock);
  for (let failure = 0; failure < 20; failure++) {
    t.equal(circuit.failed(), false);
    t.equal(circuit.take(), true);
    t.equal(circuit.until, undefined);
    clock.advance(500);
  }
  t.equal(circuit.state, "closed");
});

t.test("it stays open for its pause, says until when, and then lets exactly one event through", async (t) => {
  const { circuit, clock } = opened();
  t.equal(circuit.until, clock.now() + 100);
  clock.advance(99);
  t.equal(circuit.state, "open");
  t.equal(circuit.take(), false);
  clock.advance(1);
  t.equal(circuit.state, "half-open");
  t.equal(circuit.until, undefined);
  t.same([circuit.take(), circuit.take(), circuit.take()], [true, false, false]);
});

t.test("when that event succeeds all is as before, former failures are forgotten", async (t) => {
  const { circuit, clock } = opened();
  clock.advance(100);
  circuit.take();
  circuit.succeeded();
  t.equal(circuit.state, "closed");
  t.same([circuit.take(), circuit.take()], [true, true]);
  t.same([circuit.failed(), circuit.failed(), circuit.failed()], [false, false, true]);
  t.equal(circuit.until, clock.now() + 100, "and so is the longer pause");
});

t.test("when it fails the pause is twice as long, up to the longest", async (t) => {
  const { circuit, clock } = opened();
  const pauses: number[] = [];
  for (let round = 0; round < 4; round++) {
    clock.advance((circuit.until ?? 0) - clock.now());
    t.equal(circuit.take(), true);
    t.equal(circuit.failed(), true);
    pauses.push((circuit.until ?? 0) - clock.now());
  }
  t.same(pauses, [200, 350, 350, 350]);
});

t.test("when that event is dropped for another reason the next one is let through", async (t) => {
  const { circuit, clock } = opened();
  clock.advance(100);
  t.same([circuit.take(), circuit.take()], [true, false]);
  circuit.abandoned();
  t.same([circuit.state, circuit.take(), circuit.take()], ["half-open", true, false]);
});

t.test("an event that was let through earlier says nothing about whether it works again", async (t) => {
  const { circuit, clock } = opened();
  circuit.succeeded();
  t.equal(circuit.state, "open");
  clock.advance(100);
  circuit.succeeded();
  t.equal(circuit.state, "half-open", "nothing has been tried yet");
  t.equal(circuit.take(), true);
  circuit.succeeded();
  t.equal(circuit.state, "closed");
});
