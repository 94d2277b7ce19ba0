import t from "tap";
import { recoveryOf } from "../../src/host/recovery.ts";
import { SessionConnections } from "../../src/host/session-connections.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { hostSettings } from "../support/host-settings.ts";
import { MemoryWire } from "../support/memory-wire.ts";

const WINDOW = 60_000;

function setup(maxConnections = 3) {
  const clock = new FakeClock();
  const events: string[] = [];
  const state = { isAsleep: false };
  const settings = { ...hostSettings(clock), recovery: recoveryOf(), reconnectWindow: WINDOW, maxConnections };
  const make = (): SessionConnections =>
    new SessionConnections("0123456789abcdef", settings, {
      record: (kind, number) => void events.push(`${kind} ${number}`),
      refusal: () => undefined,
      resync: () => {},
      touch: () => {},
      isAsleep: () => state.isAsleep,
      attached: () => {},
    });
  return { clock, events, state, make, connections: make() };
}

const back = (connection: number, applied = 0) => ({ connection, applied, acknowledged: 0 });

t.test("a tab that closes leaves at once; one whose socket is lost, or that is put aside, may come back", async (t) => {
  for (const code of [undefined, 1000, 1001, 1005]) {
    const { connections, events } = setup();
    connections.attach(new MemoryWire()).detach(code);
    t.strictSame(events, ["connect 1", "disconnect 1"], String(code));
  }
  for (const code of [1006, 4002]) {
    const { connections, events, clock } = setup();
    const { connection, detach } = connections.attach(new MemoryWire());
    clock.advance(1_000);
    detach(code);
    t.equal(connections.present, 0);
    t.equal(connections.isAwaited, true);
    clock.advance(WINDOW - 1);
    const again = connections.attach(new MemoryWire(), back(1, 1));
    t.equal(again.connection, connection);
    t.equal(connections.present, 1);
    t.equal(connections.isAwaited, false);
    clock.advance(10 * WINDOW);
    t.strictSame(events.splice(0), ["connect 1", "pause 1", "resume 1"], "meanwhile the session did nothing for it");
    again.detach(code);
    clock.advance(WINDOW);
    t.strictSame(events, ["pause 1", "disconnect 1"], "and then it has left");
    t.not(connections.attach(new MemoryWire(), back(1)).connection, connection);
    t.equal(connections.ever, 2);
  }
});

t.test("what comes late from a socket that was replaced changes nothing", async (t) => {
  const { connections, events } = setup();
  const former = connections.attach(new MemoryWire());
  const wire = new MemoryWire();
  const { connection } = connections.attach(wire, back(1));
  former.detach(1000);
  former.detach(1006);
  t.equal(connections.get(1), connection);
  t.ok(connection.isOn(wire));
  t.strictSame(events, ["connect 1"]);
});

t.test("tabs that are away give way to newcomers, the first that was lost first", async (t) => {
  const { connections, events } = setup(2);
  connections.attach(new MemoryWire()).detach(1006);
  connections.attach(new MemoryWire()).detach(1006);
  connections.attach(new MemoryWire());
  t.strictSame(events.splice(0), ["connect 1", "pause 1", "connect 2", "pause 2", "disconnect 1", "connect 3"]);
  connections.attach(new MemoryWire());
  t.throws(() => connections.attach(new MemoryWire()), { code: "CONNECTION_LIMIT" });
});

t.test("a session that sleeps is not woken when a tab has left; it hears of that with its next event", async (t) => {
  const { connections, events, state, clock } = setup();
  const { detach } = connections.attach(new MemoryWire());
  clock.advance(1_000);
  state.isAsleep = true;
  detach(1006);
  t.strictSame(connections.takeOwed(), [[1, "pause"]]);
  clock.advance(WINDOW);
  t.strictSame(events, ["connect 1"]);
  t.strictSame(connections.takeOwed(), [[1, "disconnect"]]);
  t.strictSame(connections.takeOwed(), [], "once");
});

t.test("another process knows who may come back, and for how long", async (t) => {
  const { connections, make, clock } = setup();
  for (let tab = 0; tab < 3; tab++) connections.attach(new MemoryWire());
  const wires = [1, 2, 3].map((number) => connections.attach(new MemoryWire(), back(number)));
  wires[0]?.detach(1006);
  clock.advance(WINDOW / 2);
  wires[1]?.detach(1006);
  const { away } = connections;
  t.same(away, [
    [1, clock.now() - WINDOW / 2],
    [2, clock.now()],
  ]);
  clock.advance(WINDOW / 2);
  const next = make();
  next.inherit(new Map([1, 2, 3].map((number) => [number, 5])), 3, away);
  const owed = [
    [1, "disconnect"],
    [2, "pause"],
    [3, "pause"],
  ];
  t.same(next.takeOwed(), owed, "its time is over; the others are away");
  t.equal(next.present, 0);
  clock.advance(WINDOW / 2);
  t.equal(next.get(2), undefined);
  t.ok(next.get(3), "nobody saw that its socket was lost");
  const wire = new MemoryWire();
  t.equal(next.attach(wire, back(3, 17)).connection.number, 3);
  t.match(wire.frames, [{ ack: 5, resumed: true }]);
  next.close(1001, () => "RETRY 250");
  t.match(wire.closed, { code: 1001 });
  t.equal(clock.pending, 0, "no timer is left");
});
