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
import { Reminder } from "./reminder.ts";
import { ReceivedFrames } from "./received-frames.ts";
import { SentFrames } from "./sent-frames.ts";
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
   * when it is safe already; else settles when it is, one after the other. `isAwaited`: somebody waits for what comes of it.
   */
  frame(body: string, isAwaited: boolean): Promise<void> | undefined;
  /** The page believes in frames that were dropped: `body` has their messages, as of one frame. */
  resync(code: ErrorCode, body: string): void;
  pause(): void;
  resume(): void;
  /** The page has to be told all that it shows once more, under the same ids. */
  refresh(): void;
  /** It was closed while no page was connected: nobody else is going to say so. */
  gone(): void;
  /** Something came from the browser, whatever it was. */
  activity(): void;
}

/** Above `full` nothing more is written; below `clear` it goes on. */
const BACKLOG = { full: 256 * 1024, clear: 64 * 1024 };
const UNACKNOWLEDGED = { full: 512, clear: 256 };
/** Characters of frames that the browser has not acknowledged. A page of its own may be larger. */
const UNACKNOWLEDGED_SIZE = { full: 16 * 1024 * 1024, clear: 4 * 1024 * 1024 };
/** An ack of its own is sent after so many frames, or so many ms, if no frame could carry it. */
const ACK_FRAMES = 16;
const ACK_WAIT = 1_000;
/** The same when a person waits and nothing has changed. */
const EVENT_ACK_WAIT = 20;
/** Messages of dropped frames that are remembered. */
const MOST_OWED = 1_000;
/** A connection that has so many bursts dropped without ever slowing down is closed. */
const ABUSE_BURSTS = 5;

/** What a page says of the connection that it had. */
export interface Resumption {
  connection: number;
  /** The last frame of the host that is in the page. */
  applied: number;
  /** The last of its own frames that the host has acknowledged. */
  acknowledged: number;
}

/**
 * One browser tab on a session: numbers and acknowledges frames both ways, refuses what the rules forbid, and gathers
 * what the session has to say. It outlives its wire: without one it keeps the latest state, as for a page that reads nothing,
 * until the page comes back with another and goes on where it was.
 */
export class Connection {
  readonly number: number;
  readonly #session: string;
  #wire: Wire | undefined;
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #batcher: Batcher;
  readonly #bucket: TokenBucket;
  readonly #reports: PageReports;
  readonly #sent = new SentFrames();
  readonly #received: ReceivedFrames;
  /** What the page has is not known here: it was connected to another process. */
  #isInherited: boolean;
  /** The last `seq` that the browser knows to be safe. */
  #safeTold = 0;
  /** Why frames were dropped since the last that was not, and what was in them. */
  #dropCode: ErrorCode | undefined;
  #owed: SessionRequest[] = [];
  readonly #ack: Reminder;
  #dropped = 0;
  #refusalTold = 0;
  #closed = false;

