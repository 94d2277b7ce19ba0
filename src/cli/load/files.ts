import fs from "node:fs";
import path from "node:path";
import { MoonpoolError } from "../../protocol/main.ts";

/** Said before a test or a recording, not after it. @throws MoonpoolError LOAD_OPTION */
export function checkWritable(file: string): void {
  try {
    fs.accessSync(path.dirname(path.resolve(file)), fs.constants.W_OK);
    if (fs.existsSync(file)) fs.accessSync(file, fs.constants.W_OK);
  } catch (error) {
    throw new MoonpoolError("LOAD_OPTION", `${file} cannot be written.`, {}, error);
  }
}
