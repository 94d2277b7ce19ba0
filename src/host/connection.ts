import {
  closeCodes,
  decodeFrame,
  errors,
  FrameError,
  MoonpoolError,
  peekSeq,
  PROTOCOL_VERSION,
  tooLarge,
  type AckFrame,
  type ClientFrame,
  type ErrorCode,
  type Fault,
  type FrameLimits,
  type HotloadUi,
  type Reload,
  type Welcome,
} from "../protocol/main.ts";
import type { ConnectionChanges } from "../protocol/outcome.ts";
import { frameBody, type SessionRequest } from "../protocol/worker-message.ts";
import { Batcher } from "./batcher.ts";
import type { Clock } from "./clock.ts";
import { shortId, type Log } from "./log.ts";
import type { Meter } from "./meter.ts";
import { PageReports } from "./page-reports.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What carries frames to the browser: a WebSocket, or a pair of functions in a test. */
export interface Wire {
  /** Sends a text; `sent` is called when the system has taken it. */
  send(text: string, sent: () => void): void;
  /** Bytes given to `send` that the system has not taken yet. */
  readonly backlog: number;
  close(code: number, reason: string): void;
}

/** What a connection is allowed and told, the same for all connections of a host. */
export interface ConnectionSettings {
  limits: FrameLimits;
  rate: { perSecond: number; burst: number };
  development: boolean;
  clock: Clock;
  log: Log;
  /** The JSON text of a Viewdef in this version. */
  viewdef: (key: string, hash: string) => string | undefined;
  /** Present when pages are told that files of the site change. */
  hotloadUi?: HotloadUi | undefined;
  /** Who counts, if anybody does. */
  meter?: Meter | undefined;
}

/** Where a connection's part of the session's events goes. */
export interface ConnectionEvents {
  /** Why the session takes no frame now: it has more before it than it can work off soon, or it has failed too often. */
  refusal(): ErrorCode | undefined;
  /**
   * Is answered by `carriedOut`, frame by frame. `body`: see frameBody; what the host checked, and nothing else. Undefined
   * when it is safe already; else settles when it is, one after the other.
   */
  frame(body: string): Promise<void> | undefined;
  /** The page believes in frames that were dropped: `body` has their messages, as of one frame. */
  resync(code: ErrorCode, body: string): void;
  pause(): void;
  resume(): void;
  /** Something came from the browser, whatever it was. */
  activity(): void;
}

/** Above `full` nothing more is written; below `clear` it goes on. */
const BACKLOG = { full: 256 * 1024, clear: 64 * 1024 };
const UNACKNOWLEDGED = { full: 512, clear: 256 };
/** An ack of its own is sent after so many frames, or so many ms, if no frame could carry it. */
const ACK_FRAMES = 16;
const ACK_WAIT = 1_000;
/** The same after a frame was carried out, for which somebody may wait: longer than the batcher collects changes. */
const ACK_SOON = 12;
/** Messages of dropped frames that are remembered. */
const MOST_OWED = 1_000;
/** A connection that has so many bursts dropped without ever slowing down is closed. */
const ABUSE_BURSTS = 5;

/**
 * One browser tab on a session: numbers and acknowledges frames both ways, refuses what the rules forbid, and gathers
 * what the session has to say. Knows nothing of sockets, so that its state can outlive one.
 */
export class Connection {
  readonly number: number;
  readonly #session: string;
  readonly #wire: Wire;
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #batcher: Batcher;
  readonly #bucket: TokenBucket;
  readonly #reports: PageReports;
  /** Last `seq` sent, and the last of them that the browser has applied. */
  #sent = 0;
  #acknowledged = 0;
  /** Last `seq` accepted from the browser, the last that is safe, and the last that the browser knows to be. */
  #received = 0;
  #safe = 0;
  #safeTold = 0;
  /** Frames that are not safe yet. */
  #unsafe = 0;
  /** Why frames were dropped since the last that was not, and what was in them. */
  #dropCode: ErrorCode | undefined;
  #owed: SessionRequest[] = [];
  /** `seq` of frames that the session was given and has not carried out. */
  readonly #forwarded: number[] = [];
  #cancelAck: (() => void) | undefined;
  #dropped = 0;
  #told = 0;
  #closed = false;

