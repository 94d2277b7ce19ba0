import { ViewdefStore } from "../../src/host/viewdefs/viewdef-store.ts";
import { parseOutcome } from "../../src/protocol/outcome.ts";
import type { Slot, ViewPlan } from "../../src/protocol/viewdef.ts";
import { frameBody, sessionEvent, type SessionEventKind } from "../../src/protocol/worker-message.ts";
import { HostCalls } from "../../src/workers/host-calls.ts";
import { LuaCompiler } from "../../src/workers/lua-code/compiler.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { ReloadRounds } from "../../src/workers/reload-rounds.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";
import { SiteModules } from "../../src/workers/site-modules.ts";
import { type KnownStart, type StartParts, Starts } from "../../src/workers/starts.ts";
import { TestPage } from "./lua-session.ts";
import type { Random } from "./random-template.ts";

export const SEED = "0123456789abcdef".repeat(2);
const limit = { timeLimit: 10_000 };

/** A VM with a site on disk, without threads: for whoever looks at its memory. */
export class VmSite {
  readonly vm: LuaVm;
  readonly modules: SiteModules;
  readonly starts: Starts;
  readonly log: string[] = [];
  readonly #calls: HostCalls;
  #onLog: ((entry: string) => void) | undefined;

  static async load(dir: string, like?: VmSite): Promise<VmSite> {
    const wasm = await loadLuaWasm(64 * 2 ** 20);
    const vm = await LuaVm.bear(
      like ? { wasm, birth: like.vm.birth } : { wasm, runtime: await readRuntime(), seed: 1 },
    );
    return new VmSite(vm, dir, await LuaCompiler.start(wasm), (await ViewdefStore.load(dir)).plans());
  }

  private constructor(vm: LuaVm, dir: string, compiler: LuaCompiler, plans: Map<string, string>) {
    this.vm = vm;
    this.modules = new SiteModules(dir);
    this.starts = new Starts(this.modules, 64 * 2 ** 20);
    this.starts.replacePlans(plans);
    this.#calls = new HostCalls(this.modules, compiler, new ReloadRounds(this.modules, compiler));
    this.#calls.plans = plans;
    vm.host = (name, argument) => this.#answer(name, argument);
  }

  dispatch(text: string): string {
    return this.vm.dispatch(text, limit);
  }

  event(kind: SessionEventKind, number: number, time: number, body = ""): string {
    return this.dispatch(sessionEvent(kind, number, time, body));
  }

  /** Has the first session of the site in the VM, which has still to begin if the result has an image. */
  load(parts: StartParts): KnownStart {
    this.vm.loadImage(null);
    const { start, outcome } = this.make(parts);
    if (!start) throw new Error(`the site cannot start: ${outcome}`);
    return start;
  }

  make(parts: StartParts): ReturnType<Starts["make"]> {
    return this.starts.make(this.vm, parts, (text, onLog) => {
      this.#onLog = onLog;
      try {
        return this.dispatch(text);
      } finally {
        this.#onLog = undefined;
      }
    });
  }

  plan(key: string): ViewPlan {
    return JSON.parse(this.#calls.plans.get(key) ?? `{"slots":[]}`) as ViewPlan;
  }

  #answer(name: string, argument: string): string | Uint8Array {
    if (name !== "log") return this.#calls.answer(name, argument);
    this.log.push(argument);
    this.#onLog?.(argument);
    return "";
  }
}

/** The text of the event that starts a session. */
export function startEvent(time: number, options: Record<string, unknown> = {}, seed = SEED): string {
  return sessionEvent("start", 0, time, JSON.stringify({ seed, development: true, hotload: false, ...options }));
}

/** Somebody with one tab who presses any button that is there and types into any field, as `random` will have it. */
export class VmUser {
  readonly outcomes: string[] = [];
  readonly #site: VmSite;
  readonly #slots = new Map<number, Slot>();
  #time: number;
  /** When the session's next timer is due. */
  #due: number | undefined;

  constructor(site: VmSite, time: number) {
    this.#site = site;
    this.#time = time;
    this.#take(site.event("connect", 1, time, "{}"));
  }

  /** Presses the first of the buttons there with this path. */
  press(text: string, which = 0): void {
    const found = [...this.#slots].filter(([, slot]) => slot.access === "action" && slot.text === text)[which];
    if (!found) throw new Error(`there is no ${text}`);
    this.#send(found[0], null);
  }

  act(random: Random): void {
    this.#time += random(2_000);
    while (this.#due !== undefined && this.#due <= this.#time) this.#take(this.#site.event("timer", 0, this.#time));
    const all = [...this.#slots].filter(([, { access, use }]) => use === "value" && access !== "r");
    const [id, slot] = all[random(all.length)] ?? [];
    if (id === undefined) return;
    this.#send(id, slot?.access === "action" ? null : "xyz 12".slice(random(6)));
  }

  #send(id: number, value: string | null): void {
    this.#take(this.#site.event("frame", 1, this.#time, frameBody(true, [{ type: "update", id, value }])));
  }

  #take(text: string): void {
    this.outcomes.push(text);
    const { connections, nextTimer } = parseOutcome(text);
    this.#due = nextTimer;
    for (const changes of connections) {
      for (const message of TestPage.messages(changes)) {
        if (message.type !== "view" || !message.viewdef) continue;
        for (const [index, slot] of this.#site.plan(message.viewdef).slots.entries())
          this.#slots.set((message.first ?? 0) + index, slot);
      }
    }
  }
}
