import { MoonpoolError } from "../../protocol/main.ts";
import { rangeIn, type Range } from "./randomness.ts";
import type { Script } from "./script/script.ts";
import type { Threshold } from "./thresholds.ts";

/** A load test, as it is run. Times are ms. */
export interface LoadOptions {
  /** Address of the site's start page. */
  url: string;
  script: Script;
  /** Users at a time. */
  sessions: number;
  /** Users that come per second, at random moments; undefined: all at once. */
  rate?: number;
  duration: number;
  /** How often each user plays the script's steps; then another comes, if there is a rate. Undefined: until the end. */
  rounds?: number;
  /** Instead of the script's. */
  think?: Range;
  /** Events per second of all users together, by a timetable: the open model. */
  events?: number;
  timeout: number;
  /** Pages that are opened at a time. */
  opening: number;
  seed: number;
  allowRemote: boolean;
  thresholds: Threshold[];
}

/** What nobody can ask for more of: a load test is bounded, whatever the command line says. */
export const LIMITS = {
  sessions: 20_000,
  rate: 5_000,
  duration: 24 * 3_600_000,
  rounds: 10_000_000,
  events: 200_000,
  timeout: 10 * 60_000,
  opening: 256,
  think: 3_600_000,
} as const;

/** @throws MoonpoolError LOAD_OPTION */
export function numberOption(name: string, text: string, most: number, isWhole = true): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= most && (!isWhole || Number.isInteger(value))) return value;
  throw new MoonpoolError("LOAD_OPTION", `--${name} is a ${isWhole ? "whole " : ""}number up to ${most}, not ${text}.`);
}

/** A time such as 30s, 10m or 500ms (without a unit: ms). @throws MoonpoolError LOAD_OPTION */
export function timeOption(name: string, text: string, most: number): number {
  const [, digits, unit = "ms"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const value = Number(digits) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit as "ms"];
  if (value > 0 && value <= most) return value;
  throw new MoonpoolError(
    "LOAD_OPTION",
    `--${name} is a time such as 30s or 10m, at most ${most / 1_000}s, not ${text}.`,
  );
}

/** @throws MoonpoolError LOAD_OPTION */
export function rangeOption(name: string, text: string, most: number): Range {
  const range = rangeIn(text);
  if (range && range.to <= most) return range;
  throw new MoonpoolError("LOAD_OPTION", `--${name} is a time such as 200, 200..800 or 1s..2s, not ${text}.`);
}
