import path from "node:path";
import type { Kind, Place } from "./link-trail.ts";

/** A file of the site that can be reloaded. */
export interface ReloadableFile {
  part: "lua" | "viewdefs" | "html";
  /** As SiteBatch names it. */
  name: string;
  /** The real file. */
  path: string;
}

/** A folder of the site, and what of it is reloaded. */
export interface Part {
  part: ReloadableFile["part"];
  ending: string;
  /**
   * How many names a folder may have that is reached through several links. If one, the first counts that is found on
   * the way through each folder with all below; if more, the shortest.
   */
  mostNames: number;
}

/** What is reloaded. */
export const PARTS: readonly Part[] = [
  // Where a module has several names it is one module all the same.
  { part: "lua", ending: ".lua", mostNames: 1 },
  // As findSiteFiles has it: what the viewdef store reads.
  { part: "viewdefs", ending: ".html", mostNames: 1 },
  // Pages may use every name. Links of many folders to each other would have names without number.
  { part: "html", ending: "", mostNames: 16 },
];

/** What one walk through a site has found so far. */
export class SiteWalk {
  /** By id. */
  readonly files = new Map<string, ReloadableFile>();
  /** Ids by real file. */
  readonly ids = new Map<string, string[]>();
  /** Real folders that the site's files lie in, and how the names of such files end. */
  readonly reached = new Map<string, string[]>();
  /** What the names are on which it depends where links lead; by folder, then name. */
  readonly places = new Map<string, Map<string, Kind>>();
  readonly #site: string | undefined;
  #names = new Map<string, number>();

  /** `site`: its real folder, if there is one. */
  constructor(site: string | undefined) {
    this.#site = site;
  }

  /** Begins with another part: folders may be entered again. */
  begin(): void {
    this.#names = new Map();
  }

  /** Notes places on a way. Left out is what nobody moves and what is costly to watch: the folders above the site. */
  pass(places: readonly Place[]): void {
    for (const { folder, name, kind } of places) {
      const isTop = path.dirname(folder) === folder;
      if (kind === "folder" && (isTop || this.#isAboveSite(path.join(folder, name)))) continue;
      const names = this.places.get(folder) ?? new Map<string, Kind>();
      this.places.set(folder, names.set(name, kind));
    }
  }

  /** Whether a folder that was reached from folders `above` is to be gone through (once more): cycles end here. */
  enter(folder: string, part: Part, above: readonly string[]): boolean {
    const names = this.#names.get(folder) ?? 0;
    if (names >= part.mostNames || above.includes(folder)) return false;
    this.#names.set(folder, names + 1);
    if (names === 0) this.reached.set(folder, [...(this.reached.get(folder) ?? []), part.ending]);
    return true;
  }

  /** Adds the real file `file`, found under `found`, a name relative to the site. */
  add(part: Part["part"], found: string, file: string): void {
    const name = this.#nameOf(part, found, file);
    const id = `${part}:${name}`;
    // A newline would end a line of what sessions are told.
    if (this.files.has(id) || name.includes("\n")) return;
    this.files.set(id, { part, name, path: file });
    const ids = this.ids.get(file);
    if (ids === undefined) this.ids.set(file, [id]);
    else ids.push(id);
  }

  #nameOf(part: Part["part"], found: string, file: string): string {
    if (part === "viewdefs") return found;
    if (part === "html") return found.slice("html/".length);
    return path.relative(this.#site!, file).split(path.sep).join("/");
  }

  #isAboveSite(folder: string): boolean {
    return this.#site === undefined || this.#site.startsWith(folder + path.sep);
  }
}
