import type { ClientMessage, Value } from "../protocol/message.ts";
import type { Variable } from "./model.ts";

/** What the outbox needs of a connection. */
export interface Carrier {
  readonly open: boolean;
  readonly nextSeq: number;
  /** `messages`: the JSON text of each. */
  send(messages: readonly string[], event: boolean): void;
}

interface Entry {
  /** Made when it leaves, because the ids of variables change. */
  message: () => ClientMessage;
  variable?: Variable;
  /** Later writes to the same variable must not move across it. */
  barrier?: boolean;
}

const QUIET_MS = 10;
const LONGEST_MS = 50;
const LIMIT = 1000;
/** Characters of a frame; what waits longer goes in several. */
const FRAME_SIZE = 256 * 1024;
/** No host takes more at once. */
const LARGEST = 15_000_000;

/**
 * What waits to be sent, first in, first out. Actions go at the end of the present task, with all that waits before them,
 * so that everything one click sets off is one frame. So does what a person writes, unless something has gone in the last
 * 10 ms. Other writes wait until nothing was added for 10 ms, at most 50 ms; of several writes to one variable the last
 * remains.
 */
export class Outbox {
  readonly #carrier: Carrier;
  readonly #sent: (seq?: number) => void;
  readonly #endOfTask = new MessageChannel();
  #entries: Entry[] = [];
  #event = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since = 0;
  #leaving = false;
  /** When something was sent last. */
  #sentAt = -Infinity;
  readonly #onWaiting: () => void;
  readonly #onLost: () => void;

  /**
   * `sent` is called when what waited is in the frame `seq`; without one when nothing of it is to be sent. `onWaiting`, that more
   * waits for the carrier; `onLost`, that something will never leave.
   */
  constructor(carrier: Carrier, sent: (seq?: number) => void, onWaiting: () => void, onLost: () => void) {
    this.#carrier = carrier;
    this.#sent = sent;
    this.#onWaiting = onWaiting;
    this.#onLost = onLost;
    this.#endOfTask.port1.addEventListener("message", () => {
      this.#leaving = false;
      this.flush();
    });
    this.#endOfTask.port1.start();
  }

  get open(): boolean {
    return this.#carrier.open;
  }

  get waiting(): number {
    return this.#entries.length;
  }

  /** How much of what waits people have done. */
  get changes(): number {
    return this.#entries.filter(({ variable }) => variable).length;
  }

  /** A new value of a variable. `event`: a person changed it and waits. */
  write(variable: Variable, value: Value, event: boolean): void {
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at];
      if (!entry || entry.barrier) break;
      if (entry.variable !== variable) continue;
      this.#entries.splice(at, 1);
      break;
    }
    this.#event ||= event;
    this.#add({ message: () => ({ type: "update", id: variable.id, value }), variable });
    if (event && performance.now() - this.#sentAt >= QUIET_MS) this.#leave();
    else this.#wait();
  }

  /** Runs an action. `soon: false` for events that come in streams: of those in a row only the last is sent. */
  act(variable: Variable, value: Value, soon = true): void {
    const last = this.#entries.at(-1);
    if (!soon && last?.variable === variable) this.#entries.pop();
    this.#event = true;
    this.#add({ message: () => ({ type: "update", id: variable.id, value }), variable, barrier: true });
    if (!soon) return this.#wait();
    this.#leave();
  }

  /** Any other message, made when it leaves. `event`: a person waits for what it brings. */
  send(message: () => ClientMessage, event = false): void {
    this.#event ||= event;
    this.#add({ message });
    this.#wait();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#carrier.open) return;
    const entries = this.#entries.filter(({ variable }) => !variable?.gone);
    const event = this.#event;
    this.#entries = [];
    this.#event = false;
    if (entries.length === 0) return this.#sent();
    this.#sentAt = performance.now();
    const frames: string[][] = [];
    let size = FRAME_SIZE;
    for (const { message, variable, barrier } of entries) {
      const text = JSON.stringify(message());
      if (text.length > LARGEST) {
        // The session's word counts.
        if (variable) variable.written = 0;
        this.#onLost();
        continue;
      }
      size += text.length;
      if (size > FRAME_SIZE) {
        frames.push([]);
        size = text.length;
      }
      frames.at(-1)?.push(text);
      if (variable && !barrier) variable.written = this.#carrier.nextSeq + frames.length - 1;
    }
    for (const frame of frames) this.#carrier.send(frame, event);
    this.#sent(frames[0] && this.#carrier.nextSeq - 1);
  }

  /** Drops what was meant for a connection that is gone. Returns how many actions that were; values are found in fields again. */
  clear(): number {
    const actions = this.#entries.filter(({ barrier }) => barrier);
    this.#entries = [];
    this.#event = false;
    return actions.length;
  }

  #add(entry: Entry): void {
    if (this.#entries.length >= LIMIT) return this.#onLost();
    this.#entries.push(entry);
    if (!this.#carrier.open) this.#onWaiting();
  }

  /** Sends what waits at the end of the present task. */
  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#endOfTask.port2.postMessage(0);
  }

  #wait(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#since = now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), Math.min(QUIET_MS, Math.max(0, this.#since + LONGEST_MS - now)));
  }
}
