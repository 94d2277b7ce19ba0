import { MoonpoolError } from "../protocol/main.ts";
import type { KeptState } from "./kept-state.ts";
import { Alarm } from "./alarm.ts";
import { logWireError, shortId } from "./log.ts";
import type { SessionEnd } from "./meter.ts";
import type { Census } from "./metrics.ts";
import { randomId } from "./random-id.ts";
import { within } from "./within.ts";
import { readDescription } from "./store/session-description.ts";
import { Session, type SessionPool, type SessionSettings } from "./session.ts";

export interface SessionHostSettings extends Omit<SessionSettings, "site" | "round"> {
  /** Differs from that of the host's last start if the site's files do. */
  siteVersion: string;
  maxSessions: number;
  /** The site's files are watched. */
  isWatched: boolean;
  /** ms without a connection or a frame until a session ends; 0: never. */
  sessionTimeout: number;
  /** ms without an event until a session leaves its thread; 0: never. */
  sleepAfter: number;
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
/** ms without an event until a session sleeps that no browser is connected to. */
const ALONE = 10_000;
/** Sessions that fall asleep in one sweep: each takes its thread a few ms. */
const MOST_SLEEPERS = 25;
const MAX_SWEEP = 60_000;
/** Reloads that the hot loader makes count from 1. */
const FIRST_ROUND = 2 ** 40;
const BUSY_SWEEP = 250;
/** ms that the images of all sessions may take when the host goes away. Without them their journals are longer, no more. */
const DRAIN = 10_000;
/** Pages come back over so many ms for each of them, but not over more than LONGEST_SPREAD. */
const SPREAD = 2;
const LONGEST_SPREAD = 10_000;

/** A session that is in the store and nowhere else. */
interface Dormant {
  browser: string;
  lastActivity: number;
  nextTimer: number | undefined;
  /** It has been told that it cannot be loaded. */
  isDamaged?: boolean;
}

/**
 * All sessions of a Moonpool instance. A session is made for a browser, found by its id, and ends when it is closed or
 * when nothing happened for its timeout. One that failed keeps its id, so that its URL can try again. One that nothing
 * happens in sleeps, and is forgotten here when nobody is connected to it, but not in the store.
 */
export class SessionHost {
  readonly #pool: SessionPool;
  readonly #settings: SessionHostSettings & SessionSettings;
  readonly #sessions = new Map<string, Session>();
  readonly #dormant = new Map<string, Dormant>();
  /** Dormant sessions that are just being found. */
  readonly #finding = new Map<string, Promise<Session | undefined>>();
  /** Rings when the first timer of a dormant session is due. */
  readonly #alarm: Alarm;
  #cancelSweep: (() => void) | undefined;
  /** Why the last session did not start, and until when no other is tried. */
  #startFailure: { error: MoonpoolError; until: number } | undefined;
  /** Counts what `siteChanged` was called for. */
  #version = 0;
  /** Reloads of single sessions. */
  #rounds = 0;
  #closed = false;

  /** With the sessions that are kept from former times. */
  static async open(pool: SessionPool, settings: SessionHostSettings): Promise<SessionHost> {
    const host = new SessionHost(pool, settings);
    for (const { id, description } of await pool.list()) host.#addDormant(id, description);
    host.#setAlarm();
    return host;
  }

