import { APP_VARIABLE } from "../protocol/main.ts";
import type { ConnectionChanges } from "../protocol/outcome.ts";
import type { Clock } from "./clock.ts";
import { PendingMessages } from "./pending-messages.ts";

/** What is not urgent waits this long for company, counted from the first of them. */
const THROTTLE = 10;
/** How long the welcome waits for the page it is to travel with. An app without an app variable never sends one. */
const GREETING_WAIT = 1_000;

export interface BatcherPorts {
  clock: Clock;
  /** Sends one frame with these messages (JSON texts joined by commas), made when `applied` was carried out. */
  write(messages: string, applied: number): void;
  /** The receiver has so much before it that nothing more should be written. */
  isFull(): boolean;
  /** The receiver has caught up after `isFull`; lower than `isFull`, so that it does not flicker. */
  isClear(): boolean;
  /** The JSON text of a Viewdef. */
  viewdef: (key: string) => string | undefined;
  /** The receiver fell behind: whoever makes changes should stop. */
  onFull(): void;
  /** The receiver caught up and has everything that was kept for it. */
  onClear(): void;
}

/**
 * Gathers what workers produced for one connection and writes it as one frame: the host's own messages, viewdefs, then
 * high, medium and low priority. At once when somebody waits for it, else 10 ms after the first change (a throttle: later
 * changes do not extend it). Frames are joined from the workers' texts; nothing is parsed, unless the receiver is full:
 * then only the latest state is kept (PendingMessages), so a receiver that reads nothing costs bounded memory. A frame holds
 * only what was made after the same of the browser's frames, so that the browser can tell which values are stale.
 */
export class Batcher {
  readonly #ports: BatcherPorts;
  readonly #sentViewdefs = new Set<string>();
  #host: string[] = [];
  #viewdefs: string[] = [];
  #high: string[] = [];
  #medium: string[] = [];
  #low: string[] = [];
  /** Present while the receiver is full. */
  #kept: PendingMessages | undefined;
  #cancelTimer: (() => void) | undefined;
  #greeting = false;
  #closed = false;
  /** Which of the browser's frames the session had carried out when it made what waits. */
  #applied = 0;

  constructor(ports: BatcherPorts) {
    this.#ports = ports;
  }

  /** The first message of the connection. It waits for the first changes and goes with them in one frame. */
  greet(message: string): void {
    this.#greeting = true;
    this.#host.push(message);
    this.#cancelTimer = this.#ports.clock.after(GREETING_WAIT, () => this.flush());
  }

  /** A message of the host itself, such as an error about a frame; goes at once, ahead of everything that waits. */
  say(message: string): void {
    if (this.#closed) return;
    this.#host.push(message);
    this.flush();
  }

  /**
   * Changes of this connection, made when the browser's frames up to `applied` had been carried out. `urgent`: a person
   * waits for them.
   */
  add(changes: ConnectionChanges, urgent: boolean, applied: number): void {
    if (this.#closed) return;
    if (applied !== this.#applied) this.settle();
    this.#applied = applied;
    for (const key of changes.viewdefs) {
      if (this.#sentViewdefs.has(key)) continue;
      this.#sentViewdefs.add(key);
      const text = this.#ports.viewdef(key);
      // A key without a viewdef cannot be shown; the client says so where it is used.
      if (text !== undefined) this.#viewdefs.push(`${JSON.stringify(key)}:${text}`);
    }
    if (changes.high !== "") this.#high.push(changes.high);
    if (changes.medium !== "") this.#medium.push(changes.medium);
    if (changes.low !== "") this.#low.push(changes.low);
    if (urgent || this.#greeting || this.#kept !== undefined) this.flush();
    else this.#cancelTimer ??= this.#ports.clock.after(THROTTLE, () => this.flush());
  }

  /** Writes what waits before something happens that it does not know of; only the greeting goes on waiting. */
  settle(): void {
    if (!this.#greeting && !this.#isEmpty()) this.flush();
  }

  /** Writes what waits, or keeps the latest state of it if the receiver is full. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#greeting = false;
    if (this.#closed) return;
    if (this.#kept !== undefined) {
      this.#keep(this.#kept);
      return;
    }
    if (this.#ports.isFull()) {
      if (this.#isEmpty()) return;
      this.#keep(this.#fill());
      return;
    }
    const fragments = [...this.#host, this.#viewdefMessage(), ...this.#high, ...this.#medium, ...this.#low];
    this.#write(joined(fragments), this.#applied);
    this.#clear();
    if (this.#ports.isFull()) this.#fill();
  }

  /** To be called whenever the receiver took something: writes what was kept once it has caught up. */
  drained(): void {
    if (this.#closed || this.#kept === undefined || !this.#ports.isClear()) return;
    const groups = this.#kept.take();
    this.#kept = undefined;
    // They may be needed from the first frame on.
    const viewdefs = this.#viewdefMessage();
    const [first = { applied: this.#applied, messages: "" }, ...others] = groups;
    this.#write(joined([viewdefs, first.messages]), first.applied);
    for (const { messages, applied } of others) this.#write(messages, applied);
    this.#clear();
    if (this.#ports.isFull()) this.#kept = new PendingMessages();
    else this.#ports.onClear();
  }

  /** Forgets what waits; nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#kept = undefined;
    this.#clear();
  }

  #isEmpty(): boolean {
    return this.#host.length + this.#viewdefs.length + this.#high.length + this.#medium.length + this.#low.length === 0;
  }

  /** Goes over to keeping the latest state. */
  #fill(): PendingMessages {
    this.#kept = new PendingMessages();
    this.#ports.onFull();
    return this.#kept;
  }

  /** Viewdefs stay as they are: each is sent once and may be needed by any view that is kept. */
  #keep(kept: PendingMessages): void {
    const applied = this.#applied;
    for (const message of this.#host) kept.add(message, 0, applied);
    for (const fragments of this.#high) kept.add(fragments, 0, applied);
    for (const fragments of this.#medium) kept.add(fragments, 1, applied);
    for (const fragments of this.#low) kept.add(fragments, 2, applied);
    const viewdefs = this.#viewdefs;
    this.#clear();
    this.#viewdefs = viewdefs;
  }

  #viewdefMessage(): string {
    if (this.#viewdefs.length === 0) return "";
    return `{"type":"update","id":${APP_VARIABLE},"properties":{"viewdefs":{${this.#viewdefs.join(",")}}}}`;
  }

  #write(messages: string, applied: number): void {
    if (messages !== "") this.#ports.write(messages, applied);
  }

  #clear(): void {
    if (this.#host.length > 0) this.#host = [];
    if (this.#viewdefs.length > 0) this.#viewdefs = [];
    if (this.#high.length > 0) this.#high = [];
    if (this.#medium.length > 0) this.#medium = [];
    if (this.#low.length > 0) this.#low = [];
  }
}

function joined(fragments: string[]): string {
  return fragments.filter((fragment) => fragment !== "").join(",");
}
