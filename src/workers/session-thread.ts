import { threadId } from "node:worker_threads";
import { MoonpoolError } from "../protocol/error-code.ts";
import { ThreadStatus } from "../protocol/thread-status.ts";
import type { SharedPlans, ThreadSettings } from "../protocol/worker-task.ts";
import { HostedSession, type SessionSurroundings } from "./hosted-session.ts";
import type { BirthImage } from "./image.ts";
import type { LuaCode } from "./lua-code/compiler.ts";
import { LuaCompiler } from "./lua-code/compiler.ts";
import { LuaVm } from "./lua-vm.ts";
import { loadLuaWasm } from "./lua-wasm.ts";
import { ReloadRounds } from "./reload-rounds.ts";
import type { RuntimeFile } from "./runtime-files.ts";
import { SiteModules } from "./site-modules.ts";
import { Slots } from "./slots.ts";
import { Starts } from "./starts.ts";
import { Turns } from "./turns.ts";
import type { SessionLine } from "./trunk.ts";

const SWEEP = 500;

/** The birth of all VMs of a pool. 100 ms. Throws CONFIG_INVALID for a memory limit that cannot be. */
export async function bearFirst(settings: ThreadSettings, runtime: RuntimeFile[]): Promise<BirthImage> {
  const wasm = await loadLuaWasm(settings.memoryLimit);
  const vm = await LuaVm.bear({ wasm, runtime, seed: settings.seed });
  vm.close();
  return vm.birth;
}

/** All sessions of one thread, and the VMs that they share. */
export class SessionThread {
  readonly #settings: ThreadSettings;
  readonly #slots: Slots;
  readonly #modules: SiteModules;
  readonly #compiler: LuaCompiler;
  readonly #rounds: ReloadRounds;
  readonly #starts: Starts;
  readonly #turns: Turns;
  readonly #sweeper: NodeJS.Timeout;
  readonly #status = new ThreadStatus();
  #plans = new Map<string, string>();
  #plansVersion = 0;

  static async start(settings: ThreadSettings, birth: BirthImage): Promise<SessionThread> {
    const wasm = await loadLuaWasm(settings.memoryLimit);
    return new SessionThread(settings, await LuaCompiler.start(wasm, settings.sources), () =>
      LuaVm.bear({ wasm, birth }),
    );
  }

  private constructor(settings: ThreadSettings, compiler: LuaCompiler, bear: () => Promise<LuaVm>) {
    this.#settings = settings;
    this.#compiler = compiler;
    this.#slots = new Slots({ bear, max: settings.slots, ready: settings.imageMemory });
    this.#modules = new SiteModules(settings.siteDir);
    this.#rounds = new ReloadRounds(this.#modules, compiler);
    this.#starts = new Starts(this.#modules, settings.memoryLimit);
    this.#turns = new Turns({ rest: settings.rest });
    this.#sweeper = setInterval(() => void this.#slots.sweep(performance.now()), SWEEP).unref();
  }

  /** Runs session number `number` over `line` until it leaves. */
  run(number: number, line: SessionLine, plans: SharedPlans): Promise<void> {
    this.#replacePlans(plans);
    line.postMessage({ kind: "thread", id: threadId, status: this.#status.memory });
    const around: SessionSurroundings = {
      slots: this.#slots,
      status: this.#status,
      timeLimit: this.#settings.timeLimit,
      cpu: this.#settings.cpu,
      answer: (name, argument) => this.#answer(name, argument),
      rounds: this.#rounds,
      starts: this.#starts,
      turns: this.#turns,
      replacePlans: (newer) => this.#replacePlans(newer),
    };
    return new HostedSession(number, line, around).ended;
  }

  /** Ends what would go on by itself. */
  close(): void {
    clearInterval(this.#sweeper);
  }

  /** What the Lua runtime asks for. Versions of a file are compiled once for all sessions of the thread. */
  #answer(name: string, argument: string): string | Uint8Array {
    const [first = "", second = "", third = ""] = argument.split("\n");
    switch (name) {
      case "viewdef": {
        const plan = this.#plans.get(argument);
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

  /** All sessions bring the same news; the thread reads it once. */
  #replacePlans({ version, text }: SharedPlans): void {
    if (version <= this.#plansVersion) return;
    this.#plansVersion = version;
    // A copy: shared memory cannot be decoded in place.
    this.#plans = new Map(JSON.parse(new TextDecoder().decode(Uint8Array.from(text))) as [string, string][]);
    this.#starts.replacePlans(this.#plans);
  }
}
