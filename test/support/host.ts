import type { FastifyInstance } from "fastify";
import type { Test } from "tap";
import { moonpoolOn } from "../../src/host/plugin.ts";
import { serverOf, type ServerOptions } from "../../src/host/server.ts";
import { Browser } from "./browser.ts";
import { FakePool } from "./fake-pool.ts";
import { makeSite, removeSite } from "./site.ts";

export interface RunningHost {
  app: FastifyInstance;
  origin: string;
  dir: string;
  pool: FakePool;
  /** A browser that was never here. */
  browser(): Browser;
}

/**
 * The standalone server on a free port, with sessions on `pool` instead of threads, for a site of `files`. Closed and
 * removed when the test is over. Files are not watched unless the options say so.
 */
export async function startHost(
  t: Test,
  options: Partial<ServerOptions> = {},
  pool = new FakePool(),
  files: Record<string, string> = {},
): Promise<RunningHost> {
  const dir = makeSite({ "lua/main.lua": "", ...files });
  const plugin = moonpoolOn(async () => pool);
  const app = await serverOf(plugin, { dir, logger: false, hotload: false, ...options });
  t.teardown(async () => {
    await app.close();
    removeSite(dir);
  });
  const origin = await listen(app);
  return { app, origin, dir, pool, browser: () => new Browser(origin) };
}

/** Listens on a free port of this machine; gives the origin. */
export function listen(app: FastifyInstance): Promise<string> {
  return app.listen({ host: "127.0.0.1", port: 0 });
}
