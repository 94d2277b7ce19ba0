import fs from "node:fs";
import path from "node:path";
import { MoonpoolError } from "../protocol/main.ts";
import { starterSite } from "./starter-site.ts";

/**
 * Makes a small site in `dir`, which is created if need be. Returns the files that were written, relative to it.
 * With `force` files of the same names are overwritten and others are left alone.
 * @throws MoonpoolError CONFIG_INVALID when `dir` is a file, or has something in it and `force` is false
 */
export function init(dir: string, options: { force: boolean }): string[] {
  const existing = fs.statSync(dir, { throwIfNoEntry: false });
  if (existing && !existing.isDirectory()) throw new MoonpoolError("CONFIG_INVALID", `${dir} is not a folder.`);
  if (existing && !options.force && fs.readdirSync(dir).length > 0)
    throw new MoonpoolError("CONFIG_INVALID", `${dir} is not empty. Choose another folder, or give --force.`);
  for (const [file, text] of Object.entries(starterSite)) {
    const target = path.join(dir, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text);
  }
  return Object.keys(starterSite);
}