  constructor(pool: SessionPool, settings: SessionHostSettings) {
    this.#pool = pool;
    const site = (): string => `${settings.siteVersion} ${this.#version}`;
    this.#settings = { ...settings, site, round: () => FIRST_ROUND + this.#rounds++ };
    this.#alarm = new Alarm(settings.clock, () => void this.#wakeDue());
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

  /** What there is now. Looks at every session. */
  census(): Census {
    const sessions = { starting: 0, awake: 0, asleep: 0, dormant: this.#dormant.size, failed: 0 };
    let connections = 0;
    let circuitsOpen = 0;
    for (const { state, isAsleep, connectionCount, circuitState } of this.#sessions.values()) {
      if (state === "running") sessions[isAsleep ? "asleep" : "awake"]++;
      else if (state !== "closed") sessions[state]++;
      if (state === "running" && circuitState !== "closed") circuitsOpen++;
      connections += connectionCount;
    }
    return { sessions, connections, circuitsOpen };
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

  /**
   * The session with this id, failed ones included, wherever it is. Rejects with MoonpoolError when it cannot be had from the
   * store.
   */
  async find(id: string): Promise<Session | undefined> {
    if (this.#closed) throw new MoonpoolError("SESSION_LIMIT", "The host is going away.");
    const session = this.#sessions.get(id);
    if (session !== undefined || !this.#dormant.has(id)) return session;
    let finding = this.#finding.get(id);
    if (finding === undefined) {
      finding = this.#restore(id).finally(() => this.#finding.delete(id));
      this.#finding.set(id, finding);
    }
    return finding;
  }

  /**
   * A running session under the id of `session`: itself, or, if it failed, a new one for the same browser. Throws the
   * MoonpoolError that stops it from running.
   */
  async revive(session: Session): Promise<Session> {
    const current = this.#sessions.get(session.id);
    if (current === undefined) throw new MoonpoolError("SESSION_UNKNOWN");
    if (current.state !== "failed") {
      await this.#started(current);
      return current;
    }
    // One that ran before it failed goes on from there.
    const kept = await this.#pool.find(current.id);
    if (this.#sessions.get(current.id) !== current) return this.revive(current);
    if (kept === undefined) this.#checkStart();
    const running = this.#open(current.id, current.browser, kept);
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
    return this.#end(id, "asked");
  }

  #end(id: string, why: SessionEnd): boolean {
    const session = this.#sessions.get(id);
    const isLiving = session === undefined ? this.#dormant.has(id) : session.state !== "failed";
    if (isLiving) this.#settings.meter?.sessionEnded(why);
    session?.close();
    this.#sessions.delete(id);
    // One that has failed, or that nobody uses, is only in the store.
    const isKept = this.#dormant.delete(id) || session !== undefined;
    if (isKept) this.#pool.forget(id);
    return isKept;
  }

  /**
   * Takes no new sessions and gives all up: browsers are told to come back later, what the store keeps of a session is
   * complete. Settles when it is. Their VMs are gone when the pool is closed.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep?.();
    this.#alarm.set(undefined);
    const sessions = [...this.#sessions.values()];
    const spread = Math.min(LONGEST_SPREAD, SPREAD * this.connectionCount);
    this.#sessions.clear();
    this.#dormant.clear();
    await within(DRAIN, Promise.all(sessions.map((session) => session.leave(spread))));
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
      if (isLasting && this.#settings.isWatched)
        this.#startFailure = { error, until: this.#settings.clock.now() + FAILURE_LASTS };
      throw error;
    }
  }

  #open(id: string, browser: string, kept?: KeptState): Session {
    // The first comparison spares counting, as long as it is far from the limit.
    const isFull = this.#sessions.size >= this.#settings.maxSessions && this.size >= this.#settings.maxSessions;
    if (this.#closed || (isFull && !this.#makeRoom())) throw new MoonpoolError("SESSION_LIMIT");
    this.#forgetFailed(id);
    let session = new Session(id, browser, this.#pool, this.#settings, kept);
    // The pool has a limit of its own.
    if (session.error?.code === "SESSION_LIMIT" && this.#makeRoom()) {
      session = new Session(id, browser, this.#pool, this.#settings, kept);
    }
    this.#sessions.set(id, session);
    return session;
  }

  #addDormant(id: string, description: string): void {
    const read = readDescription(description);
    if (read !== undefined) {
      const { browser, lastActivity, nextTimer } = read;
      this.#dormant.set(id, { browser, lastActivity, nextTimer });
      return;
    }
    const problem = new MoonpoolError("STORE_CORRUPT", "A session's description cannot be read.");
    logWireError(this.#settings.log, id, problem.toWire(), "session lost");
    this.#settings.meter?.error(problem, id);
  }

  async #restore(id: string): Promise<Session | undefined> {
    const kept = await this.#findKept(id);
    const dormant = this.#dormant.get(id);
    if (this.#closed || dormant === undefined) return undefined;
    if (kept === undefined) {
      this.#dormant.delete(id);
      return undefined;
    }
    const session = this.#open(id, dormant.browser, kept);
    this.#dormant.delete(id);
    return session;
  }

  /** Whoever asks hears why it cannot be had; who runs the host reads it once. */
  async #findKept(id: string): Promise<KeptState | undefined> {
    try {
      return await this.#pool.find(id);
    } catch (error) {
      const dormant = this.#dormant.get(id);
      if (dormant !== undefined && dormant.isDamaged !== true && error instanceof MoonpoolError) {
        dormant.isDamaged = true;
        logWireError(this.#settings.log, id, error.toWire(), "a saved session cannot be loaded");
      }
      throw error;
    }
  }

  /** Nobody is connected to it and nothing happens in it. */
  #makeDormant(session: Session): void {
    const { id, browser, lastActivity, nextTimer } = session;
    this.#sessions.delete(id);
    this.#dormant.set(id, { browser, lastActivity, nextTimer });
    void session.leave();
  }

  #setAlarm(): void {
    let first: number | undefined;
    for (const { nextTimer } of this.#dormant.values())
      if (nextTimer !== undefined && (first === undefined || nextTimer < first)) first = nextTimer;
    this.#alarm.set(first);
  }

  /** Timers go on although nobody is looking. */
  async #wakeDue(): Promise<void> {
    const now = this.#settings.clock.now();
    for (const [id, dormant] of this.#dormant) {
      if (dormant.nextTimer === undefined || dormant.nextTimer > now) continue;
      // Not again, if it cannot be had.
      dormant.nextTimer = undefined;
      await this.find(id).catch((error: unknown) => {
        this.#settings.log.warn({ session: shortId(id), err: error }, "a session's timer cannot ring");
        if (error instanceof MoonpoolError) this.#settings.meter?.error(error, id);
      });
    }
    this.#setAlarm();
  }

  /** Ends the oldest session that nobody connected to in time; false if there is none. */
  #makeRoom(): boolean {
    const before = this.#settings.clock.now() - CONNECT_WAIT;
    let oldest: Session | undefined;
    for (const session of this.#sessions.values()) {
      if (session.state !== "running" || session.connectionsEver > 0 || session.lastActivity > before) continue;
      if (oldest === undefined || session.lastActivity < oldest.lastActivity) oldest = session;
    }
    return oldest !== undefined && this.#end(oldest.id, "room");
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

  #scheduleSweep(isBusy = false): void {
    const { clock, sessionTimeout, sleepAfter } = this.#settings;
    const times = [sessionTimeout, NEVER_CONNECTED, sleepAfter].filter((time) => time > 0);
    const wait = isBusy ? BUSY_SWEEP : MAX_SWEEP;
    this.#cancelSweep = clock.after(Math.min(wait, Math.max(10, Math.min(...times) / 4)), () => {
      this.#scheduleSweep(this.#sweep());
    });
  }

