import fs from "node:fs";
import path from "node:path";
import { MoonpoolError } from "../protocol/error-code.ts";
import { isUnsettled, SETTLING } from "../protocol/settling.ts";

const LONGEST = 200;
/** Nobody ever wakes who waits for it. */
const nothing = new Int32Array(new SharedArrayBuffer(4));
/** ms within which two changes of a file may bear the same time. */
const CLOCK = 20;
const NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** A Lua file of the site. */
export interface SiteModule {
  /** The real file, relative to the site's real folder: the same however it was reached. Begins with `../` outside. */
  key: string;
  /** The file as its author knows it, relative to the site's lua folder. */
  chunk: string;
  source: string;
}

interface ModulePlace extends Omit<SiteModule, "source"> {
  /** The real file, absolute. */
  real: string;
}

/** Files that were looked for, as they were then: path → stamp, "" when there was none. */
export type Sighting = Map<string, string>;

/** Finds what `require` names: files below the site's `lua` folder, and what symlinks there lead to. */
export class SiteModules {
  readonly #site: string;
  readonly #inodes = new Map<string, number>();
  readonly #texts = new Map<string, { stamp: string; source: string }>();
  #sighting: Sighting | undefined;

  /** `site`: the site's folder, absolute. */
  constructor(site: string) {
    this.#site = site;
  }

  /**
   * Reads a file that `read` has found before, as it is now. Throws MoonpoolError REQUIRE_MISSING.
   * @param key its tracking key
   */
  readAgain(key: string): string {
    try {
      const real = path.join(fs.realpathSync.native(this.#site), key);
      this.#settle(real);
      return this.#source(real);
    } catch (error) {
      throw new MoonpoolError("REQUIRE_MISSING", `The file ${key} cannot be read: ${String(error)}`, {}, error);
    }
  }

  /**
   * Reads module `a.b`: `lua/a/b.lua`, or else `lua/a/b/init.lua`. Throws MoonpoolError REQUIRE_NAME or REQUIRE_MISSING.
   */
  read(name: string): SiteModule {
    const { real, ...place } = this.find(name);
    return { ...place, source: this.#source(real) };
  }

  /** What `read` looks for while `action` runs. */
  watch(action: () => void): Sighting {
    const sighting: Sighting = new Map();
    this.#sighting = sighting;
    try {
      action();
    } finally {
      this.#sighting = undefined;
    }
    return sighting;
  }

  /**
   * Would `read` find the same again? 5 µs per file. Not of files that have just been written: they may be written again
   * within the clock's resolution. (A file that a link leads to and that is moved with its folder counts as the same.)
   */
  isSame(sighting: Sighting): boolean {
    for (const [file, stamp] of sighting) if (stampOf(file) !== stamp) return false;
    return true;
  }

  /** Where module `a.b` is, without reading it. Throws as `read` does. */
  find(name: string): ModulePlace {
    if (name.length > LONGEST || !NAME.test(name))
      throw new MoonpoolError("REQUIRE_NAME", `"${name.slice(0, LONGEST)}" is not a module name.`);
    const base = name.replaceAll(".", "/");
    const tried: string[] = [];
    for (const chunk of [`${base}.lua`, `${base}/init.lua`]) {
      const found = this.#tryFind(chunk);
      if (typeof found === "object") return found;
      tried.push(found === "" ? `lua/${chunk}` : `lua/${chunk} (${found})`);
    }
    throw new MoonpoolError("REQUIRE_MISSING", `There is no module "${name}". Tried ${tried.join(" and ")}.`);
  }

  /** The file, or why it cannot be read: "" when it is just not there. */
  #tryFind(chunk: string): ModulePlace | string {
    const file = path.join(this.#site, "lua", chunk);
    this.#sighting?.set(file, stampOf(file));
    try {
      const real = fs.realpathSync(file);
      const key = path.relative(fs.realpathSync(this.#site), real).split(path.sep).join("/");
      if (key.includes("\n")) return "its path holds a newline";
      if (!fs.statSync(real).isFile()) return "not a file";
      fs.accessSync(real, fs.constants.R_OK);
      return { key, chunk, real };
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      return code === "ENOENT" || code === "ENOTDIR" ? "" : code;
    }
  }

  /** Half of a file is valid Lua more often than not: waits until it has been written. The thread has nothing better to do. */
  #settle(real: string): void {
    for (let look = 0; look < SETTLING.looks; look++) {
      const found = fs.statSync(real, { throwIfNoEntry: false });
      if (!isUnsettled(found, this.#inodes.get(real), Date.now())) return;
      Atomics.wait(nothing, 0, 0, SETTLING.pause);
    }
  }

  /** The file's text; hundreds of sessions may ask for the same one. */
  #source(real: string): string {
    const found = fs.statSync(real);
    const { ino, ctimeMs } = found;
    const stamp = textOf(found);
    this.#inodes.set(real, ino);
    const known = this.#texts.get(real);
    if (known?.stamp === stamp) return known.source;
    const source = withoutPrologue(fs.readFileSync(real, "utf8"));
    // A file that was written a moment ago may be written again within the clock's resolution.
    if (Date.now() - ctimeMs > CLOCK) this.#texts.set(real, { stamp, source });
    else this.#texts.delete(real);
    return source;
  }
}

function textOf({ ino, size, mtimeMs, ctimeMs }: fs.Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

/** "" when there is no file, nor anything else, or it cannot be reached. Of a file that was just written, one that never comes again. */
function stampOf(file: string): string {
  try {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (!found) return "";
    const now = Date.now();
    return now - found.ctimeMs > CLOCK ? textOf(found) : `new ${performance.now()}`;
  } catch {
    return "";
  }
}

/** As Lua itself does with files: a byte order mark and a first line that begins with `#` are not code. */
export function withoutPrologue(text: string): string {
  return text.replace(/^\uFEFF/, "").replace(/^#[^\n]*/, "");
}
