import { createHash } from "node:crypto";
import { assignments } from "./assignments.ts";
import { freshNames } from "./fresh-names.ts";
import { functionsOf, type LuaFunction } from "./functions.ts";
import { type LuaProto, parseDump, writeDump } from "./lua-dump.ts";
import { tableText, type TableValue } from "./table-text.ts";
import { timerFunctions } from "./timer-functions.ts";
import type { LuaTranslator } from "./translator.ts";

/**
 * One version of a Lua file, compiled. `lastlinedefined` of each of its functions but the file itself holds the function's
 * id, which `debug.getinfo` tells; Lua uses that line for nothing else.
 */
export interface LuaCode {
  /** The file in messages, without the `@`. */
  readonly chunk: string;
  /** Of chunk and source: 22 characters. */
  readonly hash: string;
  /** A binary chunk for `load`: the file. */
  readonly code: Buffer;
  /**
   * A binary chunk that returns `{ [id] = { "count#1", false, "_ENV", … } }`: for each function but the file itself its
   * upvalues, by the ids of variables of file level, or false; and `{ ["rows#1"] = true, … }`: see fresh-names.ts;
   * and `{ [id] = true, … }`, or false: see timer-functions.ts; and `{ VERSION = true, … }` and
   * `{ size = { "Config", … }, … }`: see assignments.ts.
   */
  readonly variables: Buffer;
  /** Each before those inside it, the file itself first. */
  readonly functions: readonly LuaFunction[];
  /** A binary chunk of one function: loaded, it is a closure with fresh upvalues. Undefined: no function has the id. */
  standalone(id: number): Buffer | undefined;
}

/** 22 characters. */
export function versionHash(chunk: string, source: string): string {
  return createHash("sha256")
    .update(JSON.stringify([chunk, source]))
    .digest("base64url")
    .slice(0, 22);
}

/** Makes everything but `code` when it is asked for. */
export class LuaVersion implements LuaCode {
  readonly chunk: string;
  readonly hash: string;
  readonly code: Buffer;
  readonly functions: readonly LuaFunction[];
  readonly #translator: LuaTranslator;
  readonly #byProto: ReadonlyMap<LuaProto, LuaFunction>;
  readonly #standalone = new Map<number, Buffer>();
  #variables: Buffer | undefined;

  /** Throws LUA_SYNTAX, LIMIT_MEMORY. */
  constructor(translator: LuaTranslator, chunk: string, source: string) {
    this.#translator = translator;
    this.chunk = chunk;
    this.hash = versionHash(chunk, source);
    const main = parseDump(translator.translate(`@${chunk}`, source));
    this.functions = functionsOf(main);
    this.#byProto = new Map(this.functions.map((each) => [each.proto, each]));
    this.code = this.#write(main);
  }

  get variables(): Buffer {
    if (this.#variables) return this.#variables;
    const fresh = new Map(freshNames(this.functions).map((name) => [name, true]));
    const timed = timerFunctions(this.functions);
    const timers = timed === undefined ? false : new Map(timed.map((id) => [id, true]));
    const { globals, fields } = assignments(this.functions);
    const assigned = new Map([...globals].map((name) => [name, true]));
    const stored = new Map([...fields].map(([name, places]) => [name, [...places]]));
    const tables = [fresh, timers, assigned, stored].map(tableText);
    const text = `return ${[this.#variablesText(), ...tables].join(", ")}`;
    return (this.#variables = this.#translator.translate("=variables", text, { strip: true }));
  }

  standalone(id: number): Buffer | undefined {
    const known = this.#standalone.get(id);
    if (known) return known;
    const found = this.functions.find((each) => each.id === id && each.parent);
    if (found === undefined) return undefined;
    const code = this.#write(found.proto);
    this.#standalone.set(id, code);
    return code;
  }

  #write(proto: LuaProto): Buffer {
    return writeDump(proto, {
      source: `@${this.chunk}`,
      lastLine: (of) => this.#byProto.get(of)?.id ?? of.lastLineDefined,
    });
  }

  #variablesText(): string {
    const fields = new Map<number, TableValue>();
    for (const { id, parent, upvalues } of this.functions) {
      if (parent)
        fields.set(
          id,
          upvalues.map((variable) => (variable.fileLevel ? variable.id : false)),
        );
    }
    return tableText(fields);
  }
}
