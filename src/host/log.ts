import type { WireError } from "../protocol/main.ts";
import { knownError } from "../protocol/wire-error.ts";
import type { FromWorker } from "../protocol/worker-message.ts";
import type { Meter } from "./meter.ts";
import type { Problem } from "./viewdefs/problem.ts";

/** The part of pino's (Fastify's) logger that the host uses. */
export interface Log {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  trace(fields: object, message: string): void;
}

/** Enough of a session's id to find its lines; the whole id would be a key to the session. */
export function shortId(session: string): string {
  return session.slice(0, 8);
}

/** Writes what Lua code printed, logged or raised. The place comes first in the text, so that an editor can jump there. */
export function logFromWorker(log: Log, session: string, entry: Extract<FromWorker, { kind: "log" }>): void {
  const error = entry.error === undefined ? undefined : knownError(entry.error);
  const fields = { session: shortId(session), ...(error === undefined ? {} : errorFields(error)) };
  log[entry.level](fields, error === undefined ? entry.message : withPlace(error, entry.message));
}

/** Writes an error of the catalogue. */
export function logWireError(log: Log, session: string, error: WireError, what: string): void {
  log.error({ session: shortId(session), ...errorFields(error) }, withPlace(error, `${what}: ${error.message}`));
}

/** A log for what all sessions do for the same reason: what one of them has said, others need not say again. */
export function sharedLog(log: Log): Log {
  const said = new Map<string, unknown>();
  const write =
    (level: keyof Log) =>
    (fields: { session?: unknown }, message: string): void => {
      const text = `${level} ${message}`;
      if (said.has(text) && said.get(text) !== fields.session) return;
      said.set(text, fields.session);
      log[level](fields, message);
    };
  return {
    error: write("error"),
    warn: write("warn"),
    info: write("info"),
    debug: write("debug"),
    trace: write("trace"),
  };
}

/** Writes what is wrong with a viewdef. `meter` is told of errors. */
export function logProblem(log: Log, { code, severity, message, file, line }: Problem, meter?: Meter): void {
  if (severity === "error") meter?.error({ code, message, file, line });
  log[severity === "error" ? "error" : "warn"]({ code }, `${file}:${line}: ${message}`);
}

/** Writes what is wrong with a file of the site, which is no particular session's. */
export function logSiteError(log: Log, level: "error" | "warn", error: WireError): void {
  log[level](errorFields(error), withPlace(error, error.message));
}

function errorFields(error: WireError): object {
  const { code, id, stack } = error;
  return { code, ...(id === undefined ? {} : { variable: id }), ...(stack === undefined ? {} : { stack }) };
}

function withPlace(error: WireError, message: string): string {
  if (error.file === undefined) return message;
  const place = error.line === undefined ? error.file : `${error.file}:${error.line}`;
  return message.includes(place) ? message : `${place}: ${message}`;
}
