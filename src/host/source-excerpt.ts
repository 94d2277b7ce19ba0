import fs from "node:fs/promises";
import path from "node:path";
import { isInside } from "./inside.ts";

export interface Excerpt {
  /** The file, absolute. */
  path: string;
  lines: { number: number; text: string; marked: boolean }[];
}

const AROUND = 5;
const MAX_BYTES = 1024 * 1024;
const MAX_LINE = 400;

/**
 * The lines around `line` of a site's file, `line` marked; undefined if there is no such place. `file` may be relative to
 * the site, to its real folder (as tracking keys are) or to its `lua` folder (as chunk names are).
 *
 * Lua code can give an error any file name, so only what the site's author has put there is read: files in `dir`, Lua files
 * and viewdefs that are symlinks to elsewhere, and `trusted` names, which come from the host itself.
 */
export async function sourceExcerpt(
  dir: string,
  file: string,
  line: number,
  trusted: ReadonlySet<string> = new Set(),
): Promise<Excerpt | undefined> {
  const real = await fs.realpath(dir).catch(() => dir);
  for (const candidate of [path.resolve(dir, file), path.resolve(dir, "lua", file), path.resolve(real, file)]) {
    if (!trusted.has(file) && !isOfSite(dir, candidate)) continue;
    const text = await read(candidate);
    const lines = text?.split(/\r?\n/);
    if (lines === undefined || line < 1 || line > lines.length) continue;
    const first = Math.max(1, line - AROUND);
    const shown = lines.slice(first - 1, line + AROUND);
    return {
      path: candidate,
      lines: shown.map((text, index) => ({
        number: first + index,
        text: text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text,
        marked: first + index === line,
      })),
    };
  }
  return undefined;
}

function isOfSite(dir: string, file: string): boolean {
  const name = path.relative(dir, file).split(path.sep).join("/");
  return /^(lua\/.*\.lua|viewdefs\/.*\.html)$/.test(name) || isInside(dir, file);
}

async function read(file: string): Promise<string | undefined> {
  try {
    if ((await fs.stat(file)).size > MAX_BYTES) return undefined;
    return await fs.readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
