import { correspondence } from "./correspondence.ts";
import type { LuaFunction } from "./functions.ts";
import { shapeOf } from "./likeness.ts";
import { isSameConstant, type LuaConstant } from "./lua-dump.ts";
import { isOnlyRenamed, type RenamedVariable } from "./renamed-variables.ts";
import { tableText, type TableValue } from "./table-text.ts";

/** Longer ones are no names. */
const LONGEST_TEXT = 100;

/**
 * How functions of one version of a file correspond to those of another, as Lua source of a table:
 *
 *     map    = { [old id] = new id, or false: it has no counterpart }   for each id that the new version does not have
 *     from   = { [new id] = { 2, 0, 1 } }     for each id in map: the number of the upvalue of the old function that is
 *                                             the same variable, for each upvalue of the new one; 0: there was none
 *     names  = { [old id] = "App.start" }     for each id in map: the place of the old function, for messages
 *     edited = { ["LIMIT#1"] = true }         variables of file level that both initialise with constants, not the same
 *     constants = { ["LIMIT#1"] = 20 }        with what the new version initialises these and those that the former one does not
 *                                             have or initialises with no constant; nil and 2.0 are left out
 *     alike  = { [old id] = true }            those in map whose counterpart does the same: nothing but lines and names differ
 *     renamed = { ["total#1"] = "count#1" }  the variable of file level that has another name: the new one's id, the old one's
 *     moved  = { [old id] = true }            those in map whose counterpart stands in another place, or under another name
 *     globals = { DEBUG = true }              globals that are assigned in the former version and not in the new one
 *     texts  = { Contact = true }             texts of up to 100 bytes that stand in the former version and not in the new one
 */
export function reloadTable(from: readonly LuaFunction[], to: readonly LuaFunction[]): string {
  const { functions, renamed, same } = correspondence(from, to);
  const known = new Set(to.map(({ id }) => id));
  const map = new Map<number, TableValue>();
  const upvalues = new Map<number, TableValue>();
  const names = new Map<number, TableValue>();
  const alike = new Map<number, TableValue>();
  const moved = new Map<number, TableValue>();
  for (const left of from) {
    if (known.has(left.id)) continue;
    const right = functions.get(left);
    names.set(left.id, left.place);
    map.set(left.id, right?.id ?? false);
    if (!right) continue;
    const isInPlace =
      left.label.text === right.label.text && left.parent && functions.get(left.parent) === right.parent;
    if (!isInPlace) moved.set(left.id, true);
    if (shapeOf(left) === shapeOf(right) || (renamed && isOnlyRenamed(left, right, renamed))) alike.set(left.id, true);
    const numbers = right.upvalues.map((theirs) => left.upvalues.findIndex((ours) => same(ours, theirs)) + 1);
    upvalues.set(right.id, numbers);
  }
  const former = initialConstants(from, renamed);
  const edited = editedVariables(former, to);
  const constants = newConstants(former, to);
  const others = new Map<string, TableValue>(renamed && [[renamed.after.id, renamed.before.id]]);
  const globals = missing(assignedGlobals(from), assignedGlobals(to));
  const texts = missing(allTexts(from), allTexts(to));
  const tables = { map, from: upvalues, names, edited, constants, alike, moved, globals, texts, renamed: others };
  return tableText(new Map<string, TableValue>(Object.entries(tables)));
}

/** What is in `former` and not in `present`. */
function missing(former: ReadonlySet<string>, present: ReadonlySet<string>): Map<string, boolean> {
  return new Map([...former].filter((name) => !present.has(name)).map((name) => [name, true]));
}

function assignedGlobals(functions: readonly LuaFunction[]): Set<string> {
  const names = new Set<string>();
  for (const { trace } of functions) for (const act of trace.acts) if (act.kind === "global") names.add(utf8(act.name));
  return names;
}

function allTexts(functions: readonly LuaFunction[]): Set<string> {
  const texts = new Set<string>();
  for (const { proto } of functions) {
    for (const each of proto.constants) {
      if (typeof each === "object" && each !== null && each.text.length <= LONGEST_TEXT) texts.add(utf8(each.text));
    }
  }
  return texts;
}

function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString();
}

function editedVariables(initial: ReadonlyMap<string, LuaConstant>, to: readonly LuaFunction[]): Map<string, boolean> {
  const edited = new Map<string, boolean>();
  for (const [id, constant] of initialConstants(to)) {
    const former = initial.get(id);
    if (former !== undefined && !isSameConstant(former, constant)) edited.set(id, true);
  }
  return edited;
}

/** With what the new version initialises variables that the former one initialises otherwise or does not have. */
function newConstants(former: ReadonlyMap<string, LuaConstant>, to: readonly LuaFunction[]): Map<string, TableValue> {
  return new Map(
    [...initialConstants(to)].flatMap(([id, constant]) => {
      const before = former.get(id);
      return before !== undefined && isSameConstant(before, constant) ? [] : constantEntry(id, constant);
    }),
  );
}

function constantEntry(id: string, constant: LuaConstant | undefined): [string, TableValue][] {
  if (constant === undefined || constant === null) return [];
  // A float without a fraction would be written as an integer.
  if (Number.isInteger(constant)) return [];
  if (typeof constant !== "object") return [[id, constant]];
  const text = utf8(constant.text);
  // Bytes that are no text cannot be written as one.
  return Buffer.from(text).toString("latin1") === constant.text ? [[id, text]] : [];
}

/** What each variable of file level begins with, if that is a constant; a renamed one under its new name. */
function initialConstants([main]: readonly LuaFunction[], renamed?: RenamedVariable): Map<string, LuaConstant> {
  const constants = new Map<string, LuaConstant>();
  for (const variable of main?.variables ?? []) {
    const { id } = variable === renamed?.before ? renamed.after : variable;
    if (variable.fileLevel && variable.initial !== undefined) constants.set(id, variable.initial);
  }
  return constants;
}
