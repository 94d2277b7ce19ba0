import path from "node:path";
import type { ContentSecurityPolicy, HotloadOptions, RecoveryOptions } from "../host/main.ts";

/**
 * Reads one setting. `input` is text from a flag or the environment (an array of texts for a flag that may be
 * repeated), or any JSON value from a config file. `folder` is what paths are relative to.
 * Throws `Misread` when it is not what is expected.
 */
export type Reader<Value> = (input: unknown, folder: string) => Value;

/** A setting that cannot be understood; the message says what is expected. */
export class Misread extends Error {}

const SIZES: Record<string, number> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const TIMES: Record<string, number> = { "": 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const YES = new Set(["true", "1", "yes", "on"]);
const NO = new Set(["false", "0", "no", "off", ""]);

/** A whole number in a range. */
export function integer(what: string, least: number, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (input) => {
    const value = typeof input === "string" && /^\d+$/.test(input.trim()) ? Number(input) : input;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Misread(most === Number.MAX_SAFE_INTEGER ? `${what}, ${least} or more` : `${what}, ${least} to ${most}`);
  };
}

/** Bytes: a number, or a text with a unit: "64MB" (units of 1024). */
export const size: Reader<number> = (input) => {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(textOf(input)) ?? [];
  const factor = SIZES[(unit ?? "").toLowerCase()];
  const bytes = Math.round(Number(digits) * (factor ?? NaN));
  if (bytes > 0) return bytes;
  throw new Misread("a size such as 64MB");
};

/** Milliseconds: a number, or a text with a unit: "500ms", "2s", "30m", "24h", "7d". */
export const duration: Reader<number> = (input) => {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/i.exec(textOf(input)) ?? [];
  const factor = TIMES[(unit ?? "").toLowerCase()];
  const time = Math.round(Number(digits) * (factor ?? NaN));
  if (time >= 0) return time;
  throw new Misread("a time in ms, or with a unit such as 2s, 30m or 24h");
};

/** true or false; a flag that is given without a value is true. */
export const yesOrNo: Reader<boolean> = (input) => {
  if (typeof input === "boolean") return input;
  const word = textOf(input).toLowerCase();
  if (YES.has(word)) return true;
  if (NO.has(word)) return false;
  throw new Misread("true or false");
};

/** true or false, or in a config file an object, which the host checks. */
export const hotload: Reader<boolean | HotloadOptions> = (input, folder) =>
  isObject(input) ? input : yesOrNo(input, folder);

/** true or false, or `public`. */
export const metrics: Reader<boolean | "public"> = (input, folder) => {
  if (input === "public") return input;
  try {
    return yesOrNo(input, folder);
  } catch {
    throw new Misread("on, off or public");
  }
};

/** A step, or in a config file an object, which the host checks. */
export const recovery: Reader<RecoveryOptions> = (input, folder) =>
  isObject(input) ? input : { strategy: oneOf("rollback", "retry", "restart", "end")(input, folder) };

/** A policy, or off; in a config file also an object, which the host checks. */
export const contentSecurityPolicy: Reader<ContentSecurityPolicy> = (input) => {
  if (isObject(input)) return input as Record<string, string>;
  if (input === false || input === "off" || input === "false") return false;
  if (typeof input === "string" && /^\s*[a-z-]+(\s|;|$)/.test(input)) return input;
  throw new Misread("a policy such as default-src 'self', or off");
};

/** One of some words. */
export function oneOf<Word extends string>(...words: Word[]): Reader<Word> {
  return (input) => {
    const word = words.find((each) => each === input);
    if (word !== undefined) return word;
    throw new Misread(`one of ${words.join(", ")}`);
  };
}

/** Any text with at least `least` characters. */
export function text(what: string, least = 1): Reader<string> {
  return (input) => {
    if (typeof input === "string" && input.length >= least) return input;
    throw new Misread(what);
  };
}

/** A file or folder; the answer is absolute. */
export const file: Reader<string> = (input, folder) => {
  if (typeof input === "string" && input !== "") return path.resolve(folder, input);
  throw new Misread("a path");
};

/** Several texts: an array, or one text with commas between them. */
export function list(what: string): Reader<string[]> {
  return (input) => {
    const parts = typeof input === "string" ? input.split(",") : input;
    if (Array.isArray(parts) && parts.every((part) => typeof part === "string" && part.trim() !== ""))
      return parts.map((part: string) => part.trim());
    throw new Misread(what);
  };
}

/** URL paths and folders: `{"/url": "folder"}`, or texts "/url=folder". */
export const mounts: Reader<Record<string, string>> = (input, folder) => {
  const expected = 'URL=FOLDER, such as /icons=node_modules/icons; in a file {"/icons": "node_modules/icons"}';
  const pairs = isObject(input)
    ? Object.entries(input)
    : list(expected)(input, folder).map((pair) => {
        const equals = pair.indexOf("=");
        return [pair.slice(0, Math.max(equals, 0)), pair.slice(equals + 1)];
      });
  const result = new Map<string, string>();
  for (const [url, target] of pairs) {
    if (!url || typeof target !== "string" || target === "") throw new Misread(expected);
    result.set(url, path.resolve(folder, target));
  }
  return Object.fromEntries(result);
};

/** Frames per second and at once: "200/400", "200" (twice as many at once), or an object. */
export const rate = share(
  2,
  'frames per second and frames at once, such as 200/400; in a file {"perSecond": 200, "burst": 400}',
);

/** ms per second and at once: "500/10000", "500" (twenty times as many at once), or an object. */
export const cpu = share(
  20,
  'ms per second and ms at once, such as 500/10000; in a file {"perSecond": 500, "burst": 10000}',
);

/** So much per second and so much at once; without the second number it is `times` the first. */
function share(times: number, expected: string): Reader<{ perSecond: number; burst: number }> {
  return (input) => {
    const [, first, second] = /^(\d+)(?:\/(\d+))?$/.exec(textOf(input)) ?? [];
    const given = isObject(input)
      ? input
      : { perSecond: Number(first), burst: Number(second ?? Number(first) * times) };
    const { perSecond, burst } = given as { perSecond: unknown; burst: unknown };
    if (isPositive(perSecond) && isPositive(burst) && Object.keys(given).length === 2) return { perSecond, burst };
    throw new Misread(expected);
  };
}

function textOf(input: unknown): string {
  return typeof input === "string" || typeof input === "number" ? String(input).trim() : "?";
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
