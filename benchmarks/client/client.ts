// How much slower is a page whose rows live in Lua than one with its rows in the browser? Same HTML, same run.
import { openBrowser } from "../support/chromium.ts";
import { type Finding, judged, median } from "../support/measure.ts";
import { TablePage } from "./pages.ts";

interface Operation {
  what: string;
  /** Steps before it, which are not measured. */
  before: string[];
  step: string;
  rounds: number;
}

const OPERATIONS: Operation[] = [
  { what: "create 1,000 rows", before: ["clear"], step: "create", rounds: 15 },
  { what: "replace 1,000 rows", before: [], step: "create", rounds: 15 },
  { what: "update every 10th of 1,000 rows", before: ["create"], step: "update", rounds: 15 },
  { what: "select a row", before: [], step: "select", rounds: 25 },
  { what: "swap two rows", before: [], step: "swap", rounds: 25 },
  { what: "remove a row", before: ["create"], step: "remove", rounds: 15 },
  { what: "append 1,000 rows to 1,000", before: ["create"], step: "append", rounds: 15 },
  { what: "create 10,000 rows", before: ["clear"], step: "createMany", rounds: 7 },
];
const WARM_UP = 3;

async function measure(page: TablePage, { before, step }: Operation): Promise<number> {
  for (const name of before) await page.perform(name);
  await page.collectGarbage();
  return page.perform(step);
}

async function heapWith(page: TablePage, step: string): Promise<number> {
  await page.perform("clear");
  await page.perform(step);
  return page.heap();
}

/** Runs the benchmark. Takes about two minutes. */
export async function client(): Promise<Finding[]> {
  const browser = await openBrowser();
  const opened: TablePage[] = [];
  try {
    const host = await TablePage.moonpool(browser);
    opened.push(host);
    const keyed = await TablePage.keyed(browser);
    opened.push(keyed);
    const findings: Finding[] = [];
    for (const operation of OPERATIONS) {
      const times: { host: number; keyed: number }[] = [];
      for (let round = -WARM_UP; round < operation.rounds; round++) {
        const pair = { keyed: await measure(keyed, operation), host: await measure(host, operation) };
        if (round >= 0) times.push(pair);
      }
      const [mine, other] = [median(times.map(({ host }) => host)), median(times.map(({ keyed }) => keyed))];
      findings.push(
        { what: `${operation.what}: from Lua`, value: mine, unit: "ms" },
        { what: `${operation.what}: in the browser`, value: other, unit: "ms" },
        judged(`${operation.what}: ratio`, mine / other, "×", "<=", 2),
      );
    }
    for (const [what, step] of [
      ["1,000 rows", "create"],
      ["10,000 rows", "createMany"],
    ] as const) {
      const [mine, other] = [await heapWith(host, step), await heapWith(keyed, step)];
      findings.push(
        { what: `JavaScript heap with ${what}: from Lua`, value: mine / 1024, unit: "KB" },
        { what: `JavaScript heap with ${what}: in the browser`, value: other / 1024, unit: "KB" },
        judged(`JavaScript heap with ${what}: ratio`, mine / other, "×", "<=", 2),
      );
    }
    return findings;
  } finally {
    for (const page of opened) await page.close();
    await browser.close();
  }
}
