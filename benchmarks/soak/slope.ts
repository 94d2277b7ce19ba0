/** How something grows: the slope that is right for half of all pairs of points, and between what it is with 95 % confidence. */
export interface Slope {
  value: number;
  low: number;
  high: number;
}

/** Of the normal distribution, for 95 %. */
const Z = 1.96;

/**
 * The Theil–Sen estimator of the slope of `points` (x, y), with Sen's confidence interval: a third of the points may be anything.
 * The interval is right if the points are independent of each other. Takes the square of their number.
 */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const slopes: number[] = [];
  for (const [index, [x, y]] of points.entries())
    for (const [otherX, otherY] of points.slice(index + 1)) if (otherX !== x) slopes.push((otherY - y) / (otherX - x));
  slopes.sort((a, b) => a - b);
  const count = points.length;
  // Kendall's S has this deviation if there is no trend.
  const rank = Z * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const at = (position: number): number =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(position)))] ?? NaN;
  return {
    value: (at(Math.floor((slopes.length - 1) / 2)) + at(Math.ceil((slopes.length - 1) / 2))) / 2,
    low: at((slopes.length - rank) / 2 - 1),
    high: at((slopes.length + rank) / 2),
  };
}
