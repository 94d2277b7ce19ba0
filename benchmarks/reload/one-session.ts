// From saving a file to the frame at one session's tab, and to the changed page of another in Chromium.
import { setTimeout as wait } from "node:timers/promises";
import type { Progress } from "../support/benchmark.ts";
import { type Finding, found, judged, median, quantile } from "../support/measure.ts";
import { Crowd } from "./crowd.ts";
import { RealPage } from "./page.ts";
import { type Edited, floor, newMark, save } from "./saving.ts";
import { startServer } from "./server.ts";
import { contactsSite, type EditedSite, smallSite } from "./sites.ts";

const SAVES = 20;
const WARM_UP = 3;
/** ms between the frame and the next save, so that no save is part of a burst. */
const PAUSE = 150;
const TARGET = 60;

/** ms from each of a few saves to what `expect` waits for. */
async function times(
  dir: string,
  edited: Edited,
  expect: (mark: string) => Promise<() => Promise<number>>,
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < SAVES + WARM_UP; i++) {
    const mark = newMark();
    const seen = await expect(mark);
    const start = save(dir, edited, mark);
    times.push((await seen()) - start);
    await wait(PAUSE);
  }
  return times.slice(WARM_UP);
}

function findings(what: string, numbers: number[]): Finding[] {
  return [judged(`${what}, p50`, numbers, "ms", "<=", TARGET), found(`${what}, p95`, quantile(numbers, 0.95), "ms")];
}

async function frames(name: string, { dir, lua, viewdef }: EditedSite, origin: string): Promise<Finding[]> {
  const crowd = await Crowd.open(origin, 1);
  const expect = async (mark: string): Promise<() => Promise<number>> => {
    const seen = crowd.seen(mark);
    return () => seen;
  };
  const result = [
    ...findings(`${name}, Lua file: save → frame`, await times(dir, lua, expect)),
    ...findings(`${name}, viewdef: save → frame`, await times(dir, viewdef, expect)),
  ];
  crowd.close();
  return result;
}

async function pages(
  name: string,
  { dir, lua, viewdef }: EditedSite,
  origin: string,
  text: string,
): Promise<Finding[]> {
  const page = await RealPage.open(origin, text);
  try {
    const expect = (mark: string): Promise<() => Promise<number>> => page.expect(mark);
    return [
      ...findings(`${name}, Lua file: save → changed page`, await times(dir, lua, expect)),
      ...findings(`${name}, viewdef: save → changed page`, await times(dir, viewdef, expect)),
    ];
  } finally {
    await page.close();
  }
}

async function onSite(name: string, site: EditedSite, text: string): Promise<Finding[]> {
  const server = await startServer(site.dir);
  try {
    const { origin } = server.started;
    return [...(await frames(name, site, origin)), ...(await pages(name, site, origin, text))];
  } finally {
    await server.stop();
    site.remove();
  }
}

/** Measures; takes about 35 s. */
export async function oneSession(progress: Progress): Promise<Finding[]> {
  progress("one session, small app");
  const site = smallSite();
  const least = await floor(site.dir, SAVES);
  const small = await onSite("one session, small app", site, "+1");
  const [first] = small;
  progress("one session, Contacts demo");
  return [
    found("floor: rename → fs.watch in the same process, p50", least, "ms"),
    ...small,
    found("small app, Lua file: save → frame / floor", (first?.median ?? Number.NaN) / median(least), "×"),
    ...(await onSite("one session, Contacts demo", contactsSite(), "Contacts")),
  ];
}
