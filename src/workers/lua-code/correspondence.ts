import type { LuaFunction, LuaVariable } from "./functions.ts";
import { shapeOf, similarity } from "./likeness.ts";
import { type RenamedVariable, renamedVariable } from "./renamed-variables.ts";

/** What must be alike of two functions that differ in their names as well as in their code. */
const LEAST_SIMILARITY = 0.5;
/** Above so many comparisons order alone decides. */
const MOST_COMPARISONS = 4096;

/** Which functions and variables of one version of a file are which of another. */
export interface Correspondence {
  functions: ReadonlyMap<LuaFunction, LuaFunction>;
  /** The variable of file level that has another name in the other version. */
  renamed: RenamedVariable | undefined;
  /** Is `left`, of the one version, the same variable as `right`, of the other? */
  same: (left: LuaVariable, right: LuaVariable) => boolean;
}

/**
 * Functions are the same that have one id. Then, from the outside to the inside, those with the same name in the same
 * function; where several have it, those with the same code first, then the most similar ones, then in their order. What
 * is left is the same under another name or in another place only if its code is the same (or nearly, see below).
 */
export function correspondence(from: readonly LuaFunction[], to: readonly LuaFunction[]): Correspondence {
  const { pairs } = new Matching(from, to);
  const renamed = renamedVariable(from, to, pairs);
  return { functions: pairs, renamed, same: sameVariables(pairs, renamed) };
}

class Matching {
  readonly pairs = new Map<LuaFunction, LuaFunction>();
  readonly #taken = new Set<LuaFunction>();

  constructor(from: readonly LuaFunction[], to: readonly LuaFunction[]) {
    const byId = new Map(to.map((each) => [each.id, each]));
    for (const left of from) {
      const right = byId.get(left.id);
      if (right) this.#pair(left, right);
    }
    for (const left of from) this.#matchInside(left);
    // What was moved into another function, or out of one.
    const lefts = from.filter((each) => !this.pairs.has(each));
    const rights = to.filter((each) => !this.#taken.has(each));
    this.#matchSameCode(lefts, rights, ({ label }) => `${label.named} ${label.text}`);
    for (const left of lefts) this.#matchInside(left);
  }

  #pair(left: LuaFunction, right: LuaFunction): void {
    this.pairs.set(left, right);
    this.#taken.add(right);
  }

  #matchInside(parent: LuaFunction): void {
    const other = this.pairs.get(parent);
    if (!other) return;
    const lefts = (): LuaFunction[] => parent.children.filter((each) => !this.pairs.has(each));
    const rights = (): LuaFunction[] => other.children.filter((each) => !this.#taken.has(each));
    this.#matchBy(lefts(), rights(), ({ label }) => `${label.named} ${label.text}`, 0);
    // `M.start` became `Contacts.start`, `on("press")` became `on("click")`.
    this.#matchBy(lefts(), rights(), ({ label }) => `${label.named} ${label.part}`, LEAST_SIMILARITY);
    this.#matchSameCode(lefts(), rights());
  }

  #matchBy(lefts: LuaFunction[], rights: LuaFunction[], key: (each: LuaFunction) => string, least: number): void {
    const groups = groupBy(rights, key);
    for (const [name, group] of groupBy(lefts, key)) {
      const others = groups.get(name);
      if (others) this.#matchGroup(group, others, least);
    }
  }

  #matchGroup(lefts: LuaFunction[], rights: LuaFunction[], least: number): void {
    this.#matchSameCode(lefts, rights);
    const restLeft = lefts.filter((each) => !this.pairs.has(each));
    const restRight = rights.filter((each) => !this.#taken.has(each));
    if (restLeft.length * restRight.length <= MOST_COMPARISONS) {
      this.#matchSimilar(restLeft, restRight, least);
    } else if (least === 0) {
      for (const [index, left] of restLeft.entries()) {
        const right = restRight[index];
        if (right) this.#pair(left, right);
      }
    }
  }

  #matchSameCode(lefts: LuaFunction[], rights: LuaFunction[], key: (each: LuaFunction) => string = () => ""): void {
    if (lefts.length === 0 || rights.length === 0) return;
    const groups = groupBy(rights, (each) => `${shapeOf(each)} ${key(each)}`);
    for (const left of lefts) {
      const right = groups.get(`${shapeOf(left)} ${key(left)}`)?.shift();
      if (right) this.#pair(left, right);
    }
  }

  /** The most similar first; among equally similar ones those whose numbers are closest. */
  #matchSimilar(lefts: LuaFunction[], rights: LuaFunction[], least: number): void {
    const candidates = lefts.flatMap((left, leftIndex) =>
      rights.map((right, rightIndex) => {
        return { left, right, likeness: similarity(left, right), distance: Math.abs(leftIndex - rightIndex) };
      }),
    );
    candidates.sort((one, two) => two.likeness - one.likeness || one.distance - two.distance);
    for (const { left, right, likeness } of candidates) {
      if (likeness >= least && !this.pairs.has(left) && !this.#taken.has(right)) this.#pair(left, right);
    }
  }
}

function groupBy(functions: LuaFunction[], key: (each: LuaFunction) => string): Map<string, LuaFunction[]> {
  const groups = new Map<string, LuaFunction[]>();
  for (const each of functions) {
    const group = groups.get(key(each));
    if (group) group.push(each);
    else groups.set(key(each), [each]);
  }
  return groups;
}

/**
 * A variable of file level is told by its id, unless it was renamed. Another one is the variable of the same name, in the function that
 * corresponds, that most of the corresponding functions use in its stead.
 */
function sameVariables(
  functions: ReadonlyMap<LuaFunction, LuaFunction>,
  renamed: RenamedVariable | undefined,
): Correspondence["same"] {
  const votes = new Map<LuaVariable, Map<LuaVariable, number>>();
  for (const [left, right] of functions) {
    for (const ours of left.upvalues) {
      for (const theirs of right.upvalues) {
        if (ours.fileLevel || theirs.fileLevel || ours.name !== theirs.name) continue;
        if (!ours.owner || !theirs.owner || functions.get(ours.owner) !== theirs.owner) continue;
        const counts = votes.get(ours) ?? new Map<LuaVariable, number>();
        votes.set(ours, counts.set(theirs, (counts.get(theirs) ?? 0) + 1));
      }
    }
  }
  const ballots = [...votes].flatMap(([ours, counts]) =>
    [...counts].map(([theirs, count]) => ({ ours, theirs, count })),
  );
  ballots.sort(
    (one, two) =>
      two.count - one.count || Number(two.ours.id === two.theirs.id) - Number(one.ours.id === one.theirs.id),
  );
  const chosen = new Map<LuaVariable, LuaVariable>();
  const taken = new Set<LuaVariable>();
  for (const { ours, theirs } of ballots) {
    if (chosen.has(ours) || taken.has(theirs)) continue;
    chosen.set(ours, theirs);
    taken.add(theirs);
  }
  return (left, right) => {
    if (renamed && left === renamed.before) return right === renamed.after;
    return left.fileLevel || right.fileLevel
      ? left.fileLevel && right.fileLevel && left.id === right.id
      : chosen.get(left) === right;
  };
}
