import type { SessionStore } from "./session-store.ts";

/** A text that stays the same for as long as there are sessions in the store; `fresh`, if there is none yet. */
export async function lasting(store: SessionStore, name: string, fresh: string): Promise<string> {
  const known = await store.blob(name);
  if (known !== undefined) return Buffer.from(known).toString();
  store.putBlob(name, Buffer.from(fresh));
  await store.flushed();
  return fresh;
}
