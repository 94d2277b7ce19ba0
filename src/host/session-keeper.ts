import type { WireError } from "../protocol/main.ts";
import type { FromSession } from "../protocol/worker-message.ts";
import { Bases } from "./bases.ts";
import { HogPolicy, type HogSettings } from "./hog-policy.ts";
import { KeptSession } from "./kept-session.ts";
import { removeSession } from "./kept-portable.ts";
import { type KeptState, loadKept } from "./kept-state.ts";
import type { Meter } from "./meter.ts";
import type { OpenSession, SessionPool, SessionPort } from "./session.ts";
import { lasting } from "./store/lasting.ts";
import type { SessionStore } from "./store/session-store.ts";
import { Wards } from "./wards.ts";
import type { WorkerPool } from "./worker-pool.ts";

interface KeeperOptions {
  meter?: Meter | undefined;
  hogs?: Partial<HogSettings>;
  onClose?: (() => void) | undefined;
}

/** Sessions that are on threads while they have something to do, and in a store whatever happens. */
export class SessionKeeper implements SessionPool {
  readonly #pool: WorkerPool;
  readonly #store: SessionStore;
  readonly #bases: Bases;
  readonly #wards: Wards;
  readonly #meter: Meter | undefined;
  readonly #onClose: () => void;
  readonly isLasting: boolean;

  /** Pool and store belong to the keeper from here on; `onClose` is called when both are closed. */
  constructor(pool: WorkerPool, store: SessionStore, { meter, hogs, onClose = () => {} }: KeeperOptions = {}) {
    this.#pool = pool;
    this.#store = store;
    this.#bases = new Bases(store);
    this.#meter = meter;
    this.#onClose = onClose;
    this.#wards = new Wards(pool, new HogPolicy(hogs));
    this.isLasting = store.durability !== "memory";
    if (this.isLasting) void this.#bases.sweep();
  }

  open(
    { sessionId, isolation, description, decide, kept }: OpenSession,
    onMessage: (message: FromSession) => void,
    onEnd: (error?: WireError) => void,
  ): SessionPort {
    const onOver = (): void => this.#wards.forget(sessionId);
    const open = this.#wards.place(sessionId, isolation, () => session);
    const session: KeptSession = new KeptSession(
      sessionId,
      { store: this.#store, bases: this.#bases, open, decide, kept, meter: this.#meter, onOver },
      onMessage,
      onEnd,
    );
    if (kept === undefined) {
      // Nothing of one that failed under this id.
      removeSession(this.#store, sessionId);
      session.describe(description);
    }
    return session;
  }

  find(sessionId: string): Promise<KeptState | undefined> {
    return loadKept(this.#store, sessionId);
  }

  list(): Promise<{ id: string; description: string }[]> {
    return this.#store.list();
  }

  forget(sessionId: string): void {
    removeSession(this.#store, sessionId);
  }

  lasting(name: string, fresh: string): Promise<string> {
    return lasting(this.#store, name, fresh);
  }

  replacePlans(plans: ReadonlyMap<string, string>): void {
    this.#pool.replacePlans(plans);
  }

  async close(): Promise<void> {
    this.#wards.close();
    await this.#pool.close();
    await this.#bases.close();
    await this.#store.close();
    this.#onClose();
  }
}
