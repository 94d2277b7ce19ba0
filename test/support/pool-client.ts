import type { WorkerPool } from "../../src/host/worker-pool.ts";
import type { WireError } from "../../src/protocol/error-code.ts";
import { type FromWorker, sessionEvent } from "../../src/protocol/worker-message.ts";

/** A session on a pool, as the host sees it. */
export class PoolClient {
  /** Settles with what the pool says of the session's end. */
  readonly ended: Promise<WireError | undefined>;
  readonly #port: { send(text: string): void; close(): void };
  readonly #messages: FromWorker[] = [];
  readonly #waiting: ((message: FromWorker) => void)[] = [];

  /** Throws what `pool.open` throws. */
  constructor(pool: WorkerPool, isolation: "shared" | "dedicated" = "shared") {
    let end: (error?: WireError) => void = () => {};
    this.ended = new Promise((resolve) => (end = resolve));
    const receive = (message: FromWorker): void => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(message);
      else this.#messages.push(message);
    };
    this.#port = pool.open({ sessionId: "session", isolation }, receive, end);
  }

  /** The next message that has not been returned yet. */
  next(): Promise<FromWorker> {
    const message = this.#messages.shift();
    return message === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(message);
  }

  /** Runs main.lua; returns the first message. */
  start(time = Date.now()): Promise<FromWorker> {
    this.#port.send(sessionEvent("start", 0, time, JSON.stringify({ seed: "5eed".repeat(8), development: true })));
    return this.next();
  }

  /** Opens browser tab 1. */
  connect(): void {
    this.#port.send(sessionEvent("connect", 1, Date.now(), "{}"));
  }

  close(): void {
    this.#port.close();
  }
}
