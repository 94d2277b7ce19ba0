import type { LuaFunction, LuaVariable } from "./functions.ts";
import { bare, type LuaValue, textOf } from "./values.ts";

const setters = new Set(["setInterval", "setTimeout", "setImmediate"]);

/**
 * The ids of the functions that a file gives to `session:setInterval` and the like, wherever in it; undefined when reading the
 * code does not tell of all of them.
 */
export function timerFunctions(functions: readonly LuaFunction[]): number[] | undefined {
  const held = heldFunctions(functions);
  const ids: number[] = [];
  for (const each of functions) {
    for (const act of each.trace.acts) {
      if (act.kind !== "call" || act.call.callee.kind !== "method") continue;
      if (!setters.has(textOf(act.call.callee.key) ?? "")) continue;
      const id = idOf(act.call.given[1], each, held);
      if (id === undefined) return undefined;
      ids.push(id);
    }
  }
  return ids;
}

/** The function that each variable holds; undefined: several, or something else. */
function heldFunctions(functions: readonly LuaFunction[]): Map<LuaVariable, number | undefined> {
  const held = new Map<LuaVariable, number | undefined>();
  const put = (variable: LuaVariable | undefined, of: LuaFunction, value: LuaValue): void => {
    if (!variable) return;
    const id = value.kind === "closure" ? of.children[value.index]?.id : undefined;
    held.set(variable, held.has(variable) && held.get(variable) !== id ? undefined : id);
  };
  for (const each of functions) {
    for (const act of each.trace.acts) {
      // A local function is declared before it is made.
      if (act.kind === "local" && !(act.first && act.value.kind === "constant"))
        put(each.variables[act.local], each, act.value);
      else if (act.kind === "upvalue") put(each.upvalues[act.index], each, bare(act.value));
    }
  }
  return held;
}

function idOf(
  value: LuaValue | undefined,
  of: LuaFunction,
  held: ReadonlyMap<LuaVariable, number | undefined>,
): number | undefined {
  if (value?.kind === "closure") return of.children[value.index]?.id;
  const variable =
    value?.kind === "local"
      ? of.variables[value.local]
      : value?.kind === "upvalue"
        ? of.upvalues[value.index]
        : undefined;
  return variable && held.get(variable);
}
