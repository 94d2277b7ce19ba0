import { type BaseImage, baseNameOf } from "../protocol/session-image.ts";
import { decodeBase, encodeBase } from "./store/base-blob.ts";
import type { SessionStore } from "./store/session-store.ts";

const PREFIX = "base/";

/** The base images that sessions' images are differences to: in memory while such a session is, and in the store. */
export class Bases {
  readonly #store: SessionStore;
  readonly #known = new Map<string, { base: BaseImage; users: number }>();
  readonly #stored = new Set<string>();

  constructor(store: SessionStore) {
    this.#store = store;
  }

  /** One more session has images of this base. To be called before the store gets such an image. */
  take(base: BaseImage): void {
    const known = this.#known.get(base.name);
    if (known) known.users++;
    else this.#known.set(base.name, { base, users: 1 });
    if (this.#stored.has(base.name)) return;
    this.#stored.add(base.name);
    // In memory it would only be kept once more.
    if (this.#store.durability !== "memory") this.#store.putBlob(PREFIX + base.name, encodeBase(base));
  }

  /** One less. */
  give(name: string): void {
    const known = this.#known.get(name);
    if (known && --known.users === 0) this.#forget(name);
  }

  /** Gives another store what it needs for an encoded image. */
  async copy(image: Uint8Array, to: SessionStore): Promise<void> {
    const name = baseNameOf(image);
    const blob = name === undefined ? undefined : await this.#store.blob(PREFIX + name);
    if (blob !== undefined) to.putBlob(`${PREFIX}${name}`, blob);
  }

  /** Rejects with MoonpoolError IMAGE_CORRUPT; undefined when there is none. */
  async find(name: string): Promise<BaseImage | undefined> {
    const known = this.#known.get(name);
    if (known) return known.base;
    const blob = await this.#store.blob(PREFIX + name);
    return blob && decodeBase(name, blob);
  }

  #forget(name: string): void {
    this.#known.delete(name);
    if (this.#store.durability === "memory") this.#stored.delete(name);
  }
}
