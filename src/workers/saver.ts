/** Saving takes so many times less than the Lua code that would have to be repeated without it. */
const WORTH = 20;
/** ms of Lua that nobody minds being repeated. */
const SHORT = 50;
/** Events that are kept since the last image at most, and characters of their texts. */
const MOST_EVENTS = 1_000;
const MOST_TEXT = 2 ** 20;
/** ms until it is known what saving takes. */
const FIRST_COST = 0.5;

/** Decides when a session is worth a new image: what came since the last one has to be kept, and repeated after a mishap. */
export class Saver {
  #events = 0;
  #time = 0;
  #text = 0;
  #cost = FIRST_COST;

  /** An event was dispatched, which took `time` ms. */
  note(text: string, time: number): void {
    this.#events++;
    this.#time += time;
    this.#text += text.length;
  }

  get isDue(): boolean {
    if (this.#events >= MOST_EVENTS || this.#text >= MOST_TEXT) return true;
    return this.#time >= Math.max(SHORT, WORTH * this.#cost);
  }

  /** There is a new image. It took `cost` ms. */
  saved(cost: number): void {
    this.#events = this.#time = this.#text = 0;
    this.#cost = cost;
  }
}
