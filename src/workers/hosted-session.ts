import type { MessagePort } from "node:worker_threads";
import { MoonpoolError, type WireError } from "../protocol/error-code.ts";
import { readOutcomeHead, takeReport, type ReloadResult } from "../protocol/outcome.ts";
import { type FromWorker, sessionEvent, type ToWorker } from "../protocol/worker-message.ts";
import type { SharedPlans } from "../protocol/worker-task.ts";
import { Alarm } from "./alarm.ts";
import { CpuBudget, type CpuShare } from "./cpu-budget.ts";
import { EventLog } from "./event-log.ts";
import type { MemoryImage } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { ReloadRounds } from "./reload-rounds.ts";
import type { Slots, Tenant } from "./slots.ts";
import type { Turns } from "./turns.ts";

/** What sessions of a thread share. */
export interface SessionSurroundings {
  slots: Slots;
  /** ms per event. */
  timeLimit: number;
  /** What each session may use in the long run. */
  cpu: CpuShare;
  /** Answers host calls other than `log`. Throws MoonpoolError. */
  answer: (name: string, argument: string) => string | Uint8Array;
  rounds: ReloadRounds;
  turns: Turns;
  /** The viewdefs have changed. */
  replacePlans: (plans: SharedPlans) => void;
}

const nothing: ReloadResult = { outcome: "", report: { files: [], views: 0, notes: [] } };
/** ms that a session may go on with events that wait before others of its thread have their turn. */
const TURN = 10;
/** ms until it is said again that a session uses too much. */
const SAID = 60_000;

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
  readonly #budget: CpuBudget;
  readonly #queue: ToWorker[] = [];
  /** The latest time that the session has seen: its clock never goes back. */
  #time = 0;
  /** Work goes on by itself: in the next turn, or when there is a VM. */
  #isWaiting = false;
  /** It waits because it has used too much. */
  #pause: NodeJS.Timeout | undefined;
  #saidTooMuch = -Infinity;
  #isOver = false;
  #end: () => void = () => {};

  constructor(port: MessagePort, around: SessionSurroundings) {
    this.#port = port;
    this.#around = around;
    this.#budget = new CpuBudget(around.cpu, performance.now());
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
    this.#around.turns.take(() => this.#goOn(), this.#budget.recent(performance.now()));
  }

  #goOn(): void {
    this.#isWaiting = false;
    if (this.#isOver) this.#end();
    else this.#work();
  }

  /** Works off the queue until the turn is over; or waits until there is a VM and comes back. */
  #work(): void {
    const turnEnd = performance.now() + TURN;
    try {
      for (let message = this.#queue[0]; message !== undefined && !this.#isOver; message = this.#queue[0]) {
        const now = performance.now();
        if (now >= turnEnd) return this.#takeTurn();
        if (typeof message === "string") {
          const { slots } = this.#around;
          const isReload = message.startsWith("reload ");
          // Reloads come to all sessions, a few at a time: one must not keep others waiting.
          const pause = isReload ? 0 : this.#budget.wait(now);
          if (pause > 0) return this.#rest(pause, now);
          // A reload may have to go back to it.
          const image = isReload && !this.vm ? this.image : null;
          const vm = slots.take(this, now, image !== null);
          if (vm instanceof Promise) return this.#wait(vm);
          this.#queue.shift();
          if (isReload) this.#reload(vm, message, image);
          else this.#dispatch(vm, message);
          const end = performance.now();
          this.#budget.spend(end - now, end);
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

  /** Lets others go first until there is something in the budget again. */
  #rest(pause: number, now: number): void {
    this.#isWaiting = true;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#isWaiting = false;
      this.#takeTurn();
    }, pause);
    if (now - this.#saidTooMuch < SAID) return;
    this.#saidTooMuch = now;
    const { code, message } = new MoonpoolError("LIMIT_CPU");
    this.#post({ kind: "log", level: "warn", message, error: { code, message } });
  }

  #wait(turn: Promise<void>): void {
    this.#isWaiting = true;
    turn.catch((error: unknown) => this.#fail(error)).finally(() => this.#goOn());
  }

  #dispatch(vm: LuaVm, text: string): void {
    const isStart = text.startsWith("start ");
    const isTimer = text.startsWith("timer ");
    let outcome: string;
    try {
      outcome = this.#run(vm, text);
    } catch (error) {
      // The runtime itself was stopped, anywhere; but the VM is as good as before.
      if (isStart || vm.broken || !isLimit(error)) throw error;
      return this.#post({ kind: "refused", error: error.toWire(), timer: isTimer });
    }
    const { failure, refused, hasChanges, nextTimer } = readOutcomeHead(outcome);
    if (failure) return this.#finish(failure);
    if (refused) this.#post({ kind: "refused", error: refused, timer: isTimer });
    else if (isStart) this.#post({ kind: "started" });
    else if (!isTimer) this.#post(hasChanges ? outcome : { kind: "done" });
    else if (hasChanges) this.#post({ kind: "timer", outcome });
    this.#alarm.set(nextTimer);
  }

  #run(vm: LuaVm, text: string): string {
    this.#time = Math.max(this.#time, timeOf(text));
    vm.host = (name, argument) => this.#answer(name, argument);
    try {
      return vm.dispatch(text, { timeLimit: this.#around.timeLimit });
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
    if (this.#pause) {
      clearTimeout(this.#pause);
      this.#isWaiting = false;
    }
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

function isLimit(error: unknown): error is MoonpoolError {
  return error instanceof MoonpoolError && error.code.startsWith("LIMIT_");
}

/** The last number of the event's head line. */
function timeOf(text: string): number {
  const end = text.indexOf("\n");
  return Number(text.slice(text.lastIndexOf(" ", end) + 1, end));
}
