import fs from "node:fs";
import path from "node:path";

/** What a name stands for; a link is not followed. undefined: nothing, or nothing that is read like a file. */
export type Kind = "file" | "folder" | "link" | undefined;

/** A name in a folder on the way of a path. Should it stand for something else, the path leads elsewhere. */
export interface Place {
  /** A real folder. */
  folder: string;
  name: string;
  kind: Kind;
}

/** Where a path leads, all links followed. */
export interface Trail {
  /** The real file or folder; where `kind` is undefined, as far as the way goes. */
  real: string;
  kind: "file" | "folder" | undefined;
  /** In order from the root. Where the way ends early, the last one is what is missing. */
  places: Place[];
}

// As many as Linux follows; links that lead to each other end here.
const MOST_LINKS = 40;

/**
 * Follows `file` (absolute) name by name, so that also links on the way to links are known. What may not be looked at
 * leads nowhere.
 */
export function follow(file: string): Trail {
  const places: Place[] = [];
  let { root: real, names } = split(file);
  let kind: Trail["kind"] = "folder";
  for (let links = 0; names.length > 0;) {
    if (kind === "file") return { real, kind: undefined, places };
    const name = names.shift()!;
    if (name === "..") {
      real = path.dirname(real);
      continue;
    }
    const next = path.join(real, name);
    const found = tryKindAt(next);
    places.push({ folder: real, name, kind: found });
    if (found === "link") {
      links += 1;
      const target = links > MOST_LINKS ? undefined : readLink(next);
      if (target === undefined) return { real, kind: undefined, places };
      if (target.root !== "") real = target.root;
      names = [...target.names, ...names];
    } else {
      if (found === undefined) return { real, kind: found, places };
      real = next;
      kind = found;
    }
  }
  return { real, kind, places };
}

/** What is at `file` itself. Throws if that cannot be found out. */
export function kindAt(file: string): Kind {
  try {
    return kindOf(fs.lstatSync(file));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What a directory entry, or what `lstat` gave, is. */
export function kindOf(entry: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): Kind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : undefined;
}

function split(file: string): { root: string; names: string[] } {
  const { root } = path.parse(file);
  const names = file.slice(root.length).split(path.sep === "/" ? "/" : /[/\\]/);
  return { root, names: names.filter((name) => name !== "" && name !== ".") };
}

/** Whether an error of the file system says that nothing is there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function tryKindAt(file: string): Kind {
  try {
    return kindAt(file);
  } catch {
    return undefined;
  }
}

function readLink(file: string): { root: string; names: string[] } | undefined {
  try {
    return split(fs.readlinkSync(file));
  } catch {
    return undefined;
  }
}
