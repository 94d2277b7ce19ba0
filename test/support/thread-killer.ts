import { Session } from "node:inspector";
import v8 from "node:v8";
import type { Worker } from "node:worker_threads";

/** How a thread may come to its end. */
export const deaths = ["terminate", "exit", "exception", "rejection", "memory"] as const;
export type Death = (typeof deaths)[number];

/** What has a thread end itself, as JavaScript. */
const programs: Record<Exclude<Death, "terminate">, string> = {
  exit: "process.exit(3)",
  exception: "setImmediate(() => { throw new Error('on purpose') })",
  rejection: "Promise.reject(new Error('on purpose'))",
  memory: "{ const kept = []; for (;;) kept.push(new Array(10000).fill(kept.length)) }",
};

/**
 * The threads that this process starts from here on, and ways to end them from within. Their JavaScript heap is limited, so that
 * running out of memory does not take long.
 */
export class ThreadKiller {
  readonly #threads: Worker[] = [];
  readonly #session = new Session();
  /** Debugging sessions by thread. */
  readonly #attached = new Map<number, string>();

  constructor() {
    v8.setFlagsFromString("--max-old-space-size=96");
    process.on("worker", (worker) => this.#threads.push(worker));
    this.#session.connect();
    this.#session.on("NodeWorker.attachedToWorker", ({ params }) => {
      const { sessionId, workerInfo } = params as { sessionId: string; workerInfo: { workerId: string } };
      this.#attached.set(Number(workerInfo.workerId), sessionId);
    });
    this.#session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  }

  /** The threads that are there. */
  get living(): Worker[] {
    return this.#threads.filter(({ threadId }) => threadId > 0);
  }

  /** Settles when the thread has ended. */
  async kill(worker: Worker, death: Death): Promise<void> {
    const gone = new Promise((resolve) => worker.once("exit", resolve));
    const sessionId = this.#attached.get(worker.threadId);
    if (death === "terminate" || sessionId === undefined) void worker.terminate();
    else {
      const message = { id: 1, method: "Runtime.evaluate", params: { expression: programs[death] } };
      this.#session.post("NodeWorker.sendMessageToWorker", { sessionId, message: JSON.stringify(message) });
    }
    // One that is just starting, or stuck, does not listen.
    const patience = setTimeout(() => void worker.terminate(), 5_000);
    await gone;
    clearTimeout(patience);
  }

  close(): void {
    this.#session.disconnect();
  }
}
