import type { Page, WebSocket } from "playwright-core";
import type { ClientMessage, ServerMessage } from "../../src/protocol/main.ts";

/** A frame as it was on the wire; `messages` is empty for a bare acknowledgement. */
export interface Seen<Message> {
  text: string;
  messages: Message[];
}

/** What went over the network for one page, from now on: install it before the page is loaded. */
export class Traffic {
  /** URLs of all HTTP requests, in their order; `socket` stands where a WebSocket was opened. */
  readonly requests: string[] = [];
  readonly sent: Seen<ClientMessage>[] = [];
  readonly received: Seen<ServerMessage>[] = [];

  constructor(page: Page) {
    page.on("request", (request) => void this.requests.push(request.url()));
    page.on("websocket", (socket: WebSocket) => {
      this.requests.push("socket");
      socket.on("framesent", ({ payload }) => void this.sent.push(seen<ClientMessage>(payload)));
      socket.on("framereceived", ({ payload }) => void this.received.push(seen<ServerMessage>(payload)));
    });
  }

  /** Requests that were made after the WebSocket was opened. */
  get late(): string[] {
    return this.requests.slice(this.requests.indexOf("socket") + 1);
  }
}

function seen<Message>(payload: string | Buffer): Seen<Message> {
  const text = String(payload);
  const { messages = [] } = JSON.parse(text) as { messages?: Message[] };
  return { text, messages };
}
