import fs from "node:fs";
import { benchmarks } from "../catalogue.ts";
import { markdownOf } from "./markdown.ts";
import { pageOf } from "./page.ts";
import { fillPerformance } from "./performance.ts";
import { plotsOf } from "./plots.ts";
import { readResults } from "./results.ts";

const PICTURES = "docs/pictures/performance";
const PERFORMANCE = "docs/performance.md";

/** Writes everything that is made of the results: RESULTS.md, the page, the pictures, the tables of docs/performance.md. */
export function writeReport(): void {
  const results = readResults(benchmarks);
  const plots = plotsOf(results);
  fs.mkdirSync(PICTURES, { recursive: true });
  for (const { name, svg } of plots) fs.writeFileSync(`${PICTURES}/${name}.svg`, svg);
  fs.writeFileSync("benchmarks/RESULTS.md", markdownOf(results));
  fs.writeFileSync("benchmarks/results/index.html", pageOf(results, plots));
  fs.writeFileSync(PERFORMANCE, fillPerformance(fs.readFileSync(PERFORMANCE, "utf8"), results, plots));
}
