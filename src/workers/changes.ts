import { MoonpoolError } from "../protocol/error-code.ts";

/** The largest number in a step. */
const MOST = 0xffff;
const WORD = 4;

/**
 * Which words of some runs of memory differ from a base, and how. Images keep blocks of a kilobyte for any word that is different; of
 * these, one in seven is. Encoded:
 *
 *     number of steps                                32 bits
 *     steps: words to pass over, words to change     16 bits each
 *     the words to change, xor those of the base      32 bits each, all with the lower byte first
 */
export class Changes {
  readonly #steps: Uint16Array;
  readonly #words: Int32Array;

  private constructor(steps: Uint16Array, words: Int32Array) {
    this.#steps = steps;
    this.#words = words;
  }

  /** `data` is what is in the runs (offset, length, … in bytes, multiples of 4); beyond the end of `base` there are zeros. */
  static between(data: Uint8Array, base: Uint8Array, runs: Uint32Array): Changes {
    const now = wordsOf(data);
    const before = wordsOf(base);
    const steps = new Uint16Array(now.length + 2 * Math.ceil(now.length / MOST) + 4);
    const words = new Int32Array(now.length);
    let [stepsEnd, wordsEnd, passed, changed] = [0, 0, 0, 0];
    const end = (): void => {
      steps[stepsEnd++] = passed;
      steps[stepsEnd++] = changed;
      passed = changed = 0;
    };
    for (let index = 0, at = 0; index < runs.length; index += 2) {
      const from = (runs[index] ?? 0) / WORD;
      const to = from + (runs[index + 1] ?? 0) / WORD;
      for (let place = from; place < to; place++, at++) {
        const difference = (now[at] ?? 0) ^ (before[place] ?? 0);
        if (difference === 0) {
          if (changed > 0 || passed === MOST) end();
          passed++;
        } else {
          if (changed === MOST) end();
          changed++;
          words[wordsEnd++] = difference;
        }
      }
    }
    if (changed > 0) end();
    return new Changes(steps.subarray(0, stepsEnd), words.subarray(0, wordsEnd));
  }

  /** Bytes at most of what `encode` gives for runs of `size` bytes. */
  static most(size: number): number {
    return 2 * size + 64;
  }

  encode(): Uint8Array {
    const bytes = new Uint8Array(WORD + this.#steps.byteLength + this.#words.byteLength);
    new DataView(bytes.buffer).setUint32(0, this.#steps.length / 2, true);
    bytes.set(new Uint8Array(this.#steps.buffer, 0, this.#steps.byteLength), WORD);
    bytes.set(new Uint8Array(this.#words.buffer, 0, this.#words.byteLength), WORD + this.#steps.byteLength);
    return bytes;
  }

  /** Throws IMAGE_CORRUPT unless `encode` could have given this for runs of `size` bytes. */
  static decode(bytes: Uint8Array, size: number): Changes {
    const aligned = bytes.byteOffset % WORD === 0 ? bytes : Uint8Array.from(bytes);
    const { buffer, byteOffset, byteLength } = aligned;
    if (byteLength < WORD || byteLength % WORD !== 0) throw new MoonpoolError("IMAGE_CORRUPT");
    const count = new DataView(buffer, byteOffset).getUint32(0, true);
    const wordsFrom = WORD + count * WORD;
    if (wordsFrom > byteLength) throw new MoonpoolError("IMAGE_CORRUPT");
    const steps = new Uint16Array(buffer, byteOffset + WORD, count * 2);
    let [passed, changed] = [0, 0];
    for (let step = 0; step < steps.length; step += 2) {
      passed += steps[step] ?? 0;
      changed += steps[step + 1] ?? 0;
    }
    if (wordsFrom + changed * WORD !== byteLength || (passed + changed) * WORD > size)
      throw new MoonpoolError("IMAGE_CORRUPT");
    return new Changes(steps, new Int32Array(buffer, byteOffset + wordsFrom, changed));
  }

  /** Makes the changes in `heap`, where the runs are as in the base. */
  apply(heap: Uint8Array, runs: Uint32Array): void {
    const memory = new Int32Array(heap.buffer, heap.byteOffset, Math.floor(heap.length / WORD));
    const steps = this.#steps;
    const words = this.#words;
    let run = 0;
    let place = (runs[0] ?? 0) / WORD;
    let end = place + (runs[1] ?? 0) / WORD;
    const nextRun = (): void => {
      run += 2;
      place = (runs[run] ?? 0) / WORD;
      end = place + (runs[run + 1] ?? 0) / WORD;
    };
    for (let step = 0, at = 0; step < steps.length; step += 2) {
      let passed = steps[step] ?? 0;
      for (; passed > end - place; nextRun()) passed -= end - place;
      place += passed;
      for (let changed = steps[step + 1] ?? 0; changed > 0; changed--) {
        if (place === end) nextRun();
        memory[place] = (memory[place] ?? 0) ^ (words[at++] ?? 0);
        place++;
      }
    }
  }
}

/** Without a copy if that is possible. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const aligned = bytes.byteOffset % WORD === 0 ? bytes : Uint8Array.from(bytes);
  return new Int32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / WORD));
}
