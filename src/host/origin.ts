/**
 * Whether a page of `origin` (the Origin header) may open a WebSocket on `host` (the Host header). No Origin: not a
 * browser, so there is no page that could misuse somebody's cookie. http and https are not told apart: a proxy may end TLS.
 */
export function isOriginAllowed(origin: string | undefined, host: string, allowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false;
  }
  if (url.origin === "null") return false;
  if (allowed.includes(url.origin)) return true;
  // Such as chrome-extension://, whose host anybody may choose.
  if (url.protocol !== "http:" && url.protocol !== "https:") return false;
  return url.host === hostOf(url.protocol, host);
}

/** The host without its scheme's default port, in the spelling of URL. */
function hostOf(protocol: string, host: string): string | undefined {
  try {
    return new URL(`${protocol}//${host}`).host;
  } catch {
    return undefined;
  }
}
