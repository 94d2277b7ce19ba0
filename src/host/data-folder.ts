import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { MoonpoolError } from "../protocol/main.ts";

/** What a host keeps beyond its process, each in a folder of its own. */
export interface DataFolder {
  /** Sessions: see store/. */
  store: string;
  /** Versions of Lua files that sessions have: see source-archive.ts. */
  sources: string;
}

/** Where they are. */
export function partsOf(folder: string): DataFolder {
  return { store: path.join(folder, "store"), sources: path.join(folder, "sources") };
}

/** Makes the folder, if need be. Throws MoonpoolError CONFIG_INVALID when it cannot be written. */
export function openDataFolder(folder: string): DataFolder {
  const data = partsOf(folder);
  try {
    for (const part of [folder, data.store, data.sources]) fs.mkdirSync(part, { recursive: true });
    // Sessions are nobody's source code.
    const ignore = path.join(folder, ".gitignore");
    if (!fs.existsSync(ignore)) fs.writeFileSync(ignore, "*\n");
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = "Give another one with `data` (--data), or `durability: memory` (--durability memory).";
    throw new MoonpoolError("CONFIG_INVALID", `The folder ${folder} cannot be written: ${why}. ${advice}`, {}, error);
  }
  return data;
}

/**
 * A folder for the versions of Lua files that sessions have, when they outlive their thread but not the process: any thread may
 * have to reload them. `remove` is also called when the process ends. Throws MoonpoolError CONFIG_INVALID.
 */
export function openSourcesFolder(): { sources: string; remove: () => void } {
  let sources: string;
  try {
    sources = fs.mkdtempSync(path.join(os.tmpdir(), "moonpool-sources-"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MoonpoolError("CONFIG_INVALID", `No temporary folder can be made for hot reload: ${why}.`, {}, error);
  }
  const remove = (): void => {
    process.off("exit", remove);
    try {
      fs.rmSync(sources, { recursive: true, force: true });
    } catch {
      // The system empties its folder of temporary files.
    }
  };
  process.on("exit", remove);
  return { sources, remove };
}
