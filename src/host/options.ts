import fs from "node:fs";
import path from "node:path";
import { randomBytes } from "node:crypto";
import { MoonpoolError } from "../protocol/main.ts";
import { policyOf, type ContentSecurityPolicy } from "./content-security-policy.ts";
import { recoveryOf, type RecoveryOptions, type RecoverySettings } from "./recovery.ts";
import { hotloadOf, type HotloadOptions, type HotloadSettings } from "./hotload/hotload-options.ts";

/** What `app.register(moonpool, options)` and `createServer(options)` take. All but `dir` have defaults. */
export interface MoonpoolOptions {
  /** The site's folder; holds `lua/main.lua`, `viewdefs/` and, if wanted, `html/`. */
  dir: string;
  /** URL prefix of this instance, such as "/admin". Default "": the root. */
  prefix?: string;
  /** Show errors with file, line and source in the page. Default: false. */
  development?: boolean;
  /** Take changes of the site's files over into running sessions. Default: in development mode. */
  hotload?: boolean | HotloadOptions;
  /** Worker threads. Default: as many as there are cores. */
  threads?: number;
  /** `dedicated` gives every session a thread of its own. Default: shared. */
  isolation?: "shared" | "dedicated";
  /** Bytes of Lua heap per session. */
  memoryLimit?: number;
  /** Milliseconds that one event may keep a session's Lua code busy. */
  timeLimit?: number;
  /** Milliseconds of every second that one session may keep its thread busy, and at once. Default: 500 and 10,000. */
  cpu?: { perSecond: number; burst: number };
  /** Take back what an event did when its Lua code raises an error, as is always done after a limit. Default: false. */
  rollbackOnError?: boolean;
  /** Lua timers that a session may have. Default: 10,000. */
  maxTimers?: number;
  /** Variables that one browser tab may show. Default: 200,000. */
  maxVariables?: number;
  /** Bytes that one event may send to a browser tab. Default: 16 MiB. */
  maxOutput?: number;
  /** VM slots per thread; more sessions than slots take turns. */
  slots?: number;
  /** Sessions at a time; more newcomers get a 503 page. Default: 10,000. */
  maxSessions?: number;
  /** Browser tabs on one session. Default: 64. */
  maxConnections?: number;
  /** Milliseconds without a connection or a frame until a session ends. 0: never. Default: 24 hours. */
  sessionTimeout?: number;
  /** Milliseconds without an event until a session leaves its thread, to wake with the next one. 0: never. Default: 1 minute. */
  sleepAfter?: number;
  /** Milliseconds that a page whose connection is lost has to come back and go on where it was. Default: 1 minute. */
  reconnectWindow?: number;
  /**
   * What sessions survive: `memory` the end of their thread, `disk` also that of the process and of the machine, if its disk
   * stays. Default: memory in development mode, else disk.
   */
  durability?: "memory" | "disk";
  /** The folder for what is to last, for `disk`. Default: `.moonpool` in the site's folder, with the prefix in its name. */
  data?: string;
  /** What becomes of events that cannot be carried out. Default: they have not happened. */
  recovery?: RecoveryOptions;
  /** Other origins whose pages may connect, such as "https://example.org". */
  origins?: string[];
  /** Who may open a session's URL: the browser that made it, or everybody who knows the link. Default: browser. */
  share?: "browser" | "link";
  /** Signs the cookie. Default: random, and kept as long as the sessions are. 16 characters at least. */
  secret?: string;
  /** UTF-8 bytes of one frame from a browser. Default: 1 MiB. */
  maxFrameBytes?: number;
  /** Messages in one frame from a browser. Default: 1,000. */
  maxFrameMessages?: number;
  /** Frames that one connection may send: `perSecond` in the long run (Infinity: no limit), `burst` at once. Default: 200 and 400. */
  rate?: { perSecond: number; burst: number };
  /** Allow `ui-code`. Default: false. */
  uiCode?: boolean;
  /** More folders of static files: URL path below the prefix → folder. */
  mounts?: Record<string, string>;
  /** Who may show the pages in a frame, as in CSP `frame-ancestors`. Default: 'self'. */
  frameAncestors?: string;
  /**
   * What pages of sessions may load and run: changes of the default policy by directive, a policy of your own, or false for none.
   * `{nonce}` in it stands for the response's nonce. Default: the site's own files, and what stands in html/index.html and viewdefs.
   */
  contentSecurityPolicy?: ContentSecurityPolicy;
  /**
   * Answer `_moonpool/metrics` and `_moonpool/statistics`: to programs on this machine, or "public": to everybody. Default: in
   * development mode.
   */
  metrics?: boolean | "public";
  /** Level of Moonpool's own log lines. Default: that of the app's logger. */
  logLevel?: LogLevel;
}

export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

/** Options with nothing left open, paths absolute, prefix without a slash at its end. */
export interface Settings
  extends
    Required<Omit<MoonpoolOptions, OptionalSetting | "hotload" | "recovery" | "contentSecurityPolicy">>,
    Pick<MoonpoolOptions, OptionalSetting> {
  recovery: RecoverySettings;
  /** With NONCE where the nonce of a response belongs. */
  contentSecurityPolicy: string;
  /** Absent when nothing is watched. */
  hotload: HotloadSettings | undefined;
  /** False when `secret` was made up for this process. */
  secretGiven: boolean;
}

type OptionalSetting = "threads" | "memoryLimit" | "timeLimit" | "cpu" | "slots" | "logLevel";

const levels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];
const MINUTE = 60_000;
const DAY = 24 * 60 * 60 * 1000;

