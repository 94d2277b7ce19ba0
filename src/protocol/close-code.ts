/** The WebSocket close codes that Moonpool's host uses; the close reason is the code of the error, if there is one. */
export const closeCodes = {
  /** The host is going away: connect again later. */
  goingAway: 1001,
  /** The client kept breaking the rules: do not connect again. */
  abuse: 1008,
  /** The session ended (its VM failed, it was closed): load the page again. */
  sessionEnded: 4000,
} as const;
