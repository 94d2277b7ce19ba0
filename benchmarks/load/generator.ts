// The load generator, a process of its own: all connections of a measurement are in it, and it does nothing else.
import { quantile } from "../support/measure.ts";
import type { Connection, Dialect, Place } from "./dialect.ts";
import { dialects, type DialectName } from "./dialects.ts";

export interface OpenRequest {
  kind: "open";
  group: string;
  dialect: DialectName;
  place: Place;
  count: number;
  until?: string;
}

/** Each connection of the group does `action`, waits for the answer, and does it again: so often in all, or so long. */
export interface LoopRequest {
  kind: "loop";
  group: string;
  action: number;
  /** Each event types another text. */
  isTyping?: boolean;
  events?: number;
  ms?: number;
}

export type LoadRequest = OpenRequest | LoopRequest | { kind: "close"; group: string };

/** What came of the connections that were opened; `place` is that of the last. */
export interface Opened {
  place: Place;
  opening: Connection["opening"];
}

export interface Looped {
  /** Per second. */
  rate: number;
  events: number;
  /** µs from sending to the answer. */
  p50: number;
  p99: number;
  /** Of an answer, on average. */
  answerBytes: number;
  /** µs of this process's processor time per event. */
  clientCpu: number;
}

const OPENING_AT_A_TIME = 8;
const MOST_TIMES = 500_000;
/** ms without any answer until the server counts as stuck. */
const PATIENCE = 20_000;

const groups = new Map<string, Connection[]>();

async function open({ group, dialect, place, count, until }: OpenRequest): Promise<Opened> {
  const connect: Dialect = dialects[dialect];
  const connections = groups.get(group) ?? [];
  groups.set(group, connections);
  let left = count;
  await Promise.all(
    Array.from({ length: OPENING_AT_A_TIME }, async () => {
      while (left-- > 0) connections.push(await connect(place, until));
    }),
  );
  const last = connections.at(-1);
  if (last === undefined) throw new Error(`the group ${group} is empty`);
  return { place: last.place, opening: last.opening };
}

function loop({ group, action, isTyping = false, events = Infinity, ms = Infinity }: LoopRequest): Promise<Looped> {
  const connections = groups.get(group) ?? [];
  const times = new Float64Array(Math.min(MOST_TIMES, events));
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + ms;
  let [begun, count, waiting, before, bytes] = [0, 0, 0, -1, 0];
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => {
      if (count === before) reject(new Error(`${waiting} connections of ${group} wait for an answer`));
      before = count;
    }, PATIENCE);
    const finish = (): void => {
      clearInterval(watch);
      const seconds = (performance.now() - start) / 1000;
      const used = process.cpuUsage(cpu);
      const sorted = [...times.subarray(0, Math.min(count, times.length))];
      resolve({
        rate: count / seconds,
        events: count,
        p50: 1000 * quantile(sorted, 0.5),
        p99: 1000 * quantile(sorted, 0.99),
        answerBytes: bytes / count,
        clientCpu: (used.user + used.system) / count,
      });
    };
    for (const { socket, act, isAnswer } of connections) {
      let sent = 0;
      const next = (now: number): void => {
        if (begun >= events || now >= end) {
          waiting--;
          if (waiting === 0) finish();
          return;
        }
        begun++;
        sent = now;
        act(action, isTyping ? `text ${begun}` : undefined);
      };
      socket.onMessage = (data, from, to) => {
        if (!isAnswer(data, from, to)) return;
        const now = performance.now();
        if (count < times.length) times[count] = now - sent;
        count++;
        bytes += to - from;
        next(now);
      };
      socket.onEnd = () => reject(new Error(`a connection of ${group} ended`));
      waiting++;
      next(performance.now());
    }
  });
}

function close(group: string): object {
  for (const { socket } of groups.get(group) ?? []) socket.close();
  groups.delete(group);
  return {};
}

async function answer(request: LoadRequest): Promise<object> {
  if (request.kind === "open") return open(request);
  return request.kind === "loop" ? loop(request) : close(request.group);
}

process.on("message", async (request: LoadRequest) => {
  try {
    process.send?.(await answer(request));
  } catch (error) {
    process.send?.({ problem: String(error) });
  }
});
process.send?.({});
process.on("disconnect", () => process.exit());
