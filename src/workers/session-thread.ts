import { threadId } from "node:worker_threads";
import { ThreadStatus } from "../protocol/thread-status.ts";
import type { SharedPlans, ThreadSettings } from "../protocol/worker-task.ts";
import { HostCalls } from "./host-calls.ts";
import { readHotLines } from "./hot-lines.ts";
import { HostedSession, type SessionSurroundings } from "./hosted-session.ts";
import type { BirthImage } from "./image.ts";
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
  readonly #calls: HostCalls;
  readonly #rounds: ReloadRounds;
  readonly #starts: Starts;
  readonly #turns: Turns;
  readonly #sweeper: NodeJS.Timeout;
  readonly #status = new ThreadStatus();
  #plansVersion = 0;

  static async start(settings: ThreadSettings, birth: BirthImage): Promise<SessionThread> {
    const wasm = await loadLuaWasm(settings.memoryLimit);
    const hot = await readHotLines();
    return new SessionThread(settings, await LuaCompiler.start(wasm, settings.sources), () =>
      LuaVm.bear({ wasm, birth, hot }),
    );
  }

  private constructor(settings: ThreadSettings, compiler: LuaCompiler, bear: () => Promise<LuaVm>) {
    this.#settings = settings;
    this.#slots = new Slots({ bear, max: settings.slots, ready: settings.imageMemory });
    const modules = new SiteModules(settings.siteDir);
    this.#rounds = new ReloadRounds(modules, compiler);
    this.#calls = new HostCalls(modules, compiler, this.#rounds);
    this.#starts = new Starts(modules, settings.memoryLimit);
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
      answer: (name, argument) => this.#calls.answer(name, argument),
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

  /** All sessions bring the same news; the thread reads it once. */
  #replacePlans({ version, text }: SharedPlans): void {
    if (version <= this.#plansVersion) return;
    this.#plansVersion = version;
    // A copy: shared memory cannot be decoded in place.
    this.#calls.plans = new Map(JSON.parse(new TextDecoder().decode(Uint8Array.from(text))) as [string, string][]);
    this.#starts.replacePlans(this.#calls.plans);
  }
}
