import { createHash } from "node:crypto";
import { labelsOf, type LuaLabel } from "./labels.ts";
import { type LuaConstant, type LuaProto, ownBytes } from "./lua-dump.ts";
import { trace } from "./trace.ts";
import type { LuaTrace } from "./values.ts";

/** A function of a file, and where it stands in it. The first of a file is the file itself. */
export interface LuaFunction {
  /** 2^30 … 2^31 - 1: the same in two versions of a file exactly when nothing of the function has changed. File: 0. */
  readonly id: number;
  /** The names of the functions around it and its own: `App.start/setInterval#1`. File: "". */
  readonly place: string;
  readonly label: LuaLabel;
  readonly parent: LuaFunction | undefined;
  readonly children: readonly LuaFunction[];
  readonly upvalues: readonly LuaVariable[];
  readonly proto: LuaProto;
  readonly trace: LuaTrace;
  /** The variables that its locals are, by their indexes. */
  readonly variables: readonly LuaVariable[];
}

/** A variable that functions share: the same object for the same variable of a file. */
export interface LuaVariable {
  readonly name: string;
  /** `count#1`: the first variable of this name at file level, or in its function. `_ENV`: the globals. */
  readonly id: string;
  /** The function that it is a local of; undefined: the globals. */
  readonly owner: LuaFunction | undefined;
  /** It is in scope from where it stands up to the end of the file. */
  readonly fileLevel: boolean;
  /** What it is initialised with, if that is a constant. */
  readonly initial: LuaConstant | undefined;
}

const ID_BASE = 2 ** 30;
const globals: LuaVariable = { name: "_ENV", id: "_ENV", owner: undefined, fileLevel: true, initial: undefined };
const fileLabel: LuaLabel = { text: "", part: "", named: true };

/** All functions of a file, each before those inside it. */
export function functionsOf(main: LuaProto): LuaFunction[] {
  const functions: Analysed[] = [];
  collect(new Analysed(main, undefined, fileLabel, "", []), functions);
  const taken = new Set<number>();
  // Functions inside first: the id of the one around depends on theirs.
  for (const each of functions.toReversed()) if (each.parent) each.id = freeId(each, taken);
  return functions;
}

function collect(each: Analysed, functions: Analysed[]): void {
  functions.push(each);
  for (const child of each.children) collect(child, functions);
}

class Analysed implements LuaFunction {
  id = 0;
  readonly place: string;
  readonly label: LuaLabel;
  readonly parent: Analysed | undefined;
  readonly children: Analysed[];
  readonly upvalues: LuaVariable[];
  readonly proto: LuaProto;
  readonly trace: LuaTrace;
  #variables: LuaVariable[] | undefined;

  /** `around`: the locals of the parent that are in registers where this function is made. */
  constructor(proto: LuaProto, parent: Analysed | undefined, label: LuaLabel, name: string, around: number[]) {
    this.proto = proto;
    this.parent = parent;
    this.label = label;
    this.place = parent === undefined || parent.place === "" ? name : `${parent.place}/${name}`;
    this.trace = trace(proto);
    this.upvalues = proto.upvalues.map(({ inStack, index }) => {
      const found = inStack ? parent?.variables[around[index] ?? -1] : parent?.upvalues[index];
      return found ?? globals;
    });
    const labels = labelsOf(proto, this.trace).map(readable);
    const names = uniqueNames(labels);
    this.children = proto.protos.map(
      (inner, index) =>
        new Analysed(inner, this, labels[index] ?? fileLabel, names[index] ?? "", this.trace.around[index] ?? []),
    );
  }

  get variables(): readonly LuaVariable[] {
    return (this.#variables ??= variablesOf(this));
  }
}

function variablesOf(owner: LuaFunction): LuaVariable[] {
  const { code, locals } = owner.proto;
  const initial = new Map<number, LuaConstant>();
  for (const act of owner.trace.acts) {
    if (act.kind === "local" && act.first && act.value.kind === "constant") initial.set(act.local, act.value.constant);
  }
  const counts = new Map<string, number>();
  return locals.map(({ name, end }, local) => {
    const fileLevel = owner.parent === undefined && end === code.length;
    const key = `${fileLevel} ${name}`;
    const ordinal = (counts.get(key) ?? 0) + 1;
    counts.set(key, ordinal);
    return { name, id: `${name}#${ordinal}`, owner, fileLevel, initial: initial.get(local) };
  });
}

/** `start`, `start~2`, `setInterval#1`, `setInterval#2`. */
function uniqueNames(labels: LuaLabel[]): string[] {
  const counts = new Map<string, number>();
  return labels.map(({ text, named }) => {
    const key = `${text}${named ? "~" : "#"}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return named && count === 1 ? text : `${key}${count}`;
  });
}

function freeId(each: Analysed, taken: Set<number>): number {
  const variables = each.upvalues.map(({ id, owner, fileLevel }) => [fileLevel ? "" : `in ${owner?.place ?? ""}`, id]);
  const children = each.children.map(({ id }) => id);
  const kinds = each.proto.upvalues.map(({ kind }) => kind);
  const parts = Buffer.from(JSON.stringify([each.place, variables, kinds, children]));
  const own = ownBytes(each.proto);
  for (let attempt = 0; ; attempt++) {
    const hash = createHash("sha256").update(String(attempt)).update(parts).update(own).digest();
    const id = ID_BASE + (hash.readUInt32LE() % ID_BASE);
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}

/** Text of a binary chunk is bytes; what it says is UTF-8. */
function readable({ text, part, named }: LuaLabel): LuaLabel {
  const read = (bytes: string): string => Buffer.from(bytes, "latin1").toString();
  return { text: read(text), part: read(part), named };
}
