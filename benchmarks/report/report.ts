import fs from "node:fs";
import { benchmarks } from "../catalogue.ts";
import { markdownOf } from "./markdown.ts";
import { readResults } from "./results.ts";

/** Writes everything that is made of the results. */
export async function writeReport(): Promise<void> {
  const results = readResults(benchmarks);
  fs.writeFileSync("benchmarks/RESULTS.md", markdownOf(results));
}
