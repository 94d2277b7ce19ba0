import { randomInt } from "node:crypto";
import os from "node:os";
import { MessageChannel, receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import { MoonpoolError, type WireError } from "../protocol/main.ts";
import type { FromWorker, ToWorker } from "../protocol/worker-message.ts";
import type { SessionPool, SessionPort } from "./session.ts";
import type { BearResult, BearTask, SessionTask, SharedPlans, ThreadSettings } from "../protocol/worker-task.ts";

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
  /** The compiled viewdefs: key → plan, as JSON text. */
  plans?: ReadonlyMap<string, string> | undefined;
  /** Makes the VMs' string hashing hard to guess; images only fit VMs of the same seed. Default: random. */
  seed?: number | undefined;
}

interface RunningSession {
  port: MessagePort;
  isolation: "shared" | "dedicated";
  /** Counts as one of the sessions that there may be: until it is told to close. Its task may take a moment longer. */
  hasRoom: boolean;
  /** Of the compiled viewdefs that it was given. */
  plansVersion: number;
  /** Settles when the task is over and the host has been told. */
  done: Promise<void>;
}

/** A session or a pool that does not end by itself is ended after this many ms. */
const PATIENCE = 1000;
/** How much of the machine's memory may hold images of sessions at rest that are not packed. */
const IMAGE_SHARE = 1 / 8;
const ENTRY = new URL("../workers/entry.js", import.meta.url).href;

/**
 * The threads that sessions live on. A session is one long-lived task: shared ones are spread over a fixed number of
 * threads, a dedicated one has a thread to itself while it lasts. Several pools can be side by side.
 */
export class WorkerPool implements SessionPool {
  /** Settles when sessions can start at once: 200 ms. Rejects with MoonpoolError when no VM can be made. */
  readonly ready: Promise<void>;

