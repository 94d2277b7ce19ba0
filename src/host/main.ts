import type { FastifyInstance } from "fastify";
import { moonpoolOn } from "./plugin.ts";
import { serverOf, type ServerOptions } from "./server.ts";
import { WorkerPool } from "./worker-pool.ts";

/**
 * The Fastify plugin: `app.register(moonpool, { dir, prefix: "/app" })`, as often as wanted under different prefixes.
 * The app's hooks apply to pages and sockets alike. Fails with MoonpoolError CONFIG_INVALID or SITE_MISSING.
 */
export const moonpool = moonpoolOn(async (settings, store) => {
  const { dir, threads, memoryLimit, timeLimit, cpu, slots, maxSessions } = settings;
  const pool = new WorkerPool({ dir, threads, memoryLimit, timeLimit, cpu, slots, maxSessions, plans: store.plans() });
  try {
    await pool.ready;
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
});

export default moonpool;

/** A server with one Moonpool instance and nothing else, ready to `listen`. Fails as the plugin does. */
export function createServer(options: ServerOptions): Promise<FastifyInstance> {
  return serverOf(moonpool, options);
}

export type { HotloadOptions } from "./hotload/hotload-options.ts";
export type { ServerOptions } from "./server.ts";
export type { Moonpool } from "./moonpool.ts";
export type { LogLevel, MoonpoolOptions } from "./options.ts";
