import type { MessagePort } from "node:worker_threads";
import { MoonpoolError, type WireError } from "../protocol/error-code.ts";
import { readOutcomeHead, takeReport, type ReloadResult } from "../protocol/outcome.ts";
import type { ThreadStatus } from "../protocol/thread-status.ts";
import { type FromWorker, type SessionState, sessionEvent, type ToWorker } from "../protocol/worker-message.ts";
import type { SharedPlans } from "../protocol/worker-task.ts";
import { Alarm } from "./alarm.ts";
import { EventLog } from "./event-log.ts";
import type { MemoryImage } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { ReloadRounds } from "./reload-rounds.ts";
import { Saver } from "./saver.ts";
import type { Slots, Tenant } from "./slots.ts";

/** What sessions of a thread share. */
export interface SessionSurroundings {
  slots: Slots;
  /** ms per event. */
  timeLimit: number;
  status: ThreadStatus;
  /** Answers host calls other than `log`. Throws MoonpoolError. */
  answer: (name: string, argument: string) => string | Uint8Array;
  rounds: ReloadRounds;
  /** The viewdefs have changed. */
  replacePlans: (plans: SharedPlans) => void;
}

const nothing: ReloadResult = { outcome: "", report: { files: [], views: 0, notes: [] } };
/** ms that a session may go on with events that wait before others of its thread have their turn. */
const TURN = 10;
/** What a host call gives that depends on nothing but its argument, or nothing at all. */
const PURE = new Set(["log", "generated"]);

/** An event that waits. `replayed`: it was dispatched on another thread before, and all is known of it. */
interface Waiting {
  text: string;
  from: "host" | "thread" | "journal";
}

/**
 * One session on its thread: takes events from its port, one after the other, has them dispatched in a VM, and answers each
 * with what comes of it. `ended` settles when the session is over and the port closed.
 */
export class HostedSession implements Tenant {
  readonly ended: Promise<void>;
  vm: LuaVm | undefined = undefined;

  readonly #number: number;
  readonly #port: MessagePort;
  readonly #around: SessionSurroundings;
  readonly #alarm = new Alarm(() => this.#ring());
  readonly #log = new EventLog((message) => this.#post(message));
  readonly #saver = new Saver(() => this.#save());
  readonly #queue: (Waiting | Exclude<ToWorker, string>)[] = [];
  #image: MemoryImage | null = null;
  /** The latest time that the session has seen: its clock never goes back. */
  #time = 0;
  #nextTimer: number | undefined;
  /** Events that are still to be dispatched again, see `resume`. */
  #replaying = 0;
  /** Work goes on by itself: in the next turn, or when there is a VM. */
  #isWaiting = false;
  #isOver = false;
  #end: () => void = () => {};

