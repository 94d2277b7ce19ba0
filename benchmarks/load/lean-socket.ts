import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";

const TEXT = 0x81;
const CLOSE = 0x88;
const PING = 0x9;
const PONG = 0x8a;
const IS_MASKED = 0x80;

/**
 * A WebSocket client that does what a frame needs and no more, so that on a small machine the load generator takes little of the
 * processor: frames are read where they lie, and masked with zeros, which leaves the text as it is and costs the server
 * what any mask costs. For text frames of servers that neither compress nor split them, as all here.
 */
export class LeanSocket {
  /** A message is `data` from `start` to `end`; they are valid only during the call. */
  onMessage: (data: Buffer, start: number, end: number) => void = () => {};
  onEnd: () => void = () => {};
  readonly #socket: net.Socket;
  /** The begun frame at the end of what has come, and how many bytes that has to be before it is worth looking at. */
  #rest: Buffer[] = [];
  #has = 0;
  #needs = 0;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  /** Connects to a path of a server on this machine; what `prepare` sets up is there before the first message can be. */
  static async open(
    port: number,
    path: string,
    headers: Record<string, string> = {},
    prepare: (socket: LeanSocket) => void = () => {},
  ): Promise<LeanSocket> {
    const socket = net.connect(port, "127.0.0.1").setNoDelay(true);
    await once(socket, "connect");
    const key = randomBytes(16).toString("base64");
    const upgrade = { host: `127.0.0.1:${port}`, connection: "Upgrade", upgrade: "websocket", ...headers };
    const lines = Object.entries({ ...upgrade, "sec-websocket-version": "13", "sec-websocket-key": key });
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    const lean = new LeanSocket(socket);
    prepare(lean);
    await new Promise<void>((resolve, reject) => {
      let head = Buffer.alloc(0);
      const listen = (data: Buffer): void => {
        head = Buffer.concat([head, data]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.off("data", listen);
        if (!head.toString("latin1").startsWith("HTTP/1.1 101")) return reject(new Error(head.toString()));
        socket.on("data", (data) => lean.#read(data));
        resolve();
        if (head.length > end + 4) lean.#read(head.subarray(end + 4));
      };
      socket.on("data", listen).once("error", reject);
    });
    socket.on("close", () => lean.onEnd());
    return lean;
  }

  /** Sends ASCII text. */
  send(text: string): void {
    this.#write(TEXT, text);
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  close(): void {
    this.onEnd = () => {};
    this.#socket.destroy();
  }

  #write(kind: number, text: string): void {
    const { length } = text;
    const head = length < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(head + length);
    frame[0] = kind;
    if (length < 126) frame[1] = IS_MASKED | length;
    else {
      frame[1] = IS_MASKED | 126;
      frame.writeUInt16BE(length, 2);
    }
    frame.writeUInt32LE(0, head - 4);
    frame.write(text, head, "latin1");
    this.#socket.write(frame);
  }

  #read(chunk: Buffer): void {
    this.#has += chunk.length;
    if (this.#has < this.#needs) return void this.#rest.push(chunk);
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([...this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const { start, end } = extentOf(data, at);
      if (end > data.length) {
        this.#rest = at === data.length ? [] : [data.subarray(at)];
        this.#has = data.length - at;
        this.#needs = end - at;
        return;
      }
      this.#take(data, at, start, end);
      at = end;
    }
  }

  #take(data: Buffer, at: number, start: number, end: number): void {
    const kind = data[at] ?? 0;
    if (kind === TEXT) this.onMessage(data, start, end);
    else if ((kind & 0xf) === PING) this.#write(PONG, data.toString("latin1", start, end));
    else if (kind === CLOSE) this.#socket.end();
    else throw new Error(`a frame of kind ${kind}`);
  }
}

/** Where the payload of the frame at `at` starts and ends, or an end behind what is there. */
function extentOf(data: Buffer, at: number): { start: number; end: number } {
  const has = data.length - at;
  const short = has < 2 ? 0 : (data[at + 1] ?? 0);
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (has < head) return { start: at + head, end: at + head + (has < 2 ? 0 : 1) };
  const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2));
  return { start: at + head, end: at + head + length };
}
