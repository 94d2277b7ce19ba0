import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import type { Benchmark } from "../support/benchmark.ts";
import type { Finding } from "../support/measure.ts";

const FOLDER = "benchmarks/results";

/** Where and when something was measured. */
export interface Machine {
  date: string;
  /** Of the code; with "+" when files were changed since. Empty outside a repository. */
  commit: string;
  node: string;
  cores: number;
  processor: string;
  /** GB. */
  memory: number;
  /** Processes that wanted a processor in the minute before the benchmark. */
  load: number;
}

/** What a benchmark found when it was last run, as it stands in its file. */
export interface Result {
  benchmark: string;
  question: string;
  measured: Machine & { seconds: number };
  findings: (Finding & { benchmark: string })[];
}

/** The machine now, before a benchmark. */
export function describeMachine(): Machine {
  const [processor] = os.cpus();
  return {
    date: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    cores: os.availableParallelism(),
    processor: processor?.model ?? "unknown",
    memory: Math.round(os.totalmem() / 2 ** 30),
    load: Number((os.loadavg()[0] ?? Number.NaN).toFixed(2)),
  };
}

function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const isChanged = git("status", "--porcelain", "--untracked-files=no", "--", "src", "benchmarks/*.ts", "lua");
    return git("rev-parse", "--short=10", "HEAD") + (isChanged === "" ? "" : "+");
  } catch {
    return "";
  }
}

export function writeResult(benchmark: Benchmark, measured: Result["measured"], findings: readonly Finding[]): void {
  const { name, question } = benchmark;
  const records = findings.map((finding) => rounded({ benchmark: name, ...finding }));
  const result: Result = { benchmark: name, question, measured, findings: records };
  fs.mkdirSync(FOLDER, { recursive: true });
  fs.writeFileSync(fileOf(name), `${JSON.stringify(result, null, 2)}\n`);
}

/** Five digits are more than any of these is good for. */
function rounded<Value>(value: Value): Value {
  if (typeof value === "number") return Number(value.toPrecision(5)) as Value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rounded(inner)])) as Value;
}

/** The results of these benchmarks that there are, in this order. */
export function readResults(benchmarks: readonly Benchmark[]): Result[] {
  return benchmarks.flatMap(({ name }) => {
    const file = fileOf(name);
    return fs.existsSync(file) ? [JSON.parse(fs.readFileSync(file, "utf8")) as Result] : [];
  });
}

function fileOf(name: string): string {
  return `${FOLDER}/${name}.json`;
}
