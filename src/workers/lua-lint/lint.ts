import type { MoonpoolError } from "../../protocol/error-code.ts";
import type { LuaProblem } from "../../protocol/lua-check.ts";
import type { LintedFile } from "./linted-file.ts";

/** The Lua code of a site. */
export interface LintedSite {
  /** In the order of their names. */
  files: readonly LintedFile[];
  /** False when some files could not be compiled, so that nothing can be said about what is nowhere. */
  complete: boolean;
  /** The file that a module name stands for; undefined: none, or one that could not be compiled. */
  find: (module: string) => LintedFile | undefined;
  /** Why `require` does not find a module. */
  whyMissing: (module: string) => MoonpoolError | undefined;
  /** Names of the globals that Moonpool itself has. */
  globals: ReadonlySet<string>;
}

/** One check of a site: finds what works, but probably not as meant. */
export type Lint = (site: LintedSite) => LuaProblem[];
