import { monitorEventLoopDelay } from "node:perf_hooks";

/** How the process that makes the load was itself. */
export interface GeneratorReport {
  /** Of one processor, 0 to 1 (more: other threads of the process). */
  cpu: number;
  /** ms by which its timers were late: what it measures is wrong by about as much. */
  delay: { p50: number; p99: number; max: number };
  peakMemory: number;
}

const RESOLUTION = 10;

/** Watches this process; call what is returned at the end. */
export function watchGenerator(): () => GeneratorReport {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  return () => {
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
    return {
      cpu: (user + system) / 1_000 / (performance.now() - start),
      delay: { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) },
      peakMemory: process.resourceUsage().maxRSS * 1_024,
    };
  };
}
