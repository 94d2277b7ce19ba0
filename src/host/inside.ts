import fs from "node:fs";
import path from "node:path";

/** Whether `file`, all symlinks followed, lies in `folder`. False if there is no such file. */
export function isInside(folder: string, file: string): boolean {
  try {
    const way = path.relative(fs.realpathSync(folder), fs.realpathSync(file));
    return way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
  } catch {
    return false;
  }
}
