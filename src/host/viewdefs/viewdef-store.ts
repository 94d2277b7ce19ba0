import fs from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isUnsettled, SETTLING } from "../../protocol/settling.ts";
import { findSiteFiles, type SiteFile } from "../site-files.ts";
import { BUILT_IN } from "./built-in.ts";
import type { Problem } from "./problem.ts";
import { makeEntry, readEntry, type EntryOptions, type UsableViewdef, type ViewdefEntry } from "./viewdef-entry.ts";
import { ViewdefVersions } from "./viewdef-versions.ts";

/** So many files of one batch are waited for: nobody writes more by hand. */
const MOST_SETTLED = 100;

/** Default: the strictest. */
export type ViewdefStoreOptions = Partial<EntryOptions>;

/** What came of reading some files again. */
export interface ViewdefReload {
  /** Keys that `get` answers differently now. */
  keys: string[];
  /** Those of the files whose text counts now and did not before. */
  files: string[];
  /** What is wrong with these files, and whatever else was not wrong before. */
  problems: Problem[];
}

interface ViewdefFile {
  /** As the file is now. */
  entry: ViewdefEntry;
  /** What it gives: `entry`, or the entry before it that was better. */
  good: ViewdefEntry;
}

/**
 * The viewdefs of one site: every `*.html` below `viewdefs/`, each read and compiled once and whenever it has changed,
 * and the built-in ones. Looking one up costs the same however many there are.
 */
export class ViewdefStore {
  private readonly site: string;
  private readonly options: EntryOptions;
  /** By file name, in the order of the walk, which decides between files of the same key. */
  private files = new Map<string, ViewdefFile>();
  private readonly builtIn: UsableViewdef[] = [];
  private readonly versions = new ViewdefVersions();
  private found: readonly Problem[] = [];
  /** Of the files as they were seen last, by name. */
  private readonly inodes = new Map<string, number>();

  /** Reads the viewdefs of the site in folder `dir`. Files with problems do not stop it. */
  static async load(dir: string, options: ViewdefStoreOptions = {}): Promise<ViewdefStore> {
    const store = new ViewdefStore(path.resolve(dir), { ...options, uiCode: options.uiCode ?? false });
    const files = await findSiteFiles(path.join(store.site, "viewdefs"), store.site, ".html");
    for (const entry of await store.read(files)) store.files.set(entry.file, { entry, good: entry });
    for (const { file, path } of files) {
      const found = await fs.stat(path).catch(() => undefined);
      if (found) store.inodes.set(file, found.ino);
    }
    store.choose();
    return store;
  }

  private constructor(site: string, options: EntryOptions) {
    this.site = site;
    this.options = options;
    for (const [key, source] of Object.entries(BUILT_IN)) {
      const { usable } = makeEntry(key, source, "(built in)", { uiCode: false });
      if (usable) this.builtIn.push(usable);
    }
  }

  /** Everything wrong with the site's viewdefs as they are now, file by file. */
  get problems(): readonly Problem[] {
    return this.found;
  }

  /**
   * The viewdef `TYPE.NAMESPACE`; undefined when there is none that can be shown. With `hash`: that version of it, which
   * may be one of the last few before.
   */
  get(key: string, hash?: string): UsableViewdef | undefined {
    return this.versions.get(key, hash);
  }

  /** All keys that `get` answers, the built-in ones included. */
  keys(): IterableIterator<string> {
    return this.versions.present.keys();
  }

  /** JSON texts of all ViewPlans by key: what worker threads are given. */
  plans(): Map<string, string> {
    return new Map(Array.from(this.versions.present, ([key, { planText }]) => [key, planText]));
  }

  /** Whether an older version of `file` is in use, because of what is wrong with the present one. */
  keepsOlder(file: string): boolean {
    const known = this.files.get(file);
    return known !== undefined && known.good !== known.entry;
  }

