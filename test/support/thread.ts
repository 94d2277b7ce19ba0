import { MessageChannel, type MessagePort } from "node:worker_threads";
import {
  type FromWorker,
  sessionEvent,
  type SessionEventKind,
  type ToWorker,
} from "../../src/protocol/worker-message.ts";
import type { SharedPlans, ThreadSettings } from "../../src/protocol/worker-task.ts";
import type { RuntimeFile } from "../../src/workers/runtime-files.ts";
import { bearFirst, SessionThread } from "../../src/workers/session-thread.ts";
import { bareRuntime } from "../fixtures/bare-runtime.ts";

export const noPlans: SharedPlans = { version: 1, text: Buffer.from("[]") };

/** A session thread, in this thread, with the bare runtime or another. */
export async function startThread(
  settings: Partial<ThreadSettings> = {},
  runtime: RuntimeFile[] = bareRuntime,
): Promise<SessionThread> {
  const all = {
    siteDir: "/nowhere",
    memoryLimit: 16 * 2 ** 20,
    timeLimit: 500,
    cpu: { perSecond: 1000, burst: 1e9 },
    slots: 3,
    imageMemory: 2 ** 20,
    seed: 1,
    ...settings,
  };
  return SessionThread.start(all, await bearFirst(all, runtime));
}

/** The host's end of a session that runs on a thread in this thread. */
export class ThreadClient {
  /** Images that came, with or without an answer. */
  readonly images: Extract<FromWorker, { kind: "image" }>[] = [];
  /** All messages but `done`, answers that came with an image included, and what is for the pool. */
  readonly messages: FromWorker[] = [];
  /** Events that were answered with `done`. */
  dones = 0;
  /** What was said of the time that events took. */
  readonly used: Extract<FromWorker, { kind: "used" }>[] = [];
  readonly ended: Promise<void>;
  /** Settles when the session has left the thread and all that it said has come. */
  readonly closed: Promise<void>;
  /** Who waits for the next `done`. */
  #done: ((message: FromWorker) => void) | undefined;
  readonly #port: MessagePort;
  readonly #waiting: ((message: FromWorker) => void)[] = [];
  #taken = 0;

  constructor(thread: SessionThread, plans = noPlans) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.ended = thread.run(1, port2, plans);
    const receive = (message: FromWorker): void => {
      if (typeof message === "object" && message.kind === "image") {
        this.images.push(message);
        if (message.answer !== undefined) receive(message.answer);
        return;
      }
      if (typeof message === "object" && message.kind === "used") this.used.push(message);
      if (typeof message === "object" && message.kind === "done") {
        this.dones++;
        this.#done?.(message);
      }
      if (typeof message === "object" && ["done", "thread", "used"].includes(message.kind)) return;
      this.messages.push(message);
      if (this.#waiting.length > 0) this.#waiting.shift()?.(this.messages[this.#taken++]!);
    };
    port1.on("message", receive);
    this.closed = new Promise((resolve) => port1.on("close", resolve));
  }

  post(message: ToWorker): void {
    this.#port.postMessage(message);
  }

  /** Sends an event whose body is Lua code. */
  send(kind: SessionEventKind, code: string, time = Date.now()): void {
    this.post(sessionEvent(kind, 1, time, code));
  }

  /** The next message that has not been returned yet and is no `done`. */
  next(): Promise<FromWorker> {
    const message = this.messages[this.#taken];
    if (message === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#taken++;
    return Promise.resolve(message);
  }

  /** The next `done`. */
  done(): Promise<FromWorker> {
    return new Promise((resolve) => (this.#done = resolve));
  }

  /** The text of the next log message. */
  async log(): Promise<string> {
    const message = await this.next();
    return typeof message === "object" && message.kind === "log" ? message.message : JSON.stringify(message);
  }

  /** Ends the session and waits until it has ended. */
  async close(): Promise<void> {
    this.post({ kind: "close" });
    await this.ended;
  }
}
