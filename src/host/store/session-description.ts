/** What a store tells of a session without looking into it. */
export interface SessionDescription {
  /** The browser that the session belongs to; "": the first one that opens it. */
  browser: string;
  /** ms since 1970. */
  lastActivity: number;
  /** Which version of the site's files it has; "" if that is not known. */
  site: string;
  /** When the next Lua timer is due, in ms since 1970. */
  nextTimer?: number | undefined;
  /** Tabs whose socket was lost, by their numbers, and since when, in ms since 1970: they may come back. */
  away?: [number: number, since: number][] | undefined;
}

/** The text that `SessionStore.describe` takes. */
export function describeSession(description: SessionDescription): string {
  return JSON.stringify(description);
}

/** What such a text says; undefined if it is none, because it was lost or damaged. */
export function readDescription(text: string): SessionDescription | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { browser, lastActivity, site, nextTimer, away } = value as Record<string, unknown>;
  if (typeof browser !== "string" || typeof lastActivity !== "number" || typeof site !== "string") return undefined;
  return {
    browser,
    lastActivity,
    site,
    ...(typeof nextTimer === "number" && { nextTimer }),
    ...(Array.isArray(away) && { away: away.filter(isPair) }),
  };
}

function isPair(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === "number");
}
