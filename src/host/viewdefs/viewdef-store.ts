import path from "node:path";
import { findSiteFiles } from "../site-files.ts";
import { BUILT_IN } from "./built-in.ts";
import type { Problem } from "./problem.ts";
import { makeEntry, readEntry, type UsableViewdef, type ViewdefEntry } from "./viewdef-entry.ts";

export interface ViewdefStoreOptions {
  /** Whether `ui-code` may be used. Default: false. */
  uiCode?: boolean;
}

/**
 * The viewdefs of one site: every `*.html` below `viewdefs/`, each read and compiled once, and the built-in ones.
 * Looking one up costs the same however many there are.
 */
export class ViewdefStore {
  /** By file name, in the order of the walk, which decides between files of the same key. */
  private readonly entries: ReadonlyMap<string, ViewdefEntry>;
  private readonly byKey = new Map<string, UsableViewdef>();
  /** Everything wrong with the site's viewdefs, file by file. */
  readonly problems: readonly Problem[];

  /** Reads the viewdefs of the site in folder `dir`. Files with problems do not stop it. */
  static async load(dir: string, options: ViewdefStoreOptions = {}): Promise<ViewdefStore> {
    const site = path.resolve(dir);
    const uiCode = options.uiCode ?? false;
    const files = await findSiteFiles(path.join(site, "viewdefs"), site, ".html");
    const entries: ViewdefEntry[] = [];
    // Not all at once: a site may have more files than a process may open.
    for (let first = 0; first < files.length; first += 64)
      entries.push(...(await Promise.all(files.slice(first, first + 64).map((file) => readEntry(file, { uiCode })))));
    return new ViewdefStore(entries);
  }

  private constructor(entries: ViewdefEntry[]) {
    this.entries = new Map(entries.map((entry) => [entry.file, entry]));
    for (const [key, source] of Object.entries(BUILT_IN)) {
      const { usable } = makeEntry(key, source, "(built in)", { uiCode: false });
      if (usable) this.byKey.set(key, usable);
    }
    this.problems = this.choose();
  }

  /** The viewdef `TYPE.NAMESPACE`; undefined when there is none that can be shown. */
  get(key: string): UsableViewdef | undefined {
    return this.byKey.get(key);
  }

  /** All keys that `get` answers, the built-in ones included. */
  keys(): IterableIterator<string> {
    return this.byKey.keys();
  }

  /** JSON texts of all ViewPlans by key: what worker threads are given. */
  plans(): Map<string, string> {
    return new Map(Array.from(this.byKey, ([key, { planText }]) => [key, planText]));
  }

  /** Gives every key to the first file that has it. */
  private choose(): Problem[] {
    const problems: Problem[] = [];
    const owners = new Map<string, ViewdefEntry>();
    for (const entry of this.entries.values()) {
      problems.push(...entry.problems);
      if (entry.key === "") continue;
      const owner = owners.get(entry.key);
      if (owner === undefined) {
        owners.set(entry.key, entry);
        if (entry.usable) this.byKey.set(entry.key, entry.usable);
      } else if (owner.hash !== entry.hash) {
        problems.push({
          code: "VIEWDEF_DUPLICATE",
          severity: "error",
          message: `${entry.key} is defined by ${owner.file} already; this file is not used.`,
          file: entry.file,
          line: 1,
          column: 1,
          key: entry.key,
        });
      }
    }
    return problems;
  }
}
