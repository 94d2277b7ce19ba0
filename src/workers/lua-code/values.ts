import type { LuaConstant } from "./lua-dump.ts";

/** What is known, from reading code, about a value that is in a register when the code runs. */
export type LuaValue =
  | { kind: "constant"; constant: LuaConstant }
  /** The function's nested function of this index. */
  | { kind: "closure"; index: number }
  /** What a table constructor made. */
  | { kind: "table"; position: number }
  | { kind: "global"; name: string }
  | { kind: "upvalue"; index: number }
  /** A local variable of the function, by its index, and what was put into it last. */
  | { kind: "local"; local: number; value: LuaValue }
  | { kind: "field"; of: LuaValue; key: LuaValue }
  /** The function of a call `of:key()`. */
  | { kind: "method"; of: LuaValue; key: LuaValue }
  /** The first result of a call. */
  | { kind: "result"; call: LuaCall }
  /** `last`, or what another branch put there: `x or last`. */
  | { kind: "either"; last: LuaValue }
  /** By an operator. */
  | { kind: "calculated" }
  | { kind: "unknown" };

export interface LuaCall {
  callee: LuaValue;
  /** As far as they are known; `self` of a method call is the first. */
  given: LuaValue[];
  position: number;
}

/** Something that a function does, in the order of its code. `position` is that of the instruction. */
export type LuaAct = { position: number } & (
  | { kind: "store"; table: LuaValue; key: LuaValue; value: LuaValue }
  | { kind: "global"; name: string; value: LuaValue; environment: number }
  | { kind: "readGlobal"; name: string; environment: number }
  | { kind: "upvalue"; index: number; value: LuaValue }
  /** `first`: the variable begins here, with this value. */
  | { kind: "local"; local: number; value: LuaValue; first: boolean }
  | { kind: "call"; call: LuaCall }
  | { kind: "return"; values: LuaValue[] }
  /** What comes next depends on the values. */
  | { kind: "test"; values: LuaValue[] }
  | { kind: "item"; table: LuaValue; value: LuaValue }
);

export interface LuaTrace {
  acts: LuaAct[];
  /** For each nested function, by its index, the local variables that are in the registers where it is made. */
  around: number[][];
}

export const unknown: LuaValue = { kind: "unknown" };

export function constant(value: LuaConstant): LuaValue {
  return { kind: "constant", constant: value };
}

/** The text that the value is, as latin1. */
export function textOf(value: LuaValue | undefined): string | undefined {
  if (value?.kind !== "constant" || typeof value.constant !== "object") return undefined;
  return value.constant?.text;
}

/** The value itself, whatever variable holds it and whether or not it is the only possible one. */
export function bare(value: LuaValue): LuaValue {
  let inner = value;
  while (inner.kind === "local" || inner.kind === "either") inner = inner.kind === "local" ? inner.value : inner.last;
  return inner;
}
