import fs from "node:fs/promises";
import path from "node:path";
import { isInside } from "./inside.ts";

export interface Excerpt {
  lines: { number: number; text: string; marked: boolean }[];
}

const AROUND = 5;
const MAX_BYTES = 1024 * 1024;
const MAX_LINE = 400;

/**
 * The lines around `line` of a site's file, `line` marked; undefined if there is no such place. `file` may be relative to
 * the site or to its `lua` folder, as chunk names are. Never reads outside `dir`.
 */
export async function sourceExcerpt(dir: string, file: string, line: number): Promise<Excerpt | undefined> {
  for (const candidate of [path.resolve(dir, file), path.resolve(dir, "lua", file)]) {
    const text = await readInside(dir, candidate);
    const lines = text?.split(/\r?\n/);
    if (lines === undefined || line < 1 || line > lines.length) continue;
    const first = Math.max(1, line - AROUND);
    const shown = lines.slice(first - 1, line + AROUND);
    return {
      lines: shown.map((text, index) => ({
        number: first + index,
        text: text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text,
        marked: first + index === line,
      })),
    };
  }
  return undefined;
}

async function readInside(dir: string, file: string): Promise<string | undefined> {
  try {
    if (!isInside(dir, file)) return undefined;
    if ((await fs.stat(file)).size > MAX_BYTES) return undefined;
    return await fs.readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
