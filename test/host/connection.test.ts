import t from "tap";
import { Connection, type Wire } from "../../src/host/connection.ts";
import { closeCodes, type ServerFrame } from "../../src/protocol/main.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { changesOf } from "../support/fake-pool.ts";

interface Setup {
  connection: Connection;
  clock: FakeClock;
  sent: (ServerFrame & { ack: number })[];
  /** Bodies of accepted frames, and pause / resume. */
  events: string[];
  /** What the page reported, as it was logged. */
  logged: string[];
  /** Whether the session takes frames. */
  session: { mayForward: boolean };
  wire: { backlog: number; closed: { code: number; reason: string } | undefined; taken: (() => void)[] };
  /** Codes of all faults sent so far. */
  faults: () => string[];
  /** Receives a frame of updates. */
  frame: (seq: number, ack?: number, ...values: unknown[]) => void;
}

function setup(rate = { perSecond: 100, burst: 100 }): Setup {
  const clock = new FakeClock();
  const sent: Setup["sent"] = [];
  const events: string[] = [];
  const state: Setup["wire"] = { backlog: 0, closed: undefined, taken: [] };
  const wire: Wire = {
    send: (text, taken) => {
      sent.push(JSON.parse(text) as Setup["sent"][number]);
      state.taken.push(taken);
    },
    get backlog() {
      return state.backlog;
    },
    close: (code, reason) => {
      state.closed = { code, reason };
    },
  };
  const logged: string[] = [];
  const warn = (_: object, message: string): void => void logged.push(message);
  const log = { error() {}, warn, info() {}, debug() {}, trace() {} };
  const session = { mayForward: true };
  const settings = {
    limits: { maxBytes: 10_000, maxMessages: 5 },
    rate,
    development: false,
    clock,
    log,
    viewdef: () => undefined,
  };
  const connection = new Connection(1, "0123456789abcdef", wire, settings, {
    refusal: () => (session.mayForward ? undefined : "RATE_LIMIT"),
    frame: (body) => {
      events.push(body);
      return undefined;
    },
    resync: (code, body) => events.push(`resync ${code} ${body}`),
    pause: () => events.push("pause"),
    resume: () => events.push("resume"),
    refresh: () => events.push("refresh"),
    gone: () => events.push("gone"),
    activity: () => {},
  });
  return {
    connection,
    clock,
    sent,
    events,
    logged,
    session,
    wire: state,
    faults: () =>
      sent.flatMap(({ messages }) =>
        (messages ?? []).flatMap((message) => (message.type === "error" ? [message.code] : [])),
      ),
    frame: (seq, ack = 0, ...values) =>
      connection.receive(
        JSON.stringify({ seq, ack, event: true, messages: values.map((value) => ({ type: "update", id: 1, value })) }),
      ),
  };
}

t.test(
  "frames in order are accepted; one seen before is acknowledged and not repeated; a gap changes nothing",
  async (t) => {
    const { frame, events, faults, clock, sent } = setup();
    frame(1, 0, "a");
    frame(2, 0, "b");
    frame(2, 0, "b");
    frame(1, 0, "a");
    t.equal(events.length, 2);
    frame(4, 0, "d");
    t.equal(events.length, 2);
    t.strictSame(faults(), ["FRAME_SEQ"]);
    frame(3, 0, "c");
    frame(4, 0, "d");
    t.strictSame(
      events,
      ["a", "b", "c", "d"].map((value, index) => `1 ${index + 1}\nupdate 1 "${value}"`),
    );
    clock.advance(1_000);
    t.equal(sent.at(-1)?.ack, 4);
  },
);

t.test(
  "a frame says what it was made before, so that the browser can tell stale values; refused frames do not count",
  async (t) => {
    const { connection, frame, sent } = setup();
    const deliver = (): number | undefined => {
      connection.deliver(changesOf(1, { medium: '{"type":"update","id":1,"value":1}' }), true);
      return sent.at(-1)?.applied;
    };
    frame(1, 0, "a");
    frame(2, 0, "b");
    t.equal(deliver(), 0, "made before both");
    connection.carriedOut(true);
    t.equal(deliver(), 1, "made between them");
    connection.receive('{"seq":3,"ack":0,"event":true,"messages":[{"type":"nothing"}]}');
    t.equal(deliver(), 1);
    connection.carriedOut(true);
    t.equal(deliver(), undefined, "nothing is outstanding");
  },
);

t.test("however many frames are under way, none is taken for carried out before it was", async (t) => {
  const { connection, frame, sent } = setup({ perSecond: Infinity, burst: 1 });
  for (let seq = 1; seq <= 1_200; seq++) frame(seq, 0, seq);
  connection.deliver(changesOf(1, { medium: '{"type":"update","id":1,"value":1}' }), true);
  t.equal(sent.at(-1)?.applied, 0);
});

