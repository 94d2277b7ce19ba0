import { Presets, SingleBar } from "cli-progress";
import type { Benchmark } from "./benchmark.ts";

/** ms. */
const EVERY = 1_000;
const OPTIONS = {
  format: "{bar} {value} of {total} s  {name}: {what}",
  // Rarely drawn: what is measured beside it should not notice.
  fps: 2,
  hideCursor: true,
  linewrap: false,
  clearOnComplete: true,
  // Theirs catches the signal and goes on.
  gracefulExit: false,
};

/**
 * How far a run is: in a terminal a bar over the time that all its benchmarks should take; elsewhere a line for each that
 * begins and for each thing that it measures.
 */
export class RunProgress {
  readonly #total: number;
  /** While a benchmark runs, in a terminal. */
  #bar: SingleBar | undefined;
  #timer: NodeJS.Timeout | undefined;
  #name = "";
  /** Seconds that the benchmarks before this one should have taken, and this one should. */
  #before = 0;
  #expected = 0;
  #began = performance.now();
  #what = "";

  constructor(benchmarks: readonly Benchmark[]) {
    this.#total = benchmarks.reduce((sum, { seconds }) => sum + seconds, 0);
    process.once("SIGINT", () => {
      this.end("Interrupted.");
      process.exit(130);
    });
  }

  begin({ name, seconds }: Benchmark): void {
    this.#before += this.#expected;
    this.#expected = seconds;
    this.#began = performance.now();
    this.#name = name;
    if (process.stdout.isTTY) {
      this.#bar = new SingleBar(OPTIONS, Presets.shades_classic);
      this.#bar.start(this.#total, Math.round(this.#before), { name, what: "" });
      this.#timer = setInterval(() => this.#draw(), EVERY);
    }
    this.tell("starts");
  }

  tell(what: string): void {
    this.#what = what;
    if (this.#bar === undefined) console.log(`${this.#name}: ${what}`);
    else this.#draw();
  }

  /** A benchmark has ended, and this is what is to be said about it. */
  end(text: string): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
    this.#bar = undefined;
    console.log(text);
  }

  #draw(): void {
    const gone = Math.min(this.#expected, (performance.now() - this.#began) / 1000);
    this.#bar?.update(Math.round(this.#before + gone), { name: this.#name, what: this.#what });
  }
}
