import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { errors, MoonpoolError, type ErrorCode, type WireError } from "../protocol/main.ts";
import { knownError } from "../protocol/wire-error.ts";
import type { SessionEventKind } from "../protocol/worker-message.ts";
import type { Clock } from "./clock.ts";
import { shortId } from "./log.ts";
import type { Meter, SessionEnd, ThreadDeath } from "./meter.ts";
import { RecentErrors, type RecentError } from "./recent-errors.ts";
import type { RecoveryStep } from "./recovery.ts";

/** Where a session is: about to run main.lua, on a thread, resting while somebody is connected, in the store only, failed. */
export type SessionPlace = "starting" | "awake" | "asleep" | "dormant" | "failed";

/** What there is now. */
export interface Census {
  sessions: Record<SessionPlace, number>;
  /** Browser tabs. */
  connections: number;
  /** Sessions that have failed so often that they are left alone for a while. */
  circuitsOpen: number;
}

/** How long something took, in ms. */
export interface Timing {
  count: number;
  total: number;
  longest: number;
}

/** What there is now and what has happened since `since` (ms since 1970): plain numbers, a copy. */
export interface Statistics extends Census {
  since: number;
  sessionsStarted: number;
  sessionsEnded: Record<SessionEnd, number>;
  events: Record<SessionEventKind, number>;
  framesReceived: number;
  framesSent: number;
  bytesSent: number;
  recoveries: Record<RecoveryStep, number>;
  threadDeaths: Record<ThreadDeath, number>;
  circuitsOpened: number;
  sleeps: number;
  wakes: number;
  /** Those that have happened, by code. */
  errors: Partial<Record<ErrorCode, number>>;
  times: {
    /** From an event to its answer. */
    event: Timing;
    /** From the event that wakes a session until it is on a thread. */
    wake: Timing;
    /** From an event until the store has it safe; none where it is safe at once. */
    storeFlush: Timing;
    /** From the first save of a batch to the last session's answer. */
    reload: Timing;
  };
}

/** Upper bounds, in seconds. */
const QUICK = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const SLOW = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Adds up what prom-client's histogram does not tell at once. */
class Durations {
  readonly #histogram: Histogram;
  readonly #timing: Timing = { count: 0, total: 0, longest: 0 };

  constructor(registry: Registry, name: string, help: string, buckets: number[]) {
    this.#histogram = new Histogram({ name, help, buckets, registers: [registry] });
  }

  add(ms: number): void {
    const timing = this.#timing;
    timing.count++;
    timing.total += ms;
    if (ms > timing.longest) timing.longest = ms;
    this.#histogram.observe(ms / 1_000);
  }

