/**
 * How far a connection is with the frames of its browser. Each is accepted, then safe (where `durability` says that it has to
 * be), and carried out by the session, in either order.
 */
export class ReceivedFrames {
  readonly #onSafe: () => void;
  #received: number;
  #safe: number;
  /** Frames that are not safe yet. */
  #unsafe = 0;
  /** `seq` of frames that the session was given and has not carried out. */
  readonly #forwarded: number[] = [];

  /** `received`: those up to it were accepted before. `onSafe` is called when more of them are safe. */
  constructor(received: number, onSafe: () => void) {
    this.#received = this.#safe = received;
    this.#onSafe = onSafe;
  }

  /** The `seq` of the frame that may come next. */
  get next(): number {
    return this.#received + 1;
  }

  /** The last that is safe. */
  get safe(): number {
    return this.#safe;
  }

  /** The last that was carried out. Those that were refused, or had nothing for the session, count with those before them. */
  get applied(): number {
    return this.#forwarded[0] === undefined ? this.#received : this.#forwarded[0] - 1;
  }

  /** The browser knows that frames up to `seq` were accepted, which nobody here remembers. */
  skipTo(seq: number): void {
    this.#received = Math.max(this.#received, seq);
    if (this.#unsafe === 0) this.#safe = this.#received;
  }

  /** The next frame was accepted, with nothing in it for the session. */
  useUp(): void {
    this.#received++;
    this.#noteSafe();
  }

  /** The next frame was accepted; `forward` gives it to the session, and returns what settles when it is safe. */
  forward(forward: () => Promise<void> | undefined): void {
    this.#received++;
    this.#forwarded.push(this.#received);
    const safe = forward();
    if (safe === undefined) return this.#noteSafe();
    this.#unsafe++;
    void this.#await(safe, this.#received);
  }

  /** The session has carried out the oldest of the frames that it was given. */
  carriedOut(): void {
    const seq = this.#forwarded.shift() ?? 0;
    // What comes of a frame is told when the frame is safe.
    this.#safe = this.#forwarded.length === 0 ? this.#received : Math.max(this.#safe, seq);
  }

  /** The newest frame is as safe as those before it. */
  #noteSafe(): void {
    if (this.#unsafe > 0) return;
    this.#safe = this.#received;
    this.#onSafe();
  }

  async #await(safe: Promise<void>, seq: number): Promise<void> {
    try {
      await safe;
      this.#safe = --this.#unsafe === 0 ? this.#received : Math.max(this.#safe, seq);
      this.#onSafe();
    } catch {
      // The session says what happened.
    }
  }
}
