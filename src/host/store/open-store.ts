import fs from "node:fs";
import path from "node:path";
import { MoonpoolError } from "../../protocol/main.ts";
import { DiskStore, type DiskStoreOptions } from "./disk-store.ts";
import { MemoryStore } from "./memory-store.ts";
import type { SessionStore } from "./session-store.ts";
import { lockFolder } from "./store-lock.ts";

export type StoreOptions =
  | { durability: "memory"; history?: number }
  | ({
      durability: "disk";
      /** The store's folder, for nothing else; made if it is not there. */
      dir: string;
    } & DiskStoreOptions);

/**
 * Opens a store. Rejects with MoonpoolError CONFIG_INVALID if the folder cannot be used, STORE_IN_USE, STORE_CORRUPT,
 * STORE_VERSION, STORE_FULL or STORE_FAILED.
 */
export async function openStore(options: StoreOptions): Promise<SessionStore> {
  if (options.durability === "memory") return new MemoryStore(options);
  const folder = path.resolve(options.dir);
  prepare(folder);
  const unlock = await lockFolder(folder);
  try {
    return await DiskStore.open(folder, unlock, options);
  } catch (error) {
    await unlock();
    throw error;
  }
}

function prepare(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    const why = (error as Error).message;
    const message = `The folder ${folder} cannot be written: ${why}. Give another one with --data, or --durability memory.`;
    throw new MoonpoolError("CONFIG_INVALID", message, {}, error);
  }
}
