import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Log } from "../log.ts";
import { siteName } from "../site-files.ts";
import { FileContents, type Patience } from "./file-contents.ts";
import { FolderWatches, type FolderEvent, type FolderEvents } from "./folder-watches.ts";
import { PolledFolders, pollingOfSystem } from "./polled-folders.ts";
import { SiteNews, type SiteBatch } from "./site-news.ts";
import { SiteTree } from "./site-tree.ts";

export type { SiteBatch } from "./site-news.ts";

/** How a site is watched. */
export interface SiteWatcherOptions {
  log: Log;
  /** Files and folders to leave out: patterns of their names, relative to the site ("html/img/logo.png"). */
  ignored?: readonly RegExp[];
  /** Look every so many ms, where the system does not tell of changes (network drives). Default: it tells. */
  poll?: number;
  /** How long (ms) something must have been so before it is believed. Default: written 20, emptied 100, removed 80. */
  patience?: Partial<SitePatience>;
}

/** More for slow drives. */
export interface SitePatience extends Patience {
  /** A file that is missing. Some programs remove what they are about to write. */
  removed: number;
}

/**
 * Watches a site's `lua`, `viewdefs` and `html` folders, with all that links in them lead to.
 *
 * What the system tells of is only where to look. What has changed is found by comparing what is there with what was
 * told before, by content; so an event too many, or of an unexpected kind, does no harm.
 *
 *     FolderEvents ──where──▶ SiteTree ──which files──▶ FileContents ──hashes──▶ SiteNews ──▶ onBatch
 */
export class SiteWatcher {
  readonly #site: string;
  readonly #onBatch: (batch: SiteBatch) => Promise<void>;
  readonly #log: Log;
  readonly #tree: SiteTree;
  readonly #contents: FileContents;
  readonly #news: SiteNews;
  readonly #folders: FolderEvents;
  readonly #problems = new Set<string>();
  #events: FolderEvent[] = [];
  #isStarted = false;
  #isTelling = false;
  #isClosed = false;
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  /**
   * Watches the site in folder `dir`, which need not be there yet. Resolves when everything that is saved from now on
   * is seen. `onBatch` is called with one batch at a time: what is saved until its promise has settled is the next one.
   */
  static async start(
    dir: string,
    onBatch: (batch: SiteBatch) => Promise<void>,
    options: SiteWatcherOptions,
  ): Promise<SiteWatcher> {
    const watcher = new SiteWatcher(path.resolve(dir), onBatch, options);
    await watcher.#start();
    return watcher;
  }

  private constructor(site: string, onBatch: (batch: SiteBatch) => Promise<void>, options: SiteWatcherOptions) {
    this.#site = site;
    this.#onBatch = onBatch;
    this.#log = options.log;
    const { written = 20, emptied = 100, removed = 80 } = options.patience ?? {};
    const problem = (file: string, error: unknown): void => this.#complain(file, error);
    this.#tree = new SiteTree(site, options.ignored ?? [], problem);
    this.#contents = new FileContents(
      { written, emptied },
      { settled: (file, since) => this.#news.suspect(file, since), problem, due: () => this.#lookAt(0) },
    );
    this.#news = new SiteNews(this.#tree, this.#contents, removed);
    const poll = options.poll ?? pollingOfSystem();
    const noted = (event: FolderEvent): void => this.#note(event);
    this.#folders = poll === undefined ? new FolderWatches(noted, problem) : new PolledFolders(noted, poll);
  }

  /** The real folders that are being watched. */
  get watched(): string[] {
    return this.#folders.watched();
  }

  /** Stops: no batch comes any more, nothing is watched. Does not wait for a batch that is being worked on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#contents.close();
    this.#folders.close();
  }

  async #start(): Promise<void> {
    const early: FolderEvent[] = [];
    do {
      await nextTurn();
      early.push(...this.#findFiles().events);
    } while (await this.#folders.ready());
    await this.#contents.read(this.#tree.ids.keys());
    this.#news.begin();
    this.#isStarted = true;
    // What was written before it was read may have been half-written: it is looked at again.
    this.#events.push(...early.filter(({ name }) => name !== undefined));
    this.#lookAt(0);
  }

  #note(event: FolderEvent): void {
    this.#events.push(event);
    if (this.#isStarted) this.#lookAt(0);
  }

  /** Looks at `time` (performance.now()), in a turn of its own: after the events that have happened by then. */
  #lookAt(time: number): void {
    clearTimeout(this.#later);
    if (this.#isClosed || time === Infinity) return;
    const wait = Math.ceil(time - performance.now());
    if (wait > 0) this.#later = setTimeout(() => this.#lookAt(0), wait);
    else this.#soon ??= setImmediate(() => this.#look());
  }

  #look(): void {
    this.#soon = undefined;
    const now = performance.now();
    const { files, ids } = this.#tree;
    const { events, fresh } = this.#findFiles();
    const since = events[0]?.time ?? now;
    const unknown = new Set(fresh);
    for (const { folder, name, kind, time } of events) {
      if (name === undefined) {
        unknown.add(folder);
      } else {
        const file = path.join(folder, name);
        if (this.#tree.ids.has(file)) this.#contents.touch(file, kind, time);
      }
    }
    const isRefreshed = this.#tree.files !== files;
    if (isRefreshed) {
      this.#news.compare(files, since, now);
      for (const file of ids.keys()) if (!this.#tree.ids.has(file)) this.#contents.forget(file);
    }
    if (isRefreshed || unknown.size > 0) {
      for (const file of this.#tree.ids.keys()) {
        if (!ids.has(file) || unknown.has(path.dirname(file))) this.#contents.touch(file, "unknown", since);
      }
    }
    const next = Math.min(this.#contents.settle(now), this.#news.settle(now));
    void this.#tell();
    this.#lookAt(next);
  }

  /** Has the tree look where something happened. `fresh`: folders in which anything may have. */
  #findFiles(): { events: FolderEvent[]; fresh: ReadonlySet<string> } {
    const events = this.#events;
    this.#events = [];
    for (const { folder, name } of events)
      if (this.#tree.touch(folder, name) && name !== undefined) this.#folders.release(path.join(folder, name));
    if (!this.#tree.isStale) return { events, fresh: new Set() };
    const fresh = this.#tree.refresh();
    this.#folders.set(this.#tree.folders);
    return { events, fresh };
  }

  async #tell(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (;;) {
      const batch = this.#isClosed ? undefined : this.#news.take();
      if (batch === undefined) break;
      try {
        await this.#onBatch(batch);
      } catch (error) {
        this.#log.error({ err: error }, "hot reload failed");
      }
      // After a whole turn everything that happened during the work has been noted.
      await nextTurn();
      await nextTurn();
      this.#news.worked();
    }
    this.#isTelling = false;
  }

  /** Says once that something cannot be read or watched. */
  #complain(file: string, error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    // One of these stands for all others.
    const isLimit = code === "ENOSPC" || code === "EMFILE";
    const problem = isLimit ? code : `${file}: ${code ?? message}`;
    if (this.#isClosed || this.#problems.has(problem)) return;
    this.#problems.add(problem);
    const name = siteName(file, this.#site) || file;
    const advice = isLimit ? "; raise the system's limit or set `hotload.poll`" : "";
    this.#log.warn({ file: name }, `hot reload: ${name}: ${message}${advice}`);
  }
}
