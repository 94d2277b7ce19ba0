import fs from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Answers any message of the parent process with this process's memory, all garbage collected if node runs with --expose-gc,
 * and with what else `more` tells.
 */
export function answerMemory(more: () => object = () => ({})): void {
  process.on("message", async () => {
    globalThis.gc?.();
    await wait(100);
    globalThis.gc?.();
    const { rss } = process.memoryUsage();
    process.send?.({ rss, anonymous: anonymous() ?? rss, ...more() });
  });
}

/** Bytes of memory that belong to no file; undefined where the system does not tell. */
function anonymous(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(fs.readFileSync("/proc/self/status", "utf8")) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
