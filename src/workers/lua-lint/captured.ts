import type { LuaProblem } from "../../protocol/lua-check.ts";
import type { LuaFunction } from "../lua-code/compiler.ts";
import { bare, type LuaValue, textOf, type LuaAct } from "../lua-code/values.ts";
import { exportOf, isPlain, returnsPlain } from "./exports.ts";
import type { LintedFile, PlacedValue } from "./linted-file.ts";
import type { LintedSite } from "./lint.ts";

/**
 * Plain values that a file takes from a module and keeps, where a new version of the module cannot reach them: what one
 * of its functions has calculated, what a function of the file has put away for later, in a variable or in an object, and
 * what a file has taken that is not run again.
 */
export function capturedValues(site: LintedSite): LuaProblem[] {
  return site.files.flatMap((file) => {
    const runsAgain = policyOf(file) === "always";
    return file.functions.flatMap((within) =>
      within.trace.acts.flatMap((act): LuaProblem[] => {
        const kept = keptBy(act, within, file);
        const message = kept && whyOutOfReach(bare(kept), { site, file, within, runsAgain });
        if (message === undefined) return [];
        const line = file.lineOf(within, act);
        return [{ code: "LINT_CAPTURED", severity: "warning", file: file.file, line, message, near: "require" }];
      }),
    );
  });
}

/** The value that stays: at file level in a variable, a global or a table; in functions only what outlives the call. */
function keptBy(act: LuaAct, within: LuaFunction, file: LintedFile): LuaValue | undefined {
  return within === file.main ? keptByFile(act) : keptByFunction(act, within, file);
}

function keptByFile(act: LuaAct): LuaValue | undefined {
  const isKept =
    act.kind === "upvalue" ||
    act.kind === "global" ||
    act.kind === "local" ||
    act.kind === "store" ||
    act.kind === "item";
  // What comes from a variable was kept there already.
  return isKept && act.value.kind !== "local" ? act.value : undefined;
}

function keptByFunction(act: LuaAct, within: LuaFunction, file: LintedFile): LuaValue | undefined {
  if (act.kind === "upvalue" || act.kind === "global") return act.value;
  if (act.kind !== "store" || !outlives(act.table, within, file)) return undefined;
  // What objects hold is mostly calculated for the moment: only a copy of what stands in a module is meant to last.
  return bare(act.value).kind === "result" ? undefined : act.value;
}

/** Is a table still there when the function that stores something in it has ended, as far as that can be seen? */
function outlives(table: LuaValue, within: LuaFunction, file: LintedFile): boolean {
  const inner = bare(table);
  if (inner.kind === "upvalue" || inner.kind === "global" || isSelf(table, within)) return true;
  if (inner.kind === "field") return outlives(inner.of, within, file);
  return inner.kind === "table" && declaresPrototype(inner.position, within, file);
}

/** The object that a method is called for, or that a constructor makes. */
function isSelf(value: LuaValue, { proto }: LuaFunction): boolean {
  return value.kind === "local" && proto.locals[value.local]?.name === "self";
}

/** Is the table that is made here given to `session:prototype`? */
function declaresPrototype(position: number, within: LuaFunction, file: LintedFile): boolean {
  return within.trace.acts.some((act) => {
    if (act.kind !== "call" || !file.isSessionMethod(act.call.callee, "prototype")) return false;
    const given = act.call.given[2] && bare(act.call.given[2]);
    return given?.kind === "table" && given.position === position;
  });
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