  get timing(): Timing {
    return { ...this.#timing };
  }
}

/**
 * All numbers of one instance, and its last errors. Counting is adding to a plain number, because events are many; prom-client
 * gets the numbers when somebody asks. Labels are only what is in this program: no text from outside becomes one. An event with
 * its frames costs 300 ns, most of it for the clock and the histogram.
 */
export class HostMetrics implements Meter {
  readonly #clock: Clock;
  readonly #since: number;
  readonly #registry = new Registry();
  readonly #recent = new RecentErrors();
  readonly #errors = new Map<ErrorCode, number>();
  /** Those that have been counted: the same one may reach a log and a page. */
  readonly #told = new WeakSet<MoonpoolError>();
  readonly #plain = {
    framesReceived: 0,
    framesSent: 0,
    bytesSent: 0,
    sessionsStarted: 0,
    circuitsOpened: 0,
    sleeps: 0,
    wakes: 0,
  };
  readonly #events: Record<SessionEventKind, number> = {
    start: 0,
    connect: 0,
    frame: 0,
    resync: 0,
    disconnect: 0,
    pause: 0,
    resume: 0,
    refresh: 0,
    timer: 0,
    reload: 0,
    export: 0,
    import: 0,
  };
  readonly #sessionsEnded: Record<SessionEnd, number> = { asked: 0, timeout: 0, room: 0, failed: 0 };
  readonly #recoveries: Record<RecoveryStep, number> = { rollback: 0, retry: 0, restart: 0, end: 0 };
  readonly #threadDeaths: Record<ThreadDeath, number> = { stuck: 0, died: 0 };
  readonly #times: Record<keyof Statistics["times"], Durations>;
  #census: () => Census = () => ({
    sessions: { starting: 0, awake: 0, asleep: 0, dormant: 0, failed: 0 },
    connections: 0,
    circuitsOpen: 0,
  });

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
    this.#exposePresent();
    this.#exposePast();
    const durations = (name: string, help: string, buckets: number[]): Durations =>
      new Durations(this.#registry, `moonpool_${name}_seconds`, help, buckets);
    this.#times = {
      event: durations("event", "From an event of a session to its answer.", QUICK),
      wake: durations("wake", "From the event that wakes a session until it is on a thread.", QUICK),
      storeFlush: durations("store_flush", "From an event until the store has it safe.", QUICK),
      reload: durations("reload", "From the first save of a batch of files to the last session's answer.", SLOW),
    };
  }

  /** From now on asks `census` what there is. */
  count(census: () => Census): void {
    this.#census = census;
  }

  error(raised: WireError | MoonpoolError, session?: string): void {
    if (raised instanceof MoonpoolError) {
      if (this.#told.has(raised)) return;
      this.#told.add(raised);
    }
    const error = knownError(raised instanceof MoonpoolError ? raised.toWire() : raised);
    this.#errors.set(error.code, (this.#errors.get(error.code) ?? 0) + 1);
    this.#recent.add(error, this.#clock.now(), session === undefined ? undefined : shortId(session));
  }

  event(kind: SessionEventKind): void {
    this.#events[kind]++;
  }

  answered(time: number): void {
    this.#times.event.add(time);
  }

  frameReceived(): void {
    this.#plain.framesReceived++;
  }

  frameSent(text: string): void {
    this.#plain.framesSent++;
    this.#plain.bytesSent += Buffer.byteLength(text);
  }

  sessionStarted(): void {
    this.#plain.sessionsStarted++;
  }

  sessionEnded(why: SessionEnd): void {
    this.#sessionsEnded[why]++;
  }

  recovered(step: RecoveryStep): void {
    this.#recoveries[step]++;
  }

  threadDied(why: ThreadDeath): void {
    this.#threadDeaths[why]++;
  }

  circuitOpened(): void {
    this.#plain.circuitsOpened++;
  }

  slept(): void {
    this.#plain.sleeps++;
  }

  woke(time: number): void {
    this.#plain.wakes++;
    this.#times.wake.add(time);
  }

  flushed(time: number): void {
    this.#times.storeFlush.add(time);
  }

  reloaded(time: number): void {
    this.#times.reload.add(time);
  }

  /** The last errors that differ, the newest first. */
  errors(): RecentError[] {
    return this.#recent.list();
  }

  statistics(): Statistics {
    const { event, wake, storeFlush, reload } = this.#times;
    return {
      since: this.#since,
      ...this.#census(),
      ...this.#plain,
      events: { ...this.#events },
      sessionsEnded: { ...this.#sessionsEnded },
      recoveries: { ...this.#recoveries },
      threadDeaths: { ...this.#threadDeaths },
      errors: Object.fromEntries(this.#errors),
      times: { event: event.timing, wake: wake.timing, storeFlush: storeFlush.timing, reload: reload.timing },
    };
  }

  /** All of it as Prometheus reads it, and the type of that text. */
  async text(): Promise<{ type: string; text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #exposePresent(): void {
    const census = (): Census => this.#census();
    const gauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void): void => {
      const take = function (this: Gauge): void {
        collect(this);
      };
      void new Gauge({ name: `moonpool_${name}`, help, labelNames, registers: [this.#registry], collect: take });
    };
    gauge("sessions", "Sessions, by where they are.", ["state"], (gauge) => {
      for (const [state, count] of Object.entries(census().sessions)) gauge.set({ state }, count);
    });
    gauge("connections", "Browser tabs that are connected.", [], (gauge) => gauge.set(census().connections));
    gauge("circuits_open", "Sessions that failed too often and are left alone for a while.", [], (gauge) =>
      gauge.set(census().circuitsOpen),
    );
  }

  #exposePast(): void {
    const plain = this.#plain;
    this.#counter("frames_received", "Frames from browsers.", () => plain.framesReceived);
    this.#counter("frames_sent", "Frames to browsers.", () => plain.framesSent);
    this.#counter("bytes_sent", "Bytes of frames to browsers.", () => plain.bytesSent);
    this.#counter("sessions_started", "New sessions whose main.lua ran.", () => plain.sessionsStarted);
    this.#counter("circuit_opened", "Times that a session had failed too often.", () => plain.circuitsOpened);
    this.#counter("sleeps", "Times that a session left its thread because nothing happened.", () => plain.sleeps);
    this.#counter("wakes", "Times that a session that was on no thread came back to one.", () => plain.wakes);
    this.#counters("events", "Events that were given to sessions.", "kind", this.#events);
    this.#counters("sessions_ended", "Sessions that ended or failed.", "why", this.#sessionsEnded);
    this.#counters("recoveries", "Events that could not be carried out.", "step", this.#recoveries);
    this.#counters("thread_deaths", "Threads that died while they had sessions.", "why", this.#threadDeaths);
    const told = this.#errors;
    void new Counter({
      name: "moonpool_errors_total",
      help: "Errors in logs of sessions and in pages.",
      labelNames: ["code", "who"],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [code, count] of told) this.inc({ code, who: errors[code].who }, count);
      },
    });
  }

  #counter(name: string, help: string, count: () => number): void {
    void new Counter({
      name: `moonpool_${name}_total`,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(count());
      },
    });
  }

  #counters(name: string, help: string, label: string, counts: Readonly<Record<string, number>>): void {
    void new Counter({
      name: `moonpool_${name}_total`,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(counts)) this.inc({ [label]: value }, count);
      },
    });
  }
}
