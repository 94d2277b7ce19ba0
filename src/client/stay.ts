/**
 * Which rows can stay where they are so that as few as possible have to move. `order[i]` is the present position of the
 * row that comes i-th; the result holds the i of those that stay: a longest increasing subsequence, and of those one with
 * `pinned` (an i) in it, because that row must not move. O(n log n).
 */
export function staying(order: readonly number[], pinned = -1): Set<number> {
  const pin = order[pinned];
  // best[k] is the i of the smallest end of an increasing subsequence of length k + 1
  const best: number[] = [];
  const previous = new Map<number, number | undefined>();
  order.forEach((position, i) => {
    if (pin !== undefined && Math.sign(position - pin) !== Math.sign(i - pinned)) return;
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((order[best[middle] as number] as number) < position) low = middle + 1;
      else high = middle;
    }
    previous.set(i, best[low - 1]);
    best[low] = i;
  });
  const stay = new Set<number>();
  for (let i = best.at(-1); i !== undefined; i = previous.get(i)) stay.add(i);
  return stay;
}
