import type { LuaProblem } from "../../protocol/lua-check.ts";
import type { LuaFunction } from "../lua-code/compiler.ts";
import { type LuaValue, textOf, type LuaAct } from "../lua-code/values.ts";
import type { LintedFile } from "./linted-file.ts";
import type { LintedSite } from "./lint.ts";

/** A global of the site, set or read at a place. */
interface Mention {
  name: string;
  within: LuaFunction;
  act: LuaAct;
  sets: boolean;
}

/**
 * Globals that are read but set nowhere, and globals that only functions set: probably a `local` is missing. Of the first
 * kind nothing is said where globals of any names may be set.
 */
export function undeclaredGlobals({ files, complete, globals }: LintedSite): LuaProblem[] {
  const mentions = new Map(files.map((file) => [file, mentionsOf(file)]));
  const declared = new Set(globals);
  const set = new Set(globals);
  for (const [{ main }, found] of mentions) {
    for (const { name, within, sets } of found) {
      if (sets) set.add(name);
      if (sets && within === main) declared.add(name);
    }
  }
  const anyName = !complete || files.some(setsAnyGlobal);
  const problems: LuaProblem[] = [];
  for (const [file, found] of mentions) {
    const told = new Set<string>();
    for (const { name, within, act, sets } of found) {
      const isUndeclared = sets ? !declared.has(name) : !anyName && !set.has(name);
      if (!isUndeclared || told.has(name)) continue;
      told.add(name);
      const message = sets
        ? `The function makes a global ${name}; write local before it, or set it in the file outside of functions first`
        : `There is no global ${name}, and no file sets it`;
      const line = file.lineOf(within, act);
      problems.push({ code: "LINT_GLOBAL", severity: "warning", file: file.file, line, message, near: name });
    }
  }
  return problems;
}

function mentionsOf({ functions }: LintedFile): Mention[] {
  return functions.flatMap((within) =>
    within.trace.acts.flatMap((act): Mention[] => {
      if (act.kind === "global" || act.kind === "readGlobal") {
        const isReal = within.upvalues[act.environment]?.id === "_ENV";
        return isReal ? [{ name: act.name, within, act, sets: act.kind === "global" }] : [];
      }
      const name = act.kind === "store" && isGlobalTable(act.table, within) ? textOf(act.key) : undefined;
      return name === undefined ? [] : [{ name, within, act, sets: true }];
    }),
  );
}

/** `_G` or `_ENV` as values. */
function isGlobalTable(value: LuaValue, within: LuaFunction): boolean {
  if (value.kind === "global") return value.name === "_G";
  return value.kind === "upvalue" && within.upvalues[value.index]?.id === "_ENV";
}

/** Is there code that could set a global whose name is not in it? */
function setsAnyGlobal({ functions }: LintedFile): boolean {
  return functions.some((within) => {
    const isTable = (value: LuaValue): boolean => isGlobalTable(value, within);
    return within.trace.acts.some((act) => {
      if (act.kind === "store") return isTable(act.value) || (isTable(act.table) && textOf(act.key) === undefined);
      if (act.kind === "call") return act.call.given.some(isTable);
      if (act.kind === "return") return act.values.some(isTable);
      return (act.kind === "local" || act.kind === "upvalue" || act.kind === "global") && isTable(act.value);
    });
  });
}
