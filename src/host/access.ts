import type { FastifyRequest } from "fastify";
import { MoonpoolError, type ErrorCode } from "../protocol/main.ts";
import type { BrowserCookie } from "./browser-cookie.ts";
import type { Session } from "./session.ts";
import type { SessionHost } from "./session-host.ts";

/**
 * The running session that `request` (a route with a `:session`) may use. A failed one is tried again; one that is nobody's
 * becomes that of the browser that `newcomer` names. Throws
 * MoonpoolError SESSION_UNKNOWN, SESSION_FOREIGN, SESSION_LIMIT, or what stops the session's main.lua.
 */
export async function sessionFor(
  request: FastifyRequest,
  sessions: SessionHost,
  cookie: BrowserCookie,
  share: "browser" | "link",
  newcomer?: () => string,
): Promise<Session> {
  const { session: id } = request.params as { session: string };
  const session = await sessions.find(id);
  if (session === undefined) throw new MoonpoolError("SESSION_UNKNOWN");
  if (session.browser === "" && newcomer !== undefined) session.adopt(newcomer());
  else if (share === "browser" && cookie.read(request) !== session.browser) throw new MoonpoolError("SESSION_FOREIGN");
  return sessions.revive(session);
}

const statuses: Partial<Record<ErrorCode, number>> = {
  SESSION_UNKNOWN: 404,
  SESSION_FOREIGN: 403,
  ORIGIN_REFUSED: 403,
  SESSION_LIMIT: 503,
};

/** The HTTP status of an error of the catalogue. */
export function statusOf(error: MoonpoolError): number {
  return statuses[error.code] ?? 500;
}
