import type { Finding } from "../support/measure.ts";

/** A number with the digits that it is worth. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** `12.3 ms`. */
export function amount(value: number, unit: string): string {
  return `${number(value)} ${unit}`.trim();
}

/** The middle half of the samples, `1.20 – 1.40`; empty where there is one. */
export function middleHalf({ spread }: Finding): string {
  return spread === undefined ? "" : `${number(spread.q1)} – ${number(spread.q3)}`;
}

/** `<= 4 ✓`; empty where nothing is asked for. */
export function verdict({ target, ok }: Finding): string {
  if (target === undefined) return "";
  return `${target.comparison === "<=" ? "≤" : "≥"} ${number(target.value)} ${ok ? "✓" : "missed"}`;
}

/** A line for a terminal. */
export function findingLine(finding: Finding): string {
  const { what, median, unit } = finding;
  const columns = [what.padEnd(78), number(median).padStart(9), unit.padEnd(6), middleHalf(finding).padEnd(18)];
  return `  ${columns.join(" ")} ${verdict(finding)}`.trimEnd();
}
