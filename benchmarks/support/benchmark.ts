import type { Finding } from "./measure.ts";

/** Says what is measured now, for whoever waits. */
export type Progress = (what: string) => void;

/** What stands in a folder of this one. */
export interface Benchmark {
  /** The folder's name. */
  name: string;
  question: string;
  /** How long it takes on two idle cores. */
  seconds: number;
  /** Runs only when it is named, or all are with `--full`. */
  isLong?: true;
  /** `minutes`: for the one that takes as long as it is told. */
  run: (progress: Progress, settings: { minutes: number }) => Promise<Finding[]>;
}
