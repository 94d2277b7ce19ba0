import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { once } from "node:events";
import t from "tap";
import { Trunks } from "../../src/host/trunks.ts";
import type { FromWorker } from "../../src/protocol/worker-message.ts";
import { Trunk } from "../../src/workers/trunk.ts";

/** A session's two ends, and what each has heard. */
class Session {
  readonly told: unknown[] = [];
  readonly heard: unknown[] = [];
  readonly line;

  constructor(trunks: Trunks) {
    this.line = trunks.open((message: FromWorker) => void this.told.push(message));
  }

  start(trunk: (number: number, port: typeof this.line.port) => Trunk): ReturnType<Trunk["open"]> {
    const { number, port } = this.line;
    const end = trunk(number, port).open(number, port);
    end.on("message", (message) => void this.heard.push(message));
    return end;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !isSo(); turn++) await new Promise(setImmediate);
}

t.test("sessions of a thread share one port: each hears its own, in order, whoever is known first", async (t) => {
  const trunks = new Trunks();
  const sessions = Array.from({ length: 20 }, () => new Session(trunks));
  for (const [index, { line }] of sessions.entries()) for (let n = 0; n < 3; n++) line.post(`before ${index} ${n}`);
  let lost = 0;
  let trunk: Trunk | undefined;
  const ends = sessions.map((session) =>
    session.start((number, port) => (trunk ??= new Trunk(number, port, () => void lost++))),
  );
  ends.forEach((end, index) => end.postMessage(`answer ${index}`));
  await until(() => sessions.every(({ told, heard }) => told.length === 1 && heard.length === 3));
  for (const [index, { line }] of sessions.entries()) line.post(`after ${index}`);
  await until(() => sessions.every(({ heard }) => heard.length === 4));
  for (const [index, { told, heard }] of sessions.entries()) {
    t.strictSame(told, [`answer ${index}`]);
    t.strictSame(heard, [0, 1, 2].map((n) => `before ${index} ${n}`).concat(`after ${index}`));
  }
  // The session whose port it is ends, the others go on.
  sessions[0]?.line.close();
  ends[1]?.postMessage("still here");
  sessions[1]?.line.post("and here");
  await until(() => sessions[1]?.told.length === 2 && sessions[1].heard.length === 5);
  t.strictSame(sessions[1]?.told.at(-1), "still here");
  t.strictSame(sessions[1]?.heard.at(-1), "and here");
  t.equal(lost, 0);
  for (const { line } of sessions.slice(1)) line.close();
  sessions[0]?.line.port.close();
});

t.test("what was sent before the end is not lost when the end is heard of first", async (t) => {
  const trunks = new Trunks();
  const [first, second] = [new Session(trunks), new Session(trunks)];
  let trunk: Trunk | undefined;
  const start = (session: Session): ReturnType<Trunk["open"]> =>
    session.start((number, port) => (trunk ??= new Trunk(number, port, () => {})));
  start(first);
  const end = start(second);
  end.postMessage("last words");
  end.close();
  // Nothing has been received yet, not even which port the second one speaks over.
  second.line.drain();
  t.strictSame(second.told, ["last words"]);
  first.line.close();
  second.line.close();
  first.line.port.close();
});

t.test("when the host's end closes, all sessions of the thread hear of it", async (t) => {
  const { port1, port2 } = new MessageChannel();
  let lost = 0;
  const trunk = new Trunk(1, port2, () => void lost++);
  trunk.open(1, port2).on("close", () => void lost++);
  trunk.open(2, new MessageChannel().port2).on("close", () => void lost++);
  port1.close();
  await once(port2, "close");
  await until(() => lost === 3);
  t.equal(lost, 3);
});

t.test("an answer goes to the host at once, with what was said before it and what is transferred", async (t) => {
  const { port1, port2 } = new MessageChannel();
  const received = (): unknown[] => {
    const batches: unknown[] = [];
    for (let next = receiveMessageOnPort(port1); next; next = receiveMessageOnPort(port1)) batches.push(next.message);
    return batches.filter(Array.isArray);
  };
  const trunk = new Trunk(1, port2, () => {});
  const [first, second] = [trunk.open(1, port2), trunk.open(2, new MessageChannel().port2)];
  const report = { files: [], views: 0, notes: [], time: 1 };
  const reloaded: FromWorker = { kind: "reloaded", outcome: "-", report };
  const image = Uint8Array.of(1, 2, 3);
  // All in one turn of the thread: whatever comes next may take long.
  first.postMessage("an outcome");
  t.strictSame(received(), [[1, "an outcome"]]);
  first.postMessage(reloaded);
  t.strictSame(received(), []);
  second.postMessage({ kind: "image", image, base: null, events: 0, nextTimer: undefined }, [image.buffer]);
  t.match(received(), [[1, reloaded, 2, { kind: "image", image: Uint8Array.of(1, 2, 3) }]]);
  t.equal(image.length, 0, "it was transferred");
  port1.close();
});

t.test("what reloads of one turn come to goes to the host in one message, however long the turn is", async (t) => {
  const { port1, port2 } = new MessageChannel();
  const batches: unknown[] = [];
  port1.on("message", (message) => void (Array.isArray(message) && batches.push(message)));
  const trunk = new Trunk(1, port2, () => {});
  const one = trunk.open(1, port2);
  const two = trunk.open(2, new MessageChannel().port2);
  const report = { files: [], views: 0, notes: [], time: 1 };
  const reloaded: FromWorker = { kind: "reloaded", outcome: "-", report };
  one.postMessage(reloaded);
  const busy = performance.now() + 2;
  while (performance.now() < busy);
  two.postMessage(reloaded);
  await until(() => batches.length > 0);
  t.strictSame(batches, [[1, reloaded, 2, reloaded]]);
  port1.close();
});
