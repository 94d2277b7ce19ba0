import { LONGEST_BEAT, type ThreadStatus } from "../protocol/thread-status.ts";
import type { FromWorker } from "../protocol/worker-message.ts";
import { EventLog } from "./event-log.ts";
import type { LuaVm } from "./lua-vm.ts";
import type { Saver } from "./saver.ts";

/** ms of one event, and of all since the last report, that the host hears of. */
const NOTABLE = 20;
const NOTABLE_SUM = 50;
/** What was carried out once within the time limit must not fail when it is repeated on a machine that is busier. */
const REPLAY_FACTOR = 20;
/** Host calls whose answer depends on nothing but the argument. */
const PURE = new Set(["log", "generated"]);
/** Events that are a session's own doing. */
const OWN = /^(?:connect|frame|resync|disconnect|pause|resume|timer) /;
/** Of these: a page is made, as large as it is. That takes what it takes, and is no sign of what comes after it. */
const OPENING = /^(?:connect|refresh|resume) /;
/** ms that the export or import of a portable state may take, at least: somebody asked for it, and it may be large. */
const PORTABLE_TIME = 10_000;

/** What a dispatcher is surrounded by on its thread. */
export interface DispatchSurroundings {
  /** ms per event. */
  timeLimit: number;
  status: ThreadStatus;
  /** Answers host calls other than `log`. Throws MoonpoolError. */
  answer: (name: string, argument: string) => string | Uint8Array;
}

/** How an event is dispatched. */
interface DispatchOptions {
  /** Events that were dispatched before: the thread's status says which one it is busy with. */
  events: number;
  /** It was carried out before. Nobody hears of it. */
  isReplay: boolean;
  /** Is told what is logged, too. */
  onLog?: ((entry: string) => void) | undefined;
}

/** Has the events of a session carried out in the VM that it has, and tells the host what they log and how long they take. */
export class Dispatcher {
  readonly log: EventLog;
  /** The event that was dispatched last has asked the host for what may be otherwise when it is repeated. */
  hasAsked = false;
  readonly #number: number;
  readonly #around: DispatchSurroundings;
  readonly #saver: Saver;
  readonly #post: (message: FromWorker) => void;
  /** ms that the host has not heard of. */
  #unreported = 0;

  /** `number`: how the thread's status names the session. `saver` is told what the events took. */
  constructor(number: number, around: DispatchSurroundings, saver: Saver, post: (message: FromWorker) => void) {
    this.#number = number;
    this.#around = around;
    this.#saver = saver;
    this.#post = post;
    this.log = new EventLog(post);
  }

  /** Returns what the runtime answers. Throws what `LuaVm.dispatch` does. */
  run(vm: LuaVm, text: string, { events, isReplay, onLog }: DispatchOptions): string {
    const { status, answer } = this.#around;
    vm.host = (name, argument) => {
      status.beat();
      this.hasAsked ||= !PURE.has(name);
      if (name !== "log") return answer(name, argument);
      // Whoever reads the log has it from the first time.
      if (!isReplay) this.log.add(argument);
      onLog?.(argument);
      return "";
    };
    vm.onLook = () => status.beat();
    this.hasAsked = false;
    const { beats } = status;
    const began = performance.now();
    status.enter(this.#number, events);
    try {
      return vm.dispatch(text, { timeLimit: this.#timeFor(text, isReplay) });
    } finally {
      status.leave();
      const used = performance.now() - began;
      this.#saver.note(text, used);
      this.log.end();
      if (!isReplay) this.#noteUse(text, used, status.beats - beats);
    }
  }

  /** On a machine that is busy with something else, an event may seem to take long that has done little. */
  #noteUse(text: string, time: number, beats: number): void {
    const used = Math.min(time, beats * LONGEST_BEAT);
    this.#unreported += used;
    if (used < NOTABLE && this.#unreported < NOTABLE_SUM) return;
    if (OWN.test(text)) this.#post({ kind: "used", ms: this.#unreported, longest: OPENING.test(text) ? 0 : used });
    this.#unreported = 0;
  }

  #timeFor(text: string, isReplay: boolean): number {
    const { timeLimit } = this.#around;
    if (isReplay) return REPLAY_FACTOR * timeLimit;
    return /^(import|export 0) /.test(text) ? Math.max(timeLimit, PORTABLE_TIME) : timeLimit;
  }
}
