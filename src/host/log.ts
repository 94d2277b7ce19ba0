import type { WireError } from "../protocol/main.ts";
import { knownError } from "../protocol/wire-error.ts";
import type { FromWorker } from "../protocol/worker-message.ts";

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

function errorFields(error: WireError): object {
  const { code, id, stack } = error;
  return { code, ...(id === undefined ? {} : { variable: id }), ...(stack === undefined ? {} : { stack }) };
}

function withPlace(error: WireError, message: string): string {
  if (error.file === undefined) return message;
  const place = error.line === undefined ? error.file : `${error.file}:${error.line}`;
  return message.includes(place) ? message : `${place}: ${message}`;
}
