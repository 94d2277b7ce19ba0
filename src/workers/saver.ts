/** Events after the image that are repeated at most, when the session has to go on elsewhere. */
const MOST_EVENTS = 200;
/** ms of Lua that are repeated at most. */
const MOST_TIME = 50;
/** Characters of events that the host keeps at most. */
const MOST_TEXT = 2 ** 20;
/** ms that an image waits: what comes at the same time goes into the same one. */
const DELAY = 50;

/** Decides when a session needs a new image. */
export class Saver {
  readonly #save: () => void;
  #timer: NodeJS.Timeout | undefined;
  #events = 0;
  #time = 0;
  #text = 0;

  constructor(save: () => void) {
    this.#save = save;
  }

  /** The image is as new as the session. */
  get isSaved(): boolean {
    return this.#events === 0;
  }

  /** An event was dispatched; it took `time` ms. */
  note(text: string, time = 0): void {
    this.#events++;
    this.#time += time;
    this.#text += text.length;
    if (this.#events >= MOST_EVENTS || this.#time >= MOST_TIME || this.#text >= MOST_TEXT) this.hurry();
  }

  /** The session has to be saved soon. */
  hurry(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.isSaved) this.#save();
    }, DELAY);
  }

  /** There is a new image. */
  saved(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#events = this.#time = this.#text = 0;
  }
}
