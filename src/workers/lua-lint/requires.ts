import type { LuaFunction } from "../lua-code/compiler.ts";
import { textOf, type LuaAct } from "../lua-code/values.ts";
import type { LintedFile } from "./linted-file.ts";

/** A `require` of a module whose name stands in the code. */
export interface StaticRequire {
  module: string;
  within: LuaFunction;
  line: number;
  /** It is called by `pcall`, so the module may be missing. */
  isProtected: boolean;
}

/** What a file requires. `dynamic`: also modules whose names it makes. */
export function requiresOf(file: LintedFile): { requires: StaticRequire[]; dynamic: boolean } {
  const requires: StaticRequire[] = [];
  let mentioned = 0;
  for (const within of file.functions) {
    for (const act of within.trace.acts) {
      if (act.kind === "readGlobal" && act.name === "require") mentioned++;
      const found = moduleOf(act);
      if (found) requires.push({ ...found, within, line: file.lineOf(within, act) });
    }
  }
  return { requires, dynamic: mentioned > requires.length };
}

function moduleOf(act: LuaAct): Pick<StaticRequire, "module" | "isProtected"> | undefined {
  if (act.kind !== "call" || act.call.callee.kind !== "global") return undefined;
  const { callee, given } = act.call;
  const [first, second] = given;
  const isProtected = callee.name === "pcall" && first?.kind === "global" && first.name === "require";
  const module = textOf(isProtected ? second : callee.name === "require" ? first : undefined);
  return module === undefined ? undefined : { module, isProtected };
}
