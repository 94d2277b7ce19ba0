import { instruction } from "./instructions.ts";
import type { LuaProto } from "./lua-dump.ts";
import { constant, type LuaAct, type LuaCall, type LuaTrace, type LuaValue, unknown } from "./values.ts";

/**
 * Follows values through the registers of a function, once from its first instruction to its last. Where branches meet,
 * what they have written is `either`; what loops carry back is not looked at.
 */
export function trace(proto: LuaProto): LuaTrace {
  return new Tracer(proto).run();
}

class Tracer {
  readonly #proto: LuaProto;
  readonly #acts: LuaAct[] = [];
  readonly #around: number[][] = [];
  readonly #registers: LuaValue[] = [];
  /** Where each register was written last. */
  readonly #written: number[] = [];
  /** Positions that forward jumps lead to, with the first position that jumps there. */
  readonly #joins = new Map<number, number>();
  /** The local variable in each of the first registers. */
  readonly #locals: number[] = [];
  #nextLocal = 0;
  /** The register that the last open call or `...` fills from. */
  #open = 0;
  #position = 0;

  constructor(proto: LuaProto) {
    this.#proto = proto;
  }

  run(): LuaTrace {
    const { code } = this.#proto;
    for (this.#position = 0; this.#position < code.length; this.#position++) {
      this.#join();
      this.#scope();
      this.#step(code[this.#position] ?? 0);
    }
    return { acts: this.#acts, around: this.#around };
  }

  /** What was written since the jump here is only one of the possible values. */
  #join(): void {
    const source = this.#joins.get(this.#position);
    if (source === undefined) return;
    for (const [register, value] of this.#registers.entries()) {
      if ((this.#written[register] ?? -1) >= source) this.#registers[register] = either(value);
    }
  }

  #scope(): void {
    const { locals } = this.#proto;
    const end = (local: number | undefined): number => locals[local ?? -1]?.end ?? 0;
    const starts = (): boolean => locals[this.#nextLocal]?.start === this.#position;
    // A variable at the end of its block is never in scope, but what is put into it has its name.
    for (let offset = 0; starts() && end(this.#nextLocal) === this.#position; offset++) {
      const value = this.#get(this.#locals.length + offset);
      this.#act({ kind: "local", local: this.#nextLocal++, value, first: true });
    }
    while (this.#locals.length > 0 && end(this.#locals.at(-1)) <= this.#position) this.#locals.pop();
    for (; starts(); this.#nextLocal++) {
      if (end(this.#nextLocal) === this.#position) continue;
      const register = this.#locals.push(this.#nextLocal) - 1;
      const value = this.#get(register);
      this.#act({ kind: "local", local: this.#nextLocal, value, first: true });
      this.#registers[register] = named(this.#nextLocal, value);
    }
  }

  #step(word: number): void {
    const { a: A, b: B, c: C, k, bx } = instruction;
    const a = A(word);
    const operation = instruction.operation(word);
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others calculate
    switch (operation) {
      case "MOVE":
        return this.#set(a, this.#get(B(word)));
      case "LOADI":
        return this.#set(a, constant(BigInt(instruction.signedBx(word))));
      case "LOADF":
        return this.#set(a, constant(instruction.signedBx(word)));
      case "LOADK":
        return this.#set(a, this.#constant(bx(word)));
      case "LOADKX":
        return this.#set(a, this.#constant(instruction.ax(this.#proto.code[this.#position + 1] ?? 0)));
      case "LOADFALSE":
        return this.#set(a, constant(false));
      case "LFALSESKIP":
        this.#jump(1);
        return this.#set(a, constant(false));
      case "LOADTRUE":
        return this.#set(a, constant(true));
      case "LOADNIL":
        for (let register = a; register <= a + B(word); register++) this.#set(register, constant(null));
        return;
      case "GETUPVAL":
        return this.#set(a, { kind: "upvalue", index: B(word) });
      case "SETUPVAL":
        return this.#act({ kind: "upvalue", index: B(word), value: this.#get(a) });
      case "GETTABUP":
        return this.#getFromUpvalue(a, B(word), C(word));
      case "GETTABLE":
        return this.#set(a, { kind: "field", of: this.#get(B(word)), key: this.#get(C(word)) });
      case "GETI":
        return this.#set(a, { kind: "field", of: this.#get(B(word)), key: constant(BigInt(C(word))) });
      case "GETFIELD":
        return this.#set(a, { kind: "field", of: this.#get(B(word)), key: this.#constant(C(word)) });
      case "SETTABUP":
        return this.#storeInUpvalue(a, this.#constant(B(word)), this.#either(k(word), C(word)));
      case "SETTABLE":
        return this.#store(a, this.#get(B(word)), this.#either(k(word), C(word)));
      case "SETI":
        return this.#store(a, constant(BigInt(B(word))), this.#either(k(word), C(word)));
      case "SETFIELD":
        return this.#store(a, this.#constant(B(word)), this.#either(k(word), C(word)));
      case "NEWTABLE":
        return this.#set(a, { kind: "table", position: this.#position });
      case "SELF": {
        const of = this.#get(B(word));
        this.#set(a + 1, of);
        return this.#set(a, { kind: "method", of, key: this.#either(k(word), C(word)) });
      }
      case "TEST":
      case "EQK":
      case "EQI":
      case "LTI":
      case "LEI":
      case "GTI":
      case "GEI":
        return this.#act({ kind: "test", values: [this.#get(a)] });
      case "EQ":
      case "LT":
      case "LE":
        return this.#act({ kind: "test", values: [this.#get(a), this.#get(B(word))] });
      case "TESTSET":
        this.#act({ kind: "test", values: [this.#get(B(word))] });
        return this.#set(a, either(this.#get(B(word))));
      case "JMP":
        return this.#jump(instruction.jump(word));
      case "CALL":
        return this.#call(a, B(word), C(word));
      case "TAILCALL":
        // A RETURN follows.
        return this.#call(a, B(word), 0);
      case "RETURN":
        return this.#act({ kind: "return", values: this.#range(a, B(word)) });
      case "RETURN0":
        return this.#act({ kind: "return", values: [] });
      case "RETURN1":
        return this.#act({ kind: "return", values: [this.#get(a)] });
      case "FORPREP":
        this.#jump(bx(word) + 1);
        return this.#forget(a, 4);
      case "TFORPREP":
        return this.#jump(bx(word));
      case "TFORCALL":
        return this.#forget(a + 4, C(word));
      case "SETLIST":
        for (const value of this.#range(a + 1, B(word) === 0 ? 0 : B(word) + 1)) {
          this.#act({ kind: "item", table: this.#get(a), value });
        }
        return;
      case "CLOSURE":
        return this.#close(a, bx(word));
      case "VARARG":
        if (C(word) === 0) this.#open = a;
        return this.#forget(a, Math.max(1, C(word) - 1));
      case "FORLOOP":
      case "TFORLOOP":
      case "CLOSE":
      case "TBC":
      case "MMBIN":
      case "MMBINI":
      case "MMBINK":
      case "VARARGPREP":
      case "EXTRAARG":
        return;
      default:
        return this.#set(a, { kind: "calculated" });
    }
  }

  #act(act: WithoutPosition<LuaAct>): void {
    this.#acts.push({ ...act, position: this.#position });
  }

  #get(register: number): LuaValue {
    return this.#registers[register] ?? unknown;
  }

  #constant(index: number): LuaValue {
    return constant(this.#proto.constants[index] ?? null);
  }

  /** An operand that is a constant or a register. */
  #either(isConstant: boolean, index: number): LuaValue {
    return isConstant ? this.#constant(index) : this.#get(index);
  }

  #set(register: number, value: LuaValue): void {
    const local = this.#locals[register];
    this.#written[register] = this.#position;
    this.#registers[register] = local === undefined ? value : named(local, value);
    if (local !== undefined) this.#act({ kind: "local", local, value, first: false });
  }

  #forget(first: number, count: number): void {
    for (let register = first; register < first + count; register++) this.#set(register, unknown);
  }

