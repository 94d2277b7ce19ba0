/**
 * The address of the WebSocket for the page at `location`. The host puts `<meta name="moonpool"
 * content='{"prefix":"/x","session":"…"}'>` into its pages; of another page's address the session is the first part.
 */
export function sessionUrl(
  location: Pick<Location, "protocol" | "host" | "pathname">,
  meta: string | undefined,
): string {
  const facts = JSON.parse(meta ?? "{}") as { prefix?: string; session?: string };
  const prefix = facts.prefix ?? "";
  const session = facts.session ?? /^\/([0-9a-f]{32})(?=\/|$)/.exec(location.pathname.slice(prefix.length))?.[1];
  if (!session) console.warn("moonpool: there is no session in the address of this page");
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${prefix}/_moonpool/ws/${session}`;
}
