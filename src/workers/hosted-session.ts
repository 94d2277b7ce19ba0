import type { MessagePort } from "node:worker_threads";
import { MoonpoolError, type WireError } from "../protocol/error-code.ts";
import type { ImportReport } from "../protocol/portable.ts";
import { readOutcomeHead, takeImport, takeReport, takeState, type ReloadResult } from "../protocol/outcome.ts";
import { type FromWorker, sessionEvent, type ToWorker } from "../protocol/worker-message.ts";
import type { SharedPlans } from "../protocol/worker-task.ts";
import { Alarm } from "./alarm.ts";
import { EventLog } from "./event-log.ts";
import type { MemoryImage } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { ReloadRounds } from "./reload-rounds.ts";
import type { Slots, Tenant } from "./slots.ts";

/** What sessions of a thread share. */
export interface SessionSurroundings {
  slots: Slots;
  /** ms per event. */
  timeLimit: number;
  /** Answers host calls other than `log`. Throws MoonpoolError. */
  answer: (name: string, argument: string) => string | Uint8Array;
  rounds: ReloadRounds;
  /** The viewdefs have changed. */
  replacePlans: (plans: SharedPlans) => void;
}

const nothing: ReloadResult = { outcome: "", report: { files: [], views: 0, notes: [] } };
/** ms that a session may go on with events that wait before others of its thread have their turn. */
const TURN = 10;
/** ms that the export or import of a portable state may take, at least: somebody asked for it, and it may be large. */
const PORTABLE_TIME = 10_000;

/**
 * One session on its thread: takes events from its port, one after the other, has them dispatched in a VM, and answers each
 * with what comes of it. `ended` settles when the session is over and the port closed.
 */
export class HostedSession implements Tenant {
  readonly ended: Promise<void>;
  vm: LuaVm | undefined = undefined;
  image: MemoryImage | null = null;

  readonly #port: MessagePort;
  readonly #around: SessionSurroundings;
  readonly #alarm = new Alarm(() => this.#ring());
  readonly #log = new EventLog((message) => this.#post(message));
  readonly #queue: ToWorker[] = [];
  /** The latest time that the session has seen: its clock never goes back. */
  #time = 0;
  /** Work goes on by itself: in the next turn, or when there is a VM. */
  #isWaiting = false;
  #isOver = false;
  #end: () => void = () => {};

  constructor(port: MessagePort, around: SessionSurroundings) {
    this.#port = port;
    this.#around = around;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    port.on("message", (message: ToWorker) => this.#receive(message));
    // The host has gone, or has no interest in the session any more.
    port.on("close", () => this.#finish());
  }

  #receive(message: ToWorker): void {
    if (this.#isOver) return;
    if (typeof message === "object" && message.kind === "close") return this.#finish();
    this.#queue.push(message);
    this.#takeTurn();
  }

  #ring(): void {
    // Behind whatever is waiting for a VM, like any other event.
    this.#receive(sessionEvent("timer", 0, Math.max(Date.now(), this.#time)));
  }

  /** Works in the thread's next turn: a port may bring a thousand events in this one, and other sessions have ports too. */
  #takeTurn(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    this.#isWaiting = false;
    if (this.#isOver) this.#end();
    else this.#work();
  }

