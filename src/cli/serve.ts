import { pino } from "pino";
import pretty from "pino-pretty";
import { createServer, type HotloadOptions, type LogLevel, type ServerOptions } from "../host/main.ts";
import { MoonpoolError } from "../protocol/main.ts";
import type { Given } from "./options.ts";
import type { Settings } from "./settings.ts";

/** What `-v` counts through; `print` and `ui.log` of a site are info. */
const LEVELS: LogLevel[] = ["info", "debug"];
const STDERR = 2;
/** Closing takes no longer, in ms. Without it, something that never ends would have to be killed by the operator. */
const CLOSE_DEADLINE = 12_000;

/**
 * Runs the host until SIGINT or SIGTERM. The address goes to standard output, in one line, when the host can be used;
 * the log goes to standard error. Resolves when the host listens.
 * @throws MoonpoolError CONFIG_INVALID, SITE_MISSING, PORT_IN_USE
 */
export async function serve({ given, dir, warnings }: Settings): Promise<void> {
  const { port = 8040, host = "127.0.0.1", prefix = "" } = given;
  for (const warning of warnings) console.error(warning);
  const app = await createServer(serverOptions(given, dir));
  const close = closeOnSignals(() => app.close());
  try {
    // The address is printed below, once.
    await app.listen({ port, host, listenTextResolver: () => "listening" });
  } catch (error) {
    await close();
    throw listenError(error, host, port);
  }
  const address = app.server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  console.log(`Moonpool serves ${dir} at ${urlOf(host, bound, prefix)}`);
}

/** The host's options: only what was given, because the host has the defaults. */
function serverOptions(given: Given, dir: string): ServerOptions {
  const { port: _port, host: _host, dir: _dir, logFormat, logLevel, verbose = 0, hotload, editor, ...own } = given;
  const level = logLevel ?? LEVELS[verbose] ?? "trace";
  const isPretty = (logFormat ?? (process.stderr.isTTY ? "pretty" : "json")) === "pretty";
  const stream = isPretty
    ? pretty({ destination: STDERR, sync: true, ignore: "pid,hostname,name,reload", translateTime: "HH:MM:ss" })
    : pino.destination({ dest: STDERR, sync: true });
  return { ...own, dir, hotload: hotloadOptions(hotload, editor), logLevel: level, logger: { level, stream } };
}

function hotloadOptions(hotload: Given["hotload"] = {}, editor: Given["editor"]): HotloadOptions {
  const options = typeof hotload === "boolean" ? { enabled: hotload } : hotload;
  return editor === undefined ? options : { ...options, editor: editor === "off" ? false : editor };
}

/**
 * Closes once on the first SIGINT or SIGTERM; the second one ends the process at once, and so does the deadline, with
 * code 1. Returns what closes without a signal and stops listening for them.
 */
function closeOnSignals(close: () => Promise<unknown>): () => Promise<void> {
  let closing = false;
  const onSignal = (signal: "SIGINT" | "SIGTERM"): void => {
    if (closing) process.exit(signal === "SIGINT" ? 130 : 143);
    closing = true;
    setTimeout(() => {
      console.error(`Not closed after ${CLOSE_DEADLINE / 1_000} s: ended as it is. What is on disk is safe.`);
      process.exit(1);
    }, CLOSE_DEADLINE).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return async () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    await close();
  };
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE")
    return new MoonpoolError("PORT_IN_USE", `Something else listens on ${host}:${port}.`, {}, error);
  if (code === "EACCES")
    return new MoonpoolError("CONFIG_INVALID", `This user may not listen on port ${port}.`, {}, error);
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new MoonpoolError("CONFIG_INVALID", `${host} is not an address of this machine.`, {}, error);
  return error;
}

/** An address that a browser on this machine can open. */
function urlOf(host: string, port: number, prefix: string): string {
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}/${prefix.replace(/^\/+|\/+$/g, "")}`;
}
