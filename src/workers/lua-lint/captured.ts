import type { LuaProblem } from "../../protocol/lua-check.ts";
import type { LuaFunction } from "../lua-code/compiler.ts";
import { bare, type LuaValue, textOf, type LuaAct } from "../lua-code/values.ts";
import { exportOf, isPlain, returnsPlain } from "./exports.ts";
import type { LintedFile, PlacedValue } from "./linted-file.ts";
import type { LintedSite } from "./lint.ts";

/**
 * Plain values that a file takes from a module and keeps, where a new version of the module cannot reach them: what one
 * of its functions has calculated, what a function of the file has put away for later, and what a file has taken that is
 * not run again.
 */
export function capturedValues(site: LintedSite): LuaProblem[] {
  return site.files.flatMap((file) => {
    const runsAgain = policyOf(file) === "always";
    return file.functions.flatMap((within) =>
      within.trace.acts.flatMap((act): LuaProblem[] => {
        const kept = keptBy(act, within === file.main);
        const message = kept && whyOutOfReach(bare(kept), { site, file, within, runsAgain });
        if (message === undefined) return [];
        const line = file.lineOf(within, act);
        return [{ code: "LINT_CAPTURED", severity: "warning", file: file.file, line, message, near: "require" }];
      }),
    );
  });
}

/** The value that stays: at file level in a variable, a global or a table; in functions only what outlives the call. */
function keptBy(act: LuaAct, atFileLevel: boolean): LuaValue | undefined {
  const outlives = act.kind === "upvalue" || act.kind === "global";
  const isKept = outlives || (atFileLevel && (act.kind === "local" || act.kind === "store" || act.kind === "item"));
  // What comes from a variable was kept there already.
  return isKept && act.value.kind !== "local" ? act.value : undefined;
}

function whyOutOfReach(
  value: LuaValue,
  around: { site: LintedSite; file: LintedFile; within: LuaFunction; runsAgain: boolean },
): string | undefined {
  const { file, within, runsAgain } = around;
  if (value.kind === "result") {
    const found = exported(value.call.callee, around);
    if (!found || !returnsPlain(found.module, found.place)) return undefined;
    return `A reload of ${found.module.file} does not reach what ${found.name}() gave; call it where its result is needed`;
  }
  const found = runsAgain && within === file.main ? undefined : exported(value, around);
  if (!found || !isPlain(found.module, found.place)) return undefined;
  return `A reload of ${found.module.file} does not reach the value that ${found.name} had; read it where it is needed`;
}

/** What a value is that is a required module or a field of one, and how that is written. */
function exported(
  value: LuaValue,
  { site, file, within }: { site: LintedSite; file: LintedFile; within: LuaFunction },
): { module: LintedFile; place: PlacedValue; name: string } | undefined {
  const taken = file.resolve(value, within);
  const key = taken.value.kind === "field" ? textOf(taken.value.key) : undefined;
  if (taken.value.kind === "field" && key === undefined) return undefined;
  const name = file.requiredBy(taken.value.kind === "field" ? taken.value.of : taken.value, taken.within);
  const module = name === undefined ? undefined : site.find(name);
  const place = module && exportOf(module, key);
  return place && { module, place, name: `require("${name}")${key === undefined ? "" : `.${key}`}` };
}

/** What the file says about when it is run again. */
function policyOf(file: LintedFile): string {
  for (const act of file.main.trace.acts) {
    if (act.kind !== "call" || !file.isSessionMethod(act.call.callee, "reloadPolicy")) continue;
    return textOf(act.call.given[1]) ?? "always";
  }
  return "always";
}
