import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { Benchmark } from "./benchmark.ts";

/** ms. */
const EVERY = 1_000;

/**
 * How far a run is: in a terminal a bar over the time that all its benchmarks should take; elsewhere a line for each that
 * begins and for each thing that it measures.
 */
export class RunProgress {
  readonly #bars: MultiBar | undefined;
  readonly #bar: SingleBar | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  #name = "";
  /** Seconds that the benchmarks before this one should have taken, and this one should. */
  #before = 0;
  #expected = 0;
  #began = performance.now();
  #what = "";

  constructor(benchmarks: readonly Benchmark[]) {
    if (!process.stdout.isTTY) return;
    const total = benchmarks.reduce((sum, { seconds }) => sum + seconds, 0);
    const format = "{bar} {value} of {total} s  {name}: {what}";
    // Rarely drawn: what is measured beside it should not notice.
    const options = { format, fps: 2, hideCursor: true, linewrap: false, gracefulExit: true };
    this.#bars = new MultiBar(options, Presets.shades_classic);
    this.#bar = this.#bars.create(total, 0, { name: "", what: "" });
    this.#timer = setInterval(() => this.#draw(), EVERY);
  }

  begin({ name, seconds }: Benchmark): void {
    this.#before += this.#expected;
    this.#expected = seconds;
    this.#began = performance.now();
    this.#name = name;
    this.tell("starts");
  }

  tell(what: string): void {
    this.#what = what;
    if (this.#bar === undefined) console.log(`${this.#name}: ${what}`);
    else this.#draw();
  }

  /** Prints text above the bar. */
  print(text: string): void {
    if (this.#bars === undefined) console.log(text);
    else this.#bars.log(`${text}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bars?.stop();
  }

  #draw(): void {
    const gone = Math.min(this.#expected, (performance.now() - this.#began) / 1000);
    this.#bar?.update(Math.round(this.#before + gone), { name: this.#name, what: this.#what });
  }
}
