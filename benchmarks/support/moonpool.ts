import type { MoonpoolOptions } from "../../src/host/main.ts";
import { type Program, startProgram } from "./processes.ts";

export type Server = Program<{ port: number }>;

/**
 * As many frames as clients can send, and time enough for sites that begin with much, on busy machines too: what is measured is
 * the work, not the limit.
 */
const UNLIMITED: Partial<MoonpoolOptions> = { rate: { perSecond: 1e9, burst: 1e9 }, timeLimit: 30_000 };

/**
 * For sessions that never pause: with the default, one that takes more than half of its thread's time counts as a hog and
 * rests between its events.
 */
export const busy: Partial<MoonpoolOptions> = { cpu: { perSecond: 1_000, burst: 60_000 } };

/**
 * For one session whose start or events take so long that it would be put among hogs, whose thread rests nine tenths of the
 * time: a thread of its own is never made to rest.
 */
export const alone: Partial<MoonpoolOptions> = { ...busy, isolation: "dedicated" };

/** A Moonpool host in a process of its own that collects its garbage when it is asked for its memory. */
export function startMoonpool(options: MoonpoolOptions): Promise<Server> {
  const file = new URL("./moonpool-server.js", import.meta.url);
  return startProgram(file, { ...UNLIMITED, ...options }, ["--expose-gc"]);
}
