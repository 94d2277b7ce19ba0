/** The frames that a connection has sent, as long as the browser has not said that it has them. */
export class SentFrames {
  /** Those after `#acknowledged`, oldest first. */
  #texts: string[] = [];
  #acknowledged = 0;
  #size = 0;

  /** The `seq` of the newest. */
  get last(): number {
    return this.#acknowledged + this.#texts.length;
  }

  get waiting(): number {
    return this.#texts.length;
  }

  /** Characters of those that wait. */
  get size(): number {
    return this.#size;
  }

  add(text: string): void {
    this.#texts.push(text);
    this.#size += text.length;
  }

  /** The browser has all frames up to `seq`, which is not beyond `last`. False if that is nothing new. */
  acknowledge(seq: number): boolean {
    if (seq <= this.#acknowledged) return false;
    for (const text of this.#texts.splice(0, seq - this.#acknowledged)) this.#size -= text.length;
    this.#acknowledged = seq;
    return true;
  }

  /** The frames after `seq`; undefined: they are not here any more, or `seq` was never sent. */
  after(seq: number): string[] | undefined {
    if (seq < this.#acknowledged || seq > this.last) return undefined;
    return this.#texts.slice(seq - this.#acknowledged);
  }

  /** What was sent is not known any more; the next frame is the one after `seq`. */
  restart(seq: number): void {
    this.#texts = [];
    this.#size = 0;
    this.#acknowledged = seq;
  }
}
