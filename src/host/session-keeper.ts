import type { WireError } from "../protocol/main.ts";
import type { FromSession } from "../protocol/worker-message.ts";
import { Bases } from "./bases.ts";
import { HogPolicy, type HogSettings } from "./hog-policy.ts";
import { KeptSession } from "./kept-session.ts";
import { type KeptState, loadKept } from "./kept-state.ts";
import type { Meter } from "./meter.ts";
import type { OpenSession, SessionPool, SessionPort } from "./session.ts";
import { lasting } from "./store/lasting.ts";
import type { SessionStore } from "./store/session-store.ts";
import { Wards } from "./wards.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** Sessions that are on threads while they have something to do, and in a store whatever happens. */
export class SessionKeeper implements SessionPool {
  readonly #pool: WorkerPool;
  readonly #store: SessionStore;
  readonly #bases: Bases;
  readonly #wards: Wards;
  readonly #meter: Meter | undefined;
  readonly isLasting: boolean;

  /** Pool and store belong to the keeper from here on. */
  constructor(pool: WorkerPool, store: SessionStore, meter?: Meter, hogs?: Partial<HogSettings>) {
    this.#pool = pool;
    this.#store = store;
    this.#bases = new Bases(store);
    this.#meter = meter;
    this.#wards = new Wards(pool, new HogPolicy(hogs));
    this.isLasting = store.durability !== "memory";
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
      this.#store.remove(sessionId);
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
    this.#store.remove(sessionId);
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
    await this.#store.close();
  }
}
