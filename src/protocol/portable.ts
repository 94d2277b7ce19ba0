import type { WireError } from "./error-code.ts";

/** What became of an `import` event. */
export interface ImportReport {
  /** Objects of the state. */
  objects: number;
  /** Why the session is as it was before. */
  error?: WireError;
  /** What could not be restored all the same (STATE_LEFT), and errors of `mutate`. */
  notes: WireError[];
}
