/** Waits for `promise`, but not longer than `time` ms. */
export async function within(time: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, time)));
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
