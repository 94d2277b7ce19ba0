import fs from "node:fs";
import path from "node:path";
import { MoonpoolError } from "../../protocol/main.ts";

/** Said before a test or a recording, not after it. Leaves no file that was not there. @throws MoonpoolError LOAD_OPTION */
export function checkWritable(file: string): void {
  try {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found === undefined) fs.accessSync(path.dirname(path.resolve(file)), fs.constants.W_OK);
    // To open anything else may wait for somebody, or be seen by him.
    else if (!found.isFile() && !found.isDirectory()) fs.accessSync(file, fs.constants.W_OK);
    else fs.closeSync(fs.openSync(file, "a"));
  } catch (error) {
    throw new MoonpoolError("LOAD_OPTION", `${file} cannot be written: ${(error as Error).message}`, {}, error);
  }
}

/** @throws MoonpoolError LOAD_FILE */
export function writeFile(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text);
  } catch (error) {
    throw new MoonpoolError("LOAD_FILE", `${file} cannot be written: ${(error as Error).message}`, {}, error);
  }
}
