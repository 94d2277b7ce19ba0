import type { Finding } from "../support/measure.ts";
import type { Result } from "./results.ts";

/** A number with the digits that it is worth. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** A finding in the unit in which it is read most easily: numbers are to be divided by `by`. */
function unitOf({ median, unit }: Finding): { unit: string; by: number } {
  if (unit === "µs" && Math.abs(median) >= 1_000) return { unit: "ms", by: 1_000 };
  return unit === "ms" && Math.abs(median) < 0.1 ? { unit: "µs", by: 0.001 } : { unit, by: 1 };
}

/** `12.3 ms`. */
export function amount(finding: Finding): string {
  const { unit, by } = unitOf(finding);
  return `${number(finding.median / by)} ${unit}`.trim();
}

/** The middle half of the samples, `1.20 – 1.40`, in the unit of `amount`; empty where there is one. */
export function middleHalf(finding: Finding): string {
  const { by } = unitOf(finding);
  const { spread } = finding;
  return spread === undefined ? "" : `${number(spread.q1 / by)} – ${number(spread.q3 / by)}`;
}

/** `≤ 4 ✓`, in the unit of `amount`; empty where nothing is asked for. */
export function verdict(finding: Finding): string {
  const { target, ok } = finding;
  if (target === undefined) return "";
  return `${target.comparison === "<=" ? "≤" : "≥"} ${number(target.value / unitOf(finding).by)} ${ok ? "✓" : "missed"}`;
}

/** A line for a terminal. */
export function findingLine(finding: Finding): string {
  const columns = [finding.what.padEnd(78), amount(finding).padStart(16), middleHalf(finding).padEnd(18)];
  return `  ${columns.join(" ")} ${verdict(finding)}`.trimEnd();
}

/** Where and when a result comes from, and whether the machine had other things to do. */
export function originOf({ measured }: Result): string {
  const { date, node, cores, processor, load, commit, seconds } = measured;
  const machine = `${cores} cores (${processor})`;
  const busy = load > cores / 2 ? ": a busy machine, on which times are worth little" : "";
  return `${date.slice(0, 10)}, ${commit || "no commit"}, Node ${node}, ${machine}, took ${seconds} s, load before ${load}${busy}.`;
}
