import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";
import { WebSocketServer, type WebSocket } from "ws";
import { NONCE, policyOf, type ContentSecurityPolicy } from "../../src/host/content-security-policy.ts";
import type {
  AckFrame,
  Binding,
  ClientFrame,
  ClientMessage,
  HotloadUi,
  ServerMessage,
  Value,
  Viewdef,
} from "../../src/protocol/main.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const SESSION = "0123456789abcdef0123456789abcdef";
const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** A host that says what the test says: serves the page, with the policy that all pages have, and the client, and holds the other end of the WebSocket. */
export class ScriptedHost {
  readonly #server: http.Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #connections: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  readonly #prefix: string;
  /** Put into the page's head. */
  head = "";
  /** The page's body before the client starts. */
  body = "<div ui-app></div>";
  /** More that can be requested: path → body. */
  readonly files = new Map<string, string>();
  /** As the host's option; "N" is the nonce, which scripts and styles of `head` and `body` have. */
  policy: ContentSecurityPolicy = {};
  /** Answers page and upgrade requests with this status, as long as it is set. */
  refuse: number | undefined;

  private constructor(prefix: string) {
    this.#prefix = prefix;
    this.#server = http.createServer((request, response) => this.#answer(request, response));
    this.#server.on("upgrade", (request, socket, head) => {
      const [path = "", query = ""] = (request.url ?? "").split("?");
      if (this.refuse !== undefined || path !== `${prefix}/_moonpool/ws/${SESSION}`) {
        socket.end(`HTTP/1.1 ${this.refuse ?? 404} No\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = new Connection(webSocket, Object.fromEntries(new URLSearchParams(query)));
        const wake = this.#waiting.shift();
        if (wake) wake(connection);
        else this.#connections.push(connection);
      });
    });
  }

  static async start(t: Test, { prefix = "" } = {}): Promise<ScriptedHost> {
    const host = new ScriptedHost(prefix);
    await new Promise<void>((resolve) => host.#server.listen(0, "127.0.0.1", resolve));
    t.teardown(() => {
      for (const client of host.#sockets.clients) client.terminate();
      host.#server.closeAllConnections();
      return new Promise((resolve) => host.#server.close(resolve));
    });
    return host;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#prefix}/${SESSION}`;
  }

  /** The next connection of a page. */
  connection(): Promise<Connection> {
    const connection = this.#connections.shift();
    return connection ? Promise.resolve(connection) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { pathname } = new URL(request.url ?? "", "http://host");
    const given = this.files.get(pathname);
    const assets = `${this.#prefix}/_moonpool/`;
    if (given !== undefined) send(response, pathname, given);
    else if (pathname.startsWith(assets))
      sendFile(response, path.join(root, "dist/public", pathname.slice(assets.length)));
    else if (pathname.startsWith("/shoelace/"))
      sendFile(response, path.join(root, "node_modules/@shoelace-style/shoelace/cdn", pathname.slice(10)));
    else if (this.refuse !== undefined) response.writeHead(this.refuse).end();
    else if (pathname.startsWith(`${this.#prefix}/${SESSION}`)) {
      const policy = policyOf(this.policy, { uiCode: true, frameAncestors: "'self'" }).replaceAll(NONCE, "N");
      response.setHeader("content-security-policy", policy);
      send(response, ".html", this.#page());
    } else response.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
  }

  #page(): string {
    const [head, body] = [this.head, this.body].map((html) => html.replace(/<(script|style)\b/g, '<$1 nonce="N"'));
    return `<!doctype html><html><head><meta charset="utf-8"><meta name="moonpool" content='{"prefix":"${this.#prefix}"}' nonce="N">
${head}<script type="module" src="${this.#prefix}/_moonpool/client.js"></script></head><body>${body}</body></html>`;
  }
}

function sendFile(response: http.ServerResponse, file: string): void {
  if (fs.existsSync(file)) send(response, file, fs.readFileSync(file));
  else response.writeHead(404).end();
}

function send(response: http.ServerResponse, name: string, body: string | Buffer): void {
  const type = TYPES[path.extname(name)] ?? "text/html";
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache" }).end(body);
}

/** The host's end of one connection: sends frames, and reads what the page sends one message at a time. */
export class Connection {
  readonly socket: WebSocket;
  /** What the page says of the connection that it had. */
  readonly resumption: Record<string, string>;
  /** Everything that came, as it came. */
  readonly frames: (ClientFrame | AckFrame)[] = [];
  /** What the next frame acknowledges; follows the last frame received unless the test sets `holdAck`. */
  ack = 0;
  holdAck = false;
  /** What the next frames say to have been carried out, if not all that was accepted. */
  applied: number | undefined;
  #seq = 0;
  #read = 0;
  #wake: (() => void)[] = [];

  constructor(socket: WebSocket, resumption: Record<string, string>) {
    this.socket = socket;
    this.resumption = resumption;
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ClientFrame | AckFrame;
      this.frames.push(frame);
      if ("seq" in frame && !this.holdAck) {
        this.ack = frame.seq;
        this.acknowledge();
      }
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  /** Goes on where the page was with `former`, whose frames up to `ack` have arrived. */
  resume(former: Connection, ack = former.ack): void {
    this.ack = ack;
    this.#seq = former.#seq;
    this.socket.send(JSON.stringify({ ack, resumed: true }));
  }

  /** Sends one frame. Returns its number. */
  send(...messages: ServerMessage[]): number {
    const { ack, applied } = this;
    this.socket.send(JSON.stringify({ seq: ++this.#seq, ack, applied, messages }));
    return this.#seq;
  }

  /** Acknowledges what came, and says that it has been carried out. */
  acknowledge(): void {
    const { ack, applied } = this;
    this.socket.send(JSON.stringify({ ack, applied }));
  }

  /** The next frame of the page that has messages. */
  async frame(): Promise<ClientFrame> {
    for (;;) {
      const frame = this.frames[this.#read];
      if (frame) {
        this.#read++;
        if ("messages" in frame) return frame;
      } else await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** The messages of the next frame. */
  async messages(): Promise<ClientMessage[]> {
    return (await this.frame()).messages;
  }

  /** Resolves when frame `seq` has been acknowledged. */
  async acknowledged(seq: number): Promise<void> {
    while (!this.frames.some((frame) => frame.ack >= seq))
      await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
}

export const welcome = (development = false, hotload?: HotloadUi): ServerMessage => ({
  type: "welcome",
  protocol: 1,
  connection: 1,
  development,
  ...(hotload && { hotload }),
});

/** Delivers viewdefs. */
export const deliver = (viewdefs: Record<string, Viewdef>): ServerMessage =>
  ({ type: "update", id: 1, properties: { viewdefs } }) as ServerMessage;

/** A viewdef from its HTML and its bindings. */
export function viewdef(html: string, ...bindings: Binding[]): Viewdef {
  return { html, bindings };
}

/** A binding of kind `kind` on element `at` to slot `slot`. */
export const bind = (at: number, kind: Binding["kind"], slot: number, more: Partial<Binding> = {}): Binding => ({
  at,
  kind,
  slot,
  ...more,
});

export const view = (id: number, key: string | null, first?: number, values?: Value[]): ServerMessage => ({
  type: "view",
  id,
  viewdef: key,
  ...(first !== undefined && { first }),
  ...(values && { values }),
});

export const update = (id: number, value: Value): ServerMessage => ({ type: "update", id, value });
