import { SessionKeeper } from "../../src/host/session-keeper.ts";
import { MemoryStore } from "../../src/host/store/memory-store.ts";
import type { WorkerPool } from "../../src/host/worker-pool.ts";
import type { SessionPort } from "../../src/host/session.ts";
import type { WireError } from "../../src/protocol/error-code.ts";
import { type FromSession, sessionEvent } from "../../src/protocol/worker-message.ts";

/** A session on a pool, as the host sees it. */
export class PoolClient {
  /** Settles with what the pool says of the session's end. */
  readonly ended: Promise<WireError | undefined>;
  readonly #port: SessionPort;
  readonly #messages: FromSession[] = [];
  readonly #waiting: ((message: FromSession) => void)[] = [];

  /** `keeper`: of several sessions on the pool, each with an id of its own. Throws what `pool.open` throws. */
  constructor(
    pool: WorkerPool,
    isolation: "shared" | "dedicated" = "shared",
    {
      keeper = new SessionKeeper(pool, new MemoryStore()),
      id = "session",
    }: { keeper?: SessionKeeper; id?: string } = {},
  ) {
    let end: (error?: WireError) => void = () => {};
    this.ended = new Promise((resolve) => (end = resolve));
    const receive = (message: FromSession): void => {
      if (typeof message === "object" && message.kind === "resumed") return;
      const waiting = this.#waiting.shift();
      if (waiting) waiting(message);
      else this.#messages.push(message);
    };
    this.#port = keeper.open(
      { sessionId: id, isolation, description: "", decide: async () => "rollback" },
      receive,
      end,
    );
  }

  /** The next message that has not been returned yet. */
  next(): Promise<FromSession> {
    const message = this.#messages.shift();
    return message === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(message);
  }

  /** Runs main.lua; returns the first message. */
  start(time = Date.now()): Promise<FromSession> {
    void this.#port.send(sessionEvent("start", 0, time, JSON.stringify({ seed: "5eed".repeat(8), development: true })));
    return this.next();
  }

  /** Opens browser tab 1. */
  connect(): void {
    void this.#port.send(sessionEvent("connect", 1, Date.now(), "{}"));
  }

  /** Does something in tab 1: `id` is a variable whose path is an action. */
  act(id: number): void {
    void this.#port.send(sessionEvent("frame", 1, Date.now(), `1\nupdate ${id} null`));
  }

  close(): void {
    this.#port.close();
  }
}
