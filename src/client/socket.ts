import type { AckFrame, ClientMessage, ServerFrame } from "../protocol/message.ts";
import { closeCodes, retryOf } from "../protocol/close-code.ts";

export type ConnectionState = "connecting" | "connected" | "disconnected" | "ended";

export interface SocketEvents {
  /** `reason`: why the host has ended it. */
  state(state: ConnectionState, reason?: string): void;
  /** The host lets a person wait, or does so no more. */
  slow(isSlow: boolean): void;
  /**
   * The first frame of a connection is about to come; the host knows nothing of the connections before. `unanswered`: frames in
   * which a person did something, of which nobody knows what became of them.
   */
  fresh(unanswered: number): void;
  /** The session has carried out our frames up to `seq`, and had nothing to say. */
  carriedOut(seq: number): void;
  frame(frame: ServerFrame): void;
  /** Asked after attempts that failed, because browsers do not tell why. */
  isSessionGone(): Promise<boolean>;
}

const ACK_AFTER_FRAMES = 16;
const ACK_AFTER_MS = 1000;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 15_000;
/** Nothing was heard for so long: is anybody there? */
const QUIET_MS = 25_000;
/** Somebody waits for an answer, and hears nothing for so long. */
const SLOW_MS = 2000;
/** An attempt that has not led to anything for so long is given up when there is reason to try again. */
const STUCK_MS = 1000;
/** Nobody is there, if not even the question for that is answered. */
const DEAD_MS = 6000;
const OPEN_MS = 15_000;

/** A frame of ours; `messages` as JSON texts joined by commas. */
interface SentFrame {
  seq: number;
  event: boolean;
  messages: string;
}

/**
 * The WebSocket: numbers frames, keeps those that the host has not acknowledged, and connects again with growing pauses until
 * the host says that the session ended. The connection goes on where it was, if the host still knows it: both sides send
 * again what the other has not got.
 */
export class Socket {
  state: ConnectionState = "connecting";
  /** ms that whatever passes takes longer, there and back. */
  latency = 0;
  readonly #url: string;
  readonly #events: SocketEvents;
  #socket: WebSocket | undefined;
  /** What the host calls this page; undefined: nothing that it could go on with. */
  #connection: number | undefined;
  #seq = 0;
  /** The host's frames that came, that are in the page, and that the host knows to be. */
  #received = 0;
  #applied = 0;
  #acknowledged = 0;
  /** Our own that the host has not acknowledged, oldest first. */
  #waiting: SentFrame[] = [];
  #ackTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #isSlow = false;
  #failures = 0;
  #attemptedAt = 0;
  /** When what was delayed last is due: nothing overtakes it. */
  #due = 0;

  constructor(url: string, events: SocketEvents) {
    this.#url = url;
    this.#events = events;
  }