  readonly #settings: ThreadSettings;
  readonly #maxSessions: number;
  readonly #shared: Piscina;
  readonly #dedicated: Piscina;
  readonly #birth: Promise<object>;
  readonly #sessions = new Set<RunningSession>();
  readonly #taken = { shared: 0, dedicated: 0 };
  #plans: SharedPlans;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerPoolOptions) {
    const { dir, threads, dedicatedThreads = 100, memoryLimit = 64 * 2 ** 20, timeLimit = 1000 } = options;
    const { cpu = { perSecond: 500, burst: 10_000 } } = options;
    const { slots = 64, maxSessions = 10_000, seed = randomInt(2 ** 31 - 1) } = options;
    const count = threads ?? os.availableParallelism();
    const imageMemory = Math.floor((os.totalmem() * IMAGE_SHARE) / count);
    this.#settings = { siteDir: dir, memoryLimit, timeLimit, cpu, slots, imageMemory, seed };
    this.#maxSessions = maxSessions;
    this.#plans = share(1, options.plans ?? new Map());
    this.#shared = makePiscina({ minThreads: count, maxThreads: count, concurrentTasksPerWorker: maxSessions + 1 });
    this.#dedicated = makePiscina({ minThreads: 0, maxThreads: dedicatedThreads, concurrentTasksPerWorker: 1 });
    this.#birth = this.#bear();
    this.ready = this.#birth.then(() => undefined);
    // Whoever waits sees the error, and so does each session.
    this.ready.catch(() => {});
  }

  /**
   * Starts a session's task. `onEnd` is called once, after the last message: without an error when the session was closed
   * or has failed (then the last message says why), with SESSION_ENDED when its thread died. Throws MoonpoolError
   * SESSION_LIMIT when there is no room.
   */
  open(
    options: { sessionId: string; isolation: "shared" | "dedicated" },
    onMessage: (message: FromWorker) => void,
    onEnd: (error?: WireError) => void,
  ): SessionPort {
    const { sessionId, isolation } = options;
    this.#checkRoom(isolation);
    const { port1, port2 } = new MessageChannel();
    const abort = new AbortController();
    port1.on("message", onMessage);
    const session: RunningSession = {
      port: port1,
      isolation,
      hasRoom: true,
      plansVersion: this.#plans.version,
      done: this.#run(sessionId, isolation, port2, abort.signal).then(
        () => this.#end(session, onMessage, onEnd),
        (error: unknown) => this.#end(session, onMessage, onEnd, this.#reason(error)),
      ),
    };
    this.#sessions.add(session);
    this.#taken[isolation]++;
    return {
      send: (text) => {
        this.#givePlans(session);
        port1.postMessage(text satisfies ToWorker);
      },
      close: () => {
        this.#giveRoom(session);
        port1.postMessage({ kind: "close" } satisfies ToWorker);
        // Only a thread of its own may be ended for a session that does not listen any more.
        if (isolation === "dedicated") void this.#abortLater(session, abort);
      },
    };
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
    for (const { port } of sessions) port.postMessage({ kind: "close" } satisfies ToWorker);
    await within(PATIENCE, Promise.all([this.ready.catch(() => {}), ...sessions.map(({ done }) => done)]));
    await Promise.all([this.#shared.destroy(), this.#dedicated.destroy()]);
    await Promise.all(sessions.map(({ done }) => done));
  }

  #checkRoom(isolation: "shared" | "dedicated"): void {
    if (this.#closing) throw new MoonpoolError("SESSION_LIMIT", "The host is going away.");
    const { shared, dedicated } = this.#taken;
    const full = shared + dedicated >= this.#maxSessions;
    const dedicatedFull = isolation === "dedicated" && dedicated >= this.#dedicated.options.maxThreads;
    if (full || dedicatedFull) throw new MoonpoolError("SESSION_LIMIT");
  }

  #givePlans(session: RunningSession): void {
    if (session.plansVersion === this.#plans.version) return;
    session.plansVersion = this.#plans.version;
    session.port.postMessage({ kind: "plans", plans: this.#plans } satisfies ToWorker);
  }

  #giveRoom(session: RunningSession): void {
    if (session.hasRoom) this.#taken[session.isolation]--;
    session.hasRoom = false;
  }

  async #bear(): Promise<object> {
    const task: BearTask = { settings: this.#settings };
    const result = (await this.#shared.run(task, { name: "bear" })) as BearResult;
    if ("birth" in result) return result.birth;
    throw new MoonpoolError(result.error.code, result.error.message);
  }

  async #run(
    sessionId: string,
    isolation: "shared" | "dedicated",
    port: MessagePort,
    signal: AbortSignal,
  ): Promise<void> {
    const birth = await this.#birth;
    const task: SessionTask<MessagePort> = { sessionId, settings: this.#settings, birth, plans: this.#plans, port };
    // A task with a signal keeps its thread to itself, and aborting it ends the thread.
    if (isolation === "dedicated") await this.#dedicated.run(task, { transferList: [port], signal });
    else await this.#shared.run(task, { transferList: [port] });
  }

  #end(
    session: RunningSession,
    onMessage: (message: FromWorker) => void,
    onEnd: (error?: WireError) => void,
    error?: WireError,
  ): void {
    this.#giveRoom(session);
    this.#sessions.delete(session);
    // The task's end comes another way than the session's messages and may have overtaken them.
    for (let last = receiveMessageOnPort(session.port); last; last = receiveMessageOnPort(session.port)) {
      onMessage(last.message as FromWorker);
    }
    session.port.close();
    if (error) onEnd(error);
    else onEnd();
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

function makePiscina(options: { minThreads: number; maxThreads: number; concurrentTasksPerWorker: number }): Piscina {
  // With atomics, timers in a thread would stand still between tasks.
  const piscina = new Piscina({ filename: ENTRY, atomics: "disabled", idleTimeout: 5000, ...options });
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

/** Waits for `promise`, but not longer than `time` ms. */
async function within(time: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, time)));
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
