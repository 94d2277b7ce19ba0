import { MoonpoolError } from "../protocol/main.ts";
import { type BaseImage, baseNameOf } from "../protocol/session-image.ts";
import { keptState } from "./kept-state.ts";
import { decodeBase, encodeBase } from "./store/base-blob.ts";
import type { SessionStore } from "./store/session-store.ts";

const PREFIX = "base/";
/** Sessions that are looked at in one turn of the event loop: some ms. */
const AT_A_TIME = 50;
/** ms between these turns. */
const PAUSE = 50;

/** The base images that sessions' images are differences to: in memory while such a session is, and in the store. */
export class Bases {
  readonly #store: SessionStore;
  /** `isKept`: the store has images of it that nobody uses. */
  readonly #known = new Map<string, { base: BaseImage; users: number; isKept: boolean }>();
  readonly #stored = new Set<string>();
  /** Those that were taken while bases are swept. */
  #taken: Set<string> | undefined;
  #closed = false;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** One more session has images of this base. To be called before the store gets such an image. */
  take(base: BaseImage): void {
    const known = this.#known.get(base.name);
    if (known) known.users++;
    else this.#known.set(base.name, { base, users: 1, isKept: false });
    this.#taken?.add(base.name);
    // In memory it would only be kept once more.
    if (this.#store.durability !== "memory") this.#keep(base);
  }

  /** One less. `isKept`: its image stays in the store. */
  give(name: string, isKept: boolean): void {
    const known = this.#known.get(name);
    if (!known) return;
    known.isKept ||= isKept;
    if (--known.users > 0) return;
    this.#known.delete(name);
    if (!known.isKept || this.#store.durability !== "memory") return;
    this.#keep(known.base);
    void this.sweep();
  }

  #keep(base: BaseImage): void {
    if (this.#stored.has(base.name)) return;
    this.#stored.add(base.name);
    this.#store.putBlob(PREFIX + base.name, encodeBase(base));
  }

  /** Gives another store what it needs for an encoded image. */
  async copy(image: Uint8Array, to: SessionStore): Promise<void> {
    const name = baseNameOf(image);
    const blob = name === undefined ? undefined : await this.#store.blob(PREFIX + name);
    if (blob !== undefined) to.putBlob(`${PREFIX}${name}`, blob);
  }

  /**
   * Removes bases that no session's newest image is a difference to: those of former versions of the site, or of Moonpool. Looks
   * at all sessions of the store, a few at a time, if there is more than one base. Settles when it is done; never rejects.
   */
  sweep(pause = PAUSE): Promise<void> {
    if (this.#taken !== undefined) return this.#sweeping;
    const taken = (this.#taken = new Set<string>());
    const ignore = (): void => {
      // The store will say so to whoever needs it; the next process tries again.
    };
    this.#sweeping = this.#sweep(pause, taken)
      .catch(ignore)
      .finally(() => (this.#taken = undefined));
    return this.#sweeping;
  }

  /** Settles when the store is not used any more. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#sweeping;
  }

  async #sweep(pause: number, taken: ReadonlySet<string>): Promise<void> {
    const bases = (await this.#store.blobNames()).filter((name) => name.startsWith(PREFIX));
    if (bases.length < 2) return;
    const needed = new Set<string>();
    for (const [index, { id }] of (await this.#store.list()).entries()) {
      if (index > 0 && index % AT_A_TIME === 0) await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.#closed) return;
      needed.add(PREFIX + (await this.#needOf(id)));
    }
    if (this.#closed) return;
    for (const blob of bases) {
      const name = blob.slice(PREFIX.length);
      // Whatever has come since needs what was taken.
      if (needed.has(blob) || taken.has(name) || this.#known.has(name)) continue;
      this.#store.removeBlob(blob);
      this.#stored.delete(name);
    }
  }

  /** The base of the newest image of a session in the store. */
  async #needOf(id: string): Promise<string | undefined> {
    try {
      const stored = await this.#store.load(id);
      const { image } = stored ? keptState(stored) : { image: null };
      return image === null ? undefined : baseNameOf(image);
    } catch (error) {
      // One that is damaged needs nothing.
      if (error instanceof MoonpoolError && error.code.endsWith("_CORRUPT")) return undefined;
      throw error;
    } finally {
      this.#store.release(id);
    }
  }

  /** Rejects with MoonpoolError IMAGE_CORRUPT; undefined when there is none. */
  async find(name: string): Promise<BaseImage | undefined> {
    const known = this.#known.get(name);
    if (known) return known.base;
    const blob = await this.#store.blob(PREFIX + name);
    return blob && decodeBase(name, blob);
  }
}
