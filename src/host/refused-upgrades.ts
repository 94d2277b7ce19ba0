import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";

/** How long a browser may take to read why it was refused. */
const READ_WAIT = 1_000;
/** That of @fastify/websocket and two of ours. */
const OWN_LISTENERS = 3;

const servers = new WeakMap<Server, RefusedUpgrades>();

/**
 * Ends the sockets of upgrades that come to nothing because the server closes. A socket of an upgrade has left the HTTP
 * server's list of connections, and Fastify's own answers (503 while it closes, 400 for an address that it cannot read)
 * reach no hook: nobody would end it, and the server would wait for it for ever. Pages come back while sessions are still
 * being saved, so this is no rare case.
 */
export class RefusedUpgrades {
  readonly #server: Server;
  /** Those that did not become a WebSocket, or not yet. */
  readonly #open = new Map<IncomingMessage, Duplex>();
  #isClosing = false;

  private constructor(app: FastifyInstance) {
    this.#server = app.server;
    app.websocketServer.on("connection", (_, request) => this.#open.delete(request));
    // Before the listener of @fastify/websocket: some upgrades are WebSockets when that returns.
    app.server.prependListener("upgrade", (request: IncomingMessage, socket: Duplex) => {
      this.#open.set(request, socket);
      socket.once("close", () => this.#open.delete(request));
    });
    // And after it: what comes while the server closes has been answered then.
    app.server.on("upgrade", (_: IncomingMessage, socket: Duplex) => {
      if (this.#isClosing) end(socket);
    });
  }

  /** One for all instances of a server. @fastify/websocket is there. */
  static of(app: FastifyInstance): RefusedUpgrades {
    const known = servers.get(app.server) ?? new RefusedUpgrades(app);
    servers.set(app.server, known);
    return known;
  }

  /** From now on no upgrade is waited for. May be called again. */
  close(): void {
    this.#isClosing = true;
    // If others listen too, some of these may be WebSockets of theirs.
    if (this.#server.listenerCount("upgrade") > OWN_LISTENERS) return;
    for (const socket of this.#open.values()) end(socket);
  }
}

/** Ends it when what was written has been sent, but soon. */
function end(socket: Duplex): void {
  // Whoever listened for errors before may be gone.
  socket.on("error", () => socket.destroy());
  socket.end(() => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), READ_WAIT);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}