  /** `count`: one more than there are registers, 0: up to what was left open. */
  #range(first: number, count: number): LuaValue[] {
    const end = count === 0 ? this.#open + 1 : first + count - 1;
    const values: LuaValue[] = [];
    for (let register = first; register < end; register++) values.push(this.#get(register));
    return values;
  }

  #jump(distance: number): void {
    const target = this.#position + 1 + distance;
    if (distance > 0 && !this.#joins.has(target)) this.#joins.set(target, this.#position);
  }

  #call(a: number, given: number, wanted: number): void {
    const call: LuaCall = { callee: this.#get(a), given: this.#range(a + 1, given), position: this.#position };
    this.#act({ kind: "call", call });
    if (wanted === 0) this.#open = a;
    if (wanted === 1) return;
    this.#forget(a + 1, wanted - 2);
    this.#set(a, { kind: "result", call });
  }

  #getFromUpvalue(a: number, index: number, key: number): void {
    const name = this.#globalName(index, this.#constant(key));
    if (name === undefined) {
      return this.#set(a, { kind: "field", of: { kind: "upvalue", index }, key: this.#constant(key) });
    }
    this.#act({ kind: "readGlobal", name, environment: index });
    this.#set(a, { kind: "global", name });
  }

  #storeInUpvalue(index: number, key: LuaValue, value: LuaValue): void {
    const name = this.#globalName(index, key);
    if (name === undefined) this.#act({ kind: "store", table: { kind: "upvalue", index }, key, value });
    else this.#act({ kind: "global", name, value, environment: index });
  }

  #globalName(index: number, key: LuaValue): string | undefined {
    if (this.#proto.upvalues[index]?.name !== "_ENV" || key.kind !== "constant") return undefined;
    return typeof key.constant === "object" ? key.constant?.text : undefined;
  }

  #store(register: number, key: LuaValue, value: LuaValue): void {
    this.#act({ kind: "store", table: this.#get(register), key, value });
  }

  #close(a: number, index: number): void {
    const around = [...this.#locals];
    // A local function may use itself, although its variable begins behind this instruction.
    if (this.#proto.locals[this.#nextLocal]?.start === this.#position + 1) around[a] ??= this.#nextLocal;
    this.#around[index] = around;
    this.#set(a, { kind: "closure", index });
  }
}

type WithoutPosition<Act> = Act extends unknown ? Omit<Act, "position"> : never;

function either(value: LuaValue): LuaValue {
  if (value.kind === "either") return value;
  if (value.kind !== "local") return { kind: "either", last: value };
  return { kind: "local", local: value.local, value: either(value.value) };
}

/** What the variable holds, and not through which others it came. */
function named(local: number, value: LuaValue): LuaValue {
  return { kind: "local", local, value: value.kind === "local" ? value.value : value };
}
