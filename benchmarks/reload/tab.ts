import { once } from "node:events";
import { WebSocket } from "ws";

/** Where a session is found, and the cookie that opens it. */
export interface SessionAddress {
  origin: string;
  path: string;
  cookie: string;
}

const ACKNOWLEDGE_EVERY = 16;
const SEQ = Buffer.from('{"seq":');
const COMMA = 0x2c;

/** Makes a session. */
export async function newSession(origin: string): Promise<SessionAddress> {
  const redirect = await fetch(`${origin}/`, { redirect: "manual" });
  await redirect.arrayBuffer();
  const cookies = redirect.headers.getSetCookie().map((text) => text.split(";")[0]);
  const path = redirect.headers.get("location");
  if (path === null) throw new Error(`no session: ${redirect.status}`);
  return { origin, path, cookie: cookies.join("; ") };
}

/**
 * A tab that looks at as little of its frames as a client may: thousands of them fit into one process. `onFrame` gets what
 * comes after the first frame, `first` is that.
 */
export class Tab {
  readonly first: Buffer;
  onFrame: (data: Buffer) => void = () => {};
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, first: Buffer) {
    this.#socket = socket;
    this.first = first;
    let acknowledged = 0;
    socket.on("message", (data: Buffer) => {
      const seq = seqOf(data);
      if (seq - acknowledged >= ACKNOWLEDGE_EVERY) socket.send(`{"ack":${(acknowledged = seq)}}`);
      this.onFrame(data);
    });
  }

  static async open({ origin, path, cookie }: SessionAddress): Promise<Tab> {
    const url = `${origin.replace("http", "ws")}/_moonpool/ws${path}`;
    const socket = new WebSocket(url, { headers: { cookie }, perMessageDeflate: false });
    const [data] = (await once(socket, "message")) as [Buffer];
    return new Tab(socket, data);
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.terminate();
  }
}

function seqOf(data: Buffer): number {
  if (data.compare(SEQ, 0, SEQ.length, 0, SEQ.length) !== 0) return 0;
  return Number(data.toString("latin1", SEQ.length, data.indexOf(COMMA)));
}
