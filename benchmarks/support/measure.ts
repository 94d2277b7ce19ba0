/** The value below which the share `q` (0 to 1) of the numbers lies. */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** The middle one of the numbers. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** How far samples lie apart. */
export interface Spread {
  min: number;
  q1: number;
  q3: number;
  max: number;
}

/** What a number has to be. */
export interface Target {
  comparison: "<=" | ">=";
  value: number;
}

/** One thing that was measured. */
export interface Finding {
  what: string;
  unit: string;
  median: number;
  /** Absent where there is one sample: a size, a count. */
  spread?: Spread;
  /** How many values the median is of: rounds, or events where they are not in rounds. */
  samples: number;
  target?: Target;
  ok?: boolean;
  /** What it is compared with; `ratio` is the median of the rounds' ratios, not the ratio of medians. */
  baseline?: { what: string; median: number; ratio: number };
  /** Its place in a curve. */
  point?: { curve: string; x: number };
}

type Extra = Pick<Finding, "baseline" | "point">;

/** A finding of one value, or of as many as there were rounds. */
export function found(what: string, values: number | readonly number[], unit: string, extra: Extra = {}): Finding {
  const samples = typeof values === "number" ? [values] : values;
  const spread = {
    min: Math.min(...samples),
    q1: quantile(samples, 0.25),
    q3: quantile(samples, 0.75),
    max: Math.max(...samples),
  };
  return {
    what,
    unit,
    median: median(samples),
    ...(samples.length > 1 ? { spread } : {}),
    samples: samples.length,
    ...extra,
  };
}

/** A finding whose median has to be at most, or at least, a number. */
export function judged(
  what: string,
  values: number | readonly number[],
  unit: string,
  comparison: Target["comparison"],
  target: number,
  extra: Extra = {},
): Finding {
  const finding = found(what, values, unit, extra);
  const ok = comparison === "<=" ? finding.median <= target : finding.median >= target;
  return { ...finding, target: { comparison, value: target }, ok };
}

/** Each value by that of the same round. */
export function ratios(values: readonly number[], floors: readonly number[]): number[] {
  return values.map((value, round) => value / (floors[round] ?? Number.NaN));
}

/** For `baseline`: what the values were compared with. */
export function against(what: string, values: readonly number[], floors: readonly number[]): Extra {
  return { baseline: { what, median: median(floors), ratio: median(ratios(values, floors)) } };
}
