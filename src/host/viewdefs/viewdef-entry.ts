import fs from "node:fs/promises";
import path from "node:path";
import type { ErrorCode } from "../../protocol/error-code.ts";
import type { Viewdef, ViewPlan } from "../../protocol/viewdef.ts";
import type { SiteFile } from "../site-files.ts";
import { compileViewdef, hashOf, type CompileOptions } from "./compile.ts";
import type { Problem } from "./problem.ts";

/** What one file gives. */
export interface ViewdefEntry {
  /** `TYPE.NAMESPACE`, from the file's name. */
  key: string;
  file: string;
  /** Of the file's text: the same hash means the same viewdef. */
  hash: string;
  /** Absent when the file cannot be used. */
  usable?: UsableViewdef;
  problems: Problem[];
}

/** A viewdef that can be shown, with the JSON texts in which it is sent. */
export interface UsableViewdef {
  key: string;
  hash: string;
  viewdef: Viewdef;
  plan: ViewPlan;
  /** JSON of `viewdef`, for frames. */
  viewdefText: string;
  /** JSON of `plan`, for the Lua runtime. */
  planText: string;
}

/** How the site's viewdefs are compiled. */
export type EntryOptions = Omit<CompileOptions, "file">;

/** Bytes. Compiling takes up to a ms per KB, and the host does nothing else meanwhile. */
const LARGEST = 512 * 1024;
/** At least one dot, nothing empty, no space: the last part is the namespace, the rest the type. */
const KEY = /^[^.\s]+(\.[^.\s]+)+$/;

/**
 * Turns one file into an entry; a file that cannot be read or has a wrong name is an entry with a problem. `known`: what
 * it gave when it was last read; given back if the text is the same.
 */
export async function readEntry(file: SiteFile, options: EntryOptions, known?: ViewdefEntry): Promise<ViewdefEntry> {
  if (file.unreadable !== undefined)
    return failed(file.file, "VIEWDEF_UNREADABLE", `The folder cannot be read: ${file.unreadable}`);
  let source: string;
  try {
    const { size } = await fs.stat(file.path);
    if (size > LARGEST) {
      const message = `The file has ${Math.ceil(size / 1024)} KB; a viewdef has ${LARGEST / 1024} KB at most.`;
      return failed(file.file, "VIEWDEF_TOO_LARGE", message);
    }
    source = await fs.readFile(file.path, "utf8");
  } catch (error) {
    return failed(file.file, "VIEWDEF_UNREADABLE", `The file cannot be read: ${reasonOf(error)}`);
  }
  const text = source.replace(/^\uFEFF/, "");
  return known?.hash === hashOf(text) ? known : makeEntry(path.basename(file.path, ".html"), text, file.file, options);
}

/** The entry for the text of a viewdef. */
export function makeEntry(key: string, source: string, file: string, options: EntryOptions): ViewdefEntry {
  if (!KEY.test(key)) {
    const message = key.includes(".")
      ? `${key} is not a viewdef's name: it has an empty part or a space.`
      : `The name has no namespace; call the file ${key}.DEFAULT.html.`;
    return failed(file, "VIEWDEF_KEY", message);
  }
  const hash = hashOf(source);
  let result: ReturnType<typeof compileViewdef>;
  try {
    result = compileViewdef(key, source, { file, ...options });
  } catch (error) {
    // Whatever one file does to the parser, the others are not to be missing for it.
    return { ...failed(file, "VIEWDEF_HTML", `The file cannot be compiled: ${reasonOf(error)}`), key, hash };
  }
  const { compiled, problems } = result;
  if (compiled === undefined) return { key, file, hash, problems };
  const { viewdef, plan } = compiled;
  const texts = { viewdefText: JSON.stringify(viewdef), planText: JSON.stringify(plan) };
  return { key, file, hash, usable: { key, hash, viewdef, plan, ...texts }, problems };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failed(file: string, code: ErrorCode, message: string): ViewdefEntry {
  return { key: "", file, hash: "", problems: [{ code, severity: "error", message, file, line: 1, column: 1 }] };
}
