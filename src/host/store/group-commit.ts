/** Milliseconds after a failed attempt until the next. */
const RETRY = 500;

interface Waiting {
  promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Writes in groups: what is added in one turn of the event loop, or while a group is being written, is the next group. One
 * is written at a time, so they are safe in the order in which they were added.
 *
 * A group that cannot be written stays in front of what is added later, and all of it is tried again after a while.
 */
export class GroupCommit<Write> {
  readonly #write: (group: Write[]) => Promise<void>;
  #next: Write[] = [];
  #waiting: Waiting | undefined;
  #current: { group: Write[]; waiting: Waiting | undefined } | undefined;
  #scheduled: NodeJS.Immediate | NodeJS.Timeout | undefined;
  #failed = false;

  /** `write` writes a group as one, or rejects and has written nothing of it. */
  constructor(write: (group: Write[]) => Promise<void>) {
    this.#write = write;
  }

  add(write: Write): void {
    this.#next.push(write);
    if (!this.#scheduled && !this.#current) this.#schedule();
  }

  /** Undefined: all is written. Else resolves when all that was added so far is, or rejects when an attempt failed. */
  flushed(): Promise<void> | undefined {
    if (this.#next.length > 0) return (this.#waiting ??= waiting()).promise;
    if (this.#current) return (this.#current.waiting ??= waiting()).promise;
    return undefined;
  }

  /** Tries at once to write what is left. Nothing may be added afterwards, and nothing is tried afterwards. */
  async close(): Promise<void> {
    // The group under way, and what waits behind it.
    if (this.#current && this.#next.length > 0) await this.flushed()?.catch(() => {});
    const flushed = this.flushed();
    if (this.#scheduled) this.#start();
    try {
      await flushed;
    } finally {
      this.#cancel();
    }
  }

  #schedule(): void {
    if (this.#failed) this.#scheduled = setTimeout(() => this.#start(), RETRY).unref();
    else this.#scheduled = setImmediate(() => this.#start());
  }

  #cancel(): void {
    clearTimeout(this.#scheduled as NodeJS.Timeout | undefined);
    clearImmediate(this.#scheduled as NodeJS.Immediate | undefined);
    this.#scheduled = undefined;
  }

  #start(): void {
    this.#cancel();
    const current = (this.#current = { group: this.#next, waiting: this.#waiting });
    this.#next = [];
    this.#waiting = undefined;
    void this.#run(current);
  }

  async #run(current: { group: Write[]; waiting: Waiting | undefined }): Promise<void> {
    try {
      await this.#write(current.group);
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      this.#next = this.#next.length === 0 ? current.group : current.group.concat(this.#next);
      this.#end();
      current.waiting?.reject(error);
      return;
    }
    this.#end();
    current.waiting?.resolve();
  }

  #end(): void {
    this.#current = undefined;
    if (this.#next.length === 0) return;
    // What waited behind a group that is written is written at once: its turn of the event loop is over.
    if (this.#failed) this.#schedule();
    else this.#start();
  }
}

function waiting(): Waiting {
  let settle: Omit<Waiting, "promise"> | undefined;
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  return { promise, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}