t.test(
  "values that a browser reads late come with the frames that they were made before and after, oldest first",
  async (t) => {
    const { connection, frame, sent, wire } = setup();
    const deliver = (id: number, value: unknown): void =>
      connection.deliver(changesOf(1, { medium: JSON.stringify({ type: "update", id, value }) }), true);
    deliver(5, "start");
    frame(1, 0, "mine");
    wire.backlog = 300 * 1024;
    deliver(5, "made before the write");
    connection.carriedOut(true);
    deliver(6, 1);
    wire.backlog = 0;
    wire.taken.at(-1)?.();
    t.strictSame(
      sent.slice(1).map(({ applied, messages }) => ({ applied, messages })),
      [
        { applied: 0, messages: [{ type: "update", id: 5, value: "made before the write" }] },
        { applied: undefined, messages: [{ type: "update", id: 6, value: 1 }] },
      ],
    );
  },
);

t.test(
  "frames for a session that has too much before it are refused, use up their numbers, and pass again later",
  async (t) => {
    const { frame, events, faults, session, clock, sent, connection } = setup();
    session.mayForward = false;
    for (let seq = 1; seq <= 20; seq++) frame(seq, 0, seq);
    connection.receive('{"seq":21,"ack":0,"event":true,"messages":[{"type":"error","code":"X","message":"y"}]}');
    t.strictSame(events, []);
    t.strictSame(faults(), ["RATE_LIMIT"], "one answer a second");
    session.mayForward = true;
    frame(22, 0, 22);
    const dropped = "\nupdate 1 null".repeat(20);
    t.strictSame(
      events.splice(0),
      ["1 22\nupdate 1 22", `resync RATE_LIMIT 0 0${dropped}`],
      "and what they wrote is corrected",
    );
    frame(23, 0, 23);
    t.strictSame(events, ["1 23\nupdate 1 23"], "once");
    clock.advance(1_000);
    t.equal(sent.at(-1)?.ack, 23);
  },
);

t.test(
  "errors of a page fill no log: 20 at once, then 5 a second, cut, and a line says how many were dropped",
  async (t) => {
    const { connection, clock, logged } = setup({ perSecond: Infinity, burst: 1 });
    let seq = 0;
    const report = (message: string): void => {
      const text = JSON.stringify({
        seq: ++seq,
        ack: 0,
        event: false,
        messages: [{ type: "error", code: "X", message }],
      });
      connection.receive(text);
    };
    for (let count = 0; count < 50; count++) report(`${count}`);
    t.equal(logged.length, 20);
    clock.advance(1_000);
    for (let count = 0; count < 10; count++) report(`later ${count}`);
    t.equal(logged.length, 25);
    clock.advance(9_000);
    t.equal(logged.at(-1), "in the page: 35 more dropped");
    clock.advance(60_000);
    t.equal(logged.length, 26, "said once");
    for (let count = 0; count < 21; count++) report("x".repeat(9_000));
    t.equal(logged.at(-1), `in the page: ${"x".repeat(2_000)}…`);
    connection.detach();
    t.equal(logged.at(-1), "in the page: 1 more dropped", "at the end too");
    t.equal(clock.pending, 0);
  },
);

t.test("what was waiting goes before a new frame is passed on", async (t) => {
  const { connection, frame, sent } = setup();
  connection.deliver(changesOf(1, { medium: '{"type":"update","id":1,"value":1}' }), true);
  connection.deliver(changesOf(1, { medium: '{"type":"update","id":1,"value":2}' }), false);
  t.equal(sent.length, 1);
  frame(1, 0, "a");
  t.equal(sent.length, 2);
  t.equal(sent[1]?.ack, 1);
  t.equal(sent[1]?.applied, 0);
});

t.test("what the session gets is the checked content, not the text that came", async (t) => {
  const { connection, events } = setup();
  connection.receive(
    '{"seq":1,"ack":0,"event":false,"more":1,"messages":[{"type":"update","id":-1,"id":3,"value":"x","up":true}]}',
  );
  t.strictSame(events, ['0 1\nupdate 3 "x"']);
});