  connect(): void {
    clearTimeout(this.#retryTimer);
    this.#attemptedAt = performance.now();
    const socket = new WebSocket(this.#url + this.#resumption());
    this.#socket = socket;
    this.#enter("connecting");
    this.#listen(OPEN_MS);
    socket.addEventListener("message", ({ data }: MessageEvent<string>) =>
      this.#later(() => socket === this.#socket && this.#take(data)),
    );
    socket.addEventListener("close", ({ code, reason }) => {
      if (socket !== this.#socket) return;
      if (code === closeCodes.sessionEnded || code === closeCodes.abuse) return this.#end(reason);
      // Another page has the connection that this one had.
      if (code === closeCodes.replaced) this.#connection = undefined;
      if (this.state !== "connected" && this.#failures > 0)
        void this.#events.isSessionGone().then((gone) => gone && this.state !== "connected" && this.#end());
      this.retry(retryOf(reason));
    });
  }

  /** The network, or the person, may be back: waits for neither the next attempt nor a socket that may be dead. */
  wake(): void {
    if (this.state === "connected") return this.#ask(SLOW_MS);
    if (this.state === "ended" || (this.#socket && performance.now() - this.#attemptedAt < STUCK_MS)) return;
    this.#leave();
    this.connect();
  }

  /**
   * Gives the socket up for another one after a pause, in `told` ms if the host wishes: it is closed, or dead, whatever the browser
   * thinks; or a frame is missing, here or there, and with another socket both sides find out which.
   */
  retry(told?: number): void {
    this.#leave(closeCodes.aside);
    this.#enter("disconnected");
    const pause = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS);
    // Between half of it and all of it, so that the pages of a host that comes back do not all come at once.
    this.#retryTimer = setTimeout(() => this.connect(), told ?? pause * (0.5 + Math.random() / 2));
  }

  /** The browser puts the page aside, and may bring it back. */
  putAside(): void {
    if (this.state === "ended") return;
    this.#leave(closeCodes.aside);
    this.#enter("disconnected");
  }

  /** Gives the connection up for another one, to which the host says everything anew. */
  reconnect(): void {
    this.#leave();
    this.#connection = undefined;
    this.connect();
  }

  get open(): boolean {
    return this.state === "connected";
  }

  /** The number that the next frame gets. */
  get nextSeq(): number {
    return this.#seq + 1;
  }

  /** `messages`: the JSON text of each. */
  send(messages: readonly string[], event: boolean): void {
    const frame = { seq: ++this.#seq, event, messages: messages.join() };
    this.#waiting.push(frame);
    this.#transmitFrame(frame);
    if (this.#waiting.length === 1) this.#listen(SLOW_MS);
  }

  /** Frame `seq` of the server is in the page. */
  applied(seq: number): void {
    this.#applied = seq;
    if (seq - this.#acknowledged >= ACK_AFTER_FRAMES) this.#transmit();
    else this.#ackTimer ??= setTimeout(() => this.#transmit(), ACK_AFTER_MS);
  }

  #resumption(): string {
    if (this.#connection === undefined) return "";
    const acknowledged = (this.#waiting[0]?.seq ?? this.nextSeq) - 1;
    return `?connection=${this.#connection}&applied=${this.#received}&acknowledged=${acknowledged}`;
  }

  #take(text: string): void {
    const frame = parse(text);
    if (!frame) return this.#refuse(text);
    if (this.state !== "connected") this.#begin("resumed" in frame, frame);
    if ("messages" in frame) {
      // It came with a former socket.
      if (frame.seq <= this.#received) return;
      if (frame.seq > this.#received + 1) return this.retry();
      this.#received = frame.seq;
    }
    while ((this.#waiting[0]?.seq ?? Infinity) <= frame.ack) this.#waiting.shift();
    this.#slow(false);
    this.#listen(this.#waiting.length > 0 ? SLOW_MS : QUIET_MS);
    if ("messages" in frame) this.#events.frame(frame);
    else this.#events.carriedOut(frame.applied ?? frame.ack);
  }

  /** The first frame of a socket has come. */
  #begin(isResumed: boolean, frame: ServerFrame | AckFrame): void {
    this.#failures = 0;
    if (isResumed) {
      for (const each of this.#waiting) if (each.seq > frame.ack) this.#transmitFrame(each);
    } else {
      this.#seq = this.#received = this.#applied = this.#acknowledged = 0;
      const unanswered = this.#waiting.filter(({ event }) => event).length;
      this.#waiting = [];
      const { messages = [] } = frame as Partial<ServerFrame>;
      this.#connection = messages.find((message) => message.type === "welcome")?.connection;
      this.#events.fresh(unanswered);
    }
    this.#enter("connected");
  }

  #transmitFrame({ seq, event, messages }: SentFrame): void {
    this.#transmit(`"seq":${seq},`, `,"event":${event},"messages":[${messages}]`);
  }

  /** Sends an ack, or what it stands in: `before` and `after` are fields of the same frame. */
  #transmit(before = "", after = ""): void {
    this.#stopAcknowledging();
    this.#acknowledged = this.#applied;
    const socket = this.#socket;
    const text = `{${before}"ack":${this.#applied}${after}}`;
    this.#later(() => socket?.readyState === WebSocket.OPEN && socket.send(text));
  }

  #later(action: () => void): void {
    const now = performance.now();
    const wait = Math.max(this.latency / 2, this.#due - now);
    if (wait <= 0) return action();
    this.#due = now + wait;
    setTimeout(action, wait);
  }

  /** Something should be heard within `wait` ms. */
  #listen(wait: number): void {
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(() => {
      if (this.state !== "connected") return this.retry();
      if (wait === SLOW_MS) this.#slow(true);
      this.#ask(DEAD_MS);
    }, wait);
  }

  /** Asks whether anybody is there, who has so many ms for the answer. */
  #ask(wait: number): void {
    this.#transmit("", ',"ping":true');
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(() => this.retry(), wait + this.latency);
  }

  #slow(isSlow: boolean): void {
    if (isSlow !== this.#isSlow) this.#events.slow(isSlow);
    this.#isSlow = isSlow;
  }

  /** What a frame that cannot be read said is lost, so the page has to get everything anew. */
  #refuse(text: string): void {
    const message = `The page cannot read a frame: ${text.slice(0, 40)}`;
    const report: ClientMessage = { type: "error", code: "FRAME_NOT_JSON", message };
    this.send([JSON.stringify(report)], false);
    this.#leave();
    this.#connection = undefined;
    this.retry();
  }

  #stopAcknowledging(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
  }

  /** The socket is closed; what still comes from it, or is due on it, does not count any more. */
  #leave(code?: number): void {
    this.#socket?.close(code);
    this.#socket = undefined;
    this.#stopAcknowledging();
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#lookTimer);
    this.#slow(false);
  }

  #end(reason?: string): void {
    this.#leave();
    this.#enter("ended", reason);
  }

  #enter(state: ConnectionState, reason?: string): void {
    this.state = state;
    this.#events.state(state, reason);
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
