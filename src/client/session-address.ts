/** Where the session of a page is. */
export interface SessionAddress {
  /** Of the WebSocket. */
  url: string;
  /** Of the site: "" or such as "/x". */
  prefix: string;
}

/**
 * Of the page at `location`. The host puts `<meta name="moonpool" content='{"prefix":"/x","session":"…"}'>` into its pages; of
 * another page's address the session is the first part.
 */
export function sessionAddress(
  location: Pick<Location, "protocol" | "host" | "pathname">,
  meta: string | undefined,
): SessionAddress {
  const facts = JSON.parse(meta ?? "{}") as { prefix?: string; session?: string };
  const prefix = facts.prefix ?? "";
  const session = facts.session ?? /^\/([0-9a-f]{32})(?=\/|$)/.exec(location.pathname.slice(prefix.length))?.[1];
  if (!session) console.warn("moonpool: there is no session in the address of this page");
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return { url: `${scheme}://${location.host}${prefix}/_moonpool/ws/${session}`, prefix };
}
