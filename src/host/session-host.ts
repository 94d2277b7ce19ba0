import { randomBytes } from "node:crypto";
import { closeCodes, MoonpoolError } from "../protocol/main.ts";
import { Session, type SessionPool, type SessionSettings } from "./session.ts";

export interface SessionHostSettings extends SessionSettings {
  maxSessions: number;
  /** ms without a connection or a frame until a session ends; 0: never. */
  sessionTimeout: number;
}

/** A session that nobody ever connected to (a robot asked for the page) ends after this many ms. */
const NEVER_CONNECTED = 5 * 60_000;
/** ms until such a session is no browser's that is just about to connect: it has to make room for newcomers. */
const CONNECT_WAIT = 10_000;
const MAX_SWEEP = 60_000;

/**
 * All sessions of a Moonpool instance. A session is made for a browser, found by its id, and ends when it is closed or
 * when nothing happened for its timeout. One that failed keeps its id, so that its URL can try again.
 */
export class SessionHost {
  readonly #pool: SessionPool;
  readonly #settings: SessionHostSettings;
  readonly #sessions = new Map<string, Session>();
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(pool: SessionPool, settings: SessionHostSettings) {
    this.#pool = pool;
    this.#settings = settings;
    this.#scheduleSweep();
  }

  /** Sessions with a VM, or about to have one. */
  get size(): number {
    let size = 0;
    for (const session of this.#sessions.values()) if (session.state !== "failed") size++;
    return size;
  }

  get connectionCount(): number {
    let count = 0;
    for (const session of this.#sessions.values()) count += session.connectionCount;
    return count;
  }

  /**
   * A new session for `browser`, once its main.lua ran. Throws MoonpoolError: SESSION_LIMIT, or whatever was wrong with
   * main.lua; nothing is left of the session then.
   */
  async create(browser: string): Promise<Session> {
    const session = this.#open(randomBytes(16).toString("hex"), browser);
    try {
      await session.started;
    } catch (error) {
      this.#sessions.delete(session.id);
      throw error;
    }
    return session;
  }

  /** The session with this id, failed ones included. */
  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /**
   * A running session under the id of `session`: itself, or, if it failed, a new one for the same browser. Throws the
   * MoonpoolError that stops it from running.
   */
  async revive(session: Session): Promise<Session> {
    const current = this.#sessions.get(session.id);
    if (current === undefined) throw new MoonpoolError("SESSION_UNKNOWN");
    const running = current.state === "failed" ? this.#open(current.id, current.browser) : current;
    await running.started;
    return running;
  }

  /** Ends a session; false if there is none. */
  end(id: string): boolean {
    const session = this.#sessions.get(id);
    session?.close();
    return this.#sessions.delete(id);
  }

  /** Ends all sessions and takes no new ones. Their VMs are gone when the pool is closed. */
  close(): void {
    this.#closed = true;
    this.#cancelSweep?.();
    for (const session of this.#sessions.values()) session.close("SESSION_ENDED", closeCodes.goingAway);
    this.#sessions.clear();
  }

  #open(id: string, browser: string): Session {
    // The first comparison spares counting, as long as it is far from the limit.
    const isFull = this.#sessions.size >= this.#settings.maxSessions && this.size >= this.#settings.maxSessions;
    if (this.#closed || (isFull && !this.#makeRoom())) throw new MoonpoolError("SESSION_LIMIT");
    this.#forgetFailed(id);
    let session = new Session(id, browser, this.#pool, this.#settings);
    // The pool has a limit of its own.
    if (session.error?.code === "SESSION_LIMIT" && this.#makeRoom()) {
      session = new Session(id, browser, this.#pool, this.#settings);
    }
    this.#sessions.set(id, session);
    return session;
  }

  /** Ends the oldest session that nobody connected to in time; false if there is none. */
  #makeRoom(): boolean {
    const before = this.#settings.clock.now() - CONNECT_WAIT;
    let oldest: Session | undefined;
    for (const session of this.#sessions.values()) {
      if (session.state !== "running" || session.connectionsEver > 0 || session.lastActivity > before) continue;
      if (oldest === undefined || session.lastActivity < oldest.lastActivity) oldest = session;
    }
    return oldest !== undefined && this.end(oldest.id);
  }

  /** Failed sessions cost little but not nothing: as many as there may be living ones are remembered. */
  #forgetFailed(except: string): void {
    if (this.#sessions.size < 2 * this.#settings.maxSessions) return;
    for (const [id, session] of this.#sessions) {
      if (session.state !== "failed" || id === except) continue;
      this.#sessions.delete(id);
      return;
    }
  }

  #scheduleSweep(): void {
    const { clock, sessionTimeout } = this.#settings;
    const timeout = sessionTimeout === 0 ? NEVER_CONNECTED : Math.min(sessionTimeout, NEVER_CONNECTED);
    this.#cancelSweep = clock.after(Math.min(MAX_SWEEP, Math.max(10, timeout / 4)), () => {
      this.#sweep();
      this.#scheduleSweep();
    });
  }

  #sweep(): void {
    const now = this.#settings.clock.now();
    for (const session of this.#sessions.values()) {
      if (session.connectionCount > 0 || session.state === "starting") continue;
      if (now - session.lastActivity >= this.#timeoutOf(session)) this.end(session.id);
    }
  }

  #timeoutOf(session: Session): number {
    const timeout = this.#settings.sessionTimeout === 0 ? Infinity : this.#settings.sessionTimeout;
    return session.connectionsEver === 0 ? Math.min(timeout, NEVER_CONNECTED) : timeout;
  }
}
