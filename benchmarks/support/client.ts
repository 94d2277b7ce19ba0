import { on, once } from "node:events";
import { WebSocket } from "ws";
import type { ServerFrame } from "../../src/protocol/message.ts";

/** A session seen by a client that does not render: it sends frames and waits for the answer. */
export interface Client {
  /** Variable of the app view's first slot. */
  first: number;
  /** Bytes of the page and of the first frame, ms until each was there, counted from the request. */
  opening: { pageBytes: number; frameBytes: number; pageMs: number; frameMs: number };
  /** Its address's path, and the cookie of its browser. */
  path: string;
  cookie: string;
  /** Writes to slot `slot` of the app view; resolves with the length of the next frame, acknowledgements included. */
  write: (slot: number, value: null | string) => Promise<number>;
  /** Runs the action in slot `slot` of the app view; resolves with the answer's length in bytes. */
  act: (slot: number) => Promise<number>;
  close: () => void;
}

/** Requests a page from the Moonpool host at `port` and opens its socket. */
export async function openClient(port: number): Promise<Client> {
  const start = performance.now();
  const origin = `http://127.0.0.1:${port}`;
  const redirect = await fetch(`${origin}/`, { redirect: "manual" });
  const cookie = redirect.headers
    .getSetCookie()
    .map((text) => text.split(";")[0])
    .join("; ");
  const location = new URL(redirect.headers.get("location") ?? "/", origin);
  const page = await fetch(location, { headers: { cookie } });
  const pageBytes = Buffer.byteLength(await page.text());
  const pageMs = performance.now() - start;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/_moonpool/ws${location.pathname}`, { headers: { cookie } });
  const { data, seq: received, first } = await firstView(socket);
  let seq = 0;
  let ack = received;
  return {
    first,
    path: location.pathname,
    cookie,
    write: (slot, value) => {
      const answer = answerTo(socket, () => true);
      const message = { type: "update", id: first + slot, value };
      socket.send(JSON.stringify({ seq: ++seq, ack, event: true, messages: [message] }));
      return answer;
    },
    opening: { pageBytes, frameBytes: data.length, pageMs, frameMs: performance.now() - start },
    act: (slot) => {
      const answer = answerTo(socket, (text) => {
        const parsed = JSON.parse(text) as Partial<ServerFrame>;
        if (parsed.seq !== undefined) ack = parsed.seq;
        return parsed.messages !== undefined;
      });
      socket.send(frameText(++seq, ack, first + slot));
      return answer;
    },
    close: () => socket.close(),
  };
}

/** The frame with the app's view. On a busy machine the welcome may come in one of its own, before it. */
async function firstView(socket: WebSocket): Promise<{ data: Buffer; seq: number; first: number }> {
  for await (const [data] of on(socket, "message", { close: ["close"] }) as AsyncIterable<[Buffer]>) {
    const frame = JSON.parse(data.toString()) as ServerFrame;
    const view = frame.messages.find((message) => message.type === "view" && message.id === 1);
    if (view?.type === "view" && view.first !== undefined) return { data, seq: frame.seq, first: view.first };
  }
  throw new Error("the connection ended before there was a view");
}

/** The same client against the echo server. */
export async function openEcho(port: number): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, "open");
  let seq = 0;
  return {
    first: 2,
    path: "/",
    cookie: "",
    write: () => Promise.reject(new Error("an echo has no slots")),
    opening: { pageBytes: 0, frameBytes: 0, pageMs: 0, frameMs: 0 },
    act: (slot) => {
      const answer = answerTo(socket, (text) => (JSON.parse(text) as Partial<ServerFrame>).messages !== undefined);
      socket.send(frameText(++seq, seq, 2 + slot));
      return answer;
    },
    close: () => socket.close(),
  };
}

function frameText(seq: number, ack: number, id: number): string {
  return `{"seq":${seq},"ack":${ack},"event":true,"messages":[{"type":"update","id":${id},"value":null}]}`;
}

/** Resolves with the length of the next message that `counts`; acknowledgements do not. */
function answerTo(socket: WebSocket, counts: (text: string) => boolean): Promise<number> {
  return new Promise((resolve) => {
    const listen = (data: Buffer): void => {
      if (!counts(data.toString())) return;
      socket.off("message", listen);
      resolve(data.length);
    };
    socket.on("message", listen);
  });
}
