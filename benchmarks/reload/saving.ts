import fs from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** A file of a site that is saved again and again, each version with a mark by which pages can be told to show it. */
export interface Edited {
  file: string;
  text: (mark: string) => string;
}

let marks = 0;

/** A mark that was never there before. */
export function newMark(): string {
  return `mark-${++marks}-`;
}

/** Saves a file as careful editors do: written beside it, then renamed. Returns performance.now() before the rename. */
export function save(dir: string, { file, text }: Edited, mark: string): number {
  const target = path.join(dir, file);
  const beside = path.join(path.dirname(target), `.${path.basename(target)}.tmp`);
  fs.writeFileSync(beside, text(mark));
  const start = performance.now();
  fs.renameSync(beside, target);
  return start;
}

/** What nothing that watches files can undercut: ms from rename() to a callback of fs.watch in the same process. */
export async function floor(dir: string, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    // A file of its own each time: news of the one before can come late.
    const edited = { file: `floor-${i}.txt`, text: (mark: string) => mark };
    const watcher = fs.watch(dir);
    const told = new Promise<number>((resolve) => {
      watcher.on("change", (_, name) => name === edited.file && resolve(performance.now()));
    });
    await wait(5);
    const start = save(dir, edited, newMark());
    times.push((await told) - start);
    watcher.close();
  }
  return times;
}
