import { MoonpoolError, type WireError } from "../protocol/error-code.ts";
import { readOutcomeHead, takeReport, type ReloadResult } from "../protocol/outcome.ts";
import { decodeImage, encodeImage, type MemoryImage } from "../protocol/session-image.ts";
import type { ThreadStatus } from "../protocol/thread-status.ts";
import type { FromWorker, SessionState, ToWorker } from "../protocol/worker-message.ts";
import type { SharedPlans } from "../protocol/worker-task.ts";
import { EventLog } from "./event-log.ts";
import { pack } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { ReloadRounds } from "./reload-rounds.ts";
import { Saver } from "./saver.ts";
import type { Slots, Tenant } from "./slots.ts";
import type { SessionLine } from "./trunk.ts";

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
/** What was carried out once within the time limit must not fail when it is repeated on a machine that is busier. */
const REPLAY_FACTOR = 20;
/** Host calls whose answer depends on nothing but the argument. */
const PURE = new Set(["log", "generated"]);

/**
 * One session on its thread: takes events from its port, one after the other, has them dispatched in a VM, and answers each
 * with what comes of it. `ended` settles when the session has left the thread and the port is closed.
 */
export class HostedSession implements Tenant {
  readonly ended: Promise<void>;
  vm: LuaVm | undefined = undefined;
  image: MemoryImage | null = null;

  readonly #number: number;
  readonly #port: SessionLine;
  readonly #around: SessionSurroundings;
  readonly #log = new EventLog((message) => this.#post(message));
  readonly #saver = new Saver();
  #queue: ToWorker[] = [];
  /** Events that are dispatched again before anything else, see `resume`. */
  #replay: string[] = [];
  /** Events since `resume` that have been dispatched. */
  #dispatched = 0;
  #nextTimer: number | undefined;
  /** The event that is dispatched has asked the host for something. */
  #hasAsked = false;
  /** It was reloaded, and nothing else has happened since: the host gets an image before the next event. */
  #owesImage = false;
  /** An event was refused: the VM holds half of it, and nothing can be done until `resume`. */
  #isLost = false;
  /** Work goes on by itself: in the next turn, or when there is a VM. */
  #isWaiting = false;
  #isOver = false;
  #end: () => void = () => {};

