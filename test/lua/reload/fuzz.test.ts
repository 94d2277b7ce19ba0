import t, { type Test } from "tap";
import { LuaSession } from "../../support/lua-session.ts";
import { kinds, type Part, render, renderLimits } from "./program.ts";

/** Numbers from 0 to below 1: the same ones for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const main = `
  M = require("m")
  held, wrapped, waiting = {}, {}, {}
  function hold(name)
    local f = M[name]
    held[name] = f
    wrapped[name] = function(x) return f(x) end
    waiting[name] = coroutine.wrap(function(x) while true do x = coroutine.yield(f(x)) end end)
  end
  function drop(name) held[name], wrapped[name], waiting[name] = nil, nil, nil end`;

/** A program that is edited at random, in a running session, with a model of what each of its functions has to give. */
class Program {
  readonly parts: Part[] = [];
  most = "1";
  readonly #calls = new Map<string, number>();
  readonly #random: () => number;
  #made = 0;

  constructor(random: () => number) {
    this.#random = random;
    for (let part = 0; part < 6; part++) this.#add();
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  /** Edits one to three things. Returns the names of functions that are gone. */
  edit(): string[] {
    const before = this.parts.map(({ name }) => name);
    for (let edits = 1 + this.below(3); edits > 0; edits--) this.#editOne();
    const after = new Set(this.parts.map(({ name }) => name));
    return before.filter((name) => !after.has(name));
  }

  /** What the function gives when it is called now. */
  call(part: Part, x: string): string {
    const calls = (this.#calls.get(part.name) ?? 0) + 1;
    this.#calls.set(part.name, calls);
    return kinds[part.kind]?.gives(part, x, calls, this.most) ?? "";
  }

  get files(): { limits: string; m: string } {
    return { limits: renderLimits(this.most), m: render(this.parts) };
  }

  #editOne(): void {
    const part = this.parts[this.below(this.parts.length)];
    const kind = this.below(8);
    if (!part || kind === 0) this.#add();
    else if (kind === 1 && this.parts.length > 3) this.parts.splice(this.parts.indexOf(part), 1);
    else if (kind === 2) part.k = this.#constant();
    else if (kind === 3) part.l = this.#constant();
    else if (kind === 4) [part.k, part.l] = [this.#constant(), this.#constant()];
    else if (kind === 5)
      this.parts.splice(this.below(this.parts.length), 0, ...this.parts.splice(this.parts.indexOf(part), 1));
    else if (kind === 6) this.most = this.#constant();
    else part.name = this.#rename(part);
  }

  #add(): void {
    const part = { name: this.#name(), kind: this.below(kinds.length), k: this.#constant(), l: this.#constant() };
    this.parts.splice(this.below(this.parts.length + 1), 0, part);
  }

  /** Under another name it counts anew. */
  #rename(part: Part): string {
    this.#calls.delete(part.name);
    return this.#name();
  }

  #name(): string {
    return `f${++this.#made}`;
  }

  #constant(): string {
    return `c${this.below(10_000)}`;
  }
}

const SEEDS = [1, 2, 3, 4, 5, 6];
const ROUNDS = 25;

for (const seed of SEEDS) {
  t.test(
    `random program ${seed}: whatever is edited, everybody who holds a function has the new one, and counts on`,
    async (t) => {
      const program = new Program(randomNumbers(seed));
      const session = await LuaSession.start({ lua: { main, ...program.files } }, { hotload: true });
      const held = new Set<string>();
      const check = (part: Part, how: string): void => {
        const x = `-${program.below(100)}`;
        const expected = program.call(part, x);
        const found = session.evaluate(`return ${how}("${x}")`);
        if (found !== expected) t.fail(`${how} gives ${found} instead of ${expected}`, program.files);
      };
      for (let round = 0; round < ROUNDS; round++) {
        for (const part of program.parts) {
          if (program.below(3) === 0 && !held.has(part.name)) {
            session.evaluate(`hold("${part.name}")`);
            held.add(part.name);
          }
          if (program.below(2) === 0) check(part, `M.${part.name}`);
        }
        const gone = program.edit();
        const text = program.files;
        const { error, notes } = session.save({ lua: text });
        if (error) t.fail(error.message, { error, text });
        const told = notes.filter(({ code }) => code !== "RELOAD_STALE");
        if (told.length > 0 || (gone.length === 0 && notes.length > 0)) t.fail("notes", { notes, text, round });
        for (const name of gone) {
          session.evaluate(`drop("${name}")`);
          held.delete(name);
        }
        const stale = session.stale();
        if (stale.length > 0) t.fail("old code", { stale, notes, text, round });
        for (const part of program.parts) {
          check(part, `M.${part.name}`);
          if (!held.has(part.name)) continue;
          for (const holder of ["held", "wrapped", "waiting"]) check(part, `${holder}.${part.name}`);
        }
        if (round % 5 === 0) await compareWithFresh(t, program);
        if (!t.passing()) break;
      }
      t.pass(`${ROUNDS} rounds`);
      session.close();
    },
  );
}

/** The model is right: a session that starts with the files as they are now gives the same, but for what was counted. */
async function compareWithFresh(t: Test, program: Program): Promise<void> {
  const fresh = await LuaSession.start({ lua: { main, ...program.files } }, { hotload: true });
  for (const part of program.parts) {
    const expected = kinds[part.kind]?.gives(part, "x", 1, program.most);
    const found = fresh.evaluate(`return M.${part.name}("x")`);
    if (found !== expected) t.fail(`fresh ${part.name} gives ${found} instead of ${expected}`, program.files);
  }
  fresh.close();
}
