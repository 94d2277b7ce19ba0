import t from "tap";
import { isOriginAllowed } from "../../src/host/origin.ts";

t.test("the host's own pages may connect, in whatever spelling; other hosts, ports and nonsense may not", async (t) => {
  const own: [string | undefined, string][] = [
    [undefined, "example.org"],
    ["http://example.org", "example.org"],
    ["https://example.org", "example.org:443"],
    ["http://example.org:80", "example.org"],
    ["http://EXAMPLE.org", "Example.ORG"],
    ["http://127.0.0.1:8040", "127.0.0.1:8040"],
    ["http://[::1]:8040", "[::1]:8040"],
  ];
  for (const [origin, host] of own) t.ok(isOriginAllowed(origin, host, []), `${origin} on ${host}`);
  const foreign: [string, string][] = [
    ["http://evil.example", "example.org"],
    ["http://example.org.evil.example", "example.org"],
    ["http://sub.example.org", "example.org"],
    ["http://example.org:81", "example.org"],
    ["https://example.org", "example.org:80"],
    ["null", "example.org"],
    ["", "example.org"],
    ["example.org", "example.org"],
    ["file:///example.org", "example.org"],
    ["ws://example.org", "example.org"],
    ["ftp://example.org", "example.org"],
    ["chrome-extension://example.org", "example.org"],
    ["http://example.org", ""],
  ];
  for (const [origin, host] of foreign) t.notOk(isOriginAllowed(origin, host, []), `${origin} on ${host}`);
});

t.test("other origins may connect when they are listed, with scheme and port", async (t) => {
  const allowed = ["https://friend.example", "http://localhost:3000"];
  t.ok(isOriginAllowed("https://friend.example", "example.org", allowed));
  t.ok(isOriginAllowed("http://localhost:3000", "example.org", allowed));
  t.notOk(isOriginAllowed("http://friend.example", "example.org", allowed));
  t.notOk(isOriginAllowed("http://localhost:3001", "example.org", allowed));
});