  /** Works off the queue until the turn is over; or waits until there is a VM and comes back. */
  #work(): void {
    const end = performance.now() + TURN;
    try {
      for (let message = this.#queue[0]; message !== undefined && !this.#isOver; message = this.#queue[0]) {
        const now = performance.now();
        if (now >= end) return this.#takeTurn();
        if (typeof message === "string") {
          const { slots } = this.#around;
          const isReload = message.startsWith("reload ");
          // A reload may have to go back to it.
          const image = isReload && !this.vm ? this.image : null;
          const vm = slots.take(this, now, image !== null);
          if (vm instanceof Promise) return this.#wait(vm);
          this.#queue.shift();
          if (isReload) this.#reload(vm, message, image);
          else if (message.startsWith("import ")) this.#import(vm, message);
          else if (message.startsWith("export ")) this.#export(vm, message);
          else this.#dispatch(vm, message);
          if (image) this.#restAgain(image, now);
        } else {
          this.#queue.shift();
          if (message.kind === "plans") this.#around.replacePlans(message.plans);
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A session that was at rest, in `image`, when a reload came. */
  #restAgain(image: MemoryImage, now: number): void {
    this.#around.slots.discard(image);
    if (this.#queue.length === 0 && !this.#isOver) this.#around.slots.rest(this, now);
  }

  #wait(turn: Promise<void>): void {
    this.#isWaiting = true;
    turn.catch((error: unknown) => this.#fail(error)).finally(() => this.#goOn());
  }

  #dispatch(vm: LuaVm, text: string): void {
    const outcome = this.#run(vm, text);
    const { failure, hasChanges, nextTimer } = readOutcomeHead(outcome);
    if (failure) return this.#finish(failure);
    if (text.startsWith("start ")) this.#post({ kind: "started" });
    else if (!text.startsWith("timer ")) this.#post(hasChanges ? outcome : { kind: "done" });
    else if (hasChanges) this.#post({ kind: "timer", outcome });
    this.#alarm.set(nextTimer);
  }

  #run(vm: LuaVm, text: string, timeLimit = this.#around.timeLimit): string {
    this.#time = Math.max(this.#time, timeOf(text));
    vm.host = (name, argument) => this.#answer(name, argument);
    try {
      return vm.dispatch(text, { timeLimit });
    } finally {
      this.#log.end();
    }
  }

  /** Hot reload is a transaction: after an error, whatever it is, the session is as it was before. */
  #reload(vm: LuaVm, text: string, image: MemoryImage | null): void {
    const began = performance.now();
    const [head = "", ...lines] = text.split("\n");
    const { rounds, slots } = this.#around;
    rounds.begin(Number(head.split(" ")[1]));
    const viewdefs = lines.filter((line) => line.startsWith("viewdef "));
    const files = lines.filter((line) => !line.startsWith("viewdef "));
    const hung = rounds.hung(files);
    const before = files.length > 0 && !hung ? (image ?? slots.copy(vm)) : undefined;
    let result = hung ? failed(hung) : this.#tryReload(vm, text);
    const { error } = result.report;
    if (error?.code === "LIMIT_TIME") rounds.noteHung(files, error);
    if (error && files.length > 0) {
      if (before) vm.loadImage(before);
      // New viewdefs go with old code as well.
      result = viewdefs.length > 0 ? this.#tryReload(vm, [head, ...viewdefs].join("\n")) : nothing;
      result = { ...result, report: { ...result.report, error } };
    } else {
      this.#alarm.set(readOutcomeHead(result.outcome).nextTimer);
    }
    if (before && before !== image) slots.discard(before);
    this.#post({ kind: "reloaded", ...result, report: { ...result.report, time: performance.now() - began } });
  }

  /** A state that has no room in the session's memory is no reason to end the session. */
  #export(vm: LuaVm, text: string): void {
    try {
      const outcome = this.#run(vm, text, Math.max(this.#around.timeLimit, PORTABLE_TIME));
      this.#alarm.set(readOutcomeHead(outcome).nextTimer);
      this.#post({ kind: "exported", ...takeState(outcome) });
    } catch (error) {
      if (vm.broken || !(error instanceof MoonpoolError)) throw error;
      this.#post({ kind: "exported", outcome: "", state: error.toWire() });
    }
  }

  /** The import of a portable state is a transaction, as a reload is. */
  #import(vm: LuaVm, text: string): void {
    const { slots } = this.#around;
    const before = slots.copy(vm);
    let outcome = "";
    let report: ImportReport;
    try {
      ({ outcome, report } = takeImport(this.#run(vm, text, Math.max(this.#around.timeLimit, PORTABLE_TIME))));
    } catch (error) {
      if (vm.broken || !(error instanceof MoonpoolError)) throw error;
      report = { objects: 0, notes: [], error: error.toWire() };
    }
    if (report.error) vm.loadImage(before);
    else this.#alarm.set(readOutcomeHead(outcome).nextTimer);
    slots.discard(before);
    this.#post({ kind: "imported", outcome: report.error ? "" : outcome, report });
  }

  #tryReload(vm: LuaVm, text: string): ReloadResult {
    try {
      return takeReport(this.#run(vm, text));
    } catch (error) {
      if (vm.broken || !(error instanceof MoonpoolError)) throw error;
      return failed(error.toWire());
    }
  }

  #answer(name: string, argument: string): string | Uint8Array {
    if (name !== "log") return this.#around.answer(name, argument);
    this.#log.add(argument);
    return "";
  }

  #fail(error: unknown): void {
    const known = error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", String(error), {}, error);
    this.#finish(known.toWire());
  }

  #finish(error?: WireError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#alarm.set(undefined);
    this.#queue.length = 0;
    this.#around.slots.forget(this);
    if (error) this.#post({ kind: "failed", error });
    this.#port.close();
    if (!this.#isWaiting) this.#end();
  }

  #post(message: FromWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, not a window
    this.#port.postMessage(message);
  }
}

function failed(error: WireError): ReloadResult {
  return { outcome: "", report: { ...nothing.report, error } };
}

/** The last number of the event's head line. */
function timeOf(text: string): number {
  const end = text.indexOf("\n");
  return Number(text.slice(text.lastIndexOf(" ", end) + 1, end));
}
