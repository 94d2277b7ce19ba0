import { closeCodes, MoonpoolError } from "../protocol/main.ts";
import { randomId } from "./random-id.ts";
import { Session, type SessionPool, type SessionSettings } from "./session.ts";

export interface SessionHostSettings extends SessionSettings {
  maxSessions: number;
  /** ms without a connection or a frame until a session ends; 0: never. */
  sessionTimeout: number;
}

/**
 * While files are watched, an error of the site's that kept a session from starting answers for so many ms, unless a file
 * changes: pages that wait for its author to mend it ask every other second, and each try would be a session and a line in
 * the log.
 */
const FAILURE_LASTS = 30_000;

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
  /** Why the last session did not start, and until when no other is tried. */
  #startFailure: { error: MoonpoolError; until: number } | undefined;
  /** Counts what `siteChanged` was called for. */
  #version = 0;
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

  /** The sessions with a VM, or about to have one. */
  living(): Session[] {
    return Array.from(this.#sessions.values()).filter(({ state }) => state === "starting" || state === "running");
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
    this.#checkStart();
    const session = this.#open(randomId(), browser);
    try {
      await this.#started(session);
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
    if (current.state === "failed") this.#checkStart();
    const running = current.state === "failed" ? this.#open(current.id, current.browser) : current;
    await this.#started(running);
    return running;
  }

  /** Files of the site have changed: what did not start may do so now. */
  siteChanged(): void {
    this.#version++;
    this.#startFailure = undefined;
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

  #checkStart(): void {
    if (this.#startFailure !== undefined && this.#settings.clock.now() < this.#startFailure.until)
      throw this.#startFailure.error;
  }

  async #started(session: Session): Promise<void> {
    const version = this.#version;
    try {
      await session.started;
      this.#startFailure = undefined;
    } catch (error) {
      const isLasting = error instanceof MoonpoolError && error.who === "app" && version === this.#version;
      if (isLasting && this.#settings.hotload)
        this.#startFailure = { error, until: this.#settings.clock.now() + FAILURE_LASTS };
      throw error;
    }
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
