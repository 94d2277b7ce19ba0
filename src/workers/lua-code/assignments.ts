import type { LuaFunction } from "./functions.ts";
import { bare, type LuaAct, type LuaValue, textOf } from "./values.ts";

/** What a file assigns when it runs, as far as its own code, without its functions, tells. */
export interface Assignments {
  /** Globals. */
  globals: Set<string>;
  /**
   * Fields of tables that it may not have made: name → where these are found: `Config` (a global), `=config` (what
   * `require "config"` gives), or `` (anywhere).
   */
  fields: Map<string, Set<string>>;
}

/** Methods of these names make the table that they give. */
const makers = new Set(["new", "create", "prototype"]);

export function assignments([main]: readonly LuaFunction[]): Assignments {
  const globals = new Set<string>();
  const fields = new Map<string, Set<string>>();
  for (const act of main?.trace.acts ?? []) {
    if (act.kind === "global") globals.add(utf8(act.name));
    if (act.kind === "store") noteStore(act, fields);
  }
  return { globals, fields };
}

function noteStore(act: LuaAct & { kind: "store" }, fields: Map<string, Set<string>>): void {
  const name = textOf(act.key);
  const place = placeOf(act.table);
  if (name === undefined || place === undefined) return;
  const places = fields.get(utf8(name));
  if (places) places.add(place);
  else fields.set(utf8(name), new Set([place]));
}

/** Undefined: it is a table that the file has just made. */
function placeOf(table: LuaValue): string | undefined {
  if (table.kind === "local") return placeOf(table.value);
  if (table.kind === "table") return undefined;
  if (table.kind === "global") return utf8(table.name);
  if (table.kind !== "result") return "";
  const { callee, given } = table.call;
  const [first] = given;
  if (callee.kind === "global" && first) {
    if (callee.name === "setmetatable") return placeOf(first);
    const module = textOf(bare(first));
    return callee.name === "require" && module !== undefined ? `=${utf8(module)}` : "";
  }
  const isMade = callee.kind === "method" && makers.has(textOf(callee.key) ?? "");
  return isMade ? undefined : "";
}

function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString();
}
