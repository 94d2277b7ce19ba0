import type { FastifyInstance } from "fastify";
import { openDataFolder, openSourcesFolder } from "./data-folder.ts";
import { moonpoolOn } from "./plugin.ts";
import { serverOf, type ServerOptions } from "./server.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { seedOf } from "./store/lasting.ts";
import { openStore } from "./store/open-store.ts";
import { WorkerPool } from "./worker-pool.ts";

/**
 * The Fastify plugin: `app.register(moonpool, { dir, prefix: "/app" })`, as often as wanted under different prefixes.
 * The app's hooks apply to pages and sockets alike. Fails with MoonpoolError CONFIG_INVALID or SITE_MISSING.
 */
export const moonpool = moonpoolOn(async (settings, viewdefs, meter) => {
  const { dir, threads, memoryLimit, timeLimit, cpu, slots, maxSessions, durability, data } = settings;
  const folder = durability === "disk" ? openDataFolder(data) : undefined;
  const temporary = folder === undefined && settings.hotload ? openSourcesFolder() : undefined;
  const sources = folder?.sources ?? temporary?.sources;
  const store = await openStore(
    folder ? { durability: "disk", dir: folder.store } : { durability: "memory", history: 1 },
  );
  const limits = { threads, memoryLimit, timeLimit, cpu, slots, maxSessions };
  const onDeath = meter.threadDied.bind(meter);
  let pool: WorkerPool | undefined;
  try {
    const seed = await seedOf(store);
    pool = new WorkerPool({ dir, ...limits, seed, sources, plans: viewdefs.plans(), onDeath });
    await pool.ready;
  } catch (error) {
    await pool?.close();
    await store.close();
    temporary?.remove();
    throw error;
  }
  return new SessionKeeper(pool, store, { meter, onClose: temporary?.remove });
});

export default moonpool;

/** A server with one Moonpool instance and nothing else, ready to `listen`. Fails as the plugin does. */
export function createServer(options: ServerOptions): Promise<FastifyInstance> {
  return serverOf(moonpool, options);
}

export type { ContentSecurityPolicy } from "./content-security-policy.ts";
export type { HotloadOptions } from "./hotload/hotload-options.ts";
export type { ServerOptions } from "./server.ts";
export type { RecentError } from "./recent-errors.ts";
export type { Statistics } from "./metrics.ts";
export type { Moonpool } from "./moonpool.ts";
export type { RecoveryOptions, RecoveryStep, SessionFailure } from "./recovery.ts";
export type { LogLevel, MoonpoolOptions } from "./options.ts";
