import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** Writes a site into a folder of its own: relative file name → text. Remove it with `removeSite`. */
export function makeSite(files: Record<string, string>): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-site-"));
  for (const [name, text] of Object.entries(files)) writeSiteFile(dir, name, text);
  return dir;
}

export function writeSiteFile(dir: string, name: string, text: string): void {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

export function removeSite(dir: string): void {
  fs.rmSync(dir, { recursive: true, force: true });
}

/** An `html/index.html` for which browsers ask nothing else of the host: no icon. */
export const plainPage = `<!doctype html><html lang="en"><title>Test</title><link rel="icon" href="data:,"><div ui-app></div></html>`;
