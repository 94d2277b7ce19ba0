/** Sessions that a process which is to be killed writes to. */
export const SESSIONS = ["one", "two", "three", "four", "five", "six"];

/** The only right record at a position. */
export function recordOf(id: string, position: number): string {
  return `${id} ${position} ${"é".repeat((position * 37) % 900)}`;
}

/** The only right state at a position. */
export function stateOf(id: string, position: number): Uint8Array {
  return Buffer.from(`${id} after ${position} `.repeat(200 + ((position * 91) % 3000)));
}
