import fs from "node:fs";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";

/** What a server answers to `memory`, in bytes. */
export interface Memory {
  rss: number;
  /** Without what the process has mapped of files. */
  anonymous: number;
}

/** What a server took between `begin` and `end`. */
export interface Usage {
  /** Seconds. */
  wall: number;
  /** Seconds of processor time, of all threads of the process. */
  cpu: number;
  /** Bytes at the end. */
  rss: number;
  /** ms that the main thread's event loop was late. */
  delay: { p50: number; p99: number; max: number };
  /** Seconds of processor time of the main thread; where the system does not tell: that its event loop was busy. */
  main: number;
}

/** ms: a timer this often tells how late the loop is; more often would cost what it measures. */
const RESOLUTION = 10;

/**
 * Answers requests of the parent process: `begin` and `end` of a span, of which the answer is a `Usage`, and anything else with
 * this process's memory, all garbage collected if node runs with --expose-gc, and with what else `more` tells.
 */
export function answerProbe(more: () => object = () => ({})): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  let cpu = process.cpuUsage();
  let start = performance.now();
  let loop = performance.eventLoopUtilization();
  let main = mainThread();
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  const end = (): Usage => {
    const used = process.cpuUsage(cpu);
    delays.disable();
    const delay = { p50: late(delays.percentile(50)), p99: late(delays.percentile(99)), max: late(delays.max) };
    return {
      wall: (performance.now() - start) / 1000,
      cpu: (used.user + used.system) / 1e6,
      rss: process.memoryUsage.rss(),
      delay,
      main: mainSince(main) ?? performance.eventLoopUtilization(loop).active / 1000,
    };
  };
  process.on("message", async (request) => {
    if (request === "end") return process.send?.(end());
    if (request === "begin") {
      delays.reset();
      delays.enable();
      cpu = process.cpuUsage();
      start = performance.now();
      loop = performance.eventLoopUtilization();
      main = mainThread();
      return process.send?.({});
    }
    globalThis.gc?.();
    await wait(100);
    globalThis.gc?.();
    return process.send?.({ ...memoryNow(), ...more() });
  });
}

/** Of a second: how finely Linux tells what a thread has used. */
const TICK = 1 / 100;

/** Seconds of processor time of the main thread so far; undefined where the system does not tell. */
function mainThread(): number | undefined {
  if (process.platform !== "linux") return undefined;
  const text = fs.readFileSync(`/proc/self/task/${process.pid}/stat`, "utf8");
  // The name before may have spaces in it. What follows the state is ten numbers, then user and system time.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

function mainSince(before: number | undefined): number | undefined {
  const now = mainThread();
  return now === undefined || before === undefined ? undefined : now - before;
}

/** Of this process. Where the system does not tell what belongs to files, all of it counts. */
export function memoryNow(): Memory {
  const rss = process.memoryUsage.rss();
  if (process.platform !== "linux") return { rss, anonymous: rss };
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(fs.readFileSync("/proc/self/status", "utf8")) ?? [];
  return { rss, anonymous: kilobytes === undefined ? rss : Number(kilobytes) * 1024 };
}
