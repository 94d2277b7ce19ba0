import type { WebSocket } from "ws";
import {
  type AckFrame,
  type ClientMessage,
  closeCodes,
  retryOf,
  type ServerFrame,
  type ServerMessage,
} from "../../../protocol/main.ts";
import { codeIn, Failure } from "../failure.ts";

const ACK_AFTER_FRAMES = 16;
const ACK_AFTER_MS = 1_000;
const LARGEST_REFUSAL = 65_536;
/** Of frames that are not carried out. */
const MOST_UNANSWERED = 256;
const LARGEST_UNANSWERED = 2 ** 20;

/** What came of a frame: something changed on the page, or nothing, which the host says up to 20 ms later. */
export type Answered = "shown" | "quiet";

export interface ConnectionEvents {
  /** Messages of the next frame; each frame comes once. */
  messages(messages: ServerMessage[]): void;
  /** The next frame begins with everything: the host knows nothing of what was before. */
  fresh(): void;
  /** The host has carried out a frame, or several. */
  answered(): void;
  /** The socket was lost although nobody here wished it. `retry`: ms after which the host wishes to see the page again. */
  lost(failure: Failure, retry: number | undefined): void;
}

/** A frame of ours that the host has not acknowledged or not carried out. */
interface SentFrame {
  seq: number;
  text: string;
  isAcknowledged: boolean;
  answered(answer: Answered): void;
  failed(failure: Failure): void;
}

/**
 * A page's end of the protocol, as docs/protocol.md says: numbers and acknowledges frames as the browser's client does, and
 * goes on with its connection on another socket. When to connect again is for others to say.
 */
export class Connection {
  readonly #open: (query: string) => WebSocket;
  readonly #events: ConnectionEvents;
  #socket: WebSocket | undefined;
  /** One on which nothing has come so far. */
  #opening: WebSocket | undefined;
  /** The host's number for it. */
  #number: number | undefined;
  #seq = 0;
  #received = 0;
  #acknowledged = 0;
  #ackTimer: NodeJS.Timeout | undefined;
  #sent: SentFrame[] = [];
  /** Characters of all in `#sent`. */
  #sentSize = 0;

