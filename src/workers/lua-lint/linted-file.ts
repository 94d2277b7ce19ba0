import type { LuaFunction, LuaVariable } from "../lua-code/compiler.ts";
import { linesOf } from "../lua-code/lua-dump.ts";
import { bare, type LuaValue, textOf, unknown, type LuaAct } from "../lua-code/values.ts";

/** As many names are looked through to find what a value is. */
const MOST_NAMES = 20;

/** A value, and the function in whose code it is. */
export interface PlacedValue {
  value: LuaValue;
  within: LuaFunction;
}

/** A Lua file of the site, as far as it can be known without running it. */
export class LintedFile {
  /** Relative to the site, as messages name it. */
  readonly file: string;
  /** The real file: see SiteModule. */
  readonly key: string;
  readonly functions: readonly LuaFunction[];
  /** The file itself. */
  readonly main: LuaFunction;
  readonly #lines = new Map<LuaFunction, number[]>();
  /** What each variable, and each global that the file sets, is set to; undefined: to several values. */
  readonly #variables = new Map<LuaVariable, PlacedValue | undefined>();
  readonly #globals = new Map<string, PlacedValue | undefined>();

  constructor(file: string, key: string, functions: readonly [LuaFunction, ...LuaFunction[]]) {
    this.file = file;
    this.key = key;
    this.functions = functions;
    this.main = functions[0];
    for (const within of functions) for (const act of within.trace.acts) this.#note(act, within);
  }

  /** The line of something that a function does. */
  lineOf(within: LuaFunction, { position }: { position: number }): number {
    let lines = this.#lines.get(within);
    if (!lines) this.#lines.set(within, (lines = linesOf(within.proto)));
    return lines[position] ?? within.proto.lineDefined;
  }

  /** What a value is, where variables and globals hold only one. `either` when it depends. */
  resolve(value: LuaValue, within: LuaFunction): PlacedValue {
    let place: PlacedValue = { value, within };
    for (let names = 0; names < MOST_NAMES; names++) {
      const next = this.#follow(place);
      if (!next) return place;
      place = next;
    }
    return { value: unknown, within };
  }

  /** The module that a value is what `require` gave for. */
  requiredBy(value: LuaValue, within: LuaFunction): string | undefined {
    const { value: found } = this.resolve(value, within);
    if (found.kind !== "result" || found.call.callee.kind !== "global") return undefined;
    return found.call.callee.name === "require" ? textOf(found.call.given[0]) : undefined;
  }

  /** Is the value this method of the global `session`? */
  isSessionMethod(value: LuaValue, name: string): boolean {
    return value.kind === "method" && textOf(value.key) === name && isSession(bare(value.of));
  }

  #follow({ value, within }: PlacedValue): PlacedValue | undefined {
    if (value.kind === "local") return { value: value.value, within };
    if (value.kind === "global") return this.#globals.get(value.name);
    if (value.kind !== "upvalue") return undefined;
    const variable = within.upvalues[value.index];
    return variable && this.#variables.get(variable);
  }

  #note(act: LuaAct, within: LuaFunction): void {
    if (act.kind !== "local" && act.kind !== "upvalue" && act.kind !== "global") return;
    const place = { value: act.value, within };
    if (act.kind === "global") {
      this.#globals.set(act.name, this.#globals.has(act.name) ? undefined : place);
      return;
    }
    const variable = act.kind === "local" ? within.variables[act.local] : within.upvalues[act.index];
    if (variable) this.#variables.set(variable, this.#variables.has(variable) ? undefined : place);
  }
}

function isSession(value: LuaValue): boolean {
  return value.kind === "global" && value.name === "session";
}
