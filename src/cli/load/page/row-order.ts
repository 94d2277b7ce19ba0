/** Stands for the end of a list; no row has this id. */
const END = 0;

/** The rows of a list, each once. Placing and removing one costs the same however long the list is. */
export class RowOrder {
  /** A ring in both directions through END. */
  readonly #next = new Map<number, number>([[END, END]]);
  readonly #previous = new Map<number, number>([[END, END]]);

  get size(): number {
    return this.#next.size - 1;
  }

  has(id: number): boolean {
    return id !== END && this.#next.has(id);
  }

  /** Puts a row in front of another (at the end, if that is not there), wherever it was before. */
  place(id: number, before: number): void {
    this.remove(id);
    const next = this.#next.has(before) ? before : END;
    this.#link(this.#previous.get(next) ?? END, id);
    this.#link(id, next);
  }

  /** True if it was there. */
  remove(id: number): boolean {
    if (!this.has(id)) return false;
    this.#link(this.#previous.get(id) ?? END, this.#next.get(id) ?? END);
    this.#next.delete(id);
    return this.#previous.delete(id);
  }

  *[Symbol.iterator](): Generator<number> {
    for (let id = this.#next.get(END) ?? END; id !== END; id = this.#next.get(id) ?? END) yield id;
  }

  #link(id: number, next: number): void {
    this.#next.set(id, next);
    this.#previous.set(next, id);
  }
}
