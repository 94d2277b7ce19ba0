import { MoonpoolError, wireError, type WireError } from "../protocol/error-code.ts";
import { takeImport, takeReport, takeState, type ReloadResult } from "../protocol/outcome.ts";
import type { ImportReport } from "../protocol/portable.ts";
import type { MemoryImage } from "../protocol/session-image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { ReloadRounds } from "./reload-rounds.ts";
import type { Slots } from "./slots.ts";

/** Dispatches an event in a session's VM and returns what the runtime answers. Throws what `LuaVm.dispatch` does. */
export type Run = (vm: LuaVm, text: string, isReplay: boolean) => string;

/** How a reload is done. */
interface ReloadOptions {
  /** What is in the VM, if it is known. */
  image: MemoryImage | null;
  isReplay: boolean;
  /** When the session's next timer is due, should nothing come of the reload. */
  nextTimer: number | undefined;
}

/** Events that change a session as a whole or not at all: after an error, whatever it is, it is what it was before. */
export class Transactions {
  readonly #slots: Slots;
  readonly #rounds: ReloadRounds;
  readonly #run: Run;

  constructor({ slots, rounds }: { slots: Slots; rounds: ReloadRounds }, run: Run) {
    this.#slots = slots;
    this.#rounds = rounds;
    this.#run = run;
  }

  /** A `reload` event. Unless the VM is broken afterwards, the session is in it. */
  reload(vm: LuaVm, text: string, options: ReloadOptions): ReloadResult {
    const { image } = options;
    const [head = "", ...lines] = text.split("\n");
    this.#rounds.begin(Number(head.split(" ")[1]));
    const viewdefs = lines.filter((line) => line.startsWith("viewdef "));
    const files = lines.filter((line) => !line.startsWith("viewdef "));
    const hung = this.#rounds.hung(files);
    const before = files.length > 0 && !hung ? (image ?? this.#slots.copy(vm)) : undefined;
    let result = hung ? nothing(hung, options) : this.#tryReload(vm, text, options);
    const { error } = result.report;
    if (error?.code === "LIMIT_TIME") this.#rounds.noteHung(files, error);
    if (error && files.length > 0 && !vm.broken) {
      if (before) vm.loadImage(before);
      // New viewdefs go with old code as well.
      if (viewdefs.length > 0) result = this.#tryReload(vm, [head, ...viewdefs].join("\n"), options);
      result = { ...result, report: { ...result.report, error } };
    }
    if (before && before !== image) this.#slots.discard(before);
    return result;
  }

  #tryReload(vm: LuaVm, text: string, options: ReloadOptions): ReloadResult {
    try {
      return takeReport(this.#run(vm, text, options.isReplay));
    } catch (error) {
      if (!(error instanceof MoonpoolError)) throw error;
      return nothing(error.toWire(), options);
    }
  }

  /** An `import` event. `outcome` is only there when the report has no error. */
  import(vm: LuaVm, text: string, isReplay: boolean): { outcome: string; report: ImportReport } {
    const before = this.#slots.copy(vm);
    let result: { outcome: string; report: ImportReport };
    try {
      result = takeImport(this.#run(vm, text, isReplay));
    } catch (error) {
      if (vm.broken || !(error instanceof MoonpoolError)) throw error;
      result = { outcome: "", report: { objects: 0, notes: [], error: error.toWire() } };
    }
    if (result.report.error) vm.loadImage(before);
    this.#slots.discard(before);
    return result;
  }

  /** An `export` event that nobody sees by the session. `broken`: what was in the VM, if that has failed. */
  export(vm: LuaVm, text: string): { state: string | WireError; broken?: MemoryImage } {
    const before = this.#slots.copy(vm);
    let state: string | WireError;
    try {
      ({ state } = takeState(this.#run(vm, text, false)));
    } catch (error) {
      state = wireError(error);
    }
    if (vm.broken) return { state, broken: before };
    vm.loadImage(before);
    this.#slots.discard(before);
    return { state };
  }
}

/** Nothing came of a reload. */
function nothing(error: WireError, { nextTimer }: ReloadOptions): ReloadResult {
  return { outcome: String(nextTimer ?? "-"), report: { files: [], views: 0, notes: [], error } };
}
