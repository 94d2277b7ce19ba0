import type { Progress } from "./benchmark.ts";

/**
 * Lets contenders take turns, `rounds` times, every other time in the opposite order: what the machine does meanwhile
 * happens to all of them. Resolves with each contender's results by round.
 */
export async function alternate<Name extends string, Result>(
  rounds: number,
  contenders: Record<Name, () => Promise<Result>>,
  progress: Progress = () => {},
): Promise<Record<Name, Result[]>> {
  const order = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(order.map((name) => [name, [] as Result[]])) as Record<Name, Result[]>;
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`);
    for (const name of order) results[name].push(await contenders[name]());
    order.reverse();
  }
  return results;
}
