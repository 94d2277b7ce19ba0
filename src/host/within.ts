import type { Clock } from "./clock.ts";

/** Waits for `promise`, but not longer than `time` ms. `after`: of what clock; the default one keeps the process alive. */
export async function within(
  time: number,
  promise: Promise<unknown>,
  after: Clock["after"] = afterReal,
): Promise<void> {
  let cancel = (): void => {};
  const limit = new Promise<void>((resolve) => (cancel = after(time, resolve)));
  await Promise.race([promise, limit]);
  cancel();
}

function afterReal(time: number, action: () => void): () => void {
  const timer = setTimeout(action, time);
  return () => clearTimeout(timer);
}
