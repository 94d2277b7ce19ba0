import type { Command } from "commander";
import { errors, MoonpoolError } from "../../protocol/main.ts";

/** Exit codes: 0 all is well, 1 thresholds were missed. */
const WRONG = 2;

export interface LoadFlags {
  script?: string;
  sessions: string;
  rate?: string;
  duration: string;
  rounds?: string;
  think?: string;
  events?: string;
  timeout: string;
  opening: string;
  seed?: string;
  allowRemote?: true;
  failIf?: string[];
  json?: string;
  html?: string;
  quiet?: true;
}

export interface RecordFlags {
  out: string;
  port: string;
  for?: string;
  allowRemote?: true;
  force?: true;
}

/** Adds `moonpool load` and `moonpool load record`; what they need is loaded when they run. */
export function addLoadCommand(program: Command): void {
  const load = program
    .command("load")
    .description("load a running site with sessions that do what a script says, and measure; see docs/load-testing.md")
    .argument("<url>", "address of the site's start page")
    .option("-s, --script <file>", "what users do, written or recorded; without it they look at the page")
    .option("-n, --sessions <number>", "users at a time", "10")
    .option("--rate <number>", "users that come per second, at random moments; default: all at once")
    .option("--duration <time>", "how long, such as 30s or 10m", "30s")
    .option("--rounds <number>", "how often each user plays the script; default: until the end")
    .option("--think <range>", "ms before each thing that is done, such as 200..800, instead of the script's")
    .option("--events <number>", "events per second in all, by a timetable instead of thinking: the open model")
    .option("--timeout <time>", "an answer that takes longer is an error", "10s")
    .option("--opening <number>", "pages that are opened at a time", "16")
    .option("--seed <number>", "the same number, the same chance; default: another one each time")
    .option("--allow-remote", "the site may be on another machine; load only what is yours")
    .option(
      "--fail-if <condition>",
      "exit 1 if it holds at the end, such as 'p99>50' or 'errors>0.1%'; repeatable",
      many,
    )
    .option("--json <file>", "write the result")
    .option("--html <file>", "write a report with plots, in one file")
    .option("-q, --quiet", "show nothing while it runs")
    .addHelpText(
      "after",
      "\nCtrl-C ends the test early and still reports. Exits 0; 1: a condition holds; 2: it could not be run.",
    )
    .action((url: string, flags: LoadFlags) =>
      guarded(async () => {
        const { load } = await import("./load.ts");
        process.exitCode = await load(url, flags);
      }),
    );
  load
    .command("record")
    .description("record what you do in a browser as a script: open the address that is printed")
    .argument("<url>", "address of the site's start page")
    .requiredOption("-o, --out <file>", "where the script goes")
    .option("--port <number>", "port of the recorder on this machine; 0: any", "0")
    .option("--for <time>", "how long, such as 2m; default: until Ctrl-C")
    .option("--allow-remote", "the site may be on another machine")
    .option("--force", "overwrite the file")
    .action((url: string, flags: RecordFlags) =>
      guarded(async () => {
        const { record } = await import("./record/record.ts");
        await record(url, flags);
      }),
    );
}

function many(value: string, before: string[] = []): string[] {
  return [...before, value];
}

async function guarded(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MoonpoolError)) throw error;
    console.error(`${error.code}: ${error.message}\n${errors[error.code].advice}`);
    process.exitCode = WRONG;
  }
}
