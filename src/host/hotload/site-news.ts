import type { FileContents } from "./file-contents.ts";
import type { SiteTree } from "./site-tree.ts";
import type { ReloadableFile } from "./site-walk.ts";

/** What was saved since the last batch. */
export interface SiteBatch {
  /**
   * Lua files that changed or appeared, by tracking key: the real file relative to the site's real folder, with forward
   * slashes; begins with `../` outside.
   */
  lua: string[];
  /** Lua files that are gone, by the tracking key they had. */
  gone: string[];
  /**
   * Viewdef files that changed, appeared or went, by the names under which they are reached, relative to the site
   * ("viewdefs/Contact.DEFAULT.html").
   */
  viewdefs: string[];
  /** Files below html/ that changed, appeared or went, relative to it ("img/logo.png"). */
  html: string[];
  /** When the first of it was noticed: performance.now(). */
  since: number;
}

/** What was told of a file. */
interface Told {
  file: ReloadableFile;
  /** undefined: that it is gone. */
  hash: string | undefined;
  /** Its version then; undefined if its name has led elsewhere since. */
  version: string | undefined;
  /** Until when it may have been read by those who were told: performance.now(). */
  readUntil: number;
}

/**
 * Compares what there is with what was told. What was undone before it was told is not told.
 *
 * Whoever is told of a file reads it later, and may find something that is there for a moment only. So whatever happens
 * to a file while it is worked on is told, even if it ends as it began.
 */
export class SiteNews {
  readonly #tree: SiteTree;
  readonly #contents: FileContents;
  readonly #removedAfter: number;
  /** By id. */
  readonly #told = new Map<string, Told>();
  /** What the last batch was about, while it is worked on. */
  #inWork: Told[] = [];
  /** Ids of what may differ from what was told, and since when. */
  readonly #suspects = new Map<string, number>();
  /** Ids of what was told and is not there: since when, and when that will be believed. */
  readonly #missing = new Map<string, { since: number; due: number }>();

  /** `removedAfter`: how long (ms) a file must have been missing. Some programs remove what they are about to write. */
  constructor(tree: SiteTree, contents: FileContents, removedAfter: number) {
    this.#tree = tree;
    this.#contents = contents;
    this.#removedAfter = removedAfter;
  }

  /** Takes everything that is there as told. */
  begin(): void {
    for (const [id, file] of this.#tree.files) {
      const content = this.#contents.contentOf(file.path);
      if (content !== undefined)
        this.#told.set(id, { file, hash: content.hash, version: content.version, readUntil: -Infinity });
    }
  }

  /** The contents of a real file may differ from what was told. */
  suspect(file: string, since: number): void {
    for (const id of this.#tree.ids.get(file) ?? []) this.#suspect(id, since);
  }

  /** The tree has been refreshed; `before`: its files before. */
  compare(before: ReadonlyMap<string, ReloadableFile>, since: number, now: number): void {
    for (const [id, file] of this.#tree.files) {
      if (before.get(id)?.path === file.path) continue;
      this.#missing.delete(id);
      this.#suspect(id, since);
      const told = this.#told.get(id);
      if (told !== undefined) told.version = undefined;
    }
    for (const id of before.keys()) {
      if (!this.#tree.files.has(id) && this.#told.has(id))
        this.#missing.set(id, { since, due: now + this.#removedAfter });
    }
  }

  /** Believes what has been missing for long enough. Returns when there is more to believe: performance.now(). */
  settle(now: number): number {
    let next = Infinity;
    for (const [id, { since, due }] of this.#missing) {
      if (due > now) {
        next = Math.min(next, due);
      } else {
        this.#missing.delete(id);
        this.#suspect(id, since);
      }
    }
    return next;
  }

  /** What there is to tell, which is told with that; undefined: nothing. */
  take(): SiteBatch | undefined {
    const batch: SiteBatch = { lua: [], gone: [], viewdefs: [], html: [], since: Infinity };
    for (const [id, since] of this.#suspects) {
      const file = this.#tree.files.get(id);
      if (file === undefined ? this.#tellGone(id, batch) : this.#tellChanged(id, file, since, batch))
        batch.since = Math.min(batch.since, since);
    }
    this.#suspects.clear();
    if (batch.since === Infinity) return undefined;
    for (const names of [batch.lua, batch.gone, batch.viewdefs, batch.html]) names.sort();
    return batch;
  }

  /** The last batch has been worked on, and all events of that time have been noted. */
  worked(): void {
    for (const told of this.#inWork) told.readUntil = performance.now();
    this.#inWork = [];
  }

  #suspect(id: string, since: number): void {
    if (!this.#suspects.has(id)) this.#suspects.set(id, since);
  }

  #tellGone(id: string, batch: SiteBatch): boolean {
    const told = this.#told.get(id);
    if (told === undefined || this.#missing.has(id)) return false;
    told.hash = undefined;
    const { part, name } = told.file;
    (part === "lua" ? batch.gone : batch[part]).push(name);
    return true;
  }

  #tellChanged(id: string, file: ReloadableFile, since: number, batch: SiteBatch): boolean {
    // What is being written will be a suspect again.
    const content = this.#contents.isUnsettled(file.path) ? undefined : this.#contents.contentOf(file.path);
    if (content === undefined) return false;
    const { hash, version } = content;
    const before = this.#told.get(id);
    if (before !== undefined && hash === before.hash && (version === before.version || since > before.readUntil)) {
      before.version = version;
      return false;
    }
    const told: Told = { file, hash, version, readUntil: Infinity };
    this.#told.set(id, told);
    this.#inWork.push(told);
    batch[file.part].push(file.name);
    return true;
  }
}
