import { stripVTControlCharacters } from "node:util";
import { build, type Histogram } from "hdr-histogram-js";
import type { Failure } from "./failure.ts";

/**
 * What takes time. `event`: from a frame's leaving until it is carried out and what changed has been applied. `response`: the same
 * from when it was planned to leave. `quiet`: of events after which nothing changed, which the host does not hurry to say. `page`: the page over HTTP. `socket`: from there until the app is shown. `open`: from a
 * user's arrival until the app is shown. `resume`: from a socket's opening until the page goes on with it.
 */
export const KINDS = ["event", "response", "quiet", "page", "socket", "open", "resume"] as const;
export type Kind = (typeof KINDS)[number];

/** Times in ms. */
export interface Distribution {
  count: number;
  min: number;
  mean: number;
  max: number;
  deviation: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  /** Percentiles from 0 to 100, denser towards the end, and the time below which that share lies. */
  percentiles: [percentile: number, ms: number][];
}

/** What happened in one second. */
export interface Second {
  /** Since the start. */
  second: number;
  users: number;
  events: number;
  errors: number;
  /** Of `event`, in ms; null where there was none. */
  p50: number | null;
  p99: number | null;
}

export interface ErrorCount {
  code: string;
  count: number;
  /** What the first of them said. */
  message: string;
}

export interface Reading {
  count: number;
  sum: number;
  least: number;
  most: number;
}

/** A time of an hour is the longest that is told from longer ones. In µs, three digits of each time are kept. */
const LONGEST = 3_600_000_000;
const MOST_CODES = 100;
const PERCENTILES = [
  0, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 96, 97, 98, 98.5, 99, 99.25, 99.5, 99.75,
];
const TAIL = [99.9, 99.95, 99.975, 99.99, 99.995, 99.999, 100];

/** Counts what happens in a load test. */
export class Tally {
  /** Users that are here now, that have come, and the most that were here at a time. */
  users = { now: 0, come: 0, most: 0 };
  rounds = 0;
  /** Frames that were sent and are to be answered, and those that were. */
  events = { sent: 0, answered: 0 };
  readonly timeline: Second[] = [];
  readonly #times = new Map<Kind, Histogram>();
  readonly #errors = new Map<string, ErrorCount>();
  readonly #readings = new Map<string, Reading>();
  #errorCount = 0;
  #second = { times: histogram(2), answered: 0, errors: 0 };

  arrive(): void {
    this.users.come++;
    this.users.most = Math.max(this.users.most, ++this.users.now);
  }

  leave(): void {
    this.users.now--;
  }

  took(kind: Kind, ms: number): void {
    const time = Math.min(Math.max(1, Math.round(ms * 1_000)), LONGEST);
    let times = this.#times.get(kind);
    if (!times) this.#times.set(kind, (times = histogram(3)));
    times.recordValue(time);
    if (kind === "event") this.#second.times.recordValue(time);
  }

  failed({ code, message }: Failure): void {
    this.#errorCount++;
    // The site chooses its codes.
    const known = this.#errors.has(code) || this.#errors.size < MOST_CODES ? code : "OTHERS";
    const error = this.#errors.get(known);
    if (error) error.count++;
    else this.#errors.set(known, { code: known, count: 1, message: plain(message) });
  }

  read(name: string, value: number): void {
    const reading = this.#readings.get(name) ?? { count: 0, sum: 0, least: Infinity, most: -Infinity };
    reading.count++;
    reading.sum += value;
    reading.least = Math.min(reading.least, value);
    reading.most = Math.max(reading.most, value);
    this.#readings.set(name, reading);
  }

  /** Closes a second of the timeline. */
  tick(): Second {
    const { times, answered, errors } = this.#second;
    const at = (percentile: number): number | null =>
      times.totalCount === 0 ? null : times.getValueAtPercentile(percentile) / 1_000;
    const second = {
      second: this.timeline.length + 1,
      users: this.users.now,
      events: this.events.answered - answered,
      errors: this.#errorCount - errors,
      p50: at(50),
      p99: at(99),
    };
    this.timeline.push(second);
    times.reset();
    this.#second = { times, answered: this.events.answered, errors: this.#errorCount };
    return second;
  }

  /** The most frequent first. */
  get errors(): ErrorCount[] {
    return [...this.#errors.values()].sort((a, b) => b.count - a.count);
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  /** So many errors as a share of what can go wrong: events, and pages that are opened. The site may report several of one event. */
  errorShare(count = this.#errorCount): number {
    return Math.min(1, count / Math.max(1, this.events.sent + this.users.come));
  }

  get readings(): Record<string, Reading> {
    return Object.fromEntries(this.#readings);
  }

  /** ms below which so many per cent lie; NaN if there is none. */
  percentile(kind: Kind, percentile: number): number {
    const times = this.#times.get(kind);
    return times === undefined ? Number.NaN : times.getValueAtPercentile(percentile) / 1_000;
  }

  distribution(kind: Kind): Distribution | undefined {
    const times = this.#times.get(kind);
    if (times === undefined) return undefined;
    const max = times.maxValue / 1_000;
    // A percentile is the upper end of the times that are not told apart.
    const at = (percentile: number): number => Math.min(max, times.getValueAtPercentile(percentile) / 1_000);
    return {
      count: times.totalCount,
      min: at(0),
      mean: times.mean / 1_000,
      max,
      deviation: times.stdDeviation / 1_000,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      percentiles: [...PERCENTILES, ...TAIL].map((percentile) => [percentile, at(percentile)]),
    };
  }
}

/** What a site says is shown on terminals. */
function plain(text: string): string {
  return stripVTControlCharacters(text.slice(0, 300)).replaceAll(/\p{C}+/gu, " ");
}

function histogram(digits: 2 | 3): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST,
    numberOfSignificantValueDigits: digits,
    useWebAssembly: false,
  });
}
