import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RawData, WebSocket } from "ws";
import { closeCodes, MoonpoolError } from "../protocol/main.ts";
import { sessionFor, statusOf } from "./access.ts";
import type { BrowserCookie } from "./browser-cookie.ts";
import type { Resumption, Wire } from "./connection.ts";
import { SESSION_PARAMETER } from "./http.ts";
import type { Log } from "./log.ts";
import type { Meter } from "./meter.ts";
import type { Settings } from "./options.ts";
import { isOriginAllowed } from "./origin.ts";
import type { Session } from "./session.ts";
import type { Attached } from "./session-connections.ts";
import type { SessionHost } from "./session-host.ts";

/** A socket that did not answer the ping before the next is due is dead. */
const PING_INTERVAL = 30_000;
/** How long a browser may take to answer a close. */
const CLOSE_WAIT = 1_000;

/**
 * Adds `_moonpool/ws/<session>` to `scope`. Refusals are HTTP answers with a JSON `{code, message, advice}`, before the
 * upgrade. A plain GET of the same URL gets the same refusal, or 426: browsers do not tell scripts why a WebSocket failed.
 */
export function addSocket(
  scope: FastifyInstance,
  settings: Settings,
  sessions: SessionHost,
  cookie: BrowserCookie,
  log: Log,
  meter: Meter,
): void {
  const admitted = new WeakMap<FastifyRequest, Session>();

  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    reply.header("cache-control", "no-store");
    try {
      if (!isOriginAllowed(request.headers.origin, request.host, settings.origins))
        throw new MoonpoolError("ORIGIN_REFUSED");
      admitted.set(request, await sessionFor(request, sessions, cookie, settings.share));
      return undefined;
    } catch (problem) {
      if (!(problem instanceof MoonpoolError)) throw problem;
      meter.error(problem);
      log.debug({ code: problem.code, origin: request.headers.origin }, "connection refused");
      // What is wrong with the site's code is for its author only.
      const shown = problem.who === "app" && !settings.development ? new MoonpoolError("SESSION_FAILED") : problem;
      const { code, message, advice } = shown;
      return reply.code(statusOf(problem)).send({ code, message, advice, ...shown.at });
    }
  };

  // @fastify/websocket ends the socket of a refused upgrade only if its own hook ran before the refusal; a hook of the app
  // (authentication) may have come first, and such sockets would stay open and hold up the server's close.
  scope.addHook("onResponse", async ({ raw, ws }) => {
    if (raw.headers.upgrade !== undefined && !ws) raw.socket.destroy();
  });

  scope.route({
    method: "GET",
    url: `/_moonpool/ws/${SESSION_PARAMETER}`,
    exposeHeadRoute: false,
    preValidation: admit,
    handler: (_, reply) => reply.code(426).header("upgrade", "websocket").send({ message: "This is a WebSocket." }),
    wsHandler: (socket, request) => {
      const session = admitted.get(request);
      // preValidation ran, or there would be no upgrade.
      if (session !== undefined) serve(socket, session, resumptionIn(request.query), settings.maxFrameBytes, meter);
    },
  });
}

/** Connects a socket with a session until one of them ends. */
function serve(
  socket: WebSocket,
  session: Session,
  resumption: Resumption | undefined,
  maxFrameBytes: number,
  meter: Meter,
): void {
  const wire: Wire = {
    send: (text, sent) => socket.send(text, () => sent()),
    get backlog() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => closeWithin(socket, code, reason),
  };
  // The session may have ended while the upgrade went on: the browser is told, by the socket's close code.
  const attached = attach(session, wire, resumption, meter);
  if (attached === undefined) return;
  const { connection, detach } = attached;
  const stopPinging = keepAlive(socket);
  socket.on("message", (data: RawData, isBinary: boolean) => {
    const bytes = bufferOf(data);
    session.guard(() => {
      // The page has come back with another socket.
      if (!connection.isOn(wire)) return;
      if (isBinary) connection.receiveBinary();
      else if (bytes.length > maxFrameBytes) connection.receiveTooLarge(bytes.toString("latin1", 0, 64));
      else connection.receive(bytes.toString("utf8"));
    });
  });
  socket.on("close", (code) => {
    stopPinging();
    session.guard(() => detach(code));
  });
}

/** What a page says that was connected before: `?connection=3&applied=17&acknowledged=6`. Anything else is a new page's. */
function resumptionIn(query: unknown): Resumption | undefined {
  const fields = query as Record<string, unknown>;
  const [connection, applied, acknowledged] = ["connection", "applied", "acknowledged"].map((name) => {
    const text = fields[name];
    return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  });
  if (connection === undefined || applied === undefined || acknowledged === undefined) return undefined;
  return { connection, applied, acknowledged };
}

function attach(session: Session, wire: Wire, resumption: Resumption | undefined, meter: Meter): Attached | undefined {
  try {
    return session.attach(wire, resumption);
  } catch (error) {
    if (!(error instanceof MoonpoolError)) throw error;
    meter.error(error, session.id);
    wire.close(error.code === "CONNECTION_LIMIT" ? closeCodes.abuse : closeCodes.sessionEnded, error.code);
    return undefined;
  }
}

/** Pings the browser; a socket that does not answer is ended. Returns the undo. */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, PING_INTERVAL);
  timer.unref();
  return () => clearInterval(timer);
}

/** Closes a socket politely; one that does not answer is ended after a moment, so that closing the host takes no longer. */
function closeWithin(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === socket.CLOSED) return;
  const timer = setTimeout(() => socket.terminate(), CLOSE_WAIT);
  socket.once("close", () => clearTimeout(timer));
  socket.close(code, reason);
}

/** ws gives one Buffer unless asked otherwise; a WebSocket server of the user's may be configured to. */
function bufferOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