t.test("a refused frame changes nothing, is answered with a code, and uses up its number", async (t) => {
  const { connection, frame, events, faults } = setup();
  connection.receive(
    '{"seq":1,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1},{"type":"nothing"}]}',
  );
  connection.receive('{"seq":2,"ack":0,oops');
  connection.receiveTooLarge('{"seq":3,"ack":0,"event":true,"mess');
  connection.receive(JSON.stringify({ seq: 4, ack: 0, event: true, messages: Array.from({ length: 6 }, () => ({})) }));
  connection.receive('{"seq":5,"ack":7,"event":true,"messages":[{"type":"update","id":1,"value":1}]}');
  connection.receiveBinary();
  t.strictSame(events, []);
  t.strictSame(faults(), [
    "FRAME_INVALID",
    "FRAME_NOT_JSON",
    "FRAME_TOO_LARGE",
    "FRAME_TOO_MANY",
    "FRAME_INVALID",
    "FRAME_INVALID",
  ]);
  frame(6, 0, "goes on");
  t.equal(events.length, 1);
});

t.test("errors of the page and empty frames are acknowledged, and the session hears nothing of them", async (t) => {
  const { connection, frame, events, clock, sent } = setup();
  connection.receive('{"seq":1,"ack":0,"event":true,"messages":[{"type":"error","code":"X","message":"y"}]}');
  frame(2);
  t.strictSame(events, []);
  clock.advance(1_000);
  t.equal(sent.at(-1)?.ack, 2);
});

t.test("an ack of its own is sent after 16 frames or a second, and not when a frame carried it", async (t) => {
  const { connection, frame, sent, clock } = setup();
  clock.advance(1_000);
  t.strictSame(
    sent.map(({ seq }) => seq),
    [1],
    "the welcome",
  );
  for (let seq = 1; seq <= 15; seq++) frame(seq, 0, seq);
  t.equal(sent.length, 1);
  frame(16, 0, 16);
  t.strictSame(sent[1], { ack: 16, applied: 0 }, "and how many of them were carried out");
  frame(17, 0, 17);
  clock.advance(999);
  t.equal(sent.length, 2);
  clock.advance(1);
  t.strictSame(sent[2], { ack: 17, applied: 0 });
  frame(18, 0, 18);
  connection.deliver(changesOf(1, { high: '{"type":"update","id":1,"value":1}' }), true);
  t.equal(sent[3]?.ack, 18);
  clock.advance(5_000);
  t.equal(sent.length, 4);
  frame(18, 0, 18);
  clock.advance(1_000);
  t.strictSame(sent[4], { ack: 18, applied: 0 }, "whoever repeats a frame has missed the ack");
});

t.test("who waits for an event hears within 20 ms that it was carried out, although nothing has changed", async (t) => {
  const { connection, frame, sent, clock } = setup();
  clock.advance(1_000);
  frame(1, 0, 1);
  clock.advance(500);
  connection.carriedOut(true);
  clock.advance(19);
  t.equal(sent.length, 1);
  clock.advance(1);
  t.strictSame(sent[1], { ack: 1 });
  frame(2, 0, 1);
  connection.carriedOut(true);
  connection.deliver(changesOf(1, { high: '{"type":"update","id":1,"value":1}' }), true);
  clock.advance(5_000);
  t.strictSame(
    sent.slice(2).map(({ ack, messages }) => [ack, messages?.length]),
    [[2, 1]],
    "what has changed says so itself",
  );
});

t.test("a page that asks whether anybody is there is answered at once", async (t) => {
  const { connection, sent, clock } = setup();
  clock.advance(1_000);
  connection.receive('{"ack":1,"ping":true}');
  t.strictSame(sent[1], { ack: 0 });
});

/** What comes out of a second wire. */
function another(): { wire: Wire; sent: string[]; closed: () => number | undefined } {
  const sent: string[] = [];
  let closed: number | undefined;
  const wire: Wire = {
    send: (text, taken) => {
      sent.push(text);
      taken();
    },
    backlog: 0,
    close: (code) => (closed = code),
  };
  return { wire, sent, closed: () => closed };
}

t.test("a page that comes back gets the frames that it has missed, once, and then the latest state", async (t) => {
  const { connection, frame, sent, events, clock } = setup();
  const change = (id: number, value: number): void =>
    connection.deliver(changesOf(1, { medium: JSON.stringify({ type: "update", id, value }) }), true);
  clock.advance(1_000);
  for (let value = 1; value <= 3; value++) change(5, value);
  frame(1, 2, "a");
  connection.lose();
  t.strictSame(events.splice(0), ['1 1\nupdate 1 "a"', "pause"], "the session need not look for changes meanwhile");
  for (let value = 4; value <= 40; value++) change(5, value);
  t.strictSame(events.splice(0), []);
  t.equal(sent.length, 4, "and nothing is sent");
  const { wire, sent: missed } = another();
  t.ok(connection.resume(wire, { connection: 1, applied: 2, acknowledged: 0 }));
  t.strictSame(
    missed.map((text) => JSON.parse(text) as unknown),
    [
      { ack: 1, applied: 0, resumed: true },
      { seq: 3, ack: 0, messages: [{ type: "update", id: 5, value: 2 }] },
      { seq: 4, ack: 0, messages: [{ type: "update", id: 5, value: 3 }] },
      { seq: 5, ack: 1, applied: 0, messages: [{ type: "update", id: 5, value: 40 }] },
    ],
  );
  t.strictSame(events.splice(0), ["resume"]);
  frame(1, 5, "a");
  t.strictSame(events, [], "what it sends again has happened already");
  frame(2, 5, "b");
  t.equal(events.length, 1);
});

