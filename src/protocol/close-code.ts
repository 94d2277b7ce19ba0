/**
 * The WebSocket close codes that Moonpool uses. The close reason is the code of the error, if there is one, or when to
 * come back (`retryReason`).
 */
export const closeCodes = {
  /** The host is going away: connect again later. */
  goingAway: 1001,
  /** The client kept breaking the rules: do not connect again. */
  abuse: 1008,
  /** The session ended (its VM failed, it was closed): load the page again. */
  sessionEnded: 4000,
  /** The same page has come back with another socket. */
  replaced: 4001,
  /** From the page: it is put aside by the browser, and may come back. Others of its own close codes mean that it is gone. */
  aside: 4002,
} as const;

/** Tells a browser to connect again in so many ms, so that not all come at once. */
export function retryReason(milliseconds: number): string {
  return `RETRY ${Math.round(milliseconds)}`;
}

/** The ms of a `retryReason`; undefined for any other reason. */
export function retryOf(reason: string): number | undefined {
  const [, digits] = /^RETRY (\d{1,6})$/.exec(reason) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
