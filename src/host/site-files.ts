import fs from "node:fs/promises";
import path from "node:path";

/** A file of a site. */
export interface SiteFile {
  /** Relative to the site's folder, with forward slashes, by the name under which it was reached. */
  file: string;
  /** Where it can be read. */
  path: string;
  /** Why nobody knows what it is: it is no file, but a folder that cannot be listed. */
  unreadable?: string;
}

/**
 * The files below `dir` whose names end in `ending`, in a fixed order (by name, files of a folder before its folders).
 * Symbolic links are followed; a folder that is reached twice counts once, so cycles end. Names that begin with a dot
 * are left out: they are what editors keep beside a file. A missing `dir` has no files. A link that leads nowhere is
 * listed, and reading it fails; so is a folder that cannot be listed itself.
 * @param dir absolute
 * @param site the folder that `file` is relative to; absolute
 */
export async function findSiteFiles(dir: string, site: string, ending: string): Promise<SiteFile[]> {
  const found: SiteFile[] = [];
  const visited = new Set<string>();

  async function visit(folder: string): Promise<void> {
    const real = await fs.realpath(folder).catch(() => undefined);
    if (real === undefined || visited.has(real)) return;
    visited.add(real);
    const entries = await fs.readdir(folder, { withFileTypes: true }).catch((error: Error) => error);
    if (entries instanceof Error) {
      found.push({ file: siteName(folder, site), path: folder, unreadable: entries.message });
      return;
    }
    const folders: string[] = [];
    for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
      if (entry.name.startsWith(".")) continue;
      const entryPath = path.join(folder, entry.name);
      if (await isFolder(entryPath, entry)) folders.push(entryPath);
      else if (entry.name.endsWith(ending)) found.push({ file: siteName(entryPath, site), path: entryPath });
    }
    for (const entryPath of folders) await visit(entryPath);
  }

  await visit(dir);
  return found;
}

/** How problems name a file: relative to the site, with forward slashes. */
export function siteName(file: string, site: string): string {
  return path.relative(site, file).split(path.sep).join("/");
}

async function isFolder(
  entryPath: string,
  entry: { isDirectory(): boolean; isSymbolicLink(): boolean },
): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await fs.stat(entryPath).catch(() => undefined);
  return target?.isDirectory() ?? false;
}