t.test("a socket that is left can do nothing any more, however late it is", async (t) => {
  const { connection, wire: former } = setup();
  const { wire, closed } = another();
  t.ok(connection.resume(wire, { connection: 1, applied: 0, acknowledged: 0 }));
  t.equal(former.closed?.code, closeCodes.replaced);
  t.ok(connection.isOn(wire));
  const third = another();
  t.ok(connection.resume(third.wire, { connection: 1, applied: 0, acknowledged: 0 }));
  t.equal(closed(), closeCodes.replaced);
  t.notOk(connection.isOn(wire));
});

t.test(
  "a page that claims to have seen what was never sent, or to have sent what never came, is a new one",
  async (t) => {
    const { connection, frame, wire: former } = setup();
    frame(1, 0, "a");
    for (const claim of [
      { applied: 1, acknowledged: 0 },
      { applied: 0, acknowledged: 2 },
    ])
      t.notOk(connection.resume(another().wire, { connection: 1, ...claim }));
    t.equal(former.closed, undefined, "and the one that is there stays");
  },
);

t.test("a flood is cut to the rate, answered once a second, and those who go on are shut out", async (t) => {
  const { frame, events, faults, clock, wire, connection } = setup({ perSecond: 10, burst: 5 });
  for (let seq = 1; seq <= 20; seq++) frame(seq, 0, seq);
  t.equal(events.length, 5);
  t.strictSame(faults(), ["RATE_LIMIT"]);
  clock.advance(1_000);
  frame(21, 0, 21);
  t.equal(events.length, 6, "dropped frames used up their numbers, so a later one passes");
  for (let seq = 22; seq <= 60; seq++) frame(seq, 0, seq);
  t.strictSame(wire.closed, { code: closeCodes.abuse, reason: "RATE_LIMIT" });
  const before = events.length;
  clock.advance(10_000);
  connection.receive('{"seq":61,"ack":0,"event":true,"messages":[{"type":"update","id":1,"value":1}]}');
  t.equal(events.length, before, "and nothing passes any more");
});

t.test("a browser that reads slowly pauses the session for its connection, and resumes it", async (t) => {
  const { connection, events, wire, sent } = setup();
  const change = (value: number): void =>
    connection.deliver(changesOf(1, { medium: JSON.stringify({ type: "update", id: 1, value }) }), true);
  change(1);
  wire.backlog = 300 * 1024;
  change(2);
  change(3);
  t.strictSame(events, ["pause"]);
  t.equal(sent.length, 1);
  wire.backlog = 100 * 1024;
  wire.taken.at(-1)?.();
  t.equal(sent.length, 1, "it takes more than that");
  wire.backlog = 0;
  wire.taken.at(-1)?.();
  t.strictSame(sent[1]?.messages, [{ type: "update", id: 1, value: 3 }]);
  t.strictSame(events, ["pause", "resume"]);
});

t.test("a browser that acknowledges nothing is not sent more and more", async (t) => {
  const { connection, events, sent } = setup();
  for (let value = 0; value < 1_000; value++) {
    connection.deliver(changesOf(1, { medium: JSON.stringify({ type: "update", id: 1, value }) }), true);
  }
  t.equal(sent.length, 513);
  t.strictSame(events, ["pause"]);
  connection.receive('{"ack":513}');
  t.strictSame(sent.at(-1)?.messages, [{ type: "update", id: 1, value: 999 }]);
  t.strictSame(events, ["pause", "resume"]);
});

t.test("after the wire is gone nothing is sent and no timer is left", async (t) => {
  const { connection, frame, clock, sent, events } = setup();
  frame(1, 0, 1);
  connection.detach();
  frame(2, 0, 2);
  connection.deliver(changesOf(1, { high: '{"type":"update","id":1,"value":1}' }), true);
  connection.fault("INTERNAL");
  clock.advance(60_000);
  t.equal(sent.length, 0);
  t.equal(events.length, 1);
  t.equal(clock.pending, 0);
});
