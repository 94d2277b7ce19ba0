import type { WireError } from "./error-code.ts";

/** What a `reload` event tells a session: the files of its site that have changed. */
export interface SiteChanges {
  /** Lua files that changed or appeared, by tracking key (the real file, relative to the site's real folder). */
  lua: readonly string[];
  /** Lua files that are gone, by tracking key. */
  gone: readonly string[];
  /** Viewdefs that changed, appeared or are gone, by key. Their plans have been replaced before. */
  viewdefs: readonly string[];
  /** Nobody knows what has changed: the session looks at all that it has. */
  all?: boolean;
}

/** What became of a `reload` event in one session. */
export interface ReloadReport {
  /** Files whose code ran again ("lua/app.lua"), in that order. Empty: the session uses none of those that changed. */
  files: string[];
  /** Views on the session's pages that were exchanged, or wait to be. */
  views: number;
  /** Why the code from before is still running, nothing having changed. Viewdefs are exchanged all the same. */
  error?: WireError;
  /** What the author should know all the same: old code that is still in use, instances that could not be migrated. */
  notes: WireError[];
  /** ms that the session's thread was busy. */
  time: number;
}

/**
 * The body of a `reload` event, a line for each file.
 *
 *     lua lua/contacts.lua
 *     gone lua/old.lua
 *     viewdef Contact.DEFAULT
 *     all site
 */
export function reloadBody({ lua, gone, viewdefs, all = false }: SiteChanges): string {
  return [
    ...(all ? ["all site"] : []),
    ...lua.map((key) => `lua ${key}`),
    ...gone.map((key) => `gone ${key}`),
    ...viewdefs.map((key) => `viewdef ${key}`),
  ].join("\n");
}
