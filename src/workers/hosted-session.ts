import { promisify } from "node:util";
import zlib from "node:zlib";
import { MoonpoolError, wireError, type WireError } from "../protocol/error-code.ts";
import { readOutcomeHead, takeState, type RefusedEvent } from "../protocol/outcome.ts";
import { decodeImage, encodeImage, type MemoryImage } from "../protocol/session-image.ts";
import type { Answer, FromWorker, SessionState, ToWorker } from "../protocol/worker-message.ts";
import type { SharedPlans } from "../protocol/worker-task.ts";
import { CpuBudget, type CpuShare } from "./cpu-budget.ts";
import { Dispatcher, type DispatchSurroundings } from "./dispatcher.ts";
import { pack } from "./image.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { ReloadRounds } from "./reload-rounds.ts";
import { Saver } from "./saver.ts";
import type { Slots, Tenant } from "./slots.ts";
import { readLoaded, startParts, type StartParts, type Starts } from "./starts.ts";
import { Transactions } from "./transactions.ts";
import type { SessionLine } from "./trunk.ts";
import type { Turns } from "./turns.ts";

/** What sessions of a thread share. */
export interface SessionSurroundings extends DispatchSurroundings {
  slots: Slots;
  /** What each session may use in the long run. */
  cpu: CpuShare;
  rounds: ReloadRounds;
  starts: Starts;
  turns: Turns;
  /** The viewdefs have changed. */
  replacePlans: (plans: SharedPlans) => void;
}

/** ms that a session may go on with events that wait before others of its thread have their turn. */
const TURN = 10;
/** ms until it is said again that a session uses too much. */
const SAID = 60_000;

const deflate = promisify(zlib.deflateRaw);

/**
 * One session on its thread: takes events from its port, one after the other, has them dispatched in a VM, and answers each
 * with what comes of it. `ended` settles when the session has left the thread and the port is closed.
 */
export class HostedSession implements Tenant {
  readonly ended: Promise<void>;
  vm: LuaVm | undefined = undefined;
  image: MemoryImage | null = null;

  readonly #port: SessionLine;
  readonly #around: SessionSurroundings;
  readonly #saver = new Saver();
  readonly #dispatcher: Dispatcher;
  readonly #transactions: Transactions;
  readonly #budget: CpuBudget;
  #queue: ToWorker[] = [];
  /** Events that are dispatched again before anything else, see `resume`. */
  #replay: string[] = [];
  /** Events since `resume` that have been dispatched. */
  #dispatched = 0;
  #nextTimer: number | undefined;
  /** The event to be dispatched before any other: with it the session, now like all new ones, becomes itself. */
  #begin: string | undefined;
  /** It was reloaded, and nothing else has happened since: the host gets an image before the next event. */
  #owesImage = false;
  /** An event was refused: the VM holds half of it, and nothing can be done until `resume`. */
  #isLost = false;
  /** Work goes on by itself: in the next turn, or when there is a VM. */
  #isWaiting = false;
  /** It waits because it has used too much. */
  #pause: NodeJS.Timeout | undefined;
  #saidTooMuch = -Infinity;
  #isOver = false;
  #end: () => void = () => {};

  /** `number`: how the thread's status names the session. */
  constructor(number: number, port: SessionLine, around: SessionSurroundings) {
    this.#port = port;
    this.#around = around;
    this.#dispatcher = new Dispatcher(number, around, this.#saver, (message) => this.#post(message));
    this.#transactions = new Transactions(around, (vm, text, isReplay) => this.#run(vm, text, isReplay));
    this.#budget = new CpuBudget(around.cpu, performance.now());
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
    if (typeof message !== "string" && message.kind === "rest" && message.atOnce) this.#dropEvents();
    this.#queue.push(message);
    this.#takeTurn();
  }

