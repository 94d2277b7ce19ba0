// A worker thread that acts in sessions at a steady rate, whether or not they have answered, and measures how long answers
// take: beside the thread that has thousands of other sockets to read. Any message is answered with all events since the last one.
import { parentPort, workerData } from "node:worker_threads";
import type { ServerFrame } from "../../src/protocol/message.ts";
import { type SessionAddress, Tab } from "./tab.ts";

/** An event that was answered: when it was sent (ms, as of Date.now(), with fractions) and how long the answer took (ms). */
export interface Answered {
  at: number;
  time: number;
}

export interface ActorData {
  sessions: SessionAddress[];
  /** ms between two events of a session. */
  interval: number;
  /** Which slot of the app's view is the action. */
  slot: number;
}

const { sessions, interval, slot } = workerData as ActorData;
let answered: Answered[] = [];

async function act(session: SessionAddress, delay: number): Promise<void> {
  const tab = await Tab.open(session);
  const sent = new Map<number, number>();
  let [seq, ack, first] = [0, 1, 0];
  const read = ({ messages = [] }: Partial<ServerFrame>): void => {
    for (const message of messages)
      if (message.type === "view" && message.id === 1) first = message.first ?? Number.NaN;
  };
  read(JSON.parse(tab.first.toString()) as ServerFrame);
  tab.onFrame = (data) => {
    const now = performance.now();
    const frame = JSON.parse(data.toString()) as Partial<ServerFrame> & { ack: number };
    if (frame.seq !== undefined) ack = frame.seq;
    read(frame);
    if (frame.messages === undefined) return;
    const until = frame.applied ?? frame.ack;
    for (const [number, at] of sent) {
      if (number > until) break;
      sent.delete(number);
      answered.push({ at: performance.timeOrigin + at, time: now - at });
    }
  };
  const send = (): void => {
    sent.set(++seq, performance.now());
    tab.send(
      `{"seq":${seq},"ack":${ack},"event":true,"messages":[{"type":"update","id":${first + slot},"value":null}]}`,
    );
  };
  setTimeout(() => setInterval(send, interval), delay);
}

await Promise.all(sessions.map((session, index) => act(session, (index * interval) / sessions.length)));
parentPort?.on("message", () => {
  parentPort?.postMessage(answered);
  answered = [];
});
parentPort?.postMessage([]);
