import type { LuaProto } from "./lua-dump.ts";
import { bare, type LuaCall, type LuaTrace, type LuaValue, textOf } from "./values.ts";

/** What a function is called in the code around it. */
export interface LuaLabel {
  /** `App.start`, or for one without a name how it is used: `setInterval`, `on("click")`, or nothing. */
  text: string;
  /** The last part of a name, what a function without one is given to, or nothing. */
  part: string;
  named: boolean;
}

/** So long may a chain of fields be that names a table. */
const DEEPEST = 5;
const LONGEST = 40;

/** The labels of a function's nested functions, by their indexes. */
export function labelsOf(proto: LuaProto, trace: LuaTrace): LuaLabel[] {
  const labels = new Labels(proto);
  for (const act of trace.acts) {
    if (act.kind === "local") labels.give(act.value, () => named(proto.locals[act.local]?.name ?? ""));
    else if (act.kind === "global") labels.give(act.value, () => named(act.name));
    else if (act.kind === "upvalue") labels.give(act.value, () => named(proto.upvalues[act.index]?.name ?? ""));
    else if (act.kind === "store") labels.give(act.value, (depth) => labels.field(act.table, act.key, depth));
    else if (act.kind === "item") labels.give(act.value, (depth) => unnamed(`${labels.nameOf(act.table, depth)}[]`));
    else if (act.kind === "call")
      for (const value of act.call.given) labels.give(value, (depth) => labels.given(act.call, depth));
    else if (act.kind === "return") for (const value of act.values) labels.give(value, () => unnamed("return"));
  }
  return proto.protos.map((_, index) => labels.ofClosure(index));
}

class Labels {
  readonly #proto: LuaProto;
  /** By nested function's index, and by the position where a table is made: a label is made when all tables have one. */
  readonly #closures = new Map<number, (depth: number) => LuaLabel>();
  readonly #tables = new Map<number, (depth: number) => LuaLabel>();

  constructor(proto: LuaProto) {
    this.#proto = proto;
  }

  /** The first to take a function or a table names it. */
  give(value: LuaValue, label: (depth: number) => LuaLabel): void {
    // What a variable holds has its name from the variable.
    const taken = value.kind === "either" ? value.last : value;
    if (taken.kind === "closure" && !this.#closures.has(taken.index)) this.#closures.set(taken.index, label);
    if (taken.kind === "table" && !this.#tables.has(taken.position)) this.#tables.set(taken.position, label);
    // A function that is called where it stands has its name from what takes the result.
    if (taken.kind === "result" && taken.call.callee.kind === "closure") {
      this.give(taken.call.callee, (depth) => called(label(depth)));
    }
  }

  ofClosure(index: number): LuaLabel {
    return this.#closures.get(index)?.(DEEPEST) ?? unnamed("");
  }

  field(table: LuaValue, key: LuaValue, depth: number): LuaLabel {
    const part = keyName(key);
    const of = this.nameOf(table, depth);
    if (part === "") return unnamed(`${of}[]`);
    return { text: of === "" ? part : `${of}.${part}`, part, named: true };
  }

  /** How a function is called that is given to a call: after what it is given to, and the text given with it. */
  given({ callee, given }: LuaCall, depth: number): LuaLabel {
    const full = this.nameOf(callee, depth);
    const part = full.slice(full.lastIndexOf(".") + 1);
    const text = given.map(textOf).find((text) => text !== undefined);
    return { text: text === undefined ? part : `${part}("${text.slice(0, LONGEST)}")`, part, named: false };
  }

  /** The name of a table or a function where it is used, or "". */
  // oxlint-disable-next-line typescript/consistent-return -- every case returns
  nameOf(value: LuaValue, depth: number): string {
    if (depth <= 0) return "";
    switch (value.kind) {
      case "global":
        return value.name;
      case "upvalue":
        return tableName(this.#proto.upvalues[value.index]?.name);
      case "local":
        return tableName(this.#proto.locals[value.local]?.name);
      case "either":
        return this.nameOf(value.last, depth);
      case "field":
      case "method":
        return this.field(value.of, value.key, depth - 1).text;
      case "table":
        return this.#nameOfTable(value.position, depth - 1);
      case "result":
        return textOf(value.call.given.find((given) => textOf(given) !== undefined)) ?? "";
      case "closure":
      case "constant":
      case "calculated":
      case "unknown":
        return "";
    }
  }

  /** A table that is given to `session:prototype("Contact", { … })` is called `Contact`. */
  #nameOfTable(position: number, depth: number): string {
    const label = this.#tables.get(position)?.(depth);
    return label === undefined ? "" : label.named ? label.text : (/"(.*)"/s.exec(label.text)?.[1] ?? "");
  }
}

/** Fields of `_ENV` are written without it. */
function tableName(name: string | undefined): string {
  return name === undefined || name === "_ENV" ? "" : name;
}

function keyName(key: LuaValue): string {
  const value = bare(key);
  if (value.kind !== "constant") return "";
  // oxlint-disable-next-line typescript/no-base-to-string -- what is left are numbers and truth values
  return textOf(value) ?? `[${String(value.constant)}]`;
}

function called({ text, part, named }: LuaLabel): LuaLabel {
  return { text: `${text}()`, part: `${part}()`, named };
}

function named(text: string): LuaLabel {
  return { text, part: text, named: true };
}

function unnamed(text: string): LuaLabel {
  return { text, part: text, named: false };
}