  /** Works in the thread's next turn: a port may bring a thousand events in this one, and other sessions have ports too. */
  #takeTurn(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const { turns } = this.#around;
    if (isReload(this.#replay[0] ?? this.#queue[0])) turns.takeForReload(() => this.#goOn());
    else turns.take(() => this.#goOn(), this.#budget.recent(performance.now()));
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
      for (let isFirst = true; !this.#isOver; isFirst = false) {
        const message = this.#replay[0] ?? this.#queue[0];
        if (message === undefined) return;
        const now = performance.now();
        if (now >= turnEnd || (isReload(message) && !isFirst)) return this.#takeTurn();
        if (typeof message === "string") {
          // Reloads come to all sessions, a few at a time: one must not keep others waiting.
          const pause = isReload(message) ? 0 : this.#budget.wait(now);
          if (pause > 0) return this.#holdUp(pause, now);
          const turn = this.#takeEvent(message, now);
          if (turn !== undefined) return this.#wait(turn);
          const end = performance.now();
          this.#budget.spend(end - now, end);
        } else {
          this.#queue.shift();
          if (message.kind === "plans") this.#around.replacePlans(message.plans);
          else if (message.kind === "resume") this.#resume(message);
          else if (message.kind === "rest") return this.#wait(this.#rest(now, message.exportEvent));
        }
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Or returns what has to be waited for before trying again. */
  #takeEvent(text: string, now: number): Promise<void> | undefined {
    const { slots } = this.#around;
    const isReplay = this.#replay.length > 0;
    const queue = isReplay ? this.#replay : this.#queue;
    const start = startParts(text);
    if (start && this.#startFrom(start, isReplay)) {
      queue.shift();
      return undefined;
    }
    const isAboutFiles = isReload(text);
    const wasAtRest = isAboutFiles && !this.vm && this.image !== null;
    // A reload may have to go back to it.
    const image = wasAtRest && this.#begin === undefined ? this.image : null;
    const vm = slots.take(this, now, image !== null);
    if (vm instanceof Promise) return vm;
    queue.shift();
    this.#beginIn(vm);
    if (this.#owesImage && !isAboutFiles && !isReplay) this.#save(vm);
    if (isAboutFiles) this.#reload(vm, text, image, isReplay);
    else if (text.startsWith("start ")) this.#start(vm, text, start, isReplay);
    else if (text.startsWith("import ")) this.#import(vm, text, isReplay);
    else if (text.startsWith("export ")) this.#export(vm, text);
    else this.#dispatch(vm, text, isReplay);
    if (image) slots.discard(image);
    if (wasAtRest) this.#restAgain(now);
    return undefined;
  }

  /** A session that was at rest when a reload came. */
  #restAgain(now: number): void {
    if (this.#queue.length === 0 && !this.#isOver && !this.#isLost) this.#around.slots.rest(this, now);
  }

  /** Lets others go first until there is something in the budget again. */
  #holdUp(pause: number, now: number): void {
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
    const goOn = (): void => {
      this.#isWaiting = false;
      if (this.#isOver) this.#end();
      else this.#takeTurn();
    };
    turn.catch((error: unknown) => this.#fail(error)).finally(goOn);
  }

  #resume({ image, base, nextTimer, events }: SessionState): void {
    this.#around.slots.forget(this);
    this.image = image === null ? null : decodeImage(image, base);
    this.#begin = undefined;
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
  async #rest(now: number, exportEvent: string | undefined): Promise<void> {
    const { slots } = this.#around;
    if (this.#begin !== undefined) return this.#finish();
    if (exportEvent !== undefined) await this.#giveState(exportEvent, now);
    if (this.#isOver) return;
    if (this.vm) slots.rest(this, now, true);
    const { image } = this;
    // Packs a copy: the slots may pack the image as well, and use its buffer for something else before this one is done.
    const copy = image && !image.packed ? { ...image, data: Uint8Array.from(image.data) } : image;
    if (copy) this.#postImage(await pack(copy));
    this.#finish();
  }

  /** Starts the session without a VM: from the image that it has, or as others have started. False if it is the first. */
  #startFrom(parts: StartParts, isReplay: boolean): boolean {
    if (this.image === null) {
      const start = this.#around.starts.find(parts);
      if (!start?.image) return false;
      this.image = start.image;
      if (!isReplay) for (const entry of start.log) this.#dispatcher.log.add(entry);
      this.#dispatcher.log.end();
      this.#takeOver(start.image, start.due, parts, isReplay);
    } else {
      // The image is that of a common start.
      this.#begin = parts.begin;
      this.#dispatched++;
      if (isReplay) this.#replayed();
      else this.#post({ kind: "started", nextTimer: this.#nextTimer });
    }
    return true;
  }

  #start(vm: LuaVm, text: string, parts: StartParts | undefined, isReplay: boolean): void {
    const { starts } = this.#around;
    const known = parts && starts.find(parts);
    if (!parts || known) {
      const { outcome } = readLoaded(this.#run(vm, parts?.load ?? text, isReplay));
      if (known && !readOutcomeHead(outcome).failure) vm.rebase(known.base);
      return this.#started(vm, outcome, isReplay);
    }
    const { outcome, start } = starts.make(vm, parts, (event, log) => this.#run(vm, event, isReplay, log));
    if (start?.image) this.#takeOver(start.image, start.due, parts, isReplay);
    else this.#started(vm, outcome, isReplay);
  }

  /** The session has run lua/main.lua for itself. */
  #started(vm: LuaVm, outcome: string, isReplay: boolean): void {
    const { failure, refused, nextTimer } = readOutcomeHead(outcome);
    const reason = failure ?? refused;
    if (reason) return this.#finish(reason);
    this.#dispatched++;
    this.#nextTimer = nextTimer;
    if (isReplay) return this.#replayed();
    this.#save(vm, { kind: "started", nextTimer });
  }

  /** The session has the state that all have when they begin. */
  #takeOver(image: MemoryImage, due: number | undefined, { begin, time }: StartParts, isReplay: boolean): void {
    this.#begin = begin;
    this.#nextTimer = due === undefined ? undefined : time + due;
    const answer = isReplay ? undefined : ({ kind: "started", nextTimer: this.#nextTimer } as const);
    this.#dispatched++;
    this.#postImage(image, answer);
    if (isReplay) this.#replayed();
  }

  #beginIn(vm: LuaVm): void {
    const begin = this.#begin;
    this.#begin = undefined;
    if (begin !== undefined) this.#run(vm, begin, true);
  }

  #dispatch(vm: LuaVm, text: string, isReplay: boolean): void {
    let outcome: string;
    try {
      outcome = this.#run(vm, text, isReplay);
    } catch (error) {
      return this.#refuse(wireError(error));
    }
    const { refused, hasChanges, nextTimer } = readOutcomeHead(outcome);
    if (refused) return this.#refuse(refused);
    this.#dispatched++;
    this.#nextTimer = nextTimer;
    if (isReplay) return this.#replayed();
    const answer: Answer = hasChanges ? outcome : { kind: "done", nextTimer };
    if (this.#dispatcher.hasAsked) return this.#save(vm, answer);
    this.#post(answer);
    if (this.#saver.isDue) this.#save(vm);
  }

  #run(vm: LuaVm, text: string, isReplay: boolean, onLog?: (entry: string) => void): string {
    return this.#dispatcher.run(vm, text, { events: this.#dispatched, isReplay, onLog });
  }

  #reload(vm: LuaVm, text: string, image: MemoryImage | null, isReplay: boolean): void {
    const began = performance.now();
    const result = this.#transactions.reload(vm, text, { image, isReplay, nextTimer: this.#nextTimer });
    this.#nextTimer = readOutcomeHead(result.outcome).nextTimer;
    if (vm.broken) return this.#refuse(result.report.error ?? { code: "INTERNAL", message: "The Lua VM failed." });
    this.#dispatched++;
    if (isReplay) return this.#replayed();
    // Files may be others when this is repeated, which then leads to what they are at that time: that is as good until
    // something else happens to the session. A save of a file concerns thousands of them, of which few are in use.
    this.#owesImage = true;
    this.#post({ kind: "reloaded", ...result, report: { ...result.report, time: performance.now() - began } });
    if (this.#saver.isDue) this.#save(vm);
  }

  /** A state that has no room in the session's memory is no reason to end the session. It is no part of what is repeated. */
  #export(vm: LuaVm, text: string): void {
    try {
      const outcome = this.#run(vm, text, false);
      this.#nextTimer = readOutcomeHead(outcome).nextTimer;
      this.#post({ kind: "exported", state: takeState(outcome).state });
    } catch (error) {
      if (vm.broken || !(error instanceof MoonpoolError)) throw error;
      this.#post({ kind: "exported", state: error.toWire() });
    }
  }

  /** The host gets the portable state, or hears why there is none. Nobody sees by the session that it was asked. */
  async #giveState(text: string, now: number): Promise<void> {
    let state: Uint8Array<ArrayBuffer> | WireError;
    try {
      let vm = this.#around.slots.take(this, now);
      while (vm instanceof Promise) {
        await vm;
        if (this.#isOver) return;
        vm = this.#around.slots.take(this, now);
      }
      const { state: found, broken } = this.#transactions.export(vm, text);
      if (broken) {
        this.#around.slots.forget(this);
        this.image = broken;
      }
      state = typeof found === "string" ? Uint8Array.from(await deflate(found)) : found;
    } catch (error) {
      state = wireError(error);
    }
    if (!this.#isOver) this.#post({ kind: "state", state, events: this.#dispatched });
  }

  #import(vm: LuaVm, text: string, isReplay: boolean): void {
    const { outcome, report } = this.#transactions.import(vm, text, isReplay);
    if (!report.error) this.#nextTimer = readOutcomeHead(outcome).nextTimer;
    this.#dispatched++;
    if (isReplay) return this.#replayed();
    // It has made objects from what may be asked for in another way next time.
    this.#save(vm, { kind: "imported", outcome: report.error ? String(this.#nextTimer ?? "-") : outcome, report });
  }

  /** The host gets the session as it is now, and the answer to its last event if it has not had that. */
  #save(vm: LuaVm, answer?: Answer): void {
    const { slots } = this.#around;
    this.#owesImage = false;
    const began = performance.now();
    const image = slots.copy(vm);
    this.#postImage(image, answer);
    slots.discard(image);
    this.#saver.saved(performance.now() - began);
  }

  #postImage(image: MemoryImage, answer?: Answer): void {
    const { base } = image;
    const bytes = encodeImage(image);
    // One that has not begun is as before its start.
    const events = this.#begin === undefined ? this.#dispatched : 0;
    this.#post({ kind: "image", image: bytes, base, events, nextTimer: this.#nextTimer, answer }, [bytes.buffer]);
  }

  tidied(image: MemoryImage): void {
    if (!this.#isLost) this.#postImage(image);
  }

  /** An event cannot be carried out. What it has done is undone by going back to the state before it, which the host has. */
  #refuse(error: RefusedEvent): void {
    this.#isLost = true;
    this.#replay = [];
    this.#queue = this.#queue.filter((message) => typeof message !== "string" && message.kind === "plans");
    this.#post({ kind: "refused", error, events: this.#dispatched });
  }

  /** The host gives them again. */
  #dropEvents(): void {
    this.#queue = this.#queue.filter((message) => typeof message !== "string");
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
    if (this.#pause) {
      clearTimeout(this.#pause);
      this.#isWaiting = false;
    }
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
