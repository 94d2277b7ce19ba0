/** What a store tells of a session without looking into it. */
export interface SessionDescription {
  /** The browser that the session belongs to; undefined: the first one that opens it. */
  browser?: string | undefined;
  /** Browser tabs that there have been so far. */
  connections: number;
  /** ms since 1970, both. */
  created: number;
  lastActivity: number;
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
  const { browser, connections, created, lastActivity } = value as Record<string, unknown>;
  if (typeof connections !== "number" || typeof created !== "number" || typeof lastActivity !== "number")
    return undefined;
  return { browser: typeof browser === "string" ? browser : undefined, connections, created, lastActivity };
}