  /** `open` begins to open a socket at the session's address with a query added. */
  constructor(open: (query: string) => WebSocket, events: ConnectionEvents) {
    this.#open = open;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  /** Whether the host has as much to do as a page that waits for nothing should give it: more would only fill the memory. */
  get isBusy(): boolean {
    return this.#sent.length >= MOST_UNANSWERED || this.#sentSize >= LARGEST_UNANSWERED;
  }

  /**
   * Opens a socket; settles when the host's first frame on it has been applied: "resumed" if the connection goes on.
   * @throws Failure what the host answered instead, LOAD_TIMEOUT after `patience` ms, or LOAD_LOST
   */
  connect(patience: number): Promise<"fresh" | "resumed"> {
    const socket = this.#open(this.#resumption());
    this.#opening?.terminate();
    this.#opening = socket;
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const timer = setTimeout(() => {
        reject(new Failure("LOAD_TIMEOUT"));
        socket.terminate();
      }, patience);
      socket.on("message", (data: Buffer) => {
        if (socket !== (isOpen ? this.#socket : this.#opening)) return;
        try {
          const frame = readFrame(data);
          if (!isOpen) {
            isOpen = true;
            clearTimeout(timer);
            this.#opening = undefined;
            this.#socket = socket;
            const how = this.#begin(frame);
            this.#take(frame);
            resolve(how);
          } else this.#take(frame);
        } catch (error) {
          this.#number = undefined;
          socket.terminate();
          const failure = error instanceof Failure ? error : new Failure("LOAD_PROTOCOL", String(error));
          if (socket === this.#socket) this.#lose(failure);
          reject(failure);
        }
      });
      socket.on("unexpected-response", (_request, response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          if (text.length > LARGEST_REFUSAL) response.destroy();
        });
        response.on("close", () => {
          const status = response.statusCode ?? 0;
          // The host is full or closing: it may be better soon. Everything else stays as it is.
          reject(new Failure(codeIn(text) ?? "LOAD_LOST", `HTTP ${status}`, status < 500 && status !== 429));
        });
      });
      socket.on("error", (error) => reject(new Failure("LOAD_LOST", error.message)));
      socket.on("close", (code, reason) => {
        clearTimeout(timer);
        const failure = failureOf(code, String(reason));
        reject(failure);
        if (socket === this.#socket) this.#lose(failure, retryOf(String(reason)));
      });
    });
  }

  /**
   * Sends a frame, now or when there is a socket again. Settles when the host has carried it out and what came of it is applied.
   * @throws Failure LOAD_UNANSWERED: nobody knows whether it was
   */
  send(messages: readonly ClientMessage[], event: boolean): Promise<Answered> {
    const seq = ++this.#seq;
    const text = `{"seq":${seq},"ack":${this.#received},"event":${event},"messages":${JSON.stringify(messages)}}`;
    const answer = new Promise<Answered>((answered, failed) => {
      this.#sent.push({ seq, text, isAcknowledged: false, answered, failed });
    });
    this.#sentSize += text.length;
    this.#acknowledged = this.#received;
    this.#socket?.send(text);
    return answer;
  }

  /** Ends the socket without a word, as when the network is lost. */
  cut(): void {
    this.#leave()?.terminate();
  }

  /** The page is closed: nothing goes on. What was sent and not answered is failed with `why`. */
  close(why = new Failure("LOAD_UNANSWERED")): void {
    this.#leave()?.close(1000);
    this.#number = undefined;
    this.#restart(why);
  }

  #resumption(): string {
    if (this.#number === undefined) return "";
    const acknowledged = (this.#sent.find((frame) => !frame.isAcknowledged)?.seq ?? this.#seq + 1) - 1;
    return `?connection=${this.#number}&applied=${this.#received}&acknowledged=${acknowledged}`;
  }

  #begin(frame: ServerFrame | AckFrame): "fresh" | "resumed" {
    if ("resumed" in frame && frame.resumed) {
      for (const each of this.#sent) if (!each.isAcknowledged && each.seq > frame.ack) this.#socket?.send(each.text);
      return "resumed";
    }
    this.#restart(new Failure("LOAD_UNANSWERED"));
    const welcome = "messages" in frame ? frame.messages.find((message) => message.type === "welcome") : undefined;
    if (welcome === undefined) throw new Failure("LOAD_PROTOCOL", "A connection began without a welcome.");
    this.#number = welcome.connection;
    this.#events.fresh();
    return "fresh";
  }

  #restart(why: Failure): void {
    this.#seq = this.#received = this.#acknowledged = this.#sentSize = 0;
    for (const frame of this.#sent.splice(0)) frame.failed(why);
  }

  #take(frame: ServerFrame | AckFrame): void {
    if ("messages" in frame) {
      // It came with a former socket.
      if (frame.seq <= this.#received) return;
      if (frame.seq !== this.#received + 1)
        throw new Failure("LOAD_PROTOCOL", `Frame ${frame.seq} came after ${this.#received}.`);
      this.#received = frame.seq;
      this.#events.messages(frame.messages);
      this.#acknowledge();
    }
    if (this.#sent.length > 0)
      this.#answer(frame.ack, frame.applied ?? frame.ack, "messages" in frame ? "shown" : "quiet");
  }

  #answer(acknowledged: number, carriedOut: number, answer: Answered): void {
    for (const frame of this.#sent) if (frame.seq <= acknowledged) frame.isAcknowledged = true;
    let count = 0;
    for (const frame of this.#sent) {
      if (frame.seq > carriedOut) break;
      count++;
      this.#sentSize -= frame.text.length;
      frame.answered(answer);
    }
    if (count === 0) return;
    this.#sent.splice(0, count);
    this.#events.answered();
  }

  #acknowledge(): void {
    if (this.#received - this.#acknowledged >= ACK_AFTER_FRAMES) this.#sendAck();
    else this.#ackTimer ??= setTimeout(() => this.#sendAck(), ACK_AFTER_MS);
  }

  #sendAck(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.#acknowledged === this.#received) return;
    this.#acknowledged = this.#received;
    this.#socket?.send(`{"ack":${this.#received}}`);
  }

  #lose(failure: Failure, retry?: number): void {
    this.#leave();
    this.#events.lost(failure, retry);
  }

  #leave(): WebSocket | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#opening?.terminate();
    this.#opening = undefined;
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    return socket;
  }
}

/** Why the host has ended a socket. */
function failureOf(code: number, reason: string): Failure {
  const isOver = code === closeCodes.sessionEnded || code === closeCodes.abuse;
  const isCode = /^[A-Z_]{3,40}$/.test(reason) && retryOf(reason) === undefined;
  return new Failure(isOver && isCode ? reason : "LOAD_LOST", `closed with ${code} ${reason}`.trim(), isOver);
}

function readFrame(data: Buffer): ServerFrame | AckFrame {
  let frame: Partial<ServerFrame> | null;
  try {
    frame = JSON.parse(data.toString()) as Partial<ServerFrame> | null;
  } catch {
    throw new Failure("LOAD_PROTOCOL", "A frame is not JSON.");
  }
  if (typeof frame?.ack !== "number" || (frame.messages !== undefined && !Array.isArray(frame.messages)))
    throw new Failure("LOAD_PROTOCOL", "A frame does not have the form of docs/protocol.md.");
  return frame as ServerFrame | AckFrame;
}
