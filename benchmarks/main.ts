// npm run bench [-- NAME …]: runs benchmarks one after the other, prints what they found, and writes it to benchmarks/results.
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { benchmarks } from "./catalogue.ts";
import { describeMachine, writeResult } from "./report/results.ts";
import { findingLine } from "./report/text.ts";
import { RunProgress } from "./support/run-progress.ts";

const program = new Command("npm run bench --")
  .description("Measures Moonpool; see benchmarks/README.md.")
  .argument("[names...]", "benchmarks to run; by default all that are not long")
  .option("--full", "run the long ones too", false)
  .option("--list", "say which there are", false)
  .option("--minutes <n>", "how long soak takes: 2 to 1440", minutesIn, 10)
  .option("--page", "run nothing, write the pages and pictures from the results that are there", false)
  .exitOverride();

function minutesIn(text: string): number {
  const minutes = Number(text);
  if (minutes >= 2 && minutes <= 1_440) return minutes;
  throw new InvalidArgumentError("It is a number from 2 to 1440.");
}

/** The charts' library is only loaded when nothing is measured any more. */
async function report(): Promise<void> {
  const { writeReport } = await import("./report/report.ts");
  writeReport();
}

interface Flags {
  full: boolean;
  minutes: number;
  list: boolean;
  page: boolean;
}

function list(): void {
  for (const { name, seconds, isLong, question } of benchmarks)
    console.log(`${name.padEnd(17)} ${String(seconds).padStart(4)} s ${isLong ? "long" : "    "} ${question}`);
}

async function run(names: readonly string[], isFull: boolean, minutes: number): Promise<void> {
  const chosen = benchmarks.filter(({ name, isLong }) => (names.length > 0 ? names.includes(name) : isFull || !isLong));
  const progress = new RunProgress(chosen);
  let [missed, failed] = [0, 0];
  for (const benchmark of chosen) {
    progress.begin(benchmark);
    const machine = describeMachine();
    const start = performance.now();
    const findings = await benchmark.run((what) => progress.tell(what), { minutes }).catch((error: Error) => error);
    if (findings instanceof Error) {
      // The others can still be worth their time.
      progress.end(`\n${benchmark.name} failed: ${findings.stack ?? findings.message}`);
      failed++;
      continue;
    }
    const seconds = Math.round((performance.now() - start) / 1000);
    progress.end(`\n${benchmark.name} (${seconds} s)\n${findings.map(findingLine).join("\n")}`);
    missed += findings.filter(({ ok }) => ok === false).length;
    writeResult(benchmark, { ...machine, seconds }, findings);
  }
  await report();
  if (missed > 0) console.log(`\n${missed} target${missed > 1 ? "s" : ""} missed.`);
  if (failed > 0) console.log(`\n${failed} benchmark${failed > 1 ? "s" : ""} failed.`);
  process.exitCode = missed + failed > 0 ? 1 : 0;
}

try {
  program.parse();
  const { full, minutes, list: isList, page } = program.opts<Flags>();
  const known = benchmarks.map(({ name }) => name);
  const unknown = program.args.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    program.error(`error: There is no benchmark ${unknown.join(", ")}; there are ${known.join(", ")}.`, {
      exitCode: 2,
    });
  if (isList) list();
  else if (page) await report();
  else await run(program.args, full, minutes);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 1 ? 2 : error.exitCode;
}