  /** `number`: how the thread's status names the session. */
  constructor(number: number, port: SessionLine, around: SessionSurroundings) {
    this.#number = number;
    this.#port = port;
    this.#around = around;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    port.on("message", (message: ToWorker) => this.#receive(message));
    // The host has gone, or has no interest in the session any more.
    port.on("close", () => this.#finish());
  }

  #receive(message: ToWorker): void {
    if (this.#isOver) return;
    const kind = typeof message === "string" ? "event" : message.kind;
    if (kind === "close") return this.#finish();
    if (kind === "resume") this.#isLost = false;
    // The host gives what has not been answered again.
    if (this.#isLost && kind !== "plans") return;
    this.#queue.push(message);
    this.#takeTurn();
  }

  /** Works in the thread's next turn: a port may bring a thousand events in this one, and other sessions have ports too. */
  #takeTurn(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#around.rounds.takeTurn(() => this.#goOn(), isReload(this.#replay[0] ?? this.#queue[0]));
  }

  #goOn(): void {
    this.#isWaiting = false;
    if (this.#isOver) this.#end();
    else this.#work();
  }

  /** Works off the queue until the turn is over; or waits until there is a VM and comes back. */
  #work(): void {
    const begin = performance.now();
    try {
      for (let isFirst = true; !this.#isOver; isFirst = false) {
        const message = this.#replay[0] ?? this.#queue[0];
        if (message === undefined) return;
        const now = performance.now();
        if (now >= begin + TURN || (isReload(message) && !isFirst)) return this.#takeTurn();
        if (typeof message === "string") {
          const turn = this.#takeEvent(message, now);
          if (turn !== undefined) return this.#wait(turn);
        } else {
          this.#queue.shift();
          if (message.kind === "plans") this.#around.replacePlans(message.plans);
          else if (message.kind === "resume") this.#resume(message);
          else if (message.kind === "rest") return this.#wait(this.#rest(now));
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Or returns what has to be waited for before trying again. */
  #takeEvent(text: string, now: number): Promise<void> | undefined {
    const { slots } = this.#around;
    const isAboutFiles = isReload(text);
    // A reload may have to go back to it.
    const image = isAboutFiles && !this.vm ? this.image : null;
    const vm = slots.take(this, now, image !== null);
    if (vm instanceof Promise) return vm;
    const isReplay = this.#replay.length > 0;
    (isReplay ? this.#replay : this.#queue).shift();
    if (this.#owesImage && !isAboutFiles) this.#save(vm);
    if (isAboutFiles) this.#reload(vm, text, image, isReplay);
    else this.#dispatch(vm, text, isReplay);
    if (image) this.#restAgain(image, now);
    return undefined;
  }

  /** A session that was at rest, in `image`, when a reload came. */
  #restAgain(image: MemoryImage, now: number): void {
    this.#around.slots.discard(image);
    if (this.#queue.length === 0 && !this.#isOver && !this.#isLost) this.#around.slots.rest(this, now);
  }

  #wait(turn: Promise<void>): void {
    this.#isWaiting = true;
    turn.catch((error: unknown) => this.#fail(error)).finally(() => this.#goOn());
  }

  #resume({ image, nextTimer, events }: SessionState): void {
    this.#around.slots.forget(this);
    this.image = image === null ? null : decodeImage(image);
    this.#owesImage = false;
    this.#dispatched = 0;
    this.#nextTimer = nextTimer;
    this.#replay = events;
    if (events.length === 0) this.#post({ kind: "resumed", nextTimer });
  }

  #replayed(): void {
    if (this.#replay.length === 0) this.#post({ kind: "resumed", nextTimer: this.#nextTimer });
  }

  /** Gives the newest image back, and leaves. */
  async #rest(now: number): Promise<void> {
    const { slots } = this.#around;
    if (this.vm) slots.rest(this, now, true);
    const { image } = this;
    if (image) this.#postImage(await pack(image));
    this.#finish();
  }

  #dispatch(vm: LuaVm, text: string, isReplay: boolean): void {
    let outcome: string;
    try {
      outcome = this.#run(vm, text, isReplay);
    } catch (error) {
      // Before its start there was nothing.
      if (text.startsWith("start ")) return this.#fail(error);
      return this.#refuse(wireError(error), isReplay);
    }
    const { failure, refused, hasChanges, nextTimer } = readOutcomeHead(outcome);
    if (failure) return this.#finish(failure);
    if (refused) return this.#refuse(refused, isReplay);
    this.#dispatched++;
    this.#nextTimer = nextTimer;
    if (isReplay) return this.#replayed();
    if (this.#hasAsked) this.#save(vm);
    if (text.startsWith("start ")) this.#post({ kind: "started", nextTimer });
    else this.#post(hasChanges ? outcome : { kind: "done", nextTimer });
    if (this.#saver.isDue) this.#save(vm);
  }

  #run(vm: LuaVm, text: string, isReplay: boolean): string {
    const { status, timeLimit } = this.#around;
    vm.host = (name, argument) => this.#answer(name, argument, isReplay);
    vm.onLook = () => status.beat();
    this.#hasAsked = false;
    const began = performance.now();
    status.enter(this.#number);
    try {
      return vm.dispatch(text, { timeLimit: isReplay ? REPLAY_FACTOR * timeLimit : timeLimit });
    } finally {
      status.leave();
      this.#saver.note(text, performance.now() - began);
      this.#log.end();
    }
  }

  /** Hot reload is a transaction: after an error, whatever it is, the session is as it was before. */
  #reload(vm: LuaVm, text: string, image: MemoryImage | null, isReplay: boolean): void {
    const began = performance.now();
    const [head = "", ...lines] = text.split("\n");
    const { rounds, slots } = this.#around;
    rounds.begin(Number(head.split(" ")[1]));
    const viewdefs = lines.filter((line) => line.startsWith("viewdef "));
    const files = lines.filter((line) => !line.startsWith("viewdef "));
    const hung = rounds.hung(files);
    const before = files.length > 0 && !hung ? (image ?? slots.copy(vm)) : undefined;
    let result = hung ? failed(hung) : this.#tryReload(vm, text, isReplay);
    const { error } = result.report;
    if (error?.code === "LIMIT_TIME") rounds.noteHung(files, error);
    if (error && files.length > 0 && !vm.broken) {
      if (before) vm.loadImage(before);
      // New viewdefs go with old code as well.
      result = viewdefs.length > 0 ? this.#tryReload(vm, [head, ...viewdefs].join("\n"), isReplay) : nothing;
      result = { ...result, report: { ...result.report, error } };
    } else if (!error) {
      this.#nextTimer = readOutcomeHead(result.outcome).nextTimer;
    }
    if (before && before !== image) slots.discard(before);
    if (vm.broken) return this.#refuse(result.report.error ?? { code: "INTERNAL", message: "" }, isReplay);
    this.#dispatched++;
    if (isReplay) return this.#replayed();
    // Files may be others when this is repeated, which then leads to what they are at that time: that is as good until
    // something else happens to the session. A save of a file concerns thousands of them, of which few are in use.
    this.#owesImage = true;
    if (this.#saver.isDue) this.#save(vm);
    this.#post({ kind: "reloaded", ...result, report: { ...result.report, time: performance.now() - began } });
  }

  #tryReload(vm: LuaVm, text: string, isReplay: boolean): ReloadResult {
    try {
      return takeReport(this.#run(vm, text, isReplay));
    } catch (error) {
      if (!(error instanceof MoonpoolError)) throw error;
      return failed(error.toWire());
    }
  }

  #answer(name: string, argument: string, isReplay: boolean): string | Uint8Array {
    this.#around.status.beat();
    this.#hasAsked ||= !PURE.has(name);
    if (name !== "log") return this.#around.answer(name, argument);
    // Whoever reads the log has it from the first time.
    if (!isReplay) this.#log.add(argument);
    return "";
  }

  /** The host gets the session as it is now. */
  #save(vm: LuaVm): void {
    const { slots } = this.#around;
    this.#owesImage = false;
    const began = performance.now();
    const image = slots.copy(vm);
    this.#postImage(image);
    slots.discard(image);
    this.#saver.saved(performance.now() - began);
  }

  #postImage(image: MemoryImage): void {
    const bytes = encodeImage(image);
    const message = { kind: "image", image: bytes, events: this.#dispatched, nextTimer: this.#nextTimer } as const;
    this.#post(message, [bytes.buffer]);
  }

  /** An event cannot be carried out. What it has done is undone by going back to the state before it, which the host has. */
  #refuse(error: WireError, isReplay: boolean): void {
    // The same has worked before, so the state cannot be had again.
    if (isReplay) return this.#finish(error);
    this.#isLost = true;
    this.#queue = this.#queue.filter((message) => typeof message !== "string" && message.kind === "plans");
    this.#post({ kind: "refused", error });
  }

  #fail(error: unknown): void {
    this.#finish(wireError(error));
  }

  #finish(error?: WireError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue = [];
    this.#around.slots.forget(this);
    if (error) this.#post({ kind: "failed", error });
    this.#port.close();
    if (!this.#isWaiting) this.#end();
  }

  #post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, not a window
    this.#port.postMessage(message, transfer);
  }
}

function isReload(message: ToWorker | undefined): boolean {
  return typeof message === "string" && message.startsWith("reload ");
}

function failed(error: WireError): ReloadResult {
  return { outcome: "", report: { ...nothing.report, error } };
}

function wireError(error: unknown): WireError {
  return (error instanceof MoonpoolError ? error : new MoonpoolError("INTERNAL", String(error), {}, error)).toWire();
}
