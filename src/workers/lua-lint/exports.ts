import { bare, type LuaValue, textOf } from "../lua-code/values.ts";
import type { LintedFile, PlacedValue } from "./linted-file.ts";

/** Global functions whose results are plain values. */
const plainFunctions = new Set(["tostring", "tonumber", "type"]);
/** Libraries whose functions' results are plain values, or nearly all. */
const plainLibraries = new Set(["math", "string", "utf8", "os"]);

/**
 * What `require` gives for a file, or the field `key` of that. Undefined when it cannot be known, as the file sets it in
 * several places.
 */
export function exportOf(file: LintedFile, key?: string): PlacedValue | undefined {
  const returns = file.main.trace.acts.flatMap((act) => (act.kind === "return" ? act.values.slice(0, 1) : []));
  const [value] = returns;
  if (value === undefined || returns.length > 1) return undefined;
  const place = file.resolve(value, file.main);
  return key === undefined ? place : fieldOf(file, place, key);
}

/** Is it a number, a text or a boolean? */
export function isPlain(file: LintedFile, { value, within }: PlacedValue): boolean {
  const place = file.resolve(value, within);
  const found = bare(place.value);
  if (found.kind === "calculated") return true;
  if (found.kind === "constant") return found.constant !== null;
  return found.kind === "result" && isPlainFunction(found.call.callee);
}

/** Is it a function whose results are plain values? */
export function returnsPlain(file: LintedFile, { value, within }: PlacedValue): boolean {
  const inner = value.kind === "closure" ? within.children[value.index] : undefined;
  if (!inner) return false;
  const results = inner.trace.acts
    .flatMap((act) => (act.kind === "return" ? act.values.slice(0, 1) : []))
    .filter((result) => result.kind !== "constant" || result.constant !== null);
  return results.length > 0 && results.every((result) => isPlain(file, { value: result, within: inner }));
}

/** What the only statement that sets this field of a table sets it to. */
function fieldOf(file: LintedFile, { value }: PlacedValue, key: string): PlacedValue | undefined {
  // A prototype has the fields of the table that it is declared with.
  const tables = value.kind === "result" ? [value, ...value.call.given.map(bare)] : [value];
  const found: PlacedValue[] = [];
  for (const within of file.functions) {
    for (const act of within.trace.acts) {
      if (act.kind !== "store" || textOf(act.key) !== key) continue;
      if (tables.includes(file.resolve(act.table, within).value)) found.push(file.resolve(act.value, within));
    }
  }
  return found.length === 1 ? found[0] : undefined;
}

function isPlainFunction(callee: LuaValue): boolean {
  if (callee.kind === "global") return plainFunctions.has(callee.name);
  return callee.kind === "field" && callee.of.kind === "global" && plainLibraries.has(callee.of.name);
}
