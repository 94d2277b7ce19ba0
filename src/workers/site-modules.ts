import fs from "node:fs";
import path from "node:path";
import { MoonpoolError } from "../protocol/error-code.ts";

const LONGEST = 200;
const NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** A Lua file of the site. */
export interface SiteModule {
  /** The real file, relative to the site's real folder: the same however it was reached. Begins with `../` outside. */
  key: string;
  /** The file as its author knows it, relative to the site's lua folder. */
  chunk: string;
  source: string;
}

/** Finds what `require` names: files below the site's `lua` folder, and what symlinks there lead to. */
export class SiteModules {
  readonly #site: string;

  /** `site`: the site's folder, absolute. */
  constructor(site: string) {
    this.#site = site;
  }

  /**
   * Reads module `a.b`: `lua/a/b.lua`, or else `lua/a/b/init.lua`. Throws MoonpoolError REQUIRE_NAME or REQUIRE_MISSING.
   */
  read(name: string): SiteModule {
    if (name.length > LONGEST || !NAME.test(name))
      throw new MoonpoolError("REQUIRE_NAME", `"${name.slice(0, LONGEST)}" is not a module name.`);
    const base = name.replaceAll(".", "/");
    const tried: string[] = [];
    for (const chunk of [`${base}.lua`, `${base}/init.lua`]) {
      const found = this.#tryRead(chunk);
      if (typeof found === "object") return found;
      tried.push(found === "" ? `lua/${chunk}` : `lua/${chunk} (${found})`);
    }
    throw new MoonpoolError("REQUIRE_MISSING", `There is no module "${name}". Tried ${tried.join(" and ")}.`);
  }

  /** The file, or why it cannot be read: "" when it is just not there. */
  #tryRead(chunk: string): SiteModule | string {
    const file = path.join(this.#site, "lua", chunk);
    try {
      const real = fs.realpathSync(file);
      const key = path.relative(fs.realpathSync(this.#site), real).split(path.sep).join("/");
      if (key.includes("\n")) return "its path holds a newline";
      if (!fs.statSync(real).isFile()) return "not a file";
      return { key, chunk, source: withoutPrologue(fs.readFileSync(real, "utf8")) };
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      return code === "ENOENT" || code === "ENOTDIR" ? "" : code;
    }
  }
}

/** As Lua itself does with files: a byte order mark and a first line that begins with `#` are not code. */
function withoutPrologue(text: string): string {
  return text.replace(/^\uFEFF/, "").replace(/^#[^\n]*/, "");
}
