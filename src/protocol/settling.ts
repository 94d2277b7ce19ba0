/** ms between two looks at a file that is just being written, and how often to look at most. */
export const SETTLING = { pause: 5, looks: 30 };
/** ms after which a file that was written in place is believed to be complete; an empty one may just have been truncated. */
const STILL = 20;
const STILL_EMPTY = 100;

/**
 * Is somebody about to write this file? A save in place truncates first and writes then; another deletes and makes anew. A
 * file that is another one than before was put in place by renaming: it is complete.
 * @param found its `stat`; undefined: it is not there
 * @param known the inode that it had when it was read last
 * @param now ms since 1970
 */
export function isUnsettled(
  found: { ino: number; size: number; mtimeMs: number } | undefined,
  known: number | undefined,
  now: number,
): boolean {
  if (found === undefined) return known !== undefined;
  const age = now - found.mtimeMs;
  if (found.size === 0) return age < STILL_EMPTY;
  return found.ino === known && age < STILL;
}
