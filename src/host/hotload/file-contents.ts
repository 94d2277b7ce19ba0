import fs from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { EMPTY, PIECE, readAtOnce, readSlowly, signatureOf, unread, type Content } from "./file-content.ts";
import { isMissing } from "./link-trail.ts";

/** How long (ms) a file must have been left alone before it is believed. More for slow drives. */
export interface Patience {
  /** A file that is written in place. */
  written: number;
  /** One that has become empty: most programs empty a file before they write it. */
  emptied: number;
}

/** What happened to a file: written, exchanged for another one (made, removed, renamed), or perhaps nothing. */
export type FileEvent = "written" | "exchanged" | "unknown";

/** Whom FileContents tells. */
export interface ContentListener {
  /** The file is what it will be for now. `since`: when it ceased to be that, in terms of performance.now(). */
  settled(file: string, since: number): void;
  /** It cannot be read. What it held before stays known. */
  problem(file: string, error: unknown): void;
  /** `settle` has something to do. */
  due(): void;
}

interface Unsettled {
  since: number;
  /** How often what has happened. */
  events: Record<FileEvent, number>;
  /** What was there at the last look, and since when. */
  signature: string | undefined;
  from: number;
  /** When to look next. */
  due: number;
  isReading: boolean;
}

// What a site has beyond it counts as changed when it is touched for the first time.
const READ_AT_START = 256 << 20;
// Only here each removal, creation and renaming has an event of its own.
const TELLS_EACH = process.platform === "linux";

/**
 * Contents of files, as hashes, none of which is of a half-written file.
 *
 * A file that was exchanged by a single rename is complete. Every other one is looked at until it has been left alone
 * for a while. All times are in terms of performance.now().
 */
export class FileContents {
  readonly #patience: Patience;
  readonly #listener: ContentListener;
  readonly #contents = new Map<string, Content>();
  readonly #unsettled = new Map<string, Unsettled>();
  #large: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(patience: Patience, listener: ContentListener) {
    this.#patience = patience;
    this.#listener = listener;
  }

  /** Stops reading; nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#unsettled.clear();
  }

  /** What the file held when it was settled last; undefined if it never was. */
  contentOf(file: string): Readonly<Content> | undefined {
    return this.#contents.get(file);
  }

  /** Whether something happened to the file that has not been taken in. */
  isUnsettled(file: string): boolean {
    return this.#unsettled.has(file);
  }

  /** Reads files as they are, without waiting. */
  async read(files: Iterable<string>): Promise<void> {
    let left = READ_AT_START;
    let pause = performance.now() + 10;
    for (const file of files) {
      try {
        const stats = fs.statSync(file, { bigint: true });
        const content = stats.size > left ? unread(stats) : await readSlowly(file, () => this.#isClosed);
        left -= Math.min(left, Number(stats.size));
        if (content === undefined) this.touch(file, "written", performance.now());
        else this.#contents.set(file, content);
      } catch (error) {
        if (!isMissing(error)) this.#listener.problem(file, error);
      }
      if (performance.now() < pause) continue;
      await nextTurn();
      pause = performance.now() + 10;
    }
  }

  /** Something happened to the file at `time`. That is told once it is settled again, or found to be what it was. */
  touch(file: string, event: FileEvent, time: number): void {
    let unsettled = this.#unsettled.get(file);
    if (unsettled === undefined) {
      const events = { written: 0, exchanged: 0, unknown: 0 };
      unsettled = { since: time, events, signature: undefined, from: 0, due: 0, isReading: false };
      this.#unsettled.set(file, unsettled);
    }
    unsettled.events[event] += 1;
    if (event !== "unknown") unsettled.signature = undefined;
    unsettled.due = 0;
  }

  /** The file is none of the site's any more: nothing is known of it. */
  forget(file: string): void {
    this.#contents.delete(file);
    this.#unsettled.delete(file);
  }

  /**
   * Looks at what is due. Returns when the next look is. The event loop must look for events between two looks: only
   * so is it known that an exchange was not the first step of two.
   */
  settle(now: number): number {
    let next = Infinity;
    for (const [file, unsettled] of this.#unsettled) {
      if (unsettled.due <= now && !unsettled.isReading) {
        try {
          this.#look(file, unsettled, now);
        } catch (error) {
          this.#failed(file, unsettled, error);
        }
      }
      if (!unsettled.isReading && this.#unsettled.get(file) === unsettled) next = Math.min(next, unsettled.due);
    }
    return next;
  }

  #look(file: string, unsettled: Unsettled, now: number): void {
    const { events } = unsettled;
    const stats = fs.lstatSync(file, { bigint: true });
    const signature = signatureOf(stats);
    const known = this.#contents.get(file);
    if (events.written + events.exchanged === 0 && signature === known?.signature) {
      this.#settled(file, unsettled);
      return;
    }
    // Anything but a rename takes two steps, a removal and a creation, both of which are told before there is any text.
    const isOneStep = events.exchanged === 1 && events.written === 0 && events.unknown === 0;
    const isExchanged = TELLS_EACH && isOneStep && stats.size > 0n && known !== undefined && known.inode !== stats.ino;
    const isEmptied = stats.size === 0n && known?.hash !== EMPTY;
    const wait = isExchanged ? 0 : isEmptied ? this.#patience.emptied : this.#patience.written;
    if (signature !== unsettled.signature) {
      unsettled.signature = signature;
      // Not `now`: this process may have been stopped since.
      unsettled.from = performance.now();
    } else if (now >= unsettled.from + wait) {
      if (stats.size <= PIECE) this.#read(file, unsettled, readAtOnce(file));
      else this.#large = this.#readLarge(file, unsettled, this.#large);
      return;
    }
    unsettled.due = wait === 0 ? now : unsettled.from + wait;
  }

  /** One large file at a time. Small ones need not wait for it. */
  async #readLarge(file: string, unsettled: Unsettled, others: Promise<void>): Promise<void> {
    unsettled.isReading = true;
    await others;
    try {
      const content = await readSlowly(file, () => this.#isClosed);
      unsettled.isReading = false;
      this.#read(file, unsettled, content);
    } catch (error) {
      unsettled.isReading = false;
      this.#failed(file, unsettled, error);
    }
    if (!this.#isClosed) this.#listener.due();
  }

  #read(file: string, unsettled: Unsettled, content: Content | undefined): void {
    if (this.#unsettled.get(file) !== unsettled) return;
    if (content === undefined || content.signature !== unsettled.signature) {
      // It was written meanwhile.
      unsettled.signature = undefined;
      unsettled.due = 0;
    } else {
      this.#contents.set(file, content);
      this.#settled(file, unsettled);
    }
  }

  #settled(file: string, unsettled: Unsettled): void {
    this.#unsettled.delete(file);
    this.#listener.settled(file, unsettled.since);
  }

  #failed(file: string, unsettled: Unsettled, error: unknown): void {
    if (this.#unsettled.get(file) !== unsettled) return;
    if (isMissing(error)) {
      // If it stays away, it will be forgotten.
      unsettled.due = Infinity;
    } else {
      this.#unsettled.delete(file);
      this.#listener.problem(file, error);
    }
  }
}