/** Checks options and fills in defaults. Throws MoonpoolError CONFIG_INVALID or SITE_MISSING. */
export function settingsOf(options: MoonpoolOptions): Settings {
  if (typeof options.dir !== "string" || options.dir === "") throw wrong("dir", "a folder");
  const dir = path.resolve(options.dir);
  if (!isFolder(dir)) throw new MoonpoolError("SITE_MISSING", `There is no folder ${dir}.`);
  const rate = options.rate ?? { perSecond: 200, burst: 400 };
  positive("rate.perSecond", rate.perSecond);
  positive("rate.burst", rate.burst);
  if (options.cpu !== undefined) {
    positive("cpu.perSecond", options.cpu.perSecond);
    positive("cpu.burst", options.cpu.burst);
  }
  for (const name of [
    "threads",
    "memoryLimit",
    "timeLimit",
    "slots",
    "maxSessions",
    "maxConnections",
    "maxFrameBytes",
    "maxTimers",
    "maxVariables",
    "maxOutput",
  ] as const) {
    if (options[name] !== undefined) positive(name, options[name]);
  }
  if (options.maxFrameMessages !== undefined) positive("maxFrameMessages", options.maxFrameMessages);
  const sessionTimeout = options.sessionTimeout ?? DAY;
  const sleepAfter = options.sleepAfter ?? MINUTE;
  for (const [name, value] of Object.entries({ sessionTimeout, sleepAfter }))
    if (!(value >= 0)) throw wrong(name, "milliseconds, or 0 for never");
  const reconnectWindow = options.reconnectWindow ?? MINUTE;
  if (!(reconnectWindow >= 0 && reconnectWindow <= DAY)) throw wrong("reconnectWindow", "milliseconds, at most a day");
  if (options.secret !== undefined && options.secret.length < 16) throw wrong("secret", "16 characters or more");
  const development = options.development ?? false;
  const metrics = options.metrics ?? development;
  if (![true, false, "public"].includes(metrics)) throw wrong("metrics", 'true, false or "public"');
  const prefix = prefixOf(options.prefix ?? "");
  const uiCode = options.uiCode ?? false;
  const frameAncestors = options.frameAncestors ?? "'self'";
  return {
    ...options,
    dir,
    prefix,
    development,
    hotload: hotloadOf(options.hotload, development),
    isolation: oneOf("isolation", ["shared", "dedicated"], options.isolation ?? "shared"),
    rollbackOnError: options.rollbackOnError ?? false,
    maxTimers: options.maxTimers ?? 10_000,
    maxVariables: options.maxVariables ?? 200_000,
    maxOutput: options.maxOutput ?? 16 * 1024 * 1024,
    maxSessions: options.maxSessions ?? 10_000,
    maxConnections: options.maxConnections ?? 64,
    sessionTimeout,
    sleepAfter,
    reconnectWindow,
    recovery: recoveryOf(options.recovery),
    durability: oneOf("durability", ["memory", "disk"], options.durability ?? (development ? "memory" : "disk")),
    data: dataFolderOf({ ...options, dir }),
    origins: (options.origins ?? []).map(originOf),
    share: oneOf("share", ["browser", "link"], options.share ?? "browser"),
    secret: options.secret ?? randomBytes(32).toString("hex"),
    secretGiven: options.secret !== undefined,
    maxFrameBytes: options.maxFrameBytes ?? 1024 * 1024,
    maxFrameMessages: options.maxFrameMessages ?? 1_000,
    rate,
    uiCode,
    mounts: mountsOf(options.mounts ?? {}),
    frameAncestors,
    contentSecurityPolicy: policyOf(options.contentSecurityPolicy, { uiCode, frameAncestors }),
    metrics,
    ...(options.logLevel === undefined ? {} : { logLevel: oneOf("logLevel", levels, options.logLevel) as LogLevel }),
  };
}

/** The folder for what is to last: `data`, or the default for the site and the prefix. Throws MoonpoolError CONFIG_INVALID. */
export function dataFolderOf({ dir, data, prefix = "" }: Pick<MoonpoolOptions, "dir" | "data" | "prefix">): string {
  return path.resolve(data ?? path.join(dir, `.moonpool${prefixOf(prefix).replaceAll("/", "-")}`));
}

function wrong(name: string, expected: string): MoonpoolError {
  return new MoonpoolError("CONFIG_INVALID", `Option \`${name}\` must be ${expected}.`);
}

function positive(name: string, value: number): void {
  if (typeof value !== "number" || !(value > 0)) throw wrong(name, "a number above 0");
}

function oneOf<T extends string>(name: string, allowed: readonly T[], value: T): T {
  if (!allowed.includes(value)) throw wrong(name, `one of ${allowed.join(", ")}`);
  return value;
}

function isFolder(folder: string): boolean {
  return fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** "/admin" for "/admin/", "admin" and "/admin"; "" for "/" and "". */
function prefixOf(prefix: string): string {
  const bare = prefix.replace(/^\/+|\/+$/g, "");
  if (bare === "") return "";
  // A parameter or wildcard in the prefix would give pages and cookies no path of their own.
  if (!/^[\w.~/-]+$/.test(bare)) throw wrong("prefix", "a plain path such as /admin");
  return `/${bare}`;
}

function originOf(origin: string): string {
  try {
    const url = new URL(origin);
    if (url.origin !== "null") return url.origin;
  } catch {
    // Reported below, together with URLs that have no origin.
  }
  throw wrong("origins", `origins such as https://example.org, not ${JSON.stringify(origin)}`);
}

function mountsOf(mounts: Record<string, string>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [url, folder] of Object.entries(mounts)) {
    const prefix = prefixOf(url);
    if (prefix === "" || prefix === "/_moonpool") throw wrong("mounts", `paths other than ${JSON.stringify(url)}`);
    if (!isFolder(folder)) throw wrong("mounts", `existing folders, and ${folder} is none`);
    checked[prefix] = path.resolve(folder);
  }
  return checked;
}
