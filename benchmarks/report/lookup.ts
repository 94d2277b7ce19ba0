import type { Finding } from "../support/measure.ts";
import type { Result } from "./results.ts";

/** What benchmark `benchmark` found under the name `what`, when it was last run. */
export function find(results: readonly Result[], benchmark: string, what: string): Finding | undefined {
  const result = results.find((result) => result.benchmark === benchmark);
  return result?.findings.find((finding) => finding.what === what);
}

/** The points of a curve, by x. */
export function curveOf(results: readonly Result[], curve: string): [x: number, finding: Finding][] {
  return results
    .flatMap(({ findings }) => findings)
    .flatMap((finding): [number, Finding][] => (finding.point?.curve === curve ? [[finding.point.x, finding]] : []))
    .sort(([a], [b]) => a - b);
}
