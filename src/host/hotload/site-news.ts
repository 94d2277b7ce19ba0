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

/** Compares what there is with what was told. Nothing is told twice, and nothing that was undone before it was told. */
export class SiteNews {
  readonly #tree: SiteTree;
  readonly #contents: FileContents;
  readonly #removedAfter: number;
  /** By id. */
  readonly #told = new Map<string, { file: ReloadableFile; hash: string }>();
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
      const hash = this.#contents.hashOf(file.path);
      if (hash !== undefined) this.#told.set(id, { file, hash });
    }
  }

  /** The contents of a real file may differ from what was told. */
  suspect(file: string, since: number): void {
    for (const id of this.#tree.ids.get(file) ?? []) this.#suspect(id, since);
  }

  /** The tree has been refreshed; `before`: its files before. */
  compare(before: ReadonlyMap<string, ReloadableFile>, since: number, now: number): void {
    for (const [id, file] of this.#tree.files) {
      const isBack = this.#missing.delete(id);
      if (isBack || before.get(id)?.path !== file.path) this.#suspect(id, since);
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
      if (file === undefined ? this.#tellGone(id, batch) : this.#tellChanged(id, file, batch))
        batch.since = Math.min(batch.since, since);
    }
    this.#suspects.clear();
    if (batch.since === Infinity) return undefined;
    for (const names of [batch.lua, batch.gone, batch.viewdefs, batch.html]) names.sort();
    return batch;
  }

  #suspect(id: string, since: number): void {
    if (!this.#suspects.has(id)) this.#suspects.set(id, since);
  }

  #tellGone(id: string, batch: SiteBatch): boolean {
    const told = this.#told.get(id);
    if (told === undefined || this.#missing.has(id)) return false;
    this.#told.delete(id);
    const { part, name } = told.file;
    (part === "lua" ? batch.gone : batch[part]).push(name);
    return true;
  }

  #tellChanged(id: string, file: ReloadableFile, batch: SiteBatch): boolean {
    // What is being written will be a suspect again.
    if (this.#contents.isUnsettled(file.path)) return false;
    const hash = this.#contents.hashOf(file.path);
    if (hash === undefined || hash === this.#told.get(id)?.hash) return false;
    this.#told.set(id, { file, hash });
    batch[file.part].push(file.name);
    return true;
  }
}
