import { table } from "../../table.ts";
import type { LoadResult } from "../run.ts";
import type { Kind, Second, Tally } from "../tally.ts";

export const MEANING: Record<Kind, string> = {
  event: "event → answer applied",
  response: "planned event → answer applied",
  quiet: "event → done, nothing changed",
  page: "page over HTTP",
  socket: "socket → app shown",
  open: "arrival → app shown",
  resume: "socket → connection goes on",
};

/** ms with about three digits. */
export function milliseconds(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The result for a terminal. */
export function summaryOf(result: LoadResult): string {
  const { users, events, errors, readings, generator, thresholds, server } = result;
  const times = Object.entries(result.times).map(([kind, { count, p50, p90, p99, p999, max }]) => [
    MEANING[kind as Kind],
    String(count),
    ...[p50, p90, p99, p999, max].map(milliseconds),
  ]);
  const parts = [
    `${users.come} users (at most ${users.most} at a time) played ${users.rounds} rounds in ${result.seconds.toFixed(1)} s (${result.ended}), seed ${result.options.seed}`,
    `${events.answered} of ${events.sent} events answered, ${events.perSecond.toFixed(1)} per second`,
    table(["ms", "count", "p50", "p90", "p99", "p99.9", "max"], times),
  ];
  if (errors.count > 0) {
    const lines = errors.byCode.map(({ code, count, message }) => [String(count), code, message]);
    parts.push(
      `${errors.count} errors (${(100 * errors.share).toFixed(2)} %)\n${table(["count", "code", "the first"], lines)}`,
    );
  } else parts.push("no errors");
  const read = Object.entries(readings).map(([name, { count, sum, least, most }]) => [
    name,
    ...[count, sum, least, most].map(String),
  ]);
  if (read.length > 0) parts.push(table(["read", "count", "sum", "least", "most"], read));
  if (server?.grown["events.frame"] !== undefined) parts.push(`the host counts ${server.grown["events.frame"]} frames`);
  const late = generator.delay.p99;
  parts.push(
    `this process: ${(100 * generator.cpu).toFixed(0)} % of a processor, timers late by ${milliseconds(late)} ms (p99)${warningOf(result)}`,
  );
  for (const { text, value, isMissed } of thresholds)
    parts.push(
      `${isMissed ? "FAILED" : "ok    "} --fail-if '${text}' (${value === null ? "never measured" : Number(value.toPrecision(4))})`,
    );
  return parts.join("\n");
}

/** Says so if the generator, not the site, was what took the time. */
export function warningOf({ generator, times }: LoadResult): string {
  const { event } = times;
  if (generator.cpu <= 0.9 && !(event && generator.delay.p99 > Math.max(5, event.p99 / 4))) return "";
  return "; this process or its machine was too busy, so times are too long";
}

/** One line about the present second. */
export function lineOf({ second, users, events, errors, p50, p99 }: Second, tally: Tally): string {
  const time = (value: number | null): string => (value === null ? "–" : `${milliseconds(value)} ms`);
  return `${String(second).padStart(4)} s  ${users} users  ${events} events/s  p50 ${time(p50)}  p99 ${time(p99)}  ${errors} errors (${tally.errorCount} in all)`;
}