  /**
   * Reads these files (names relative to the site) again, whether they changed, appeared or are gone. A file with errors
   * does not take the place of one without: what it gave before goes on being used until it is right or gone.
   */
  async reload(files: readonly string[]): Promise<ViewdefReload> {
    const before = new Set(this.found.map(textOf));
    const effective: string[] = [];
    let isNew = false;
    await Promise.all(files.slice(0, MOST_SETTLED).map((file) => this.settle(file)));
    for (const entry of await this.read(files.map((file) => ({ file, path: path.join(this.site, file) })))) {
      const known = this.files.get(entry.file);
      if (entry === known?.entry) continue;
      if (await this.isGone(entry)) {
        if (this.files.delete(entry.file)) effective.push(entry.file);
        continue;
      }
      const isRefused = known !== undefined && isWorse(entry, known.good);
      isNew ||= known === undefined;
      this.files.set(entry.file, { entry, good: isRefused ? known.good : entry });
      if (!isRefused && entry.usable !== undefined) effective.push(entry.file);
    }
    if (isNew)
      this.files = new Map([...this.files].sort(([left], [right]) => (walkKey(left) < walkKey(right) ? -1 : 1)));
    const keys = this.choose();
    const named = new Set(files);
    const problems = this.found.filter((problem) => named.has(problem.file) || !before.has(textOf(problem)));
    return { keys, files: effective, problems };
  }

  private async read(files: readonly SiteFile[]): Promise<ViewdefEntry[]> {
    const entries: ViewdefEntry[] = [];
    const read = (file: SiteFile): Promise<ViewdefEntry> =>
      readEntry(file, this.options, this.files.get(file.file)?.entry);
    // Not all at once: a site may have more files than a process may open.
    for (let first = 0; first < files.length; first += 64)
      entries.push(...(await Promise.all(files.slice(first, first + 64).map(read))));
    return entries;
  }

  /** Waits while a file is being written: half of one is no viewdef, and none at all would take views out of pages. */
  private async settle(file: string): Promise<void> {
    const at = path.join(this.site, file);
    for (let look = 0; look < SETTLING.looks; look++) {
      const found = await fs.stat(at).catch(() => undefined);
      const known = this.inodes.get(file);
      if (found) this.inodes.set(file, found.ino);
      if (!isUnsettled(found, known, Date.now())) return;
      await pause(SETTLING.pause);
    }
  }

  /** A link that leads nowhere is still there. */
  private async isGone(entry: ViewdefEntry): Promise<boolean> {
    if (entry.problems[0]?.code !== "VIEWDEF_UNREADABLE") return false;
    const found = await fs.lstat(path.join(this.site, entry.file)).catch(() => undefined);
    return found === undefined;
  }

  /** Gives every key to the first file that has it. The keys for which that changed something. */
  private choose(): string[] {
    const problems: Problem[] = [];
    const owners = new Map<string, ViewdefEntry>();
    const chosen = new Map(this.builtIn.map((usable) => [usable.key, usable]));
    for (const { entry, good } of this.files.values()) {
      problems.push(...entry.problems);
      if (good.key === "") continue;
      const owner = owners.get(good.key);
      if (owner === undefined) {
        owners.set(good.key, good);
        if (good.usable) chosen.set(good.key, good.usable);
      } else if (owner.hash !== good.hash) {
        problems.push({
          code: "VIEWDEF_DUPLICATE",
          severity: "error",
          message: `${good.key} is defined by ${owner.file} already; this file is not used.`,
          file: entry.file,
          line: 1,
          column: 1,
          key: good.key,
        });
      }
    }
    this.found = problems;
    return this.versions.replace(chosen);
  }
}

/** Nothing usable is worse than something, and something with errors worse than something without. */
function isWorse(entry: ViewdefEntry, than: ViewdefEntry): boolean {
  return than.usable !== undefined && (entry.usable === undefined || (hasErrors(entry) && !hasErrors(than)));
}

function hasErrors({ problems }: ViewdefEntry): boolean {
  return problems.some(({ severity }) => severity === "error");
}

function textOf({ code, file, line, message }: Problem): string {
  return `${file}:${line}: ${code} ${message}`;
}

/** Sorts file names as the walk finds them: by name, the files of a folder before its folders. */
function walkKey(file: string): string {
  const parts = file.split("/");
  return parts.map((part, index) => `${index === parts.length - 1 ? "\0" : "\u0001"}${part}`).join("\0");
}
