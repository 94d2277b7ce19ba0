import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { findSiteFiles } from "../../../src/host/site-files.ts";
import { WatchedSite } from "../../support/watched-site.ts";

const SEEDS = (process.env.WATCHER_SEEDS ?? "1,2,3,4,5").split(",").map(Number);
const STEPS = 200;

const FOLDERS = ["lua", "lua/a", "lua/a/b", "viewdefs", "viewdefs/a", "html", "html/a", "apps", "apps/a", "../out/a"];
const NAMES = ["x.lua", "y.lua", "X.A.html", "Y.A.html", "s.css", "t.css.tmp", ".hidden.lua", "a", "b"];

for (const seed of SEEDS) {
  t.test(`whatever is done to a site, its watcher ends up knowing what is there (seed ${seed})`, async (t) => {
    const files = { "lua/x.lua": "x", "viewdefs/X.A.html": "x", "html/s.css": "x" };
    // Every fifth has to do without events.
    const site = await WatchedSite.start(t, files, seed % 5 === 0 ? { poll: 10 } : {});
    site.work = (batch) => site.follow(batch);
    const random = numbers(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const place = (): string => `${pick(FOLDERS)}/${pick(NAMES)}`;
    const steps: (() => void)[] = [
      () => site.write(place(), String(random())),
      () => site.write(place(), String(random()).slice(0, 4)),
      () => site.save(place(), String(random())),
      () => site.save(place(), "x"),
      () => site.remove(place()),
      () => site.move(place(), place()),
      () => site.makeFolder(place()),
      () => site.link(path.relative(site.path(pick(FOLDERS)), site.path(place())), place()),
      () => site.link(pick(NAMES), place()),
      () =>
        site.link(
          path.relative(site.path("lua/a"), site.path(pick(FOLDERS))),
          `${pick(["lua/a", "html/a"])}/${pick(NAMES)}`,
        ),
      () => site.link(site.path(pick(FOLDERS)), place()),
      () => (random() < 0.2 ? site.remove(pick(FOLDERS)) : site.write(place(), "y")),
      () => (random() < 0.2 ? site.move(pick(FOLDERS), `apps/${pick(NAMES)}`) : site.write(place(), "z")),
      () => (random() < 0.1 ? goAndComeBack(site) : site.write(place(), "w")),
    ];
    for (let step = 0; step < STEPS; step += 1) {
      try {
        pick(steps)();
      } catch (error) {
        // A folder where a file is wanted, or the other way round.
        t.match(error, { code: /^(E[A-Z]+|ERR_FS_EISDIR)$/ });
      }
      if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 30));
    }
    let actual = "";
    let wanted = ".";
    for (const end = performance.now() + 20_000; actual !== wanted && performance.now() < end;) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      actual = sorted(site.held);
      wanted = sorted(site.scan());
    }
    t.equal(actual, wanted);
    if (!fs.statSync(site.path("viewdefs"), { throwIfNoEntry: false })?.isDirectory()) return;
    const viewdefs = await findSiteFiles(site.path("viewdefs"), site.dir, ".html");
    const names = viewdefs.filter(({ path }) => fs.existsSync(path)).map(({ file }) => file);
    t.same([...site.held.keys()].filter((name) => name.startsWith("viewdefs/")).sort(), names.sort());
  });
}

function goAndComeBack(site: WatchedSite): void {
  site.move("", "../away");
  site.move("../away", "");
}

function sorted(map: ReadonlyMap<string, string>): string {
  return [...map]
    .map(([name, text]) => `${name}: ${text}`)
    .sort()
    .join("\n");
}

/** Numbers from 0 to 1 that look random and are the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 0x5bd1e995);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
  };
}
