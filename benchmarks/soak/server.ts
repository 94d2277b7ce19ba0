// The host under the soak run, in a process of its own. Any message is answered with what it costs at the moment.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createServer, type MoonpoolOptions } from "../../src/host/main.ts";
import { type Memory, memoryNow } from "../support/probe.ts";

/** What the host's process is like at one moment; bytes, and ms since the last answer or the start. */
export interface ServerState extends Memory {
  /** Of the main thread, after a collection. */
  heap: number;
  /** CPU time of all threads since the start. */
  cpu: number;
  /** By which the event loop was late. */
  delay: { p50: number; p99: number };
  sessions: number;
  awake: number;
  sleeps: number;
  wakes: number;
}

const RESOLUTION = 10;

const options = JSON.parse(process.argv[2] ?? "{}") as MoonpoolOptions;
const server = await createServer({ logLevel: "error", ...options });
const address = await server.listen({ host: "127.0.0.1", port: 0 });
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();
process.send?.({ origin: address });

process.on("message", () => {
  const late = (percentile: number): number => Math.max(0, delay.percentile(percentile) / 1e6 - RESOLUTION);
  const delays = { p50: late(50), p99: late(99) };
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { sleeps, wakes } = server.moonpool.statistics();
  process.send?.({
    ...memoryNow(),
    heap: heapUsed,
    cpu: (user + system) / 1_000,
    delay: delays,
    sessions: server.moonpool.sessionCount,
    awake: server.moonpool.awakeCount,
    sleeps,
    wakes,
  } satisfies ServerState);
  // The collection is not the host's fault.
  delay.reset();
});
process.on("disconnect", () => void server.close().then(() => process.exit()));