  /** `number`: how the thread's status names the session. */
  constructor(number: number, port: MessagePort, around: SessionSurroundings) {
    this.#number = number;
    this.#port = port;
    this.#around = around;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    port.on("message", (message: ToWorker) => this.#receive(message));
    // The host has gone, or has no interest in the session any more.
    port.on("close", () => this.#finish());
  }

  get image(): MemoryImage | null {
    return this.#image;
  }

  set image(image: MemoryImage | null) {
    this.#image = image;
    this.#saver.saved();
    // The host has an image of its own and all events after it, until they have all been dispatched again.
    if (this.#replaying === 0) this.#postImage();
  }

  #postImage(): void {
    if (this.#image && !this.#isOver) this.#post({ kind: "image", image: this.#image, nextTimer: this.#nextTimer });
  }

  #receive(message: ToWorker): void {
    if (this.#isOver) return;
    if (typeof message === "string") return this.#add({ text: message, from: "host" });
    if (message.kind === "close") return this.#finish();
    this.#add(message);
  }

  #add(waiting: Waiting | Exclude<ToWorker, string>): void {
    this.#queue.push(waiting);
    this.#takeTurn();
  }

  #ring(): void {
    // Behind whatever is waiting for a VM, like any other event.
    if (!this.#isOver) this.#add({ text: sessionEvent("timer", 0, Math.max(Date.now(), this.#time)), from: "thread" });
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
      for (let next = this.#queue[0]; next !== undefined && !this.#isOver; next = this.#queue[0]) {
        const now = performance.now();
        if (now >= end) return this.#takeTurn();
        if ("text" in next) {
          const wasAtRest = !this.vm;
          const vm = this.#around.slots.take(this, now);
          if (vm instanceof Promise) return this.#wait(vm);
          this.#queue.shift();
          this.#dispatch(vm, next);
          // A reload concerns thousands of sessions that nobody is about to use.
          const isBrief = wasAtRest && this.#image !== null && next.text.startsWith("reload ");
          if (isBrief && this.#queue.length === 0 && !this.#isOver) this.#around.slots.rest(this, now);
        } else {
          this.#queue.shift();
          if (next.kind === "plans") this.#around.replacePlans(next.plans);
          else if (next.kind === "resume") this.#resume(next);
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #wait(turn: Promise<void>): void {
    this.#isWaiting = true;
    turn.catch((error: unknown) => this.#fail(error)).finally(() => this.#goOn());
  }

  /** The image is the host's already. */
  #resume({ image, nextTimer, events }: SessionState): void {
    this.#image = image as MemoryImage | null;
    this.#setAlarm(nextTimer);
    this.#replaying = events.length;
    this.#queue.unshift(...events.map((text) => ({ text, from: "journal" }) as const));
  }

  #dispatch(vm: LuaVm, { text, from }: Waiting): void {
    if (text.startsWith("reload ")) return this.#reload(vm, text, from);
    const outcome = this.#run(vm, text, from);
    const { failure, hasChanges, nextTimer } = readOutcomeHead(outcome);
    if (failure) return this.#finish(failure);
    if (from === "thread") this.#post({ kind: "timer", event: text, outcome: hasChanges ? outcome : "" });
    else if (from === "journal") this.#replayed();
    else if (text.startsWith("start ")) this.#post({ kind: "started" });
    else this.#post(hasChanges ? outcome : { kind: "done" });
    this.#setAlarm(nextTimer);
  }

  #replayed(): void {
    if (--this.#replaying === 0) this.#saver.hurry();
  }

  #run(vm: LuaVm, text: string, from: Waiting["from"]): string {
    const { status, timeLimit } = this.#around;
    this.#time = Math.max(this.#time, timeOf(text));
    const isSilent = from === "journal";
    vm.host = (name, argument) => this.#answer(name, argument, isSilent);
    vm.onLook = () => status.beat();
    const began = performance.now();
    status.enter(this.#number, from === "thread" ? "own" : "sent");
    try {
      return vm.dispatch(text, { timeLimit });
    } finally {
      status.leave();
      this.#saver.note(text, performance.now() - began);
      this.#log.end();
    }
  }

  /** Hot reload is a transaction: after an error, whatever it is, the session is as it was before. */
  #reload(vm: LuaVm, text: string, from: Waiting["from"]): void {
    const began = performance.now();
    const [head = "", ...lines] = text.split("\n");
    const { rounds } = this.#around;
    rounds.begin(Number(head.split(" ")[1]));
    const viewdefs = lines.filter((line) => line.startsWith("viewdef "));
    const files = lines.filter((line) => !line.startsWith("viewdef "));
    const hung = rounds.hung(files);
    if (files.length > 0 && !hung && !this.#saver.isSaved) this.#save();
    let result = hung ? failed(hung) : this.#tryReload(vm, text, from);
    const { error } = result.report;
    if (error?.code === "LIMIT_TIME") rounds.noteHung(files, error);
    if (error && files.length > 0) {
      if (!hung) this.#goBack(vm);
      // New viewdefs go with old code as well.
      result = viewdefs.length > 0 ? this.#tryReload(vm, [head, ...viewdefs].join("\n"), from) : nothing;
      result = { ...result, report: { ...result.report, error } };
    } else {
      this.#setAlarm(readOutcomeHead(result.outcome).nextTimer);
    }
    if (from === "journal") return this.#replayed();
    this.#post({ kind: "reloaded", ...result, report: { ...result.report, time: performance.now() - began } });
    // Files may be others when this is repeated.
    if (this.#saver.isSaved) this.#postImage();
    else this.#saver.hurry();
  }

  /** The session is as its image again. */
  #goBack(vm: LuaVm): void {
    vm.loadImage(this.#image);
    this.#saver.saved();
  }

  #tryReload(vm: LuaVm, text: string, from: Waiting["from"]): ReloadResult {
    try {
      return takeReport(this.#run(vm, text, from));
    } catch (error) {
      if (vm.broken || !(error instanceof MoonpoolError)) throw error;
      return failed(error.toWire());
    }
  }

  #answer(name: string, argument: string, isSilent: boolean): string | Uint8Array {
    this.#around.status.beat();
    // Whoever repeats the event later may be told something else.
    if (!PURE.has(name)) this.#saver.hurry();
    if (name !== "log") return this.#around.answer(name, argument);
    if (!isSilent) this.#log.add(argument);
    return "";
  }

  #setAlarm(due: number | undefined): void {
    this.#nextTimer = due;
    this.#alarm.set(due);
  }

  #save(): void {
    if (!this.#isOver && this.vm) this.#around.slots.save(this);
  }

  #fail(error: unknown): void {
    const known = error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", String(error), {}, error);
    this.#finish(known.toWire());
  }

  #finish(error?: WireError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#alarm.set(undefined);
    this.#saver.saved();
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
