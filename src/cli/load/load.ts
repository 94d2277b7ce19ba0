import { randomInt } from "node:crypto";
import { checkWritable, writeFile } from "./files.ts";
import type { LoadFlags } from "./load-command.ts";
import { LIMITS, type LoadOptions, numberOption, rangeOption, timeOption } from "./options.ts";
import { liveView } from "./report/live-view.ts";
import { summaryOf } from "./report/summary.ts";
import { type LoadResult, runLoad } from "./run.ts";
import { readScriptFile } from "./script/read-script.ts";
import type { Script } from "./script/script.ts";
import { readThreshold } from "./thresholds.ts";

/** Somebody who only looks. */
const LOOKING: Script = {
  think: { from: 0, to: 0 },
  begin: [],
  steps: [{ do: "wait", time: { from: 1_000, to: 1_000 } }],
  end: [],
};

/**
 * `moonpool load`: runs the test, shows how it goes, writes reports. Returns the exit code: 1 if a condition of `--fail-if` holds.
 * @throws MoonpoolError LOAD_OPTION, LOAD_SCRIPT, LOAD_ADDRESS, LOAD_UNREACHABLE, LOAD_FILE if a report could not be written
 */
export async function load(url: string, flags: LoadFlags): Promise<number> {
  const options = optionsOf(url, flags);
  for (const file of [flags.json, flags.html]) if (file !== undefined) checkWritable(file);
  const view = flags.quiet ? undefined : liveView(process.stderr, options.duration);
  const stop = new AbortController();
  const interrupt = (): void => {
    // Whoever asks a second time does not want to wait for answers.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const result = await runLoad(options, view, stop.signal);
    view?.close();
    // First, because a file may fail.
    console.log(summaryOf(result));
    await writeReports(result, flags);
    return result.thresholds.some(({ isMissed }) => isMissed) ? 1 : 0;
  } finally {
    view?.close();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** One that cannot be written does not keep the other from it. */
async function writeReports(result: LoadResult, { json, html }: LoadFlags): Promise<void> {
  try {
    if (json !== undefined) writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    if (html !== undefined) {
      const { htmlReport } = await import("./report/html-report.ts");
      writeFile(html, htmlReport(result));
    }
  }
}

function optionsOf(url: string, flags: LoadFlags): LoadOptions {
  const { rate, rounds, think, events, seed } = flags;
  return {
    url,
    script: flags.script === undefined ? LOOKING : readScriptFile(flags.script),
    sessions: numberOption("sessions", flags.sessions, LIMITS.sessions),
    duration: timeOption("duration", flags.duration, LIMITS.duration),
    timeout: timeOption("timeout", flags.timeout, LIMITS.timeout),
    opening: numberOption("opening", flags.opening, LIMITS.opening),
    seed: seed === undefined ? randomInt(1, 2 ** 31) : numberOption("seed", seed, 2 ** 31),
    allowRemote: flags.allowRemote ?? false,
    thresholds: (flags.failIf ?? []).map((text) => readThreshold(text)),
    ...(rate !== undefined && { rate: numberOption("rate", rate, LIMITS.rate, false) }),
    ...(rounds !== undefined && { rounds: numberOption("rounds", rounds, LIMITS.rounds) }),
    ...(think !== undefined && { think: rangeOption("think", think, LIMITS.think) }),
    ...(events !== undefined && { events: numberOption("events", events, LIMITS.events, false) }),
  };
}