  constructor(number: number, session: string, wire: Wire, settings: ConnectionSettings, events: ConnectionEvents) {
    this.number = number;
    this.#session = session;
    this.#wire = wire;
    this.#settings = settings;
    this.#events = events;
    this.#bucket = new TokenBucket(settings.rate, settings.clock.now());
    this.#reports = new PageReports(settings.log, settings.clock, session, number);
    this.#batcher = new Batcher({
      clock: settings.clock,
      write: (messages, applied) => this.#write(messages, applied),
      isFull: () => this.#isOver("full"),
      isClear: () => !this.#isOver("clear"),
      viewdef: settings.viewdef,
      onFull: () => events.pause(),
      onClear: () => events.resume(),
      onLost: () => this.close(closeCodes.goingAway, "BEHIND"),
    });
    this.#batcher.greet(JSON.stringify(this.#welcome()));
  }

  /** The text of a frame from the browser. Never throws; what is wrong with it is answered. */
  receive(text: string): void {
    if (this.#closed) return;
    this.#events.activity();
    if (!this.#mayPass(text)) return;
    let frame: ClientFrame | AckFrame;
    try {
      frame = decodeFrame(text, this.#settings.limits);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (frame.ack > this.#sent) {
      const message = `ack is ${frame.ack}, but the last frame sent was ${this.#sent}.`;
      this.#refuse(new FrameError("FRAME_INVALID", message, "seq" in frame ? frame.seq : undefined));
      return;
    }
    if (frame.ack > this.#acknowledged) {
      this.#acknowledged = frame.ack;
      this.#batcher.drained();
    }
    if ("seq" in frame) this.#accept(frame);
  }

  /** A frame that is too large to be looked at; `head` is its beginning. */
  receiveTooLarge(head: string): void {
    if (this.#closed) return;
    this.#events.activity();
    if (this.#mayPass(head)) this.#refuse(tooLarge(head, this.#settings.limits.maxBytes));
  }

  receiveBinary(): void {
    if (this.#closed) return;
    this.#events.activity();
    if (this.#mayPass(""))
      this.#refuse(new FrameError("FRAME_INVALID", "The frame is binary; frames are text.", undefined));
  }

  /** The session has carried out the oldest of the frames that it was given. */
  carriedOut(): void {
    const seq = this.#forwarded.shift() ?? 0;
    // What comes of a frame is told when the frame is safe.
    this.#safe = this.#forwarded.length === 0 ? this.#received : Math.max(this.#safe, seq);
    if (this.#closed) return;
    // If something comes of it, that says so too.
    this.#cancelAck?.();
    this.#cancelAck = this.#settings.clock.after(ACK_SOON, () => this.#sendAck());
  }

  /** What the session's VM has to say to this connection. */
  deliver(changes: ConnectionChanges, urgent: boolean): void {
    this.#batcher.add(changes, urgent, this.#applied);
  }

  /** Tells the browser about an error that belongs to no variable. */
  fault(code: ErrorCode, message?: string, at?: MoonpoolError["at"]): void {
    const fault: Fault = { type: "error", ...new MoonpoolError(code, message, at).toWire() };
    this.#batcher.say(JSON.stringify(fault));
  }

  /** Tells the page that files of the site have changed. Not to be called unless its welcome said `hotload`. */
  tell(message: Reload): void {
    this.#batcher.tell(JSON.stringify(message));
  }

  /** Ends the connection from the host's side. The wire's own end must lead to `detach`. */
  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.detach();
    this.#wire.close(code, reason);
  }

  /** The wire is gone: nothing is sent any more, no timer is left. */
  detach(): void {
    this.#closed = true;
    this.#cancelAck?.();
    this.#batcher.close();
    this.#reports.close();
  }

  #welcome(): Welcome {
    const { development, hotloadUi: hotload } = this.#settings;
    const welcome: Welcome = { type: "welcome", protocol: PROTOCOL_VERSION, connection: this.number, development };
    return hotload === undefined ? welcome : { ...welcome, hotload };
  }

  /** Rate limit. A dropped frame uses up its number, like any refused one, or nothing sent after it could pass. */
  #mayPass(head: string): boolean {
    const { clock, rate, log } = this.#settings;
    const now = clock.now();
    this.#settings.meter?.frameReceived();
    if (this.#bucket.take(now)) {
      this.#dropped = Math.max(0, this.#dropped - 1);
      return true;
    }
    this.#useUp(peekSeq(head));
    this.#dropped++;
    if (this.#dropped > ABUSE_BURSTS * rate.burst) {
      log.warn({ session: shortId(this.#session), connection: this.number }, "connection closed: it kept flooding");
      this.close(closeCodes.abuse, "RATE_LIMIT");
    } else {
      this.#tellRefusal("RATE_LIMIT");
    }
    return false;
  }

  /** One answer a second is enough: answers must not multiply a flood. */
  #tellRefusal(code: ErrorCode): void {
    this.#settings.meter?.error({ code, message: errors[code].text }, this.#session);
    const now = this.#settings.clock.now();
    if (now - this.#told < 1_000) return;
    this.#told = now;
    this.fault(code);
  }

  #refuse(error: unknown): void {
    if (!(error instanceof FrameError)) throw error;
    this.#useUp(error.seq);
    this.#settings.meter?.error(error, this.#session);
    this.fault(error.code, error.message);
  }

  #useUp(seq: number | undefined): void {
    if (seq !== this.#received + 1) return;
    this.#received = seq;
    this.#noteSafe();
  }

  #accept(frame: ClientFrame): void {
    const expected = this.#received + 1;
    if (frame.seq > expected) {
      this.#refuse(new FrameError("FRAME_SEQ", `seq is ${frame.seq}, but ${expected} is next.`, undefined));
      return;
    }
    if (frame.seq < expected) {
      // It was accepted before, and its sender missed the ack.
      this.#scheduleAck();
      return;
    }
    this.#received = frame.seq;
    if (!this.#pass(frame)) this.#noteSafe();
  }

  /** False if there is nothing for the session in it. */
  #pass(frame: ClientFrame): boolean {
    for (const message of frame.messages) if (message.type === "error") this.#reports.add(message);
    const messages = frame.messages.filter((message) => message.type !== "error");
    if (messages.length === 0) return false;
    const refusal = this.#events.refusal();
    if (refusal !== undefined) {
      this.#tellRefusal(refusal);
      this.#dropCode = refusal;
      // What it wrote does not matter any more, and may be large.
      const bare = messages.map((message) => (message.type === "update" ? { ...message, value: null } : message));
      this.#owed = [...this.#owed, ...bare].slice(-MOST_OWED);
      return false;
    }
    this.#forwarded.push(frame.seq);
    // Encoded anew, although the raw text is at hand: two parsers must not see two different frames.
    this.#noteSafe(this.#events.frame(frameBody(frame.event, messages)));
    if (this.#dropCode !== undefined) this.#events.resync(this.#dropCode, frameBody(false, this.#owed.splice(0)));
    this.#dropCode = undefined;
    // What waits was made before this frame, and has to say so.
    this.#batcher.settle();
    return true;
  }

  /** The newest frame is safe when `safe` settles, or when those before it are. */
  #noteSafe(safe?: Promise<void>): void {
    if (safe === undefined) {
      if (this.#unsafe > 0) return;
      this.#safe = this.#received;
      return this.#scheduleAck();
    }
    this.#unsafe++;
    void this.#awaitSafe(safe, this.#received);
  }

  async #awaitSafe(safe: Promise<void>, seq: number): Promise<void> {
    try {
      await safe;
      this.#safe = --this.#unsafe === 0 ? this.#received : Math.max(this.#safe, seq);
      this.#scheduleAck();
    } catch {
      // The session says what happened.
    }
  }

  /** Frames that were refused, or had nothing for the session, count as carried out with those before them. */
  get #applied(): number {
    return this.#forwarded[0] === undefined ? this.#received : this.#forwarded[0] - 1;
  }

  /** What is said of the frames that came, in a frame that was made when those up to `applied` were carried out. */
  #ack(applied: number): string {
    this.#tellReceived();
    return `"ack":${this.#safe}${applied < this.#safe ? `,"applied":${applied}` : ""}`;
  }

  #write(messages: string, applied: number): void {
    this.#send(`{"seq":${++this.#sent},${this.#ack(applied)},"messages":[${messages}]}`);
  }

  #send(text: string): void {
    if (this.#closed) return;
    this.#settings.meter?.frameSent(text);
    this.#wire.send(text, () => this.#batcher.drained());
  }

  #scheduleAck(): void {
    if (this.#closed) return;
    if (this.#safe - this.#safeTold >= ACK_FRAMES) this.#sendAck();
    else this.#cancelAck ??= this.#settings.clock.after(ACK_WAIT, () => this.#sendAck());
  }

  #sendAck(): void {
    this.#send(`{${this.#ack(this.#applied)}}`);
  }

  #tellReceived(): void {
    this.#safeTold = this.#safe;
    this.#cancelAck?.();
    this.#cancelAck = undefined;
  }

  #isOver(level: "full" | "clear"): boolean {
    return this.#wire.backlog > BACKLOG[level] || this.#sent - this.#acknowledged > UNACKNOWLEDGED[level];
  }
}
