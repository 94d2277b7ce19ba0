import { MoonpoolError } from "../../protocol/main.ts";
import { type Kind, KINDS, type Tally } from "./tally.ts";

/** A condition under which a load test has failed. */
export interface Threshold {
  /** As it was given. */
  text: string;
  /** What is compared; NaN: nothing of that kind happened. */
  measure(tally: Tally, seconds: number): number;
  isMissed(value: number): boolean;
}

const FORM = /^(?:([a-z]+)\.)?([a-z]+[\d.]*)(?:\.([A-Z_]+))?\s*(>=|<=|>|<)\s*(\d+(?:\.\d+)?)\s*(ms|s|us|%|\/s)?$/;
const TIME_UNITS: Record<string, number> = { ms: 1, s: 1_000, us: 0.001 };

/**
 * Reads conditions such as `p99>50`, `open.p50 > 1s`, `errors>0.1%`, `errors.LOAD_LOST>0`, `throughput<1000`. What was never measured
 * misses every condition.
 *
 *     condition = metric ( ">" | ">=" | "<" | "<=" ) number [ unit ]
 *     metric    = [ kind "." ] ( "p" PERCENTILE | "max" | "mean" | "min" )     ms; units: us, ms, s
 *               | "errors" [ "." CODE ]                                        number, or % of what was attempted
 *               | "throughput"                                                 answered events per second
 *               | "events" | "users" | "rounds"                                answered, come, played to the end
 *     kind      = "event" (default) | "response" | "quiet" | "page" | "socket" | "open" | "resume"
 *
 * @throws MoonpoolError LOAD_OPTION
 */
export function readThreshold(text: string): Threshold {
  const [, kind, name = "", code, comparison = "", digits, unit] = FORM.exec(text.trim()) ?? [];
  const metric = name === "" ? undefined : metricOf(kind, name, code, unit);
  if (metric === undefined)
    throw new MoonpoolError("LOAD_OPTION", `"${text}" is no condition such as p99>50, errors>0.1% or throughput<1000.`);
  const bound = Number(digits) * metric.factor;
  return {
    text: text.trim(),
    measure: metric.measure,
    isMissed: (value) => Number.isNaN(value) || holds(value, comparison, bound),
  };
}

interface Metric {
  measure: Threshold["measure"];
  /** Of the number in the condition. */
  factor: number;
}

function metricOf(given: string | undefined, name: string, code?: string, unit?: string): Metric | undefined {
  const kind = given ?? "event";
  const [, percentile] = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(name) ?? [];
  if (percentile !== undefined || name === "max" || name === "mean" || name === "min") {
    const factor = TIME_UNITS[unit ?? "ms"];
    if (factor === undefined || code !== undefined || !isKind(kind)) return undefined;
    if (percentile !== undefined) return { factor, measure: (tally) => tally.percentile(kind, Number(percentile)) };
    return { factor, measure: (tally) => tally.distribution(kind)?.[name as "max"] ?? Number.NaN };
  }
  if (given !== undefined) return undefined;
  if (name === "errors") return errorMetric(code, unit);
  if (code !== undefined || (unit !== undefined && !(unit === "/s" && name === "throughput"))) return undefined;
  const counts: Record<string, Threshold["measure"]> = {
    throughput: (tally, seconds) => tally.events.answered / seconds,
    events: (tally) => tally.events.answered,
    users: (tally) => tally.users.come,
    rounds: (tally) => tally.rounds,
  };
  const measure = counts[name];
  return measure && { factor: 1, measure };
}

function errorMetric(code?: string, unit?: string): Metric | undefined {
  const count = (tally: Tally): number =>
    code === undefined ? tally.errorCount : (tally.errors.find((error) => error.code === code)?.count ?? 0);
  if (unit === undefined) return { factor: 1, measure: count };
  return unit === "%" ? { factor: 0.01, measure: (tally) => tally.errorShare(count(tally)) } : undefined;
}

function isKind(name: string): name is Kind {
  return (KINDS as readonly string[]).includes(name);
}

function holds(value: number, comparison: string, bound: number): boolean {
  if (comparison === ">") return value > bound;
  if (comparison === ">=") return value >= bound;
  return comparison === "<" ? value < bound : value <= bound;
}
