// How much slower is a page whose rows live in Lua than one with its rows in the browser? Same HTML, same run.
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { openBrowser } from "../support/chromium.ts";
import { against, type Finding, found, judged, median } from "../support/measure.ts";
import { TablePage } from "./pages.ts";

interface Operation {
  what: string;
  /** Steps before it, which are not measured. */
  before: string[];
  step: string;
  /** So often in a row, as somebody at work clicks. */
  times: number;
}

const OPERATIONS: Operation[] = [
  { what: "create 1,000 rows", before: ["clear"], step: "create", times: 1 },
  { what: "replace 1,000 rows", before: ["create"], step: "create", times: 2 },
  { what: "update every 10th of 1,000 rows", before: ["create"], step: "update", times: 3 },
  { what: "select a row", before: ["create"], step: "select", times: 5 },
  { what: "swap two rows", before: ["create"], step: "swap", times: 5 },
  { what: "remove a row", before: ["create"], step: "remove", times: 5 },
  { what: "append 1,000 rows to 1,000", before: ["create"], step: "append", times: 1 },
  { what: "create 10,000 rows", before: ["clear"], step: "createMany", times: 1 },
];
const WARM_UP = 2;
const MOST_ROUNDS = 10;
/** Rounds of an operation end after so many ms, but there are always some. */
const LONGEST = 5_000;
const FEWEST_ROUNDS = 5;

async function measure(page: TablePage, { before, step, times }: Operation): Promise<number[]> {
  for (const name of before) await page.perform(name);
  await page.collectGarbage();
  const results: number[] = [];
  for (let time = 0; time < times; time++) results.push(await page.perform(step));
  return results;
}

/** Ms of the operation in both pages, which alternate. */
async function compare(
  host: TablePage,
  keyed: TablePage,
  operation: Operation,
): Promise<{ host: number[]; keyed: number[] }> {
  const times: { host: number[]; keyed: number[] } = { host: [], keyed: [] };
  const end = performance.now() + LONGEST;
  for (let round = -WARM_UP; round < MOST_ROUNDS && (round < FEWEST_ROUNDS || performance.now() < end); round++) {
    const results = { keyed: await measure(keyed, operation), host: await measure(host, operation) };
    if (round < 0) continue;
    times.keyed.push(...results.keyed);
    times.host.push(...results.host);
  }
  return times;
}

async function heapWith(page: TablePage, step: string): Promise<number> {
  await page.perform("clear");
  await page.perform(step);
  return page.heap();
}

async function run(progress: Progress): Promise<Finding[]> {
  const browser = await openBrowser();
  const opened: TablePage[] = [];
  try {
    const host = await TablePage.moonpool(browser);
    opened.push(host);
    const keyed = await TablePage.keyed(browser);
    opened.push(keyed);
    const findings: Finding[] = [];
    for (const operation of OPERATIONS) {
      progress(operation.what);
      const { host: mine, keyed: other } = await compare(host, keyed, operation);
      const floor = `${operation.what}: in the browser`;
      findings.push(
        found(`${operation.what}: from Lua`, mine, "ms", against(floor, mine, other)),
        found(floor, other, "ms"),
        // Not by round: both pages wait for the next frame, which makes single times jump by 16 ms.
        judged(`${operation.what}: ratio`, median(mine) / median(other), "×", "<=", 2),
      );
    }
    for (const [what, step] of [
      ["1,000 rows", "create"],
      ["10,000 rows", "createMany"],
    ] as const) {
      const [mine, other] = [await heapWith(host, step), await heapWith(keyed, step)];
      findings.push(
        found(`JavaScript heap with ${what}: from Lua`, mine / 1024, "KB"),
        found(`JavaScript heap with ${what}: in the browser`, other / 1024, "KB"),
        judged(`JavaScript heap with ${what}: ratio`, mine / other, "×", "<=", 2),
      );
    }
    return findings;
  } finally {
    for (const page of opened) await page.close();
    await browser.close();
  }
}

export const client: Benchmark = {
  name: "client",
  question:
    "How much slower is a page whose rows live in Lua than one with its rows in the browser, and how much larger?",
  seconds: 55,
  run,
};
