import { MoonpoolError } from "../protocol/error-code.ts";
import type { LuaCode, LuaCompiler } from "./lua-code/compiler.ts";
import type { ReloadRounds } from "./reload-rounds.ts";
import type { SiteModules } from "./site-modules.ts";

/** Answers what the Lua runtime asks of its thread. Versions of a file are compiled once for all sessions. */
export class HostCalls {
  /** The compiled viewdefs: key → plan, as JSON text. */
  plans: ReadonlyMap<string, string> = new Map();
  readonly #modules: SiteModules;
  readonly #compiler: LuaCompiler;
  readonly #rounds: ReloadRounds;

  constructor(modules: SiteModules, compiler: LuaCompiler, rounds: ReloadRounds) {
    this.#modules = modules;
    this.#compiler = compiler;
    this.#rounds = rounds;
  }

  /** Throws MoonpoolError. */
  answer(name: string, argument: string): string | Uint8Array {
    const [first = "", second = "", third = ""] = argument.split("\n");
    switch (name) {
      case "viewdef": {
        const plan = this.plans.get(argument);
        return plan === undefined ? "" : this.#compiler.data(plan);
      }
      case "generated":
        return this.#compiler.generated(first, argument.slice(first.length + 1));
      case "module": {
        const { key, chunk, source } = this.#modules.read(argument);
        const { hash, code } = this.#compiler.compile(chunk, source);
        return Buffer.concat([Buffer.from(`${key}\n${chunk}\n${hash}\n`), code]);
      }
      case "source": {
        const { hash, code } = this.#rounds.newest(first, second);
        return Buffer.concat([Buffer.from(`${hash}\n`), hash === third ? Buffer.alloc(0) : code]);
      }
      case "resolve":
        return this.#rounds.resolve(argument);
      case "variables":
        return this.#version(first, second).variables;
      case "correspondence":
        return this.#compiler.reloadTable(this.#version(first, second), this.#version(first, third));
      case "function": {
        const code = this.#version(first, second).standalone(Number(third));
        if (code) return code;
        break;
      }
      default:
        break;
    }
    throw new MoonpoolError("INTERNAL", `The host has no "${name}" for ${argument}.`);
  }

  #version(chunk: string, hash: string): LuaCode {
    const code = this.#compiler.find(chunk, hash);
    if (!code) throw new MoonpoolError("RELOAD_VERSION", `Version ${hash} of lua/${chunk} is not known any more.`);
    return code;
  }
}
