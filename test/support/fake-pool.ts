import { MoonpoolError, type WireError } from "../../src/protocol/main.ts";
import type { ConnectionChanges } from "../../src/protocol/outcome.ts";
import type { ReloadReport } from "../../src/protocol/reload.ts";
import type { FromWorker } from "../../src/protocol/worker-message.ts";
import type { Pool } from "../../src/host/plugin.ts";
import type { SessionPort } from "../../src/host/session.ts";

/** A session event as the stand-in for a VM gets it. */
export interface FakeEvent {
  kind: string;
  connection: number;
  time: number;
  body: string;
}

/** One session of a FakePool. */
export interface FakeSession extends SessionPort {
  id: string;
  /** All events so far. */
  events: FakeEvent[];
  isClosed: boolean;
  /** Says something to the host, in a later microtask as a thread would. */
  say(message: FromWorker): void;
  /** The task ends. */
  end(error?: WireError): void;
}

/**
 * What a fake VM answers to an event. An event that it says nothing of is answered with `done`, but a start or a reload is
 * not.
 */
export type Answer = (event: FakeEvent, session: FakeSession) => void;

/** The fragments of one connection's changes, those not given empty. */
export function changesOf(connection: number, parts: Partial<ConnectionChanges> = {}): ConnectionChanges {
  return { connection, viewdefs: [], high: "", medium: "", low: "", ...parts };
}

/** The text that a VM answers when it has changes. */
export function outcomeOf(connections: ConnectionChanges[], urgent = true): string {
  const lines = connections.flatMap(({ connection, viewdefs, high, medium, low }) => [
    `c ${connection} ${urgent ? 1 : 0}`,
    ...(viewdefs.length > 0 ? [`v ${viewdefs.map(({ key, hash }) => `${key} ${hash}`).join("\t")}`] : []),
    ...(high === "" ? [] : [`h ${high}`]),
    ...(medium === "" ? [] : [`m ${medium}`]),
    ...(low === "" ? [] : [`l ${low}`]),
  ]);
  return ["-", ...lines].join("\n");
}

/** What a VM answers to a reload. */
export function reloaded(report: Partial<ReloadReport> = {}, outcome = "-"): FromWorker {
  return { kind: "reloaded", outcome, report: { files: [], views: 0, notes: [], time: 1, ...report } };
}

/** Starts at once, reloads nothing, answers a connect with the value "hello" of variable 1 and a frame with its body as value. */
export const echo: Answer = ({ kind, connection, body }, session) => {
  if (kind === "start") session.say({ kind: "started" });
  if (kind === "reload") session.say(reloaded());
  if (kind !== "connect" && kind !== "frame") return;
  const value = JSON.stringify(kind === "connect" ? "hello" : body);
  const medium = `{"type":"update","id":1,"value":${value}}`;
  session.say(outcomeOf([changesOf(connection, { medium })]));
};

/** Stands in for the worker threads: same contract, same ordering, no threads and no Lua. */
export class FakePool implements Pool {
  readonly sessions: FakeSession[] = [];
  /** May be replaced between events. */
  answer: Answer;
  room: number;
  isClosed = false;
  /** As they were replaced last. */
  plans: ReadonlyMap<string, string> | undefined;
  /** Nothing is dispatched: what is sent stays unanswered. */
  isStuck = false;

  constructor(answer: Answer = echo, room = Infinity) {
    this.answer = answer;
    this.room = room;
  }

  open(
    options: { sessionId: string },
    onMessage: (message: FromWorker) => void,
    onEnd: (error?: WireError) => void,
  ): SessionPort {
    if (this.sessions.filter((session) => !session.isClosed).length >= this.room) {
      throw new MoonpoolError("SESSION_LIMIT");
    }
    const session: FakeSession = {
      id: options.sessionId,
      events: [],
      isClosed: false,
      say: (message) => queueMicrotask(() => session.isClosed || onMessage(message)),
      end: (error) => {
        if (session.isClosed) return;
        session.isClosed = true;
        queueMicrotask(() => onEnd(error));
      },
      send: (text) => {
        const event = eventOf(text);
        session.events.push(event);
        if (!this.isStuck) queueMicrotask(() => session.isClosed || this.#dispatch(event, session));
      },
      close: () => session.end(),
    };
    this.sessions.push(session);
    return session;
  }

  replacePlans(plans: ReadonlyMap<string, string>): void {
    this.plans = plans;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const session of this.sessions) session.close();
  }

  #dispatch(event: FakeEvent, session: FakeSession): void {
    let isAnswered = event.kind === "start" || event.kind === "reload";
    const answering: FakeSession = {
      ...session,
      say: (message) => {
        isAnswered ||=
          typeof message === "string" || message.kind === "done" || (message.kind === "refused" && !message.timer);
        session.say(message);
      },
    };
    this.answer(event, answering);
    if (!isAnswered) session.say({ kind: "done" });
  }

  /** The only session there is. */
  get only(): FakeSession {
    const [session] = this.sessions;
    if (session === undefined || this.sessions.length > 1) throw new Error(`${this.sessions.length} sessions`);
    return session;
  }
}

function eventOf(text: string): FakeEvent {
  const end = text.indexOf("\n");
  const [kind = "", connection, time] = text.slice(0, end).split(" ");
  return { kind, connection: Number(connection), time: Number(time), body: text.slice(end + 1) };
}
