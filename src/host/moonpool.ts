import type { ReloadCount } from "./hotload/hot-loader.ts";
import type { Statistics } from "./metrics.ts";
import type { RecentError } from "./recent-errors.ts";
import type { Problem } from "./viewdefs/problem.ts";

/** An instance as the app that registered it sees it: `app.moonpool`. */
export interface Moonpool {
  /** Whole URL prefix, "" for the root. */
  readonly prefix: string;
  /** The site's folder. */
  readonly dir: string;
  /** Sessions that live now, or sleep with a page connected; those that are in the store only do not count. */
  readonly sessionCount: number;
  /** Of these, sessions that are on a thread. */
  readonly awakeCount: number;
  /** Browser tabs connected now. */
  readonly connectionCount: number;
  /** What is wrong with the site's viewdefs now. */
  readonly problems: readonly Problem[];
  /** Reloads of files that changed; undefined when they are not watched. */
  readonly reloads: Readonly<ReloadCount> | undefined;
  /** What there is now, and what has happened so far, in numbers. */
  statistics(): Statistics;
  /** The last hundred errors that differ, the newest first. */
  errors(): RecentError[];
  /** Ends a session: its tabs are told, its memory is freed. False if there is none with this id. */
  endSession(id: string): boolean;
  /** The instance at another prefix of the same server. */
  at(prefix: string): Moonpool | undefined;
}

// Here, because whoever imports the package gets this file with its types.
declare module "fastify" {
  interface FastifyInstance {
    /** The first Moonpool instance of this app; the others by `moonpool.at(prefix)`. */
    moonpool: Moonpool;
  }
}
