/**
 * The candidate that differs from `word` in the fewest letters (left out, added, exchanged, swapped with its
 * neighbour), or undefined when none is near: at most 1 change for up to 4 letters, otherwise 2.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = word.length <= 4 ? 1 : 2;
  for (const candidate of candidates) {
    const changes = distance(word, candidate, least);
    if (changes > least || (changes === least && best !== undefined)) continue;
    least = changes;
    best = candidate;
  }
  return best;
}

/** Optimal string alignment distance; any number above `limit` when it is more than that. */
function distance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[right.length] ?? limit + 1;
}
