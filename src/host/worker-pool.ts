import { randomInt } from "node:crypto";
import os from "node:os";
import type { MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import { MoonpoolError, type WireError } from "../protocol/main.ts";
import type { BusyWith } from "../protocol/thread-status.ts";
import type { FromWorker } from "../protocol/worker-message.ts";
import type {
  BearResult,
  BearTask,
  SessionTask,
  SharedPlans,
  ThreadSettings,
  WarmTask,
} from "../protocol/worker-task.ts";
import { Placement } from "./placement.ts";
import type { FromThread, TaskEnd, ThreadPort, Ward } from "./task-port.ts";
import type { ThreadDeath } from "./meter.ts";
import { type SessionLine, Trunks } from "./trunks.ts";
import { Watchdog } from "./watchdog.ts";
import { within } from "./within.ts";

/** What `new WorkerPool(options)` takes; all but `dir` have defaults. */
export interface WorkerPoolOptions {
  /** The site's folder, absolute. */
  dir: string;
  /** Threads for shared sessions. Default: as many as there are cores. */
  threads?: number | undefined;
  /** Threads for dedicated sessions, at most; each costs about 11 MB. Default: 100. */
  dedicatedThreads?: number | undefined;
  /** Bytes of one session's VM. Default: 64 MiB. */
  memoryLimit?: number | undefined;
  /** ms that one event may keep a session's Lua code busy. Default: 1,000. */
  timeLimit?: number | undefined;
  /** ms of every second that one session may keep its thread busy in the long run, and at once. Default: 500 and 10,000. */
  cpu?: { perSecond: number; burst: number } | undefined;
  /** VMs per thread; more sessions than that take turns. Default: 64. */
  slots?: number | undefined;
  /** Sessions at a time. Default: 10,000. */
  maxSessions?: number | undefined;
  /** Folder that keeps the versions of Lua files that sessions have. Default: threads remember them. */
  sources?: string | undefined;
  /** The compiled viewdefs: key → plan, as JSON text. */
  plans?: ReadonlyMap<string, string> | undefined;
  /** Makes the VMs' string hashing hard to guess; images only fit VMs of the same seed. Default: random. */
  seed?: number | undefined;
  /** Is told when a thread has died that had sessions. */
  onDeath?: ((why: ThreadDeath) => void) | undefined;
}

interface RunningSession {
  line: SessionLine;
  /** The id of its thread, once it is known. */
  thread: number | undefined;
  ward: Ward;
  /** Counts as one of the sessions that there may be: until it is told to close. Its task may take a moment longer. */
  hasRoom: boolean;
  /** Of the compiled viewdefs that it was given. */
  plansVersion: number;
  /** Settles when the task is over and the host has been told. */
  done: Promise<void>;
}

/** ms that a thread may be without a sign of life beyond the time limit of an event. */
const STUCK = 500;
/** A session or a pool that does not end by itself is ended after this many ms. */
const PATIENCE = 1000;
/** How much of the machine's memory may hold images of sessions at rest that are not packed. */
const IMAGE_SHARE = 1 / 8;
const stuck: WireError = {
  code: "LIMIT_TIME",
  message:
    "One call of a library function ran too long; it was stopped together with its thread, and nothing of the event was done.",
};
/** Threads for shared sessions beyond the usual number, while others are held by one event each. */
const SPARE = 4;
/** The thread of hogs has a quarter of a core at most. */
const PENALTY_REST = 3;
/**
 * MB of a thread's heap for what is new. By itself it grows to 48 and stays so, most of it garbage that nobody has yet looked for;
 * what sessions are made of is not in there.
 */
const YOUNG = 6;
const ENTRY = new URL("../workers/entry.js", import.meta.url).href;

/**
 * The threads that sessions live on. A session is one long-lived task: shared ones are spread over a fixed number of
 * threads, a dedicated one has a thread to itself while it lasts, and hogs share one that is there when there are any. Several pools can be side by side.
 */
export class WorkerPool {
  /** Settles when sessions can start at once: 200 ms. Rejects with MoonpoolError when no VM can be made. */
  readonly ready: Promise<void>;

  readonly #settings: ThreadSettings;
  readonly #maxSessions: number;
  readonly #makeShared: () => Piscina;
  #shared: Piscina;
  readonly #dedicated: Piscina;
  readonly #penalty: Piscina;
  /** On which thread shared sessions are put. */
  readonly placement: Placement;
  readonly #birth: Promise<object>;
  readonly #trunks = new Trunks();
  readonly #sessions = new Set<RunningSession>();
  readonly #watchdog: Watchdog;
  /** Ids of threads that were ended because they were stuck. */
  readonly #killed = new Set<number>();
  /** Ids of threads that are known to have died. */
  readonly #dead = new Set<number>();
  readonly #onDeath: ((why: ThreadDeath) => void) | undefined;
  #spare: Promise<unknown> | undefined;
  readonly #taken = { shared: 0, dedicated: 0, penalty: 0 };
  #plans: SharedPlans;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    const { dir, threads, dedicatedThreads = 100, memoryLimit = 64 * 2 ** 20, timeLimit = 1000 } = options;
    const { cpu = { perSecond: 500, burst: 10_000 } } = options;
    const { slots = 64, maxSessions = 10_000, seed = randomInt(2 ** 31 - 1) } = options;
    const count = threads ?? os.availableParallelism();
    const imageMemory = Math.floor((os.totalmem() * IMAGE_SHARE) / count);
    const { sources } = options;
    this.#settings = { siteDir: dir, memoryLimit, timeLimit, cpu, slots, imageMemory, seed, sources };
    this.#maxSessions = maxSessions;
    this.#onDeath = options.onDeath;
    this.#plans = share(1, options.plans ?? new Map());
    const concurrentTasksPerWorker = maxSessions + 1;
    this.placement = new Placement(count, count + SPARE);
    this.#makeShared = () => {
      const { usual: minThreads, most: maxThreads, choose: loadBalancer } = this.placement;
      const options = { minThreads, maxThreads, concurrentTasksPerWorker, loadBalancer };
      // What died is replaced by then, if it is.
      return makePiscina(options).on("workerDestroy", () => setImmediate(() => this.#livingShared()));
    };
    this.#shared = this.#makeShared();
    this.#dedicated = makePiscina({ minThreads: 0, maxThreads: dedicatedThreads, concurrentTasksPerWorker: 1 });
    this.#penalty = makePiscina({ minThreads: 0, maxThreads: 1, concurrentTasksPerWorker });
    this.#watchdog = new Watchdog(timeLimit + STUCK, (thread) => this.#kill(thread));
    this.#birth = this.#bear();
    this.ready = this.#birth.then(() => undefined);
    // Whoever waits sees the error, and so does each session.
    this.ready.catch(() => {});
  }

  /**
   * Puts a session on a thread. `onEnd` is called once, after the last message. Throws MoonpoolError SESSION_LIMIT when there
   * is no room.
   */
  openTask(ward: Ward, onMessage: (message: FromThread) => void, onEnd: (end: TaskEnd) => void): ThreadPort {
    this.#checkRoom(ward);
    const abort = ward === "dedicated" ? new AbortController() : undefined;
    const line = this.#trunks.open((message: FromWorker) => {
      if (typeof message === "string" || message.kind !== "thread") return onMessage(message);
      session.thread = message.id;
      this.#watch(message.id, message.status);
    });
    const session: RunningSession = {
      line,
      thread: undefined,
      ward,
      hasRoom: true,
      plansVersion: this.#plans.version,
      done: this.#run(line, ward, (thread) => (session.thread = thread), abort?.signal).then(
        () => this.#end(session, onEnd),
        (error: unknown) => this.#end(session, onEnd, error),
      ),
    };
    this.#sessions.add(session);
    this.#taken[ward]++;
    return {
      number: line.number,
      get thread() {
        return session.thread;
      },
      send: (text) => {
        this.#givePlans(session);
        line.post(text);
      },
      resume: (state) => {
        this.#givePlans(session);
        line.post({ kind: "resume", ...state });
      },
      rest: (options) => line.post({ kind: "rest", ...options }),
      close: () => {
        this.#giveRoom(session);
        line.post({ kind: "close" });
        // Only a thread of its own may be ended for a session that does not listen any more.
        if (abort) void this.#abortLater(session, abort);
      },
    };
  }

  /** What the threads of shared sessions are busy with, by their ids; undefined: nothing. */
  *threads(): Iterable<[number, BusyWith | undefined]> {
    for (const { threadId } of this.#shared.threads) yield [threadId, this.#watchdog.busy(threadId)];
  }

  get isMakingSpare(): boolean {
    return this.#spare !== undefined;
  }

  /** Makes another thread for shared sessions, if all that there are are held. Settles when it is ready; never rejects. */
  makeSpare(): Promise<unknown> {
    this.#spare ??= this.#warm().finally(() => (this.#spare = undefined));
    return this.#spare;
  }

  async #warm(): Promise<void> {
    try {
      const task: WarmTask = { settings: this.#settings, birth: await this.#birth };
      await this.#livingShared().run(task, { name: "warm" });
    } catch {
      // Then there is none, and whoever waits goes on waiting.
    }
  }

  /**
   * Replaces the compiled viewdefs: events sent after this see the new ones. A session gets them with its next event, so
   * thousands of sessions make no work at once.
   */
  replacePlans(plans: ReadonlyMap<string, string>): void {
    this.#plans = share(this.#plans.version + 1, plans);
  }

  /** Ends all sessions and threads, within about a second even if their code is stuck. No session starts any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const sessions = [...this.#sessions];
    for (const { line } of sessions) line.post({ kind: "close" });
    await within(PATIENCE, Promise.all([this.ready.catch(() => {}), ...sessions.map(({ done }) => done)]));
    this.#watchdog.close();
    await Promise.all([this.#shared, this.#dedicated, this.#penalty].map((threads) => threads.destroy()));
    await Promise.all(sessions.map(({ done }) => done));
  }

  #checkRoom(ward: Ward): void {
    if (this.#closing) throw new MoonpoolError("SESSION_LIMIT", "The host is going away.");
    const { shared, dedicated, penalty } = this.#taken;
    const full = shared + dedicated + penalty >= this.#maxSessions;
    const dedicatedFull = ward === "dedicated" && dedicated >= this.#dedicated.options.maxThreads;
    if (full || dedicatedFull) throw new MoonpoolError("SESSION_LIMIT");
  }

  #givePlans(session: RunningSession): void {
    if (session.plansVersion === this.#plans.version) return;
    session.plansVersion = this.#plans.version;
    session.line.post({ kind: "plans", plans: this.#plans });
  }

  #giveRoom(session: RunningSession): void {
    if (session.hasRoom) this.#taken[session.ward]--;
    session.hasRoom = false;
  }

  async #bear(): Promise<object> {
    const task: BearTask = { settings: this.#settings };
    const result = (await this.#shared.run(task, { name: "bear" })) as BearResult;
    if ("birth" in result) return result.birth;
    throw new MoonpoolError(result.error.code, result.error.message);
  }

  /** `onPlaced` is told the thread if it is known at once. `signal`: ends a session that is to have a thread of its own. */
  async #run(
    { number, port }: SessionLine,
    ward: Ward,
    onPlaced: (thread: number | undefined) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const birth = await this.#birth;
    const settings = ward === "penalty" ? { ...this.#settings, rest: PENALTY_REST } : this.#settings;
    const task: SessionTask<MessagePort> = { number, settings, birth, plans: this.#plans, port };
    const transferList = [port];
    // A task with a signal keeps its thread to itself, and aborting it ends the thread.
    if (signal) return void (await this.#dedicated.run(task, { transferList, signal }));
    if (ward === "penalty") return void (await this.#penalty.run(task, { transferList }));
    const end = this.#livingShared().run(task, { transferList });
    onPlaced(this.placement.takeLast());
    await end;
  }

  /**
   * Piscina replaces no threads any more once one has died while it was starting. All its sessions, also those that wait for
   * a thread, go on with the threads of the next.
   */
  #livingShared(): Piscina {
    if (this.#shared.threads.length < this.#shared.options.minThreads && !this.#closing) {
      void this.#shared.destroy();
      this.#shared = this.#makeShared();
    }
    return this.#shared;
  }

  #end(session: RunningSession, onEnd: (end: TaskEnd) => void, failure?: unknown): void {
    this.#giveRoom(session);
    this.#sessions.delete(session);
    // The task's end comes another way than the session's messages and may have overtaken them.
    session.line.drain();
    session.line.close();
    const error = failure === undefined ? undefined : this.#reason(failure);
    if (error === undefined || failure instanceof MoonpoolError) return onEnd({ error });
    const { thread = 0, line } = session;
    this.#noteDeath(thread);
    const busy = this.#watchdog.busy(thread);
    if (busy?.session !== line.number) return onEnd({ error, isLost: true });
    const isStuck = this.#killed.has(thread);
    onEnd({ error: isStuck ? stuck : error, isLost: true, during: busy.event, isStuck });
  }

  #noteDeath(thread: number): void {
    if (thread === 0 || this.#dead.has(thread)) return;
    this.#dead.add(thread);
    this.#onDeath?.(this.#killed.has(thread) ? "stuck" : "died");
  }

  #watch(thread: number, status: SharedArrayBuffer): void {
    const isKnown = this.#watchdog.knows(thread);
    this.#watchdog.watch(thread, status);
    if (isKnown) return;
    // Its sessions hear of its end in a moment, and ask what it was doing.
    const forget = (): void => void setTimeout(() => this.#forgetThread(thread), PATIENCE).unref();
    const worker = this.#findThread(thread);
    if (worker === undefined) forget();
    else worker.once("exit", forget);
  }

  #forgetThread(thread: number): void {
    this.#watchdog.forget(thread);
    this.#killed.delete(thread);
    this.#dead.delete(thread);
  }

  /** Ends a thread that is stuck; its sessions go on elsewhere. */
  #kill(thread: number): void {
    this.#killed.add(thread);
    void this.#findThread(thread)?.terminate();
  }

  #findThread(thread: number): { terminate(): unknown; once(event: "exit", then: () => void): unknown } | undefined {
    return [this.#shared, this.#dedicated, this.#penalty]
      .flatMap(({ threads }) => threads)
      .find(({ threadId }) => threadId === thread);
  }

  /** Why a task failed, as its session may know it; nothing while the pool closes. */
  #reason(error: unknown): WireError | undefined {
    if (this.#closing || (error instanceof Error && error.name === "AbortError")) return undefined;
    if (error instanceof MoonpoolError) return error.toWire();
    const text = error instanceof Error ? error.message : String(error);
    return { code: "SESSION_ENDED", message: `The session's thread ended: ${text}` };
  }

  async #abortLater({ done }: RunningSession, abort: AbortController): Promise<void> {
    await within(PATIENCE, done);
    abort.abort();
  }
}

function makePiscina(options: ConstructorParameters<typeof Piscina>[0]): Piscina {
  // With atomics, timers in a thread would stand still between tasks.
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG };
  const piscina = new Piscina({ filename: ENTRY, atomics: "disabled", idleTimeout: 5000, resourceLimits, ...options });
  // A thread that dies without a session has no one to tell; piscina replaces it.
  piscina.on("error", () => {});
  return piscina;
}

/** Puts the plans where all threads can read them without a copy for each session. */
function share(version: number, plans: ReadonlyMap<string, string>): SharedPlans {
  const bytes = Buffer.from(JSON.stringify([...plans]));
  const text = new Uint8Array(new SharedArrayBuffer(bytes.length));
  text.set(bytes);
  return { version, text };
}
