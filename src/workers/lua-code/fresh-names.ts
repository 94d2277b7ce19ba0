import type { LuaFunction } from "./functions.ts";
import { type LuaAct, type LuaCall, type LuaValue, textOf } from "./values.ts";

/** What methods of these names give is new, or Moonpool's own. */
const makers = new Set(["new", "create", "prototype"]);
/** Methods and fields of these names call nothing of the file's own when it runs. */
const quiet = new Set(
  [...makers].concat(
    ["createAppVariable", "registerWrapper", "registerPresenter", "getApp", "reloadPolicy", "log"],
    ["setInterval", "setTimeout", "setImmediate"],
  ),
);
const quietGlobals = new Set(["require", "setmetatable", "ipairs", "pairs", "print", "tostring", "type"]);

/**
 * The names under which a file puts only tables that it makes itself when it runs: `rows#1` (a variable of file level),
 * `global Config`, `rows` (a field of any table), `[]` (fields without a name, elements of lists), `return`, `app` and `wrapper`.
 * Under others there may be tables that had been there before.
 */
export function freshNames(functions: readonly LuaFunction[]): string[] {
  const names = new Map<string, boolean>();
  const put = (name: string, value: LuaValue | undefined): void => {
    names.set(name, names.get(name) !== false && (value === undefined || isFresh(value)));
  };
  const isCalling = functions[0]?.trace.acts.some((act) => act.kind === "call" && !isQuiet(act.call)) ?? false;
  for (const each of isCalling ? functions : functions.slice(0, 1)) {
    for (const act of each.trace.acts) note(act, each, put);
  }
  return [...names].filter(([, fresh]) => fresh).map(([name]) => name);
}

function note(act: LuaAct, of: LuaFunction, put: (name: string, value: LuaValue | undefined) => void): void {
  if (act.kind === "local" || act.kind === "upvalue") {
    const variable = act.kind === "local" ? of.variables[act.local] : of.upvalues[act.index];
    if (variable?.fileLevel) put(variable.id, act.value);
  } else if (act.kind === "global") put(`global ${act.name}`, act.value);
  else if (act.kind === "store") put(textOf(act.key) ?? "[]", act.value);
  else if (act.kind === "item") put("[]", act.value);
  else if (act.kind === "return" && !of.parent) put("return", act.values[0]);
  else if (act.kind === "call") noteCall(act.call, put);
}

function noteCall({ callee, given }: LuaCall, put: (name: string, value: LuaValue | undefined) => void): void {
  const name = nameOf(callee);
  if (name === "createAppVariable") put("app", given[1]);
  if (name === "registerWrapper" || name === "registerPresenter") put("wrapper", given[1]);
}

function isQuiet({ callee }: LuaCall): boolean {
  return callee.kind === "global" ? quietGlobals.has(callee.name) : quiet.has(nameOf(callee) ?? "");
}

// oxlint-disable-next-line typescript/consistent-return -- every case returns
function isFresh(value: LuaValue): boolean {
  switch (value.kind) {
    case "constant":
    case "closure":
    case "table":
    case "calculated":
      return true;
    case "local":
      return isFresh(value.value);
    case "result": {
      const { callee, given } = value.call;
      if (callee.kind === "global")
        return callee.name === "require" || (callee.name === "setmetatable" && !!given[0] && isFresh(given[0]));
      return makers.has(nameOf(callee) ?? "");
    }
    case "either":
    case "field":
    case "global":
    case "method":
    case "upvalue":
    case "unknown":
      return false;
  }
}

function nameOf(callee: LuaValue): string | undefined {
  return callee.kind === "field" || callee.kind === "method" ? textOf(callee.key) : undefined;
}
