import {
  contentSecurityPolicy,
  cpu,
  duration,
  file,
  hotload,
  integer,
  list,
  metrics,
  mounts,
  oneOf,
  rate,
  recovery,
  size,
  text,
  yesOrNo,
  type Reader,
} from "./readers.ts";

/** One setting of the host: how it is given on the command line, in the environment and in the config file. */
export interface Option<Value> {
  /** As commander wants it. Absent: not on the command line. */
  flag: string;
  /** Variable of the environment. */
  env: string;
  text: string;
  /** The default as people read it. */
  fallback: string;
  /** `many`: the flag may be repeated. `switch`: there is also --no-…. */
  form?: "many" | "switch";
  read: Reader<Value>;
}

function option<Value>(
  flag: string,
  env: string,
  fallback: string,
  text: string,
  read: Reader<Value>,
  form?: "many" | "switch",
): Option<Value> {
  return { flag, env, text, fallback, read, ...(form && { form }) };
}

/** All settings of `moonpool serve`. The names are the keys of the config file and, where it has them, of MoonpoolOptions. */
export const options = {
  dir: option("-d, --dir <folder>", "MOONPOOL_DIR", ".", "folder of the site", file),
  port: option("-p, --port <number>", "MOONPOOL_PORT", "8040", "port; 0 takes a free one", integer("a port", 0, 65535)),
  host: option(
    "--host <address>",
    "MOONPOOL_HOST",
    "127.0.0.1",
    "address to listen on; 0.0.0.0 for all",
    text("an address"),
  ),
  development: option(
    "--dev",
    "MOONPOOL_DEV",
    "off",
    "development mode: errors are shown in the page, with file, line and source",
    yesOrNo,
    "switch",
  ),
  hotload: option(
    "--hotload",
    "MOONPOOL_HOTLOAD",
    "on with --dev",
    "take changes of the site's files over into running sessions",
    hotload,
    "switch",
  ),
  editor: option(
    "--editor <url>",
    "MOONPOOL_EDITOR",
    "vscode://file/{file}:{line}",
    "opens a place in your editor, for links in error messages; off: no links",
    text("a URL with {file} in it"),
  ),
  prefix: option(
    "--prefix <path>",
    "MOONPOOL_PREFIX",
    "none",
    "URL path in front of everything, such as /admin",
    text("a path"),
  ),
  threads: option(
    "--threads <number>",
    "MOONPOOL_THREADS",
    "number of cores",
    "worker threads",
    integer("a number", 1, 1024),
  ),
  isolation: option(
    "--isolation <kind>",
    "MOONPOOL_ISOLATION",
    "shared",
    "shared: sessions share threads; dedicated: each has its own",
    oneOf("shared", "dedicated"),
  ),
  memoryLimit: option("--memory-limit <size>", "MOONPOOL_MEMORY_LIMIT", "64MB", "Lua memory of one session", size),
  timeLimit: option(
    "--time-limit <time>",
    "MOONPOOL_TIME_LIMIT",
    "1s",
    "how long one event may keep Lua busy",
    duration,
  ),
  cpu: option(
    "--cpu <ms>",
    "MOONPOOL_CPU",
    "500/10000",
    "processor time of one session: ms per second / at once; beyond it its events wait",
    cpu,
  ),
  rollbackOnError: option(
    "--rollback-on-error",
    "MOONPOOL_ROLLBACK_ON_ERROR",
    "off",
    "a Lua error takes back what its event did, as a limit always does",
    yesOrNo,
    "switch",
  ),
  maxTimers: option(
    "--max-timers <number>",
    "MOONPOOL_MAX_TIMERS",
    "10000",
    "Lua timers of one session",
    integer("a number", 1),
  ),
  maxVariables: option(
    "--max-variables <number>",
    "MOONPOOL_MAX_VARIABLES",
    "200000",
    "variables that one browser tab shows",
    integer("a number", 1),
  ),
  maxOutput: option(
    "--max-output <size>",
    "MOONPOOL_MAX_OUTPUT",
    "16MB",
    "what one event may send to a browser tab",
    size,
  ),
  slots: option(
    "--slots <number>",
    "MOONPOOL_SLOTS",
    "64",
    "sessions per thread that stay loaded",
    integer("a number", 1),
  ),
  maxSessions: option(
    "--max-sessions <number>",
    "MOONPOOL_MAX_SESSIONS",
    "10000",
    "sessions at a time",
    integer("a number", 1),
  ),
  maxConnections: option(
    "--max-connections <number>",
    "MOONPOOL_MAX_CONNECTIONS",
    "64",
    "browser tabs on one session",
    integer("a number", 1),
  ),
  sessionTimeout: option(
    "--session-timeout <time>",
    "MOONPOOL_SESSION_TIMEOUT",
    "24h",
    "a session that nobody uses ends after this; 0: never",
    duration,
  ),
  sleepAfter: option(
    "--sleep-after <time>",
    "MOONPOOL_SLEEP_AFTER",
    "1m",
    "a session without an event leaves its thread after this; 0: never",
    duration,
  ),
  reconnectWindow: option(
    "--reconnect-window <time>",
    "MOONPOOL_RECONNECT_WINDOW",
    "1m",
    "a page whose connection is lost has so long to go on where it was",
    duration,
  ),
  durability: option(
    "--durability <kind>",
    "MOONPOOL_DURABILITY",
    "disk; memory with --dev",
    "what sessions survive: memory: their thread; disk: also the process",
    oneOf("memory", "disk"),
  ),
  data: option("--data <folder>", "MOONPOOL_DATA", ".moonpool in the site", "folder for what is to last", file),
  recovery: option(
    "--recovery <step>",
    "MOONPOOL_RECOVERY",
    "rollback",
    "when an event cannot be carried out: rollback, retry, restart or end",
    recovery,
  ),
  origins: option(
    "--origin <origin>",
    "MOONPOOL_ORIGINS",
    "none",
    "other origin whose pages may connect (repeatable)",
    list("origins such as https://example.org"),
    "many",
  ),
  share: option(
    "--share [who]",
    "MOONPOOL_SHARE",
    "browser",
    "who may open a session: the browser that made it, or everybody with the link",
    oneOf("browser", "link"),
  ),
  secret: option(
    "--secret <text>",
    "MOONPOOL_SECRET",
    "random",
    "signs the cookies; a random one lasts as long as the sessions",
    text("16 characters or more", 16),
  ),
  uiCode: option("--ui-code", "MOONPOOL_UI_CODE", "off", "allow ui-code in viewdefs", yesOrNo, "switch"),
  mounts: option("--mount <url=folder>", "MOONPOOL_MOUNTS", "none", "more static files (repeatable)", mounts, "many"),
  trustProxy: option(
    "--trust-proxy",
    "MOONPOOL_TRUST_PROXY",
    "off",
    "believe X-Forwarded-* headers: behind a proxy that ends TLS",
    yesOrNo,
    "switch",
  ),
  frameAncestors: option(
    "--frame-ancestors <sources>",
    "MOONPOOL_FRAME_ANCESTORS",
    "'self'",
    "who may show the pages in a frame (CSP)",
    text("sources such as 'self' https://example.org"),
  ),
  contentSecurityPolicy: option(
    "--content-security-policy <policy>",
    "MOONPOOL_CONTENT_SECURITY_POLICY",
    "the site's own files",
    "what pages may load and run (CSP): a whole policy, {nonce} in it is the nonce; off: none; in a file also changes by directive",
    contentSecurityPolicy,
  ),
  maxFrameBytes: option(
    "--max-frame-bytes <size>",
    "MOONPOOL_MAX_FRAME_BYTES",
    "1MB",
    "largest frame from a browser",
    size,
  ),
  maxFrameMessages: option(
    "--max-frame-messages <number>",
    "MOONPOOL_MAX_FRAME_MESSAGES",
    "1000",
    "messages in one frame from a browser",
    integer("a number", 1),
  ),
  rate: option("--rate <frames>", "MOONPOOL_RATE", "200/400", "frames from one browser: per second / at once", rate),
  metrics: option(
    "--metrics [who]",
    "MOONPOOL_METRICS",
    "on with --dev",
    "answer _moonpool/metrics and _moonpool/statistics: on: to this machine; public: to everybody; off",
    metrics,
  ),
  logFormat: option(
    "--log-format <kind>",
    "MOONPOOL_LOG_FORMAT",
    "pretty on a terminal, else json",
    "pretty or json",
    oneOf("pretty", "json"),
  ),
  logLevel: option(
    "--log-level <level>",
    "MOONPOOL_LOG_LEVEL",
    "by -v",
    "fatal, error, warn, info, debug, trace or silent",
    oneOf("fatal", "error", "warn", "info", "debug", "trace", "silent"),
  ),
  verbose: option(
    "-v, --verbose",
    "MOONPOOL_VERBOSE",
    "0",
    "log more: -v debug and requests, -vv to -vvvv trace (repeatable)",
    integer("a number", 0, 4),
  ),
} satisfies Record<string, Option<unknown>>;

export type OptionKey = keyof typeof options;

/** What was given, by whoever wins; what nobody gave is absent. */
export type Given = { [Key in OptionKey]?: ReturnType<(typeof options)[Key]["read"]> };
