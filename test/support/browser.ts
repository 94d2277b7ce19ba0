import { once } from "node:events";
import { WebSocket } from "ws";
import type { ServerFrame, ServerMessage } from "../../src/protocol/main.ts";

/** What a server answered to a request that was to become a WebSocket. */
export interface Refusal {
  status: number;
  body: { code?: string; message?: string };
}

/**
 * As much of a browser as the host sees: cookies, redirects, a WebSocket. Not a Chromium; frames are in the test's hands.
 */
export class Browser {
  readonly origin: string;
  readonly cookies = new Map<string, string>();

  constructor(origin: string) {
    this.origin = origin;
  }

  /** Requests a path; redirects are not followed. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(this.origin + path, {
      redirect: "manual",
      headers: { ...this.headers(), ...headers },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ""] = cookie.split(";");
      this.cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    return response;
  }

  /** Opens the start page below `prefix`; gives the path of the session that it led to. */
  async start(prefix = ""): Promise<string> {
    const response = await this.get(`${prefix}/`);
    const location = response.headers.get("location");
    if (response.status !== 303 || location === null) throw new Error(`${response.status} ${await response.text()}`);
    return location;
  }

  /** Opens the socket of the session at `path`. Throws a Refusal that was answered instead. */
  async connect(path: string, headers: Record<string, string> = { origin: this.origin }): Promise<Tab> {
    const at = path.lastIndexOf("/");
    const url = `${this.origin.replace("http", "ws")}${path.slice(0, at)}/_moonpool/ws/${path.slice(at + 1)}`;
    const socket = new WebSocket(url, { headers: { ...this.headers(), ...headers } });
    const tab = new Tab(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
      socket.once("unexpected-response", (_, response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () => reject({ status: response.statusCode, body: JSON.parse(text) as unknown }));
      });
    });
    return tab;
  }

  headers(): Record<string, string> {
    if (this.cookies.size === 0) return {};
    return { cookie: Array.from(this.cookies, ([name, value]) => `${name}=${value}`).join("; ") };
  }
}

/**
 * A connection, seen from the browser: sends frames with the right numbers, or any text; reads what comes. Acknowledges
 * as browsers do: with every frame, after every 16 frames that came, and after a second.
 */
export class Tab {
  readonly socket: WebSocket;
  /** Frames that nobody has read yet. */
  readonly #frames: (ServerFrame | { ack: number })[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #closed: Promise<{ code: number; reason: string }>;
  seq = 0;
  ack = 0;
  #acknowledged = 0;
  #ackTimer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.#closed = once(socket, "close").then(([code, reason]) => {
      for (const wake of this.#waiting.splice(0)) wake();
      return { code: code as number, reason: String(reason) };
    });
    this.#closed.catch(() => {});
    socket.on("message", (data) => {
      const frame = JSON.parse((data as Buffer).toString()) as ServerFrame;
      if ("seq" in frame) this.ack = frame.seq;
      if (this.ack - this.#acknowledged >= 16) this.#acknowledge();
      else if (this.ack > this.#acknowledged) this.#ackTimer ??= setTimeout(() => this.#acknowledge(), 1_000).unref();
      this.#frames.push(frame);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** Sends a frame with the next number. */
  send(messages: unknown[], event = true): void {
    this.sendText(JSON.stringify({ seq: ++this.seq, ack: this.ack, event, messages }));
  }

  sendText(text: string | Buffer): void {
    this.socket.send(text);
  }

  #acknowledge(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.sendText(JSON.stringify({ ack: (this.#acknowledged = this.ack) }));
  }

  /** The next frame of any kind. Throws when the connection ends first. */
  async next(): Promise<ServerFrame | { ack: number }> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.socket.readyState >= 2) throw new Error("the connection is closed");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The messages of the next frame that has any. */
  async messages(): Promise<ServerMessage[]> {
    for (;;) {
      const frame = await this.next();
      if ("messages" in frame) return frame.messages;
    }
  }

  /** The next message that `wanted` accepts; earlier ones are skipped. */
  async find<T extends ServerMessage["type"]>(
    type: T,
    wanted: (message: Extract<ServerMessage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      for (const message of await this.messages()) {
        if (message.type === type && wanted(message as Extract<ServerMessage, { type: T }>)) {
          return message as Extract<ServerMessage, { type: T }>;
        }
      }
    }
  }

  /** Settles when the connection is over. */
  get closed(): Promise<{ code: number; reason: string }> {
    return this.#closed;
  }

  close(): void {
    this.socket.close();
  }
}
