import type { LuaFunction, LuaVariable } from "./functions.ts";
import { codeBytes, isSameConstant } from "./lua-dump.ts";
import { bare } from "./values.ts";

/** A variable of file level that has another name in the new version of a file. */
export interface RenamedVariable {
  before: LuaVariable;
  after: LuaVariable;
}

/**
 * The variable that was renamed, if that cannot be doubted: it is the only one that is gone, and there is one new one. Both
 * stand in the same place among the others and begin in the same way, and all functions that used the one use the other and
 * are otherwise as they were. `functions`: which ones correspond.
 */
export function renamedVariable(
  from: readonly LuaFunction[],
  to: readonly LuaFunction[],
  functions: ReadonlyMap<LuaFunction, LuaFunction>,
): RenamedVariable | undefined {
  const [lefts, rights] = [variablesOf(from), variablesOf(to)];
  if (lefts.length !== rights.length) return undefined;
  const [place = -1, ...others] = [...lefts.keys()].filter((index) => lefts[index]?.id !== rights[index]?.id);
  const [before, after] = [lefts[place], rights[place]];
  if (!before || !after || others.length > 0 || !beginAlike(before, after)) return undefined;
  const renamed = { before, after };
  const users = from.filter((each) => each.upvalues.includes(before));
  if (users.length === 0 || users.length !== to.filter((each) => each.upvalues.includes(after)).length)
    return undefined;
  const goOn = users.every((left) => {
    const right = functions.get(left);
    return right && isOnlyRenamed(left, right, renamed);
  });
  return goOn ? renamed : undefined;
}

/** Do two functions do the same, but for the name of that variable? */
export function isOnlyRenamed(left: LuaFunction, right: LuaFunction, renamed: RenamedVariable): boolean {
  const isSame = (ours: LuaVariable, theirs: LuaVariable | undefined): boolean =>
    ours === renamed.before ? theirs === renamed.after : ours.id === theirs?.id && ours.fileLevel === theirs.fileLevel;
  return (
    codeBytes(left.proto).equals(codeBytes(right.proto)) &&
    left.upvalues.length === right.upvalues.length &&
    left.upvalues.every((ours, index) => isSame(ours, right.upvalues[index])) &&
    left.children.length === right.children.length &&
    left.children.every((ours, index) => {
      const theirs = right.children[index];
      return theirs && isOnlyRenamed(ours, theirs, renamed);
    })
  );
}

function variablesOf([main]: readonly LuaFunction[]): LuaVariable[] {
  return main?.variables.filter(({ fileLevel }) => fileLevel) ?? [];
}

function beginAlike(before: LuaVariable, after: LuaVariable): boolean {
  if (before.initial !== undefined && after.initial !== undefined) return isSameConstant(before.initial, after.initial);
  return kindOfInitial(before) === kindOfInitial(after);
}

/** What kind of value a variable is initialised with. */
function kindOfInitial(variable: LuaVariable): string | undefined {
  const { owner } = variable;
  for (const act of owner?.trace.acts ?? []) {
    if (act.kind === "local" && act.first && owner?.variables[act.local] === variable) return bare(act.value).kind;
  }
  return undefined;
}
