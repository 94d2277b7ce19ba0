import { setTimeout as wait } from "node:timers/promises";

/** Answers any message of the parent process with this process's memory, all garbage collected if node runs with --expose-gc. */
export function answerMemory(): void {
  process.on("message", async () => {
    globalThis.gc?.();
    await wait(100);
    globalThis.gc?.();
    process.send?.({ rss: process.memoryUsage().rss });
  });
}
