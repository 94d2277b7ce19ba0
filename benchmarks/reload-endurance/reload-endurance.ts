// What is left behind by reloads: a thousand of a Lua file, then a thousand of a viewdef, with a page in Chromium.
import type { Benchmark, Progress } from "../support/benchmark.ts";
import { type Finding, found, judged } from "../support/measure.ts";
import { type Amounts, RealPage } from "../reload/page.ts";
import { type Edited, newMark, save } from "../reload/saving.ts";
import { startServer } from "../reload/server.ts";
import { smallSite } from "../reload/sites.ts";

const RELOADS = 1_000;
const WARM_UP = 200;
const STEP = 100;
/** ms after which no further reload is made, on a machine that is too slow for all of them. */
const BUDGET = 60_000;

interface Sample extends Amounts {
  reloads: number;
  /** MB of the host's process, which goes up and down by more than 10. */
  rss: number;
}

type Amount = keyof Omit<Sample, "reloads">;

/** By how much something grows in a thousand reloads: the slope of the line that fits best. */
function growth(samples: Sample[], name: Amount): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [x, y] = [mean(({ reloads }) => reloads), mean((sample) => sample[name])];
  const over = mean((sample) => (sample.reloads - x) * (sample[name] - y));
  return (1_000 * over) / mean(({ reloads }) => (reloads - x) ** 2);
}

/** Reloads a file again and again, each time when the page shows the version before. */
async function reloads(dir: string, edited: Edited, page: RealPage, rss: () => Promise<number>): Promise<Sample[]> {
  const samples: Sample[] = [];
  const end = performance.now() + BUDGET;
  for (let reloads = 1; reloads <= WARM_UP + RELOADS && performance.now() < end; reloads++) {
    const mark = newMark();
    const seen = await page.expect(mark);
    save(dir, edited, mark);
    await seen();
    if (reloads >= WARM_UP && reloads % STEP === 0)
      samples.push({ reloads, rss: await rss(), ...(await page.measure()) });
  }
  return samples;
}

function findings(kind: string, samples: Sample[]): Finding[] {
  const most: Record<Amount, { what: string; unit: string; target: number }> = {
    variables: { what: "variables", unit: "", target: 0 },
    nodes: { what: "DOM nodes", unit: "", target: 0 },
    listeners: { what: "listeners", unit: "", target: 0 },
    lua: { what: "Lua memory", unit: "KB", target: 8 },
    heap: { what: "the page's heap", unit: "KB", target: 500 },
    rss: { what: "the host's memory", unit: "MB", target: 16 },
  };
  const grown = (Object.keys(most) as Amount[]).map((name) => {
    const { what, unit, target } = most[name];
    return judged(`growth per 1,000 reloads of a ${kind}: ${what}`, growth(samples, name), unit, "<=", target);
  });
  return [found(`consecutive reloads of a ${kind}`, samples.at(-1)?.reloads ?? 0, ""), ...grown];
}

async function run(progress: Progress): Promise<Finding[]> {
  const { dir, lua, viewdef, remove } = smallSite();
  const server = await startServer(dir);
  const page = await RealPage.open(server.started.origin, "+1");
  try {
    const rss = async (): Promise<number> => (await server.ask<{ rss: number }>("memory")).rss / 2 ** 20;
    progress("Lua file, then viewdef");
    return [
      ...findings("Lua file", await reloads(dir, lua, page, rss)),
      ...findings("viewdef", await reloads(dir, viewdef, page, rss)),
    ];
  } finally {
    await page.close();
    await server.stop();
    remove();
  }
}

export const reloadEndurance: Benchmark = {
  name: "reload-endurance",
  question: "What is left behind by 1,200 reloads of a Lua file and 1,200 of a viewdef?",
  seconds: 100,
  isLong: true,
  run,
};