  /** True if there is more to do soon. */
  #sweep(): boolean {
    const now = this.#settings.clock.now();
    let sleepers = 0;
    for (const session of this.#sessions.values()) {
      if (session.state === "starting") continue;
      const isAlone = session.connectionCount === 0;
      if (isAlone && now - session.lastActivity >= this.#timeoutOf(session)) this.#end(session.id, "timeout");
      else if (session.state !== "running") continue;
      else if (session.isAsleep && isAlone && !session.isAwaited) this.#makeDormant(session);
      else if (sleepers < MOST_SLEEPERS && this.#isIdle(session, isAlone, now)) {
        session.sleep();
        sleepers++;
      }
    }
    for (const [id, { lastActivity }] of this.#dormant)
      if (now - lastActivity >= this.#timeout) this.#end(id, "timeout");
    this.#setAlarm();
    return sleepers > 0;
  }

  #isIdle(session: Session, isAlone: boolean, now: number): boolean {
    const { sleepAfter } = this.#settings;
    return (
      !session.isAsleep &&
      sleepAfter > 0 &&
      now - session.lastEvent >= (isAlone ? Math.min(ALONE, sleepAfter) : sleepAfter)
    );
  }

  get #timeout(): number {
    return this.#settings.sessionTimeout === 0 ? Infinity : this.#settings.sessionTimeout;
  }

  #timeoutOf(session: Session): number {
    return session.connectionsEver === 0 ? Math.min(this.#timeout, NEVER_CONNECTED) : this.#timeout;
  }
}
