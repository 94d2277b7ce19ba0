import fs from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { MoonpoolError } from "../protocol/main.ts";
import type { LuaCheck, LuaProblem } from "../protocol/lua-check.ts";
import { SitePage } from "./site-page.ts";
import { findSiteFiles, type SiteFile } from "./site-files.ts";
import type { Problem } from "./viewdefs/problem.ts";
import { ViewdefStore } from "./viewdefs/viewdef-store.ts";

/** What `checkSite` found. */
export interface SiteReport {
  problems: Problem[];
  /** Files that were looked at. */
  luaFiles: number;
  viewdefFiles: number;
}

/**
 * Checks the viewdefs, all Lua files and the page of the site in `dir`, without running any of them: errors, and as warnings what
 * works but probably not as meant, above all when files are reloaded. Starts and ends one thread. Problems are sorted by
 * file and line.
 * @throws MoonpoolError SITE_MISSING when `dir` is no folder, or has neither `lua` nor `viewdefs`
 */
export async function checkSite(dir: string, options: { uiCode: boolean }): Promise<SiteReport> {
  const site = path.resolve(dir);
  if (!isFolder(site)) throw new MoonpoolError("SITE_MISSING", `There is no folder ${site}.`);
  if (!isFolder(path.join(site, "lua")) && !isFolder(path.join(site, "viewdefs")))
    throw new MoonpoolError("SITE_MISSING", `The folder ${site} has neither a folder lua nor a folder viewdefs.`);
  const [store, viewdefFiles, luaFiles] = await Promise.all([
    ViewdefStore.load(site, options),
    findSiteFiles(path.join(site, "viewdefs"), site, ".html"),
    findSiteFiles(path.join(site, "lua"), site, ".lua"),
  ]);
  const problems = [...store.problems, ...(await luaProblems(site, luaFiles)), ...(await problemsOfPage(site))];
  if (!luaFiles.some(({ file }) => file === "lua/main.lua")) {
    const message = "The file that every session begins with is missing.";
    problems.push({ code: "SITE_MISSING", severity: "error", message, file: "lua/main.lua", line: 1, column: 1 });
  }
  problems.sort(
    (left, right) => compare(left.file, right.file) || left.line - right.line || left.column - right.column,
  );
  return { problems, luaFiles: luaFiles.length, viewdefFiles: viewdefFiles.length };
}

async function problemsOfPage(site: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  await new SitePage(site, { report: (found) => problems.push(...found) }).refresh();
  return problems;
}

async function luaProblems(site: string, files: SiteFile[]): Promise<Problem[]> {
  if (files.length === 0) return [];
  const found = await new Promise<LuaProblem[]>((resolve, reject) => {
    const thread = new Worker(new URL("../workers/check-lua.js", import.meta.url), {
      workerData: { site, files } satisfies LuaCheck,
    });
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", (code) => reject(new MoonpoolError("INTERNAL", `The check of Lua ended with code ${code}.`)));
  });
  const paths = new Map(files.map((file) => [file.file, file.path]));
  return found.map(({ near, message, ...problem }) => {
    const column = near === undefined ? 1 : columnOf(paths.get(problem.file) ?? problem.file, problem.line, near);
    return { ...problem, message: `${message}.`, column };
  });
}

/** Lua tells the line and at most a word; the first place of the word in the line is the best guess. */
function columnOf(file: string, line: number, near: string): number {
  try {
    const text = fs.readFileSync(file, "utf8").split("\n")[line - 1] ?? "";
    const word = new RegExp(`(?<![\\w])${near.replace(/[^\w]/g, "\\$&")}(?![\\w])`).exec(text)?.index;
    return (word ?? text.indexOf(near)) + 1 || 1;
  } catch {
    return 1;
  }
}

function isFolder(folder: string): boolean {
  return fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
