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
  /** The JSON text of a Viewdef in this version. */
  viewdef: (key: string, hash: string) => string | undefined;
  /** The receiver fell behind: whoever makes changes should stop. */
  onFull(): void;
  /** The receiver caught up and has everything that was kept for it. */
  onClear(): void;
  /** The receiver is so far behind that keeping more for it makes no sense: the connection should start anew. */
  onLost(): void;
}

/** What is kept for a full receiver and may be merged. */
interface Kept {
  /** As `#viewdefs`: each version is sent once, and any view that is kept may need it. */
  viewdefs: Map<string, string>;
  messages: PendingMessages;
}

/** A receiver that reads nothing while its viewdefs are exchanged so often is lost. */
const MOST_KEPT = 16;

/**
 * Gathers what workers produced for one connection and writes it as one frame: the host's own messages, viewdefs, then
 * high, medium and low priority. At once when somebody waits for it, else 10 ms after the first change (a throttle: later
 * changes do not extend it). Frames are joined from the workers' texts; nothing is parsed, unless the receiver is full:
 * then only the latest state is kept (PendingMessages), so a receiver that reads nothing costs bounded memory. A frame holds
 * only what was made after the same of the browser's frames, so that the browser can tell which values are stale.
 *
 * When a viewdef that the receiver has is exchanged for another version, views go on with variables under new ids
 * (View.from). Neither what was said of the old ids before nor what is said of the new ones afterwards may get into the
 * same frame, where priorities decide the order, nor may it be merged with them while the receiver is full.
 */
export class Batcher {
  readonly #ports: BatcherPorts;
  /** Key → hash of the version that the receiver has or is about to get. */
  readonly #versions = new Map<string, string>();
  #host: string[] = [];
  /** Key → JSON text, those that wait. */
  #viewdefs = new Map<string, string>();
  #high: string[] = [];
  #medium: string[] = [];
  #low: string[] = [];
  /** Present while the receiver is full; oldest first, and never empty. What comes goes into the last. */
  #kept: Kept[] | undefined;
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

  /** A message that nobody asked for: as `say`, but travels with the greeting if that still waits. */
  tell(message: string): void {
    if (this.#closed) return;
    this.#host.push(message);
    if (!this.#greeting) this.flush();
  }

  /**
   * Changes of this connection, made when the browser's frames up to `applied` had been carried out. `urgent`: a person
   * waits for them.
   */
  add(changes: ConnectionChanges, urgent: boolean, applied: number): void {
    if (this.#closed) return;
    const isExchange = changes.viewdefs.some(({ key, hash }) => (this.#versions.get(key) ?? hash) !== hash);
    if (applied !== this.#applied || isExchange) this.settle();
    if (isExchange) this.#keepApart();
    this.#applied = applied;
    for (const { key, hash } of changes.viewdefs) {
      if (this.#versions.get(key) === hash) continue;
      this.#versions.set(key, hash);
      const text = this.#ports.viewdef(key, hash);
      // A key without a viewdef cannot be shown; the client says so where it is used.
      if (text !== undefined) this.#viewdefs.set(key, text);
    }
    if (changes.high !== "") this.#high.push(changes.high);
    if (changes.medium !== "") this.#medium.push(changes.medium);
    if (changes.low !== "") this.#low.push(changes.low);
    if (urgent || isExchange || this.#greeting || this.#kept !== undefined) this.flush();
    else this.#cancelTimer ??= this.#ports.clock.after(THROTTLE, () => this.flush());
    if (isExchange) this.#keepApart();
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
    if (this.#kept === undefined && this.#ports.isFull()) {
      if (this.#isEmpty()) return;
      this.#fill();
    }
    const kept = this.#kept?.at(-1);
    if (kept !== undefined) return this.#keep(kept);
    let messages = joined("", this.#host);
    if (this.#viewdefs.size > 0) messages = joined(messages, [viewdefMessage(this.#viewdefs)]);
    for (const waiting of [this.#high, this.#medium, this.#low]) messages = joined(messages, waiting);
    this.#write(messages, this.#applied);
    this.#clear();
    if (this.#ports.isFull()) this.#fill();
  }

  /** The receiver is away: the latest state is kept until it is back and `drained` is called. */
  hold(): void {
    if (this.#kept === undefined) this.#fill();
    this.flush();
  }

  /** To be called whenever the receiver took something: writes what was kept once it has caught up. */
  drained(): void {
    if (this.#closed || this.#kept === undefined || !this.#ports.isClear()) return;
    const kept = this.#kept;
    this.#kept = undefined;
    for (const { viewdefs, messages } of kept) {
      const [first = { applied: this.#applied, messages: "" }, ...others] = messages.take();
      // They may be needed from the first frame on.
      this.#write(joined("", [viewdefMessage(viewdefs), first.messages]), first.applied);
      for (const other of others) this.#write(other.messages, other.applied);
    }
    if (this.#ports.isFull()) this.#kept = [nothingKept()];
    else this.#ports.onClear();
  }

  /** Forgets what waits, and what the receiver has: it is about to be told everything. */
  restart(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#greeting = false;
    this.#kept = undefined;
    this.#versions.clear();
    this.#clear();
  }

  /** Forgets what waits; nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.restart();
  }

  #isEmpty(): boolean {
    return this.#host.length + this.#viewdefs.size + this.#high.length + this.#medium.length + this.#low.length === 0;
  }

  /** Goes over to keeping the latest state. */
  #fill(): void {
    this.#kept = [nothingKept()];
    this.#ports.onFull();
  }

  #keep({ viewdefs, messages }: Kept): void {
    const applied = this.#applied;
    for (const [key, text] of this.#viewdefs) viewdefs.set(key, text);
    for (const message of this.#host) messages.add(message, 0, applied);
    for (const fragments of this.#high) messages.add(fragments, 0, applied);
    for (const fragments of this.#medium) messages.add(fragments, 1, applied);
    for (const fragments of this.#low) messages.add(fragments, 2, applied);
    this.#clear();
  }

  /** What is kept from now on is not merged with what was kept so far. */
  #keepApart(): void {
    const last = this.#kept?.at(-1);
    if (last === undefined || (last.messages.isEmpty && last.viewdefs.size === 0)) return;
    if (this.#kept?.push(nothingKept()) === MOST_KEPT) this.#ports.onLost();
  }

  #write(messages: string, applied: number): void {
    if (messages !== "") this.#ports.write(messages, applied);
  }

  #clear(): void {
    if (this.#host.length > 0) this.#host = [];
    if (this.#viewdefs.size > 0) this.#viewdefs = new Map();
    if (this.#high.length > 0) this.#high = [];
    if (this.#medium.length > 0) this.#medium = [];
    if (this.#low.length > 0) this.#low = [];
  }
}

function nothingKept(): Kept {
  return { viewdefs: new Map(), messages: new PendingMessages() };
}

/** The message that delivers viewdefs, "" if there are none. */
function viewdefMessage(viewdefs: ReadonlyMap<string, string>): string {
  if (viewdefs.size === 0) return "";
  const texts = Array.from(viewdefs, ([key, text]) => `${JSON.stringify(key)}:${text}`);
  return `{"type":"update","id":${APP_VARIABLE},"properties":{"viewdefs":{${texts.join(",")}}}}`;
}

/** `text` and the fragments that are not empty, joined by commas. */
function joined(text: string, fragments: readonly string[]): string {
  let all = text;
  for (const fragment of fragments) if (fragment !== "") all = all === "" ? fragment : `${all},${fragment}`;
  return all;
}
