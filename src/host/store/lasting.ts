import { randomInt } from "node:crypto";
import type { SessionStore } from "./session-store.ts";

/** A text that stays the same for as long as there are sessions in the store; `fresh`, if there is none yet. */
export async function lasting(store: SessionStore, name: string, fresh: string): Promise<string> {
  const known = await store.blob(name);
  if (known !== undefined) return Buffer.from(known).toString();
  store.putBlob(name, Buffer.from(fresh));
  await store.flushed();
  return fresh;
}

/** The seed of the VMs whose images are in the store: these only fit VMs of the same seed. */
export async function seedOf(store: SessionStore): Promise<number> {
  return Number(await lasting(store, "seed", String(randomInt(2 ** 31 - 1))));
}
