import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import type { MemoryImage } from "../../src/protocol/session-image.ts";
import { LuaVm } from "../../src/workers/lua-vm.ts";
import { loadLuaWasm } from "../../src/workers/lua-wasm.ts";
import { readRuntime } from "../../src/workers/runtime-files.ts";
import { digestOf, dispatchAll, imageDifference, Random, randomJournal } from "../support/random-run.ts";
import { ReplaySite } from "../support/replay-site.ts";

const RUNS = Number(process.env["RUNS"] ?? 1000);
const EVENTS = Number(process.env["EVENTS"] ?? 10);
/** Of the first run; the others follow. */
const SEED = Number(process.env["SEED"] ?? 1);
/** Runs that are recorded before they are repeated, so that nothing is repeated right after it was recorded. */
const BATCH = 50;
/** One run in so many is repeated on another thread too. */
const THREAD_SHARE = 4;
const memoryLimit = 4 * 2 ** 20;

interface Run {
  seed: number;
  journal: string[];
  outcomes: string[];
  /** How many of the events are covered by `middle`. */
  cut: number;
  middle: MemoryImage;
  end: MemoryImage;
}

const wasm = await loadLuaWasm(memoryLimit);
const site = await ReplaySite.start(wasm);
const recorder = await LuaVm.bear({ wasm, runtime: await readRuntime(), seed: 1 });
const { birth } = recorder;

function record(vm: LuaVm, seed: number): Run {
  const journal = randomJournal(seed, EVENTS);
  const cut = 1 + new Random(seed).below(EVENTS - 1);
  vm.loadImage(null);
  const outcomes = dispatchAll(vm, site, journal.slice(0, cut));
  const middle = vm.saveImage();
  outcomes.push(...dispatchAll(vm, site, journal.slice(cut)));
  return { seed, journal, outcomes, cut, middle, end: vm.saveImage() };
}

/** What is otherwise than it was, if anything. */
function outcomeDifference(run: Run, outcomes: string[], first: number): string | undefined {
  const at = outcomes.findIndex((outcome, index) => outcome !== run.outcomes[first + index]);
  if (at < 0) return undefined;
  return `event ${first + at}\n${run.journal[first + at]}\ngave\n${run.outcomes[first + at]}\nand then\n${outcomes[at]}`;
}

t.test(
  `${RUNS} random runs, done again from the start, from an image and on another thread, give the same`,
  async (t) => {
    const used = await LuaVm.bear({ wasm, birth });
    // A slot that somebody had who needed much.
    const large = await LuaVm.bear({ wasm, birth });
    large.loadImage({ ...recorder.saveImage(), size: memoryLimit });
    const thread = new Worker(new URL("../fixtures/replay-journals.js", import.meta.url), {
      workerData: { birth, memoryLimit },
    });
    t.teardown(() => thread.terminate());
    let failures = 0;
    let texts = 0;
    const check = (run: Run, where: string, difference: string | undefined): void => {
      if (difference !== undefined && failures++ < 5) t.fail(`SEED=${run.seed} RUNS=1, ${where}: ${difference}`);
    };
    for (let first = SEED; first < SEED + RUNS; first += BATCH) {
      const count = Math.min(BATCH, SEED + RUNS - first);
      const runs = Array.from({ length: count }, (_, index) => record(recorder, first + index));
      for (const run of runs.toReversed()) {
        const { journal, cut, middle, end } = run;
        texts += new Set(run.outcomes).size;
        const goesElsewhere = run.seed % THREAD_SHARE === 0;
        if (goesElsewhere) thread.postMessage(journal);
        used.loadImage(null);
        check(run, "from the start", outcomeDifference(run, dispatchAll(used, site, journal), 0));
        check(run, "from the start", imageDifference(end, used.saveImage()));
        large.loadImage(middle);
        check(run, "from an image", outcomeDifference(run, dispatchAll(large, site, journal.slice(cut)), cut));
        check(run, "from an image", imageDifference(end, large.saveImage()));
        if (!goesElsewhere) continue;
        const [answer] = (await once(thread, "message")) as [{ outcomes: string[]; digest: string }];
        check(run, "on another thread", outcomeDifference(run, answer.outcomes, 0));
        check(run, "on another thread", answer.digest === digestOf(end) ? undefined : "its image differs");
      }
    }
    t.equal(failures, 0);
    t.ok(texts > (RUNS * EVENTS) / 2, "most events came to something of their own");
  },
);
