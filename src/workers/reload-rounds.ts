import { MoonpoolError, type WireError } from "../protocol/error-code.ts";
import { type LuaCode, type LuaCompiler } from "./lua-code/compiler.ts";
import type { SiteModules } from "./site-modules.ts";

/** Turns of the thread that a reload waits at most while others have something to do. */
const MOST_PASSES = 20;
/** Sets of files that took too long, of which it is known. */
const MOST_HUNG = 100;

/**
 * What the sessions of a thread need not find out each for itself when files are reloaded: the newest versions of files,
 * and that they run into the time limit. Sessions that are told of the same reload find the same text in files. It also knows
 * whose turn it is.
 */
export class ReloadRounds {
  readonly #modules: SiteModules;
  readonly #compiler: LuaCompiler;
  #round = 0;
  /** Of this round: what the files are, or why they cannot be had. */
  readonly #newest = new Map<string, LuaCode | MoonpoolError>();
  /** Of this round: where names lead. */
  readonly #places = new Map<string, string>();
  /** Of this round: which versions of files a reload is about, by its lines. */
  readonly #versions = new Map<string, string>();
  readonly #hung = new Map<string, WireError>();
  /** Reloads that wait for their turn. */
  readonly #waiting: (() => void)[] = [];
  /** Turns of sessions that have something else to do. */
  #others = 0;
  /** Times that the first of the waiting has let others go first. */
  #passes = 0;

  constructor(modules: SiteModules, compiler: LuaCompiler) {
    this.#modules = modules;
    this.#compiler = compiler;
  }

  /**
   * Calls `turn` in a later turn of the thread. What people wait for goes first: a reload only begins when there is nothing
   * else, or it has waited for long, and after each the thread looks whether something has come.
   */
  takeTurn(turn: () => void, isReload: boolean): void {
    if (isReload) {
      this.#waiting.push(turn);
      if (this.#waiting.length === 1) setImmediate(() => this.#next());
    } else {
      this.#others++;
      setImmediate(() => {
        this.#others--;
        turn();
      });
    }
  }

  #next(): void {
    if (this.#others > 0 && this.#passes++ < MOST_PASSES) return void setImmediate(() => this.#next());
    this.#passes = 0;
    const turn = this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(() => this.#next());
    turn?.();
  }

  begin(round: number): void {
    if (round === this.#round) return;
    this.#round = round;
    this.#newest.clear();
    this.#versions.clear();
    this.#places.clear();
  }

  /** Throws REQUIRE_MISSING, LUA_SYNTAX, LIMIT_MEMORY. */
  newest(key: string, chunk: string): LuaCode {
    const found = this.#remember(this.#newest, `${key}\n${chunk}`, () => this.#read(key, chunk));
    if (found instanceof MoonpoolError) throw found;
    return found;
  }

  /** Where `require` finds module `name` now: tracking key and chunk name, a line each; "" when there is none. */
  resolve(name: string): string {
    return this.#remember(this.#places, name, () => {
      try {
        // Not read: who reads a file knows that version of it, and would take the one that is saved for half-written.
        const { key, chunk } = this.#modules.find(name);
        return `${key}\n${chunk}`;
      } catch {
        return "";
      }
    });
  }

  /** The error with which another session came out of the time limit in a reload of just these versions of these files. */
  hung(lines: readonly string[]): WireError | undefined {
    return this.#hung.size === 0 ? undefined : this.#hung.get(this.#versionsOf(lines));
  }

  /** A session has run into the time limit in the reload that has these lines: see reloadBody. */
  noteHung(lines: readonly string[], error: WireError): void {
    this.#hung.set(this.#versionsOf(lines), error);
    const [first] = this.#hung.keys();
    if (first !== undefined && this.#hung.size > MOST_HUNG) this.#hung.delete(first);
  }

  #versionsOf(lines: readonly string[]): string {
    return this.#remember(this.#versions, lines.join("\n"), () => {
      const versions = lines.map((line) => {
        const [kind, key = ""] = line.split(" ", 2);
        const code = kind === "lua" ? this.#remember(this.#newest, `${key}\n${key}`, () => this.#read(key, key)) : "";
        return `${line} ${typeof code === "object" && "hash" in code ? code.hash : ""}`;
      });
      return versions.join("\n");
    });
  }

  #read(key: string, chunk: string): LuaCode | MoonpoolError {
    try {
      return this.#compiler.compile(chunk, this.#modules.readAgain(key));
    } catch (error) {
      if (error instanceof MoonpoolError) return error;
      throw error;
    }
  }

  #remember<Value>(known: Map<string, Value>, name: string, find: () => Value): Value {
    let value = known.get(name);
    if (value === undefined) known.set(name, (value = find()));
    return value;
  }
}
