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

/** Finds what `require` names: files below the site's `lua` folder, and what symlinks there lead to. */
export class SiteModules {
  readonly #site: string;
  readonly #inodes = new Map<string, number>();
  readonly #texts = new Map<string, { stamp: string; source: string }>();

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
    const { ino, size, mtimeMs, ctimeMs } = fs.statSync(real);
    const stamp = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
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

/** As Lua itself does with files: a byte order mark and a first line that begins with `#` are not code. */
export function withoutPrologue(text: string): string {
  return text.replace(/^\uFEFF/, "").replace(/^#[^\n]*/, "");
}
