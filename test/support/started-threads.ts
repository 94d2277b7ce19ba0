import type { Worker } from "node:worker_threads";

/** Every thread that this process has started since this file was loaded, in order. */
export const threads: Worker[] = [];
process.on("worker", (worker) => threads.push(worker));
