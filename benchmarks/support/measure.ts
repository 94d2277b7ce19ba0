/** The value below which the share `q` (0 to 1) of the numbers lies. */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** The middle one of the numbers. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** One line of a result: what was measured, the number, and what it has to be, if anything. */
export interface Finding {
  what: string;
  value: number;
  unit: string;
  /** For example `<= 4`. */
  target?: string;
  ok?: boolean;
}

/** A finding that has to be at most, or at least, a number. */
export function judged(what: string, value: number, unit: string, comparison: "<=" | ">=", target: number): Finding {
  const ok = comparison === "<=" ? value <= target : value >= target;
  return { what, value, unit, target: `${comparison} ${target}`, ok };
}
