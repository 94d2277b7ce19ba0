import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ActorData, Answered } from "./actor.ts";

/** Tabs that act at a steady rate, in a thread of their own. */
export class Actors {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(data: ActorData): Promise<Actors> {
    const worker = new Worker(new URL("./actor.js", import.meta.url), { workerData: data });
    await once(worker, "message");
    return new Actors(worker);
  }

  /** The events that were answered since this was asked last. */
  async take(): Promise<Answered[]> {
    this.#worker.postMessage("take");
    const [answered] = (await once(this.#worker, "message")) as [Answered[]];
    return answered;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