  /** `from`: the wire of a new page, or how many of its frames another process has accepted, of a page that may come back. */
  constructor(
    number: number,
    session: string,
    from: Wire | number,
    settings: ConnectionSettings,
    events: ConnectionEvents,
  ) {
    this.number = number;
    this.#session = session;
    this.#isInherited = typeof from === "number";
    this.#wire = typeof from === "number" ? undefined : from;
    this.#received = new ReceivedFrames(typeof from === "number" ? from : 0, () => this.#scheduleAck(ACK_WAIT));
    this.#settings = settings;
    this.#events = events;
    this.#ack = new Reminder(settings.clock, () => this.#sendAck());
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
    if (this.#wire) this.#batcher.greet(JSON.stringify(this.#welcome()));
  }

  /** Nothing is sent any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** It has come with this wire, and with no other since. */
  isOn(wire: Wire): boolean {
    return this.#wire === wire;
  }

  /**
   * The page is back with another wire. It gets what it has missed; or, if that is not known here, everything that it shows,
   * under the ids that it knows. False: this is not the connection that it had.
   */
  resume(wire: Wire, { applied, acknowledged }: Resumption): boolean {
    const missed = this.#isInherited ? [] : this.#sent.after(applied);
    if (this.#closed || missed === undefined || (!this.#isInherited && acknowledged >= this.#received.next))
      return false;
    const former = this.#wire;
    this.#wire = wire;
    former?.close(closeCodes.replaced, "REPLACED");
    if (this.#isInherited) {
      this.#received.skipTo(acknowledged);
      this.#sent.restart(applied);
    } else this.#sent.acknowledge(applied);
    // What is kept comes after these: with the acks for them at the latest.
    for (const text of [`{${this.#ackNow()},"resumed":true}`, ...missed]) {
      this.#settings.meter?.frameSent(text);
      wire.send(text, () => {});
    }
    this.#noteTold();
    if (!this.#isInherited) this.#batcher.drained();
    else {
      this.#isInherited = false;
      this.#batcher.restart();
      this.#events.refresh();
    }
    return true;
  }

  /** The wire is gone, and the page may come back. */
  lose(): void {
    this.#wire = undefined;
    this.#ack.close();
    this.#batcher.hold();
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
    if (frame.ack > this.#sent.last) {
      const message = `ack is ${frame.ack}, but the last frame sent was ${this.#sent.last}.`;
      this.#refuse(new FrameError("FRAME_INVALID", message, "seq" in frame ? frame.seq : undefined));
      return;
    }
    if (this.#sent.acknowledge(frame.ack)) this.#batcher.drained();
    if ("seq" in frame) this.#accept(frame);
    else if (frame.ping === true) this.#sendAck();
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

  /** The session has carried out the oldest of the frames that it was given. `isAwaited`: somebody waits for what comes of it. */
  carriedOut(isAwaited: boolean): void {
    this.#received.carriedOut();
    if (isAwaited) this.#scheduleAck(EVENT_ACK_WAIT);
  }

  /** What the session's VM has to say to this connection. */
  deliver(changes: ConnectionChanges, urgent: boolean): void {
    // A page that was connected to another process is going to be told everything, if it comes.
    if (!this.#isInherited) this.#batcher.add(changes, urgent, this.#received.applied);
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
    const wire = this.#wire;
    this.detach();
    if (wire) wire.close(code, reason);
    else this.#events.gone();
  }

  /** Nothing is sent any more, no timer is left. */
  detach(): void {
    this.#closed = true;
    this.#ack.close();
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
    if (now - this.#refusalTold < 1_000) return;
    this.#refusalTold = now;
    this.fault(code);
  }

  #refuse(error: unknown): void {
    if (!(error instanceof FrameError)) throw error;
    this.#useUp(error.seq);
    this.#settings.meter?.error(error, this.#session);
    this.fault(error.code, error.message);
  }

  #useUp(seq: number | undefined): void {
    if (seq === this.#received.next) this.#received.useUp();
  }

  #accept(frame: ClientFrame): void {
    const expected = this.#received.next;
    if (frame.seq > expected) {
      this.#refuse(new FrameError("FRAME_SEQ", `seq is ${frame.seq}, but ${expected} is next.`, undefined));
      return;
    }
    // It was accepted before, and its sender missed the ack.
    if (frame.seq < expected) return this.#scheduleAck(ACK_WAIT);
    for (const message of frame.messages) if (message.type === "error") this.#reports.add(message);
    const messages = frame.messages.filter((message) => message.type !== "error");
    if (messages.length === 0) return this.#received.useUp();
    const refusal = this.#events.refusal();
    if (refusal !== undefined) {
      this.#received.useUp();
      this.#tellRefusal(refusal);
      this.#dropCode = refusal;
      // What it wrote does not matter any more, and may be large.
      const bare = messages.map((message) => (message.type === "update" ? { ...message, value: null } : message));
      this.#owed = [...this.#owed, ...bare].slice(-MOST_OWED);
      return;
    }
    // Encoded anew, although the raw text is at hand: two parsers must not see two different frames.
    this.#received.forward(() => this.#events.frame(frameBody(frame.event, messages, frame.seq), frame.event));
    if (this.#dropCode !== undefined) this.#events.resync(this.#dropCode, frameBody(false, this.#owed.splice(0)));
    this.#dropCode = undefined;
    // What waits was made before this frame, and has to say so.
    this.#batcher.settle();
  }

  #write(messages: string, applied: number): void {
    const text = `{"seq":${this.#sent.last + 1},${this.#ackNow(applied)},"messages":[${messages}]}`;
    this.#sent.add(text);
    this.#noteTold(applied);
    this.#send(text);
  }

  /** What is said of the browser's frames in a message that was made when those up to `applied` were carried out. */
  #ackNow(applied = this.#received.applied): string {
    const { safe } = this.#received;
    return applied < safe ? `"ack":${safe},"applied":${applied}` : `"ack":${safe}`;
  }

  #send(text: string): void {
    if (this.#closed || !this.#wire) return;
    this.#settings.meter?.frameSent(text);
    this.#wire.send(text, () => this.#batcher.drained());
  }

  /** The browser is told within `wait` ms how far its frames have come. */
  #scheduleAck(wait: number): void {
    if (this.#closed || !this.#wire) return;
    if (this.#received.safe - this.#safeTold >= ACK_FRAMES) return this.#sendAck();
    this.#ack.within(wait);
  }

  #sendAck(): void {
    this.#send(`{${this.#ackNow()}}`);
    this.#noteTold();
  }

  /** The browser is being told what is safe, and that it was carried out up to `applied`. */
  #noteTold(applied = this.#received.applied): void {
    this.#safeTold = this.#received.safe;
    if (applied === this.#received.applied) this.#ack.callOff();
  }

  #isOver(level: "full" | "clear"): boolean {
    return (
      this.#wire === undefined ||
      this.#wire.backlog > BACKLOG[level] ||
      this.#sent.waiting > UNACKNOWLEDGED[level] ||
      this.#sent.size > UNACKNOWLEDGED_SIZE[level]
    );
  }
}
