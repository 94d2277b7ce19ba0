import type { Ward } from "./task-port.ts";

/** All times in ms. */
export interface HogSettings {
  /** So long one event of a session may keep its thread busy before it is a hog. */
  oneEvent: number;
  /** What a session may use in the long run, per second, and at once; beyond it, it is a hog as well. */
  perSecond: number;
  burst: number;
  /** So long a hog stays apart after the last time that it was one; twice as long each further time. */
  first: number;
  longest: number;
  /** Once it has behaved for so long, what was before is forgotten. */
  forgive: number;
  /** So long others may wait for a thread that is busy with one event before they go elsewhere. */
  patience: number;
  /** Once no thread has been like that for so long, threads that were made because of it are given up. */
  calm: number;
}

const defaults: HogSettings = {
  oneEvent: 100,
  perSecond: 250,
  burst: 500,
  first: 30_000,
  longest: 10 * 60_000,
  forgive: 10 * 60_000,
  patience: 50,
  calm: 5_000,
};

/** A share of the burst that need not be remembered. */
const NEGLIGIBLE = 0.01;

type Placing = Exclude<Ward, "dedicated">;

/** What a thread is busy with. */
export interface Beat {
  /** Whose event it is (undefined: of one that has left), and since when. */
  session: string | undefined;
  since: number;
  /** Sessions of the thread that have events waiting. */
  waiting: readonly string[];
}

interface Conduct {
  /** ms used beyond the long run's share, not below 0, as of `at`. */
  level: number;
  at: number;
  /** Where it is, as far as `moves` has said. */
  ward: Placing;
  strikes: number;
  lastStrike: number;
  /** Until when it is a hog. */
  until: number;
}

/**
 * Which sessions use so much of their thread that others of it suffer, and when they may come back. Nothing happens here:
 * threads report what events took, the host carries out what `moves` and `evacuees` say.
 *
 *     shared ── one long event, or many short ones ──▶ penalty ── 30 s, 60 s, … of good conduct ──▶ shared
 *
 * Times are given by the caller and never go back.
 */
export class HogPolicy {
  readonly settings: HogSettings;
  readonly #conducts = new Map<string, Conduct>();
  /** Sessions that `moves` has something to say about now or later. */
  readonly #open = new Set<string>();

  constructor(settings: Partial<HogSettings> = {}) {
    this.settings = { ...defaults, ...settings };
  }

  /**
   * An event of a session took `used` ms; or several did, one of them `longest`. Not to be told of `start` and `reload`: loading
   * code takes what it takes, and is not repeated.
   */
  report(session: string, used: number, now: number, longest = used): void {
    const { perSecond, burst, oneEvent } = this.settings;
    const conduct = this.#conduct(session, now);
    const earned = ((now - conduct.at) / 1000) * perSecond;
    conduct.level = Math.max(0, conduct.level - earned) + used;
    conduct.at = now;
    if (longest >= oneEvent || conduct.level >= burst) this.#strike(session, conduct, now);
    // Most sessions use next to nothing: nothing has to be kept of them.
    else if (conduct.level < burst * NEGLIGIBLE && conduct.strikes === 0) this.#conducts.delete(session);
  }

  /**
   * Who is to be resumed on another thread, because the one it is on has been busy with one event for too long. The session
   * whose event that is cannot be moved meanwhile: it keeps the thread to itself. Whether it is a hog shows when the event is
   * over: it may be loading code.
   */
  evacuees({ session, since, waiting }: Beat, now: number): string[] {
    if (now - since < this.settings.patience) return [];
    return waiting.filter((other) => other !== session && !this.isHog(other));
  }

  /** Moves that are due now; each is said once, and taken as carried out. */
  moves(now: number): { session: string; to: Placing }[] {
    const moves: { session: string; to: Placing }[] = [];
    for (const session of this.#open) {
      const conduct = this.#conducts.get(session);
      if (conduct === undefined) continue;
      const to: Placing = now < conduct.until ? "penalty" : "shared";
      if (to !== conduct.ward) moves.push({ session, to });
      conduct.ward = to;
      if (to === "shared") this.#open.delete(session);
    }
    return moves;
  }

  /** When `moves` is to be asked again if nothing is reported before; undefined: never. */
  get nextMove(): number | undefined {
    let next: number | undefined;
    for (const session of this.#open) {
      const conduct = this.#conducts.get(session);
      if (conduct === undefined) continue;
      const due = conduct.ward === "shared" ? conduct.lastStrike : conduct.until;
      if (next === undefined || due < next) next = due;
    }
    return next;
  }

  /** Is this session to be with the hogs, as far as `report` and `moves` know? A new session never is. */
  isHog(session: string): boolean {
    return this.#open.has(session);
  }

  /** The session has ended. */
  forget(session: string): void {
    this.#conducts.delete(session);
    this.#open.delete(session);
  }

  #conduct(session: string, now: number): Conduct {
    let conduct = this.#conducts.get(session);
    if (conduct === undefined) {
      conduct = { level: 0, at: now, ward: "shared", strikes: 0, lastStrike: -Infinity, until: -Infinity };
      this.#conducts.set(session, conduct);
    }
    return conduct;
  }

  /** While it is apart its time begins anew, and is not made longer: there it hurts nobody. */
  #strike(session: string, conduct: Conduct, now: number): void {
    const { first, longest, forgive } = this.settings;
    if (now - conduct.lastStrike >= forgive) conduct.strikes = 0;
    if (!this.#open.has(session)) conduct.strikes++;
    conduct.lastStrike = now;
    conduct.until = now + Math.min(longest, first * 2 ** (conduct.strikes - 1));
    this.#open.add(session);
  }
}
