import fs from "node:fs";
import path from "node:path";
import { follow, isMissing, kindAt, kindOf, type Kind } from "./link-trail.ts";
import { PARTS, SiteWalk, type Part, type ReloadableFile } from "./site-walk.ts";
import { isTemporary } from "./temporary-name.ts";

// A link to / would be the whole disk.
const MOST_FOLDERS = 10_000;

/** A folder ahead of a walk. */
interface Way {
  /** The real one. */
  folder: string;
  /** Relative to the site. */
  name: string;
  /** The real folders it was reached through. */
  above: readonly string[];
}

/**
 * Which files a site has, under which names, and in which folders something could happen that changes that.
 *
 * Folders are listed once; after that `touch` says where to look again, and `refresh` joins the lists anew.
 */
export class SiteTree {
  readonly #dir: string;
  readonly #ignored: readonly RegExp[];
  readonly #onProblem: (file: string, error: unknown) => void;
  /** What real folders hold, by folder. */
  readonly #listings = new Map<string, Map<string, Kind>>();
  /** Listings that have to be read again. */
  readonly #unread = new Set<string>();
  #places = new Map<string, Map<string, Kind>>();
  #isStale = true;
  #fresh = new Set<string>();
  #files = new Map<string, ReloadableFile>();
  #ids = new Map<string, string[]>();
  /** How names of files end that are wanted in a folder, by folder. */
  #endings: ReadonlyMap<string, readonly string[]> = new Map();
  #folders = new Set<string>();

  /**
   * `dir`: the site's folder, absolute. `ignored`: names, relative to the site, that are left out. `onProblem`: a
   * folder cannot be read.
   */
  constructor(dir: string, ignored: readonly RegExp[], onProblem: (file: string, error: unknown) => void) {
    this.#dir = dir;
    this.#ignored = ignored;
    this.#onProblem = onProblem;
  }

  /** All files, by an id that stays the same. */
  get files(): ReadonlyMap<string, ReloadableFile> {
    return this.#files;
  }

  /** Ids by real file. */
  get ids(): ReadonlyMap<string, readonly string[]> {
    return this.#ids;
  }

  /** Real folders that have to be watched. */
  get folders(): ReadonlySet<string> {
    return this.#folders;
  }

  /** Whether `refresh` may find something else than the last time. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /**
   * Something happened to `name` in `folder` (undefined: to anything there). True if there is or was a folder at that
   * name: then all below it may be another one.
   */
  touch(folder: string, name: string | undefined): boolean {
    const listing = this.#listings.get(folder);
    const places = this.#places.get(folder);
    if (name === undefined) {
      this.#unread.add(folder);
      this.#isStale ||= listing !== undefined || places !== undefined;
      return false;
    }
    if (listing === undefined && !places?.has(name)) return false;
    const at = path.join(folder, name);
    let kind: Kind;
    try {
      kind = kindAt(at);
    } catch (error) {
      this.#onProblem(at, error);
      return false;
    }
    const before = listing?.get(name) ?? places?.get(name);
    if (kind === before && (kind === "file" || kind === undefined)) return false;
    if (kind !== undefined && isListed(name, kind)) listing?.set(name, kind);
    else listing?.delete(name);
    const isOurs = places?.has(name) || this.#isWanted(folder, name, kind) || this.#isWanted(folder, name, before);
    if (!isOurs) return false;
    this.#isStale = true;
    if (kind !== "folder" && before !== "folder") return false;
    for (const known of this.#listings.keys())
      if (known === at || known.startsWith(at + path.sep)) this.#unread.add(known);
    return true;
  }

  /** Finds out anew which files there are. Returns the folders that were read: any file there may have changed. */
  refresh(): ReadonlySet<string> {
    this.#isStale = false;
    this.#fresh = new Set();
    const site = follow(this.#dir);
    const walk = new SiteWalk(site.kind === "folder" ? site.real : undefined);
    walk.pass(site.places);
    if (site.kind === "folder") {
      for (const part of PARTS) {
        const root = follow(path.join(site.real, part.part));
        walk.begin();
        walk.pass(root.places);
        if (root.kind === "folder") this.#visit(walk, part, root.real);
      }
      this.#files = walk.files;
      this.#ids = walk.ids;
      this.#endings = walk.reached;
      for (const folder of this.#listings.keys()) if (!walk.reached.has(folder)) this.#listings.delete(folder);
    } else {
      // While the site as a whole is away, as between two steps of a deployment, it is what it was.
      for (const folder of this.#listings.keys()) this.#unread.add(folder);
    }
    for (const folder of this.#unread) if (!this.#listings.has(folder)) this.#unread.delete(folder);
    this.#places = walk.places;
    this.#folders = new Set([...walk.reached.keys(), ...walk.places.keys()]);
    return this.#fresh;
  }

  /** Whether something of that name and kind would be a part of the site. */
  #isWanted(folder: string, name: string, kind: Kind): boolean {
    const endings = this.#endings.get(folder);
    if (kind === undefined || endings === undefined || !isListed(name, kind)) return false;
    return kind !== "file" || endings.some((ending) => name.endsWith(ending));
  }

  #visit(walk: SiteWalk, part: Part, root: string): void {
    const isDeep = part.mostNames === 1;
    const ahead: Way[] = [{ folder: root, name: part.part, above: [] }];
    for (;;) {
      const way = isDeep ? ahead.pop() : ahead.shift();
      if (way === undefined) return;
      if (!walk.enter(way.folder, part, way.above)) continue;
      if (walk.reached.size > MOST_FOLDERS) {
        this.#onProblem(this.#dir, new Error(`the site has more than ${MOST_FOLDERS} folders`));
        return;
      }
      const below = this.#look(walk, part, way);
      ahead.push(...(isDeep ? below.toReversed() : below));
    }
  }

  /** Adds the files of a folder to a walk. Returns its folders. */
  #look(walk: SiteWalk, part: Part, way: Way): Way[] {
    const below: Way[] = [];
    const listing = this.#list(way.folder);
    for (const entry of [...listing.keys()].sort()) {
      const name = `${way.name}/${entry}`;
      if (this.#ignored.some((pattern) => name.search(pattern) !== -1)) continue;
      const { real, kind } = this.#resolve(walk, way.folder, entry, listing.get(entry));
      if (kind === "folder") below.push({ folder: real, name, above: [...way.above, way.folder] });
      else if (kind === "file" && entry.endsWith(part.ending) && !isTemporary(entry)) walk.add(part.part, name, real);
    }
    return below;
  }

  #resolve(walk: SiteWalk, folder: string, name: string, kind: Kind): { real: string; kind: Kind } {
    const file = path.join(folder, name);
    if (kind !== "link") return { real: file, kind };
    const trail = follow(file);
    walk.pass(trail.places);
    return trail;
  }

  #list(folder: string): ReadonlyMap<string, Kind> {
    const known = this.#listings.get(folder);
    if (known !== undefined && !this.#unread.has(folder)) return known;
    this.#unread.delete(folder);
    this.#fresh.add(folder);
    const listing = new Map<string, Kind>();
    try {
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const kind = kindOf(entry);
        if (isListed(entry.name, kind)) listing.set(entry.name, kind);
      }
    } catch (error) {
      if (!isMissing(error)) {
        // What cannot be read for now is not gone.
        this.#onProblem(folder, error);
        if (known !== undefined) return known;
      }
    }
    this.#listings.set(folder, listing);
    return listing;
  }
}

/** Whether a list of a folder holds what has this name. */
function isListed(name: string, kind: Kind): boolean {
  if (name.startsWith(".")) return false;
  return kind !== "file" || !isTemporary(name);
}
