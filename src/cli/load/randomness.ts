import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/** From so much to so much, both included. */
export interface Range {
  from: number;
  to: number;
}

/** A range as text: "200", "200..800", "1s..2s", "1.5s"; undefined: it is none. Units are ms (default) and s. */
export function rangeIn(text: string): Range | undefined {
  const [first, last = first, ...more] = text.split("..");
  const [from, to] = [timeIn(first), timeIn(last)];
  return from !== undefined && to !== undefined && from <= to && more.length === 0 ? { from, to } : undefined;
}

function timeIn(text = ""): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text.trim()) ?? [];
  return digits === undefined ? undefined : Number(digits) * (unit === "s" ? 1_000 : 1);
}

/** Chance that comes out the same each time: of a seed, and of a number for each user so that none depends on another. */
export class Randomness {
  readonly #generator: RandomGenerator;

  constructor(seed: number, stream = 0) {
    // Seeds that lie side by side begin alike, so they are spread first; 0x9e3779b1 is odd, hence no two collide.
    this.#generator = xoroshiro128plus(Math.imul(seed ^ Math.imul(stream + 1, 0x9e3779b1), 0x85ebca6b));
  }

  /** From 0 to just below 1. */
  share(): number {
    return uniformFloat64(this.#generator);
  }

  /** Anything in the range, evenly. */
  within({ from, to }: Range): number {
    return from + this.share() * (to - from);
  }

  /** A whole number from 0 to `count` - 1. */
  index(count: number): number {
    return Math.floor(this.share() * count);
  }

  /** ms until the next of what happens `perSecond` times a second on average, each independent of the others. */
  gap(perSecond: number): number {
    return (-Math.log(1 - this.share()) / perSecond) * 1_000;
  }

  /** One of several, as often as its weight says. There is at least one with a weight above 0. */
  weighted<Choice extends { weight: number }>(choices: readonly Choice[]): Choice {
    let left = this.share() * choices.reduce((sum, { weight }) => sum + weight, 0);
    for (const choice of choices) if ((left -= choice.weight) < 0) return choice;
    return choices.at(-1) as Choice;
  }
}
