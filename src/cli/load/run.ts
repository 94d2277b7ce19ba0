import { MoonpoolError } from "../../protocol/main.ts";
import { Ending } from "./ending.ts";
import { Failure } from "./failure.ts";
import { Gate } from "./gate.ts";
import { type GeneratorReport, watchGenerator } from "./generator.ts";
import type { LoadOptions } from "./options.ts";
import { Randomness } from "./randomness.ts";
import { type ServerReport, ServerStatistics } from "./server-statistics.ts";
import { Site } from "./site.ts";
import { type Distribution, type ErrorCount, type Kind, KINDS, type Reading, type Second, Tally } from "./tally.ts";
import { type Surroundings, User } from "./user.ts";

/** What a load test has found; the form of the JSON report. Times are ms. */
export interface LoadResult {
  format: 1;
  site: string;
  started: string;
  /** Why it ended: its time was over, all users had played their rounds, or somebody stopped it. */
  ended: "time" | "rounds" | "stopped";
  seconds: number;
  model: "closed" | "open";
  options: {
    sessions: number;
    rate: number | null;
    duration: number;
    rounds: number | null;
    events: number | null;
    seed: number;
  };
  users: { come: number; most: number; rounds: number };
  events: { sent: number; answered: number; perSecond: number };
  times: Partial<Record<Kind, Distribution>>;
  errors: { count: number; share: number; byCode: ErrorCount[] };
  /** What the script's `read` steps have read, by address. */
  readings: Record<string, Reading>;
  timeline: Second[];
  server: ServerReport | null;
  generator: GeneratorReport;
  thresholds: { text: string; value: number | null; isMissed: boolean }[];
}

export interface Watcher {
  /** After each second. */
  second?(second: Second, tally: Tally): void;
}

/**
 * Runs a load test to its end: until the time is over, all have played their rounds, or `stop` says so.
 * @throws MoonpoolError LOAD_ADDRESS, LOAD_UNREACHABLE (also if nobody ever came to see the app)
 */
export async function runLoad(options: LoadOptions, watcher: Watcher = {}, stop?: AbortSignal): Promise<LoadResult> {
  const site = await Site.at(options.url, options);
  try {
    await site.reach();
    return await new LoadRun(options, site).run(watcher, stop);
  } finally {
    site.close();
  }
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #site: Site;
  readonly #tally = new Tally();
  readonly #ending = new Ending();
  readonly #visits = new Set<Promise<void>>();
  readonly #chance: Randomness;
  readonly #around: Surroundings;

  constructor(options: LoadOptions, site: Site) {
    this.#options = options;
    this.#site = site;
    this.#chance = new Randomness(options.seed);
    const { script, think, timeout, rounds = Infinity, events, sessions } = options;
    const interval = events === undefined ? undefined : (1_000 * sessions) / events;
    const gate = new Gate(options.opening);
    const [tally, ending] = [this.#tally, this.#ending];
    this.#around = { site, script, tally, ending, gate, think, interval, timeout, rounds };
  }

  async run(watcher: Watcher, stop?: AbortSignal): Promise<LoadResult> {
    const { duration } = this.#options;
    const statistics = await ServerStatistics.of(this.#site);
    const started = new Date().toISOString();
    const start = performance.now();
    const generator = watchGenerator();
    let ended: LoadResult["ended"] = "rounds";
    const endAs = (how: LoadResult["ended"]): void => {
      if (this.#ending.isOver) return;
      ended = how;
      this.#ending.end();
    };
    const timer = setTimeout(() => endAs("time"), duration);
    const stopNow = (): void => endAs("stopped");
    stop?.addEventListener("abort", stopNow);
    if (stop?.aborted) stopNow();
    const ticks = setInterval(() => {
      const second = this.#tally.tick();
      watcher.second?.(second, this.#tally);
      void statistics?.sample(this.#tally.timeline.length);
    }, 1_000);
    await this.#arrivals();
    await Promise.all(this.#visits);
    this.#ending.end();
    clearTimeout(timer);
    clearInterval(ticks);
    stop?.removeEventListener("abort", stopNow);
    const seconds = (performance.now() - start) / 1_000;
    this.#tally.tick();
    this.#checkReached(ended);
    return this.#result({
      started,
      ended,
      seconds,
      generator: generator(),
      server: (await statistics?.report()) ?? null,
    });
  }

  /** Lets users come; settles when nobody comes any more. */
  async #arrivals(): Promise<void> {
    const { sessions, rate, rounds } = this.#options;
    if (rate === undefined) {
      for (let number = 1; number <= sessions; number++) this.#arrive(number, performance.now());
      return;
    }
    let due = performance.now();
    // With rounds users go again, and others come as long as the test lasts.
    const most = rounds === undefined ? sessions : Infinity;
    for (let number = 1; number <= most; number++) {
      due += this.#chance.gap(rate);
      await this.#ending.pause(due - performance.now());
      if (this.#ending.isOver) return;
      if (this.#visits.size < sessions) this.#arrive(number, due);
      else this.#tally.failed(new Failure("LOAD_FULL"));
    }
  }

  #arrive(number: number, due: number): void {
    const user = new User(number, new Randomness(this.#options.seed, number), this.#around);
    const visit = user.visit(due).finally(() => this.#visits.delete(visit));
    this.#visits.add(visit);
  }

  /** Nobody came to see the app: then nothing was tested. */
  #checkReached(ended: LoadResult["ended"]): void {
    if (this.#tally.distribution("open") !== undefined || ended === "stopped") return;
    const [error] = this.#tally.errors;
    const why = error === undefined ? "nobody came in time" : `${error.code}: ${error.message}`;
    throw new MoonpoolError("LOAD_UNREACHABLE", `No page of ${this.#site.origin} could be opened (${why}).`);
  }

  #result(facts: Pick<LoadResult, "started" | "ended" | "seconds" | "generator" | "server">): LoadResult {
    const { sessions, rate = null, duration, rounds = null, events = null, seed, thresholds } = this.#options;
    const tally = this.#tally;
    const times: LoadResult["times"] = {};
    for (const kind of KINDS) {
      const distribution = tally.distribution(kind);
      if (distribution) times[kind] = distribution;
    }
    return {
      format: 1,
      site: this.#site.origin + this.#site.path,
      model: events === null ? "closed" : "open",
      options: { sessions, rate, duration, rounds, events, seed },
      users: { come: tally.users.come, most: tally.users.most, rounds: tally.rounds },
      events: { ...tally.events, perSecond: tally.events.answered / facts.seconds },
      times,
      errors: { count: tally.errorCount, share: tally.errorShare(), byCode: tally.errors },
      readings: tally.readings,
      timeline: tally.timeline,
      thresholds: thresholds.map((threshold) => {
        const value = threshold.measure(tally, facts.seconds);
        const { text } = threshold;
        return { text, value: Number.isNaN(value) ? null : value, isMissed: threshold.isMissed(value) };
      }),
      ...facts,
    };
  }
}
