import fs from "node:fs";
import path from "node:path";
import type { Test } from "tap";
import { SiteWatcher, type SiteBatch, type SiteWatcherOptions } from "../../src/host/hotload/site-watcher.ts";
import { makeSite, removeSite, writeSiteFile } from "./site.ts";

/** A site in a folder of its own, saved to as programs do, and what its watcher says of that. */
export class WatchedSite {
  /** The site's folder. Beside it is nothing else. */
  readonly dir: string;
  readonly batches: SiteBatch[] = [];
  /** What was logged as warning or error. */
  readonly complaints: string[] = [];
  /** What `follow` knows; as `scan` has it. */
  held = new Map<string, string>();
  /** Work on a batch; the watcher waits for it. */
  work: (batch: SiteBatch) => Promise<void> = async () => {};
  watcher!: SiteWatcher;
  #seen = 0;
  #markers = 0;

  /** Makes a site of `files` (names relative to it; those beside it begin with "../"). It is not watched yet. */
  constructor(t: Test, files: Record<string, string> = {}) {
    const parent = fs.realpathSync(makeSite({}));
    t.teardown(() => removeSite(parent));
    this.dir = path.join(parent, "site");
    fs.mkdirSync(this.dir);
    for (const [name, text] of Object.entries(files)) writeSiteFile(this.dir, name, text);
  }

  /** A site that is being watched. */
  static async start(t: Test, files: Record<string, string>, options: Partial<SiteWatcherOptions> = {}) {
    const site = new WatchedSite(t, files);
    await site.watch(t, options);
    return site;
  }

  async watch(t: Test, options: Partial<SiteWatcherOptions> = {}, dir = this.dir): Promise<void> {
    const note = (_: object, message: string): unknown => this.complaints.push(message);
    const log = { error: note, warn: note, info() {}, debug() {}, trace() {} };
    this.held = this.scan();
    const onBatch = (batch: SiteBatch): Promise<void> => {
      this.batches.push(batch);
      return this.work(batch);
    };
    // Half of what it is by default, as tests wait for that often.
    const patience = { written: 10, emptied: 50, removed: 40, ...options.patience };
    this.watcher = await SiteWatcher.start(dir, onBatch, { log, ...options, patience });
    t.teardown(() => this.watcher.close());
  }

  path(name: string): string {
    return path.join(this.dir, name);
  }

  /** Writes in place, as `>` of a shell does. */
  write(name: string, text: string): void {
    writeSiteFile(this.dir, name, text);
  }

  /** Writes beside it and renames, as careful programs do. */
  save(name: string, text: string): void {
    writeSiteFile(this.dir, `${name}.tmp`, text);
    fs.renameSync(this.path(`${name}.tmp`), this.path(name));
  }

  remove(name: string): void {
    fs.rmSync(this.path(name), { recursive: true });
  }

  move(from: string, to: string): void {
    fs.renameSync(this.path(from), this.path(to));
  }

  makeFolder(name: string): void {
    fs.mkdirSync(this.path(name), { recursive: true });
  }

  /** Makes `name` a link to `target`, whatever it was. */
  link(target: string, name: string): void {
    fs.rmSync(this.path(name), { force: true });
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.symlinkSync(target, this.path(name));
  }

  /** The next batch that has not been asked for; waits for it. `since` is left out. */
  async next(): Promise<Partial<SiteBatch>> {
    await until(() => this.batches.length > this.#seen);
    return withoutEmpty(this.batches[this.#seen++]!);
  }

  /** Everything told since it was asked last, once all that has been saved by now has been. */
  async told(): Promise<Partial<SiteBatch>> {
    const marker = `html/marker-${(this.#markers += 1)}.txt`;
    const name = marker.slice("html/".length);
    const count = (): number => this.batches.slice(this.#seen).filter(({ html }) => html.includes(name)).length;
    this.write(marker, "x");
    await until(() => count() === 1);
    // Removals are believed later than anything else.
    this.remove(marker);
    await until(() => count() === 2);
    const told: SiteBatch = { lua: [], gone: [], viewdefs: [], html: [], since: 0 };
    for (const batch of this.batches.slice(this.#seen))
      for (const part of ["lua", "gone", "viewdefs", "html"] as const) told[part].push(...batch[part]);
    this.#seen = this.batches.length;
    told.html = told.html.filter((file) => file !== name);
    return withoutEmpty(told);
  }

  /** Folders that are watched, relative to the site, in alphabetical order. */
  get watched(): string[] {
    return this.watcher.watched.map((folder) => path.relative(this.dir, folder)).sort();
  }

  /** Work on a batch: looks at what it names, and at nothing else. */
  async follow(batch: SiteBatch): Promise<void> {
    const found = this.scan();
    const lua = [...batch.lua, ...batch.gone].map((name) => `lua:${name}`);
    const html = batch.html.map((name) => `html/${name}`);
    for (const name of [...lua, ...batch.viewdefs, ...html]) {
      const text = found.get(name);
      if (text === undefined) this.held.delete(name);
      else this.held.set(name, text);
    }
  }

  /**
   * What there is, found in the simplest way: texts of Lua files by `lua:KEY`, of viewdefs and files of html/ by name
   * relative to the site.
   */
  scan(): Map<string, string> {
    const found = new Map<string, string>();
    this.#scanPart("lua", 1, (name, file) => {
      const key = `lua:${path.relative(this.dir, fs.realpathSync(file))}`;
      if (name.endsWith(".lua")) found.set(key, fs.readFileSync(file, "utf8"));
    });
    this.#scanPart("viewdefs", 1, (name, file) => {
      if (name.endsWith(".html")) found.set(name, fs.readFileSync(file, "utf8"));
    });
    this.#scanPart("html", 16, (name, file) => {
      if (!name.endsWith(".tmp")) found.set(name, fs.readFileSync(file, "utf8"));
    });
    return found;
  }

  /** Calls back for each file that a name leads to, for a folder with several names at most so many times. */
  #scanPart(part: string, mostNames: number, onFile: (name: string, file: string) => void): void {
    const counts = new Map<string, number>();
    let ahead = statOf(this.path(part))?.isDirectory() ? [{ folder: this.path(part), above: [] as string[] }] : [];
    for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
      const { folder, above } = next;
      const real = fs.realpathSync(folder);
      const count = counts.get(real) ?? 0;
      if (above.includes(real) || count === mostNames) continue;
      counts.set(real, count + 1);
      const names = fs.readdirSync(folder).filter((name) => !name.startsWith("."));
      const files = names.sort().map((name) => path.join(folder, name));
      for (const file of files) if (statOf(file)?.isFile()) onFile(path.relative(this.dir, file), file);
      const folders = files.filter((file) => statOf(file)?.isDirectory());
      const below = folders.map((folder) => ({ folder, above: [...above, real] }));
      ahead = mostNames === 1 ? [...below, ...ahead] : [...ahead, ...below];
    }
  }
}

/** What `file` leads to; undefined if it leads nowhere. */
function statOf(file: string): fs.Stats | undefined {
  return fs.existsSync(file) ? fs.statSync(file) : undefined;
}

/** Waits until `isSo`. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** What is not empty of a batch, for short expectations. */
function withoutEmpty({ lua, gone, viewdefs, html }: SiteBatch): Partial<SiteBatch> {
  const lists = Object.entries({ lua, gone, viewdefs, html }).filter(([, names]) => names.length > 0);
  return Object.fromEntries(lists);
}
