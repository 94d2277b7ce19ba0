import type { Clock } from "./clock.ts";

export interface CircuitOptions {
  /** Failures within `window` ms that open it. */
  failures: number;
  window: number;
  /** ms that it stays open; twice as long each time that it opens again at once, up to `longestPause`. */
  pause: number;
  longestPause: number;
}

export type CircuitState = "closed" | "open" | "half-open";

/**
 * Keeps a session from failing for ever: after some failures nothing is tried for a while, then one event, and if that
 * succeeds all is as before.
 *
 *     closed ── failures ──▶ open ── pause ──▶ half-open ── an event succeeds ──▶ closed
 *                              ▲────────────────────┘ it fails
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #clock: Clock;
  #failures: number[] = [];
  #pause: number;
  /** When it is half-open. */
  #until: number | undefined;
  /** While half-open: an event is under way. */
  #isTrying = false;

  constructor(options: CircuitOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#pause = options.pause;
  }

  get state(): CircuitState {
    if (this.#until === undefined) return "closed";
    return this.#clock.now() < this.#until ? "open" : "half-open";
  }

  /** False if an event must not be tried now. One that may be, must be: half-open it lets one through. */
  take(): boolean {
    const { state } = this;
    if (state === "closed") return true;
    if (state === "open" || this.#isTrying) return false;
    this.#isTrying = true;
    return true;
  }

  /** When the next event may be tried, in the clock's ms; undefined: now. */
  get until(): number | undefined {
    return this.state === "open" ? this.#until : undefined;
  }

  succeeded(): void {
    if (!this.#isTrying) return;
    this.#until = undefined;
    this.#isTrying = false;
    this.#failures = [];
    this.#pause = this.#options.pause;
  }

  /** Nobody knows whether the event that was let through would have succeeded: another one may be tried. */
  abandoned(): void {
    this.#isTrying = false;
  }

  /** True if it has opened because of this. */
  failed(): boolean {
    const now = this.#clock.now();
    const { failures, window, longestPause } = this.#options;
    const { state } = this;
    if (state === "open") return false;
    this.#failures = [...this.#failures.filter((time) => now - time < window), now];
    if (state === "half-open") this.#pause = Math.min(2 * this.#pause, longestPause);
    else if (this.#failures.length < failures) return false;
    this.#until = now + this.#pause;
    this.#isTrying = false;
    return true;
  }
}
