import { MoonpoolError } from "../../protocol/main.ts";

/** Positions `from` to `to`, both included; none if `to` is smaller. */
export interface Span {
  from: number;
  to: number;
}

/** What is not to be kept any more. */
export interface Forgotten {
  records: Span;
  snapshots: number[];
}

/**
 * Which records and snapshots of a session are kept: the arithmetic that all stores share.
 *
 *     snapshots       2           5            the oldest one kept is 2, so records before 2 are not
 *     records         2  3  4  5  6  7         first 2, last 7
 */
export class Journal {
  /** Position of the first record that is kept; one more than `last` when there is none. */
  first: number;
  /** Position of the last record. */
  last: number;
  /** Positions of snapshots, ascending. */
  readonly snapshots: number[];

  constructor(first = 1, last = 0, snapshots: number[] = []) {
    this.first = first;
    this.last = last;
    this.snapshots = snapshots;
  }

  get newest(): number | undefined {
    return this.snapshots.at(-1);
  }

  /** A snapshot was taken; `history` of them are kept. Throws STORE_POSITION. */
  snapshot(position: number, history: number): Forgotten {
    const oldest = this.newest ?? 0;
    if (!Number.isSafeInteger(position) || position < oldest || position > this.last)
      throw misplaced(`A snapshot of position ${position} is not between ${oldest} and ${this.last}.`);
    if (position !== this.newest) this.snapshots.push(position);
    const snapshots = this.snapshots.splice(0, Math.max(0, this.snapshots.length - history));
    const records = { from: this.first, to: (this.snapshots[0] ?? 0) - 1 };
    this.first = Math.max(this.first, this.snapshots[0] ?? 0);
    return { records, snapshots };
  }

  /** The session goes on from `position`. Throws STORE_POSITION. */
  truncate(position: number): Forgotten {
    const oldest = this.snapshots[0] ?? this.first - 1;
    if (!Number.isSafeInteger(position) || position < oldest || position > this.last)
      throw misplaced(`Position ${position} is not between ${oldest} and ${this.last}.`);
    const records = { from: position + 1, to: this.last };
    this.last = position;
    const kept = this.snapshots.findLastIndex((snapshot) => snapshot <= position) + 1;
    return { records, snapshots: this.snapshots.splice(kept) };
  }
}

/** A STORE_POSITION. */
export function misplaced(message: string): MoonpoolError {
  return new MoonpoolError("STORE_POSITION", message);
}
