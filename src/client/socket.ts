import type { AckFrame, ClientMessage, ServerFrame } from "../protocol/message.ts";
import { closeCodes, retryOf } from "../protocol/close-code.ts";

export type ConnectionState = "connecting" | "connected" | "disconnected" | "ended";

export interface SocketEvents {
  state(state: ConnectionState): void;
  /** The first frame of a connection is about to come; the host knows nothing of the connections before. */
  fresh(): void;
  frame(frame: ServerFrame): void;
  /** The session has carried out our frames up to `seq`, and had nothing to say. */
  carriedOut(seq: number): void;
  /** Asked after an attempt that failed, because browsers do not tell why. */
  isSessionGone(): Promise<boolean>;
}

const ACK_AFTER_FRAMES = 16;
const ACK_AFTER_MS = 1000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

/**
 * The WebSocket: numbers frames, acknowledges what was applied, connects again with growing pauses until the host says
 * that the session ended.
 */
export class Socket {
  state: ConnectionState = "connecting";
  readonly #url: string;
  readonly #events: SocketEvents;
  #socket: WebSocket | undefined;
  #seq = 0;
  #applied = 0;
  #acknowledged = 0;
  #ackTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(url: string, events: SocketEvents) {
    this.#url = url;
    this.#events = events;
  }

  connect(): void {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#enter("connecting");
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      if (socket !== this.#socket) return;
      const frame = parse(data);
      if (this.state !== "connected") this.#seq = this.#applied = this.#acknowledged = 0;
      if (!frame) return this.#refuse(socket, data);
      if (this.state !== "connected") {
        this.#failures = 0;
        this.#events.fresh();
        this.#enter("connected");
      }
      if ("messages" in frame) this.#events.frame(frame);
      else this.#events.carriedOut(frame.applied ?? frame.ack);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (socket !== this.#socket) return;
      if (code === closeCodes.sessionEnded || code === closeCodes.abuse) return this.#end();
      if (this.state !== "connected") void this.#events.isSessionGone().then((gone) => gone && this.#end());
      this.#retry(retryOf(reason));
    });
  }

  /** Waits no longer for the next attempt. */
  retryNow(): void {
    if (this.state === "disconnected") this.connect();
  }

  /** Gives the connection up for another one, to which the host says everything anew. */
  reconnect(): void {
    const former = this.#socket;
    this.#socket = undefined;
    this.#stopAcknowledging();
    this.connect();
    former?.close();
  }

  get open(): boolean {
    return this.state === "connected";
  }

  /** The number that the next frame gets. */
  get nextSeq(): number {
    return this.#seq + 1;
  }

  send(messages: ClientMessage[], event: boolean): void {
    this.#seq++;
    this.#transmit({ seq: this.#seq, ack: this.#applied, event, messages });
  }

  /** Frame `seq` of the server is in the page. */
  applied(seq: number): void {
    this.#applied = seq;
    if (seq - this.#acknowledged >= ACK_AFTER_FRAMES) this.#transmit({ ack: seq });
    else this.#ackTimer ??= setTimeout(() => this.#transmit({ ack: this.#applied }), ACK_AFTER_MS);
  }

  #transmit(frame: object): void {
    this.#stopAcknowledging();
    this.#acknowledged = this.#applied;
    this.#socket?.send(JSON.stringify(frame));
  }

  /** What a frame that cannot be read said is lost, so the page has to get everything anew. */
  #refuse(socket: WebSocket, text: string): void {
    const message = `The page cannot read a frame: ${text.slice(0, 40)}`;
    this.send([{ type: "error", code: "FRAME_NOT_JSON", message }], false);
    this.#socket = undefined;
    socket.close();
    this.#retry();
  }

  /** `told`: in so many ms, as the host wishes. */
  #retry(told?: number): void {
    this.#stopAcknowledging();
    this.#enter("disconnected");
    const pause = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS);
    // Between half of it and all of it, so that the pages of a host that comes back do not all come at once.
    this.#retryTimer = setTimeout(() => this.connect(), told ?? pause * (0.5 + Math.random() / 2));
  }

  #stopAcknowledging(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
  }

  #end(): void {
    this.#stopAcknowledging();
    clearTimeout(this.#retryTimer);
    this.#enter("ended");
  }

  #enter(state: ConnectionState): void {
    this.state = state;
    this.#events.state(state);
  }
}

/** The frame in `text`; undefined when there is none in it. */
function parse(text: string): ServerFrame | AckFrame | undefined {
  try {
    const frame = JSON.parse(text) as Partial<ServerFrame> | null;
    if (frame && (frame.messages === undefined || Array.isArray(frame.messages)))
      return frame as ServerFrame | AckFrame;
  } catch {
    // The caller says so to the host.
  }
  return undefined;
}
