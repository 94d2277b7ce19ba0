/** Time, as far as the host's parts use it; tests pass one that they move by hand. */
export interface Clock {
  /** ms since 1970. */
  now(): number;
  /** Runs `action` once after `ms`; returns its undo. Never keeps the process alive. */
  after(ms: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after(ms, action) {
    const timer = setTimeout(action, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
