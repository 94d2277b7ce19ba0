import { createLogUpdate } from "log-update";
import type { Second, Tally } from "../tally.ts";
import { lineOf, milliseconds } from "./summary.ts";

/** Seconds between two lines where there is no terminal. */
const LINE_EVERY = 5;
const BARS = "▁▂▃▄▅▆▇█";
const HISTORY = 60;

export interface LiveView {
  second(second: Second, tally: Tally): void;
  /** Leaves what is seen as it is. */
  close(): void;
}

/** Shows how a load test goes: a picture that is drawn anew each second on a terminal, else a line every five seconds. */
export function liveView(stream: NodeJS.WriteStream, duration: number): LiveView {
  if (!stream.isTTY)
    return {
      second: (second, tally) => void (second.second % LINE_EVERY === 0 && stream.write(`${lineOf(second, tally)}\n`)),
      close: () => {},
    };
  const draw = createLogUpdate(stream);
  return { second: (second, tally) => draw(pictureOf(second, tally, duration)), close: () => draw.done() };
}

function pictureOf(second: Second, tally: Tally, duration: number): string {
  const recent = tally.timeline.slice(-HISTORY);
  const share = Math.min(1, (second.second * 1_000) / duration);
  const done = "█".repeat(Math.round(share * 40)).padEnd(40, "░");
  const [error] = tally.errors;
  return [
    `${done} ${second.second} of ${Math.round(duration / 1_000)} s, Ctrl-C ends it`,
    lineOf(second, tally),
    `all:    ${tally.events.answered} events  p50 ${milliseconds(tally.percentile("event", 50))} ms  p99 ${milliseconds(tally.percentile("event", 99))} ms`,
    `events  ${bars(recent.map(({ events }) => events))}`,
    `p99     ${bars(recent.map(({ p99 }) => p99 ?? 0))}`,
    ...(error ? [`errors  ${error.count} × ${error.code} ${error.message.slice(0, 60)}`] : []),
  ].join("\n");
}

function bars(values: number[]): string {
  const most = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => BARS[Math.min(7, Math.floor((value / most) * 8))]).join("");
}
