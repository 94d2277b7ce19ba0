import type { LuaProblem } from "../../protocol/lua-check.ts";
import type { LintedFile } from "./linted-file.ts";
import type { LintedSite } from "./lint.ts";
import { requiresOf, type StaticRequire } from "./requires.ts";

const MAIN = "lua/main.lua";

/** Files that are never loaded. A site that makes names of modules may load any file: then nothing is said. */
export function unusedFiles({ files, complete, find }: LintedSite): LuaProblem[] {
  const found = files.map((file) => ({ file, ...requiresOf(file) }));
  const main = files.find(({ file }) => file === MAIN);
  if (!complete || main === undefined || found.some(({ dynamic }) => dynamic)) return [];
  const requires = new Map(found.map(({ file, requires }) => [file, requires]));
  const used = new Set<LintedFile>([main]);
  // A set goes on to what is added to it meanwhile.
  for (const file of used) {
    for (const { module } of requires.get(file) ?? []) {
      const target = find(module);
      if (target) used.add(target);
    }
  }
  return files
    .filter((file) => !used.has(file))
    .map(({ file }) => {
      const message = `No session loads this file: ${MAIN} does not require it, nor does any file that it requires`;
      return { code: "LINT_UNUSED", severity: "warning", file, line: 1, message };
    });
}

/** Files that need each other while they are being loaded: one of them finds `true` instead of the other's value. */
export function cyclicRequires({ files, find }: LintedSite): LuaProblem[] {
  const next = new Map<LintedFile, { target: LintedFile; required: StaticRequire }[]>();
  for (const file of files) {
    // What a function requires when it is called is there by then.
    const loading = requiresOf(file).requires.filter(({ within }) => within === file.main);
    next.set(
      file,
      loading.flatMap((required) => {
        const target = find(required.module);
        return target ? [{ target, required }] : [];
      }),
    );
  }
  const problems: LuaProblem[] = [];
  const told = new Set<LintedFile>();
  for (const file of files) {
    if (told.has(file)) continue;
    const path = pathBack(file, (from) => (next.get(from) ?? []).map(({ target }) => target));
    if (!path) continue;
    for (const each of path) told.add(each);
    const first = (next.get(file) ?? []).find(({ target }) => target === (path[1] ?? file))?.required;
    const names = [...path, file].map((each) => each.file).join(" → ");
    const message = `The files require each other: ${names}. Whichever comes last gets true instead of the module`;
    problems.push({
      code: "LINT_CYCLE",
      severity: "warning",
      file: file.file,
      line: first?.line ?? 1,
      message,
      near: "require",
    });
  }
  return problems;
}

/** Modules that are not there, unless the code reckons with that. */
export function missingModules({ files, whyMissing }: LintedSite): LuaProblem[] {
  const problems: LuaProblem[] = [];
  for (const file of files) {
    for (const { module, line, isProtected } of requiresOf(file).requires) {
      const error = isProtected ? undefined : whyMissing(module);
      if (!error) continue;
      const { code, message } = error;
      problems.push({
        code,
        severity: "warning",
        file: file.file,
        line,
        message: message.replace(/\.$/, ""),
        near: "require",
      });
    }
  }
  return problems;
}

/** The shortest way from a file over others back to it: it and those others. */
function pathBack(start: LintedFile, next: (from: LintedFile) => LintedFile[]): LintedFile[] | undefined {
  const before = new Map<LintedFile, LintedFile>();
  const waiting = [start];
  for (const from of waiting) {
    for (const target of next(from)) {
      if (target === start) return way(from, start, before);
      if (before.has(target)) continue;
      before.set(target, from);
      waiting.push(target);
    }
  }
  return undefined;
}

function way(last: LintedFile, start: LintedFile, before: Map<LintedFile, LintedFile>): LintedFile[] {
  const path = [last];
  for (let at: LintedFile | undefined = last; at !== undefined && at !== start; at = before.get(at)) {
    const former = before.get(at);
    if (former) path.unshift(former);
  }
  return path;
}
