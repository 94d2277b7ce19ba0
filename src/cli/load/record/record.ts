import fs from "node:fs";
import { MoonpoolError } from "../../../protocol/main.ts";
import { checkWritable, writeFile } from "../files.ts";
import type { RecordFlags } from "../load-command.ts";
import { LIMITS, timeOption } from "../options.ts";
import { Site } from "../site.ts";
import { startProxy } from "./proxy.ts";
import { Recorder } from "./recorder.ts";

const TOP_PORT = 65_535;

/**
 * `moonpool load record`: a proxy on this machine, at whose address a browser finds the site, until Ctrl-C or the time is over; then
 * the script is written.
 * @throws MoonpoolError LOAD_OPTION, LOAD_ADDRESS, LOAD_UNREACHABLE, PORT_IN_USE, LOAD_SCRIPT if nothing was done, LOAD_FILE
 */
export async function record(url: string, flags: RecordFlags): Promise<void> {
  const port = /^\d{1,5}$/.test(flags.port) ? Number(flags.port) : Number.NaN;
  if (!(port <= TOP_PORT))
    throw new MoonpoolError("LOAD_OPTION", `--port is a number up to ${TOP_PORT}, not ${flags.port}.`);
  const time = flags.for === undefined ? undefined : timeOption("for", flags.for, LIMITS.duration);
  checkWritable(flags.out);
  if (fs.existsSync(flags.out) && !flags.force)
    throw new MoonpoolError("LOAD_OPTION", `${flags.out} is there already; give --force to overwrite it.`);
  const site = await Site.at(url, { allowRemote: flags.allowRemote ?? false });
  try {
    await site.reach();
    const told = new Set<string>();
    const recorder = new Recorder((note) => {
      if (!told.has(note)) console.error(note);
      told.add(note);
    });
    const proxy = await startProxy(site, port, (path) => recorder.open(path));
    console.log(`Open ${proxy.origin}${site.path} and do what users do; Ctrl-C ends the recording.`);
    try {
      await ending(time);
    } finally {
      // Before anything that may take time: whoever ends the process now loses nothing.
      try {
        if (recorder.count > 0) writeFile(flags.out, recorder.script);
      } finally {
        await proxy.close();
      }
    }
    if (recorder.count === 0) throw new MoonpoolError("LOAD_SCRIPT", "Nothing was done, so there is no script.");
    console.log(`${flags.out}: ${recorder.count} steps`);
  } finally {
    site.close();
  }
}

/** Settles after a time, or when somebody ends the process. @throws whatever nobody else has caught meanwhile */
function ending(time: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = time === undefined ? undefined : setTimeout(() => end(), time);
    const fail = (error: Error): void => {
      reject(error);
      end();
    };
    const end = (): void => {
      clearTimeout(timer);
      process.off("SIGINT", end);
      process.off("SIGTERM", end);
      process.off("uncaughtException", fail);
      resolve();
    };
    process.on("uncaughtException", fail);
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
  });
}
