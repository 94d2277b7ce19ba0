import { request } from "node:http";
import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { echo, FakePool, type Answer } from "../support/fake-pool.ts";
import { startHost } from "../support/host.ts";
import { makeSite, removeSite, writeSiteFile } from "../support/site.ts";

/** Requests a path exactly as given and with these headers only: fetch would tidy up the one and add to the other. */
function rawGet(
  origin: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const asked = request({ hostname, port, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", reject).end();
  });
}

t.test("the start page makes a session and leads to its URL; the URL keeps the session", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const response = await browser.get("/?theme=dark");
  t.equal(response.status, 303);
  const location = response.headers.get("location") ?? "";
  t.match(location, /^\/[0-9a-f]{32}\?theme=dark$/);
  for (const path of [location, location, location.replace("?", "/contacts/7?")]) {
    const page = await browser.get(path);
    t.equal(page.status, 200);
    t.match(await page.text(), /<div ui-app><\/div>/);
  }
  t.equal(host.pool.sessions.length, 1);
  t.equal(host.app.moonpool.sessionCount, 1);
  t.not(await browser.start(), location, "the start page makes another one");
});

t.test("HEAD makes no session", async (t) => {
  const host = await startHost(t);
  t.equal((await fetch(`${host.origin}/`, { method: "HEAD" })).status, 200);
  t.equal(host.pool.sessions.length, 0);
});

t.test("the cookie is signed, invisible to scripts and other sites, and says nothing about the session", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const response = await browser.get("/");
  const [cookie = ""] = response.headers.getSetCookie();
  t.match(cookie, /; HttpOnly/);
  t.match(cookie, /; SameSite=Lax/);
  t.match(cookie, /; Path=\/;/);
  t.notMatch(cookie, /Secure/);
  const [name = "", value = ""] = [...browser.cookies][0] ?? [];
  t.notMatch(value, (response.headers.get("location") ?? "x").slice(1));
  const own = await browser.start();
  t.equal((await browser.get(own)).status, 200);
  t.equal(browser.cookies.size, 1, "the browser keeps its id");
  browser.cookies.set(
    name,
    value.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
  );
  t.equal((await browser.get(own)).status, 403, "a forged id is none");
});

t.test("behind a proxy that ends TLS the cookie is Secure", async (t) => {
  const host = await startHost(t, { trustProxy: true });
  const response = await host.browser().get("/", { "x-forwarded-proto": "https" });
  t.match(response.headers.getSetCookie()[0], /; Secure/);
});

t.test("a session of another browser is refused with a clear page, unless links are shared", async (t) => {
  const host = await startHost(t);
  const path = await host.browser().start();
  for (const stranger of [host.browser(), host.browser()]) {
    const page = await stranger.get(path);
    t.equal(page.status, 403);
    const text = await page.text();
    t.match(text, "This session belongs to another browser.");
    t.match(text, 'href="/"');
    await stranger.start();
  }
  const open = await startHost(t, { share: "link" });
  t.equal((await open.browser().get(await open.browser().start())).status, 200);
});

t.test("a session that there is not, or not any more, gives a clear page with a way to a new one", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const path = await browser.start();
  t.equal(host.app.moonpool.endSession(path.slice(1)), true);
  t.equal(host.app.moonpool.endSession(path.slice(1)), false);
  for (const gone of [path, `/${"0".repeat(32)}`, `${path}/below`]) {
    const page = await browser.get(gone);
    t.equal(page.status, 404);
    const text = await page.text();
    t.match(text, "This session does not exist any more.");
    t.match(text, '<a href="/">Start anew</a>');
    t.notMatch(text, "<script");
  }
});

const broken: Answer = ({ kind }, session) => {
  if (kind !== "start") return;
  const message = 'lua/main.lua:3: attempt to call a nil value (global "<b>draw</b>")';
  const error = { code: "LUA_ERROR", message, file: "lua/main.lua", line: 3, stack: "stack traceback: <i>" } as const;
  session.say({ kind: "failed", error });
};
const source = 'local one = 1\nlocal two = "<script>alert(1)</script>"\ndraw()\nreturn one\n';

t.test(
  "a broken main.lua: message, file, line and source with the line marked, all escaped; mending it heals",
  async (t) => {
    const pool = new FakePool(broken);
    const host = await startHost(t, { development: true }, pool, { "lua/main.lua": source });
    const browser = host.browser();
    const page = await browser.get("/");
    t.equal(page.status, 500);
    const text = await page.text();
    t.match(text, "lua/main.lua:3: attempt to call a nil value");
    t.match(text, "&#60;b&#62;draw&#60;/b&#62;");
    t.match(text, /<mark><span class="number">    3<\/span> {2}draw\(\)<\/mark>/);
    t.match(text, "&#60;script&#62;alert(1)");
    t.notMatch(text, /<script|<b>draw|<i>/);
    t.match(text, "stack traceback");
    pool.answer = echo;
    t.equal((await browser.get("/")).status, 303);
  },
);

t.test("a session that broke later heals at its own URL", async (t) => {
  const host = await startHost(t, { development: true }, new FakePool(), { "lua/main.lua": source });
  const browser = host.browser();
  const path = await browser.start();
  host.pool.answer = broken;
  host.pool.only.say({ kind: "failed", error: { code: "LIMIT_MEMORY", message: "not enough memory" } });
  const page = await browser.get(path);
  t.equal(page.status, 500);
  t.match(await page.text(), `href="${path}"`, "the page offers to try this very URL again");
  t.equal((await host.browser().get(path)).status, 403, "it still belongs to its browser");
  host.pool.answer = echo;
  t.equal((await browser.get(path)).status, 200);
});

t.test("outside development mode a page says nothing about the code", async (t) => {
  const host = await startHost(t, {}, new FakePool(broken), { "lua/main.lua": source });
  const page = await host.browser().get("/");
  t.equal(page.status, 500);
  t.notMatch(await page.text(), /main\.lua|nil value|draw|traceback/);
  host.pool.answer = echo;
  const browser = host.browser();
  const session = await browser.start();
  host.pool.answer = broken;
  host.pool.sessions.at(-1)?.say({ kind: "failed", error: { code: "LIMIT_MEMORY", message: "not enough memory" } });
  const refusal = await (await browser.get(`/_moonpool/ws${session}`)).json();
  t.match(refusal, { code: "SESSION_FAILED", message: "The session could not start." });
});

t.test("an error's place outside the site is not read", async (t) => {
  const pool = new FakePool(({ kind }, session) => {
    const error = { code: "LUA_ERROR", message: "x", file: "../../../../../../etc/passwd", line: 1 } as const;
    if (kind === "start") session.say({ kind: "failed", error });
  });
  const host = await startHost(t, { development: true }, pool);
  t.notMatch(await (await host.browser().get("/")).text(), "root:");
});

t.test("newcomers without room get a 503 page that says when to come again", async (t) => {
  const host = await startHost(t, { maxSessions: 1 });
  await host.browser().start();
  const page = await host.browser().get("/");
  t.equal(page.status, 503);
  t.match(page.headers.get("retry-after"), /^\d+$/);
  t.match(await page.text(), "Please try again soon.");
});

t.test("pages are not kept, not sniffed, not framed by others, and do not pass on the session's URL", async (t) => {
  const host = await startHost(t);
  const browser = host.browser();
  const path = await browser.start();
  for (const at of [path, `/${"0".repeat(32)}`]) {
    const { headers } = await browser.get(at);
    t.equal(headers.get("cache-control"), "no-store");
    t.equal(headers.get("x-content-type-options"), "nosniff");
    t.match(headers.get("content-security-policy"), "frame-ancestors 'self'");
    t.equal(headers.get("referrer-policy"), "same-origin");
  }
  t.match((await browser.get(`/${"0".repeat(32)}`)).headers.get("content-security-policy"), "default-src 'none'");
});

t.test("the page tells the client where it is, whatever the site's index.html leaves out", async (t) => {
  const session = "([0-9a-f]{32})";
  const meta = new RegExp(
    `<meta name="moonpool" content="{&#34;prefix&#34;:&#34;&#34;,&#34;session&#34;:&#34;${session}&#34;}" nonce="N">`,
  );
  const script = '<script type="module" src="/_moonpool/client.js" nonce="N"></script>';
  const pages: Record<string, (page: string) => void> = {
    "<!doctype html><html><head><title>x</title></head><body><div ui-app></div></body></html>": (page) => {
      t.match(page, /<head><meta name="moonpool"/);
      t.match(page, `${script}</body></html>`);
    },
    "<!DOCTYPE html>\n<!-- </body> -->\n<div ui-app></div>": (page) => {
      t.match(page, /^<!DOCTYPE html><meta/);
      t.ok(page.endsWith(`<div ui-app></div>${script}`));
    },
    '<HTML><HEAD></HEAD><BODY><script src="/_moonpool/client.js" type="module"></script></BODY></HTML>': (page) => {
      t.equal(page.split("client.js").length, 2, "no second script tag");
    },
  };
  for (const [html, check] of Object.entries(pages)) {
    const host = await startHost(t, {}, new FakePool(), { "html/index.html": html });
    const browser = host.browser();
    const path = await browser.start();
    const response = await browser.get(path);
    const page = (await response.text()).replaceAll(nonceOf(response), "N");
    t.equal(meta.exec(page)?.[1], path.slice(1));
    t.notMatch(page, "<base");
    t.match(
      await (await browser.get(`${path}/sub/page`)).text(),
      '<base href="/">',
      "relative URLs mean the same below",
    );
    check(page);
  }
});

/** What the policy of a response lets run. */
function nonceOf({ headers }: Response): string {
  return /script-src [^;]*'nonce-([\w-]{22})'/.exec(headers.get("content-security-policy") ?? "")?.[1] ?? "no nonce";
}

t.test("every page has a nonce of its own, and its scripts and styles have it, however they are written", async (t) => {
  const html = `<!doctype html><html><head><meta property="csp-nonce" content="{nonce}"><STYLE>p {}</STYLE>
<link rel=stylesheet href="a.css"><script nonce='{nonce}' src="https://example.org/x.js"></script></head>
<body><!-- <script>no</script> --><textarea><script></textarea><script>1</script><svg><style>a {}</style></svg></body></html>`;
  const host = await startHost(t, {}, new FakePool(), { "html/index.html": html });
  const browser = host.browser();
  const path = await browser.start();
  const first = await browser.get(path);
  const page = (await first.text()).replaceAll(nonceOf(first), "N");
  for (const part of [
    '<meta property="csp-nonce" content="N"><STYLE nonce="N">p {}',
    '<link nonce="N" rel=stylesheet',
    "<script nonce='N' src=\"https://example.org/x.js\">",
    '<!-- <script>no</script> --><textarea><script></textarea><script nonce="N">1</script><svg><style nonce="N">',
  ])
    t.ok(page.includes(part), part);
  t.equal(first.headers.get("etag"), null, "a page is never taken from a cache");
  const again = await browser.get(path, { "if-none-match": "*", "if-modified-since": new Date().toUTCString() });
  t.equal(again.status, 200);
  t.not(nonceOf(again), nonceOf(first));
  t.match(nonceOf(again), /^[\w-]{22}$/);
});

t.test("the page's policy: by directive, of the site's own, or none; only frame-ancestors always", async (t) => {
  const policyFor = async (options: Parameters<typeof startHost>[1]) => {
    const host = await startHost(t, options);
    const browser = host.browser();
    const response = await browser.get(await browser.start());
    return response.headers.get("content-security-policy")?.replaceAll(nonceOf(response), "N");
  };
  t.equal(
    await policyFor({}),
    "default-src 'self'; script-src 'self' 'nonce-N'; style-src 'self' 'nonce-N'; style-src-attr 'unsafe-inline'; " +
      "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self' data:; " +
      "object-src 'none'; base-uri 'self'; form-action 'self'; require-trusted-types-for 'script'; frame-ancestors 'self'",
  );
  t.match(await policyFor({ uiCode: true }), "script-src 'self' 'nonce-N' 'unsafe-eval';");
  const changed = await policyFor({
    contentSecurityPolicy: { "img-src": "*", "require-trusted-types-for": false, "upgrade-insecure-requests": "" },
    frameAncestors: "https://example.org",
  });
  t.match(changed, "; img-src *;");
  t.notMatch(changed, "trusted-types");
  t.match(changed, "upgrade-insecure-requests; frame-ancestors https://example.org");
  t.equal(
    await policyFor({ contentSecurityPolicy: "default-src 'none'; script-src 'nonce-{nonce}';" }),
    "default-src 'none'; script-src 'nonce-N'; frame-ancestors 'self'",
  );
  t.equal(await policyFor({ contentSecurityPolicy: "frame-ancestors 'none'" }), "frame-ancestors 'none'");
  t.equal(await policyFor({ contentSecurityPolicy: false }), "frame-ancestors 'self'");
});

t.test("a policy that could not be a header, or would be another one, is refused", async (t) => {
  for (const contentSecurityPolicy of [
    { "img-src": "*; script-src *" },
    { "img-src": "*, script-src *" },
    { "img-src": "*\r\nx: y" },
    { "img src": "*" },
    { "IMG-SRC": "*" },
    { "img-src": true as never },
    "default-src 'self'\n",
    "default-src 'self', script-src *",
    "default-src 'sëlf'",
  ])
    await t.rejects(
      startHost(t, { contentSecurityPolicy }),
      { code: "CONFIG_INVALID" },
      JSON.stringify(contentSecurityPolicy),
    );
  await t.rejects(startHost(t, { frameAncestors: "*; script-src *" }), { code: "CONFIG_INVALID" });
});

t.test(
  "handlers and javascript: addresses in index.html are told with their place, unless the policy lets them run",
  async (t) => {
    const lines: string[] = [];
    const logger = { level: "info", stream: { write: (line: string) => void lines.push(line) } };
    const files = {
      "html/index.html": `<!doctype html>\n<body onload="x()">\n  <a href=" JavaScript:x()">x</a><div ui-app></div>`,
    };
    const host = await startHost(t, { logger }, new FakePool(), files);
    const told = () =>
      lines.map((line) => JSON.parse(line) as { code?: string; msg: string }).filter(({ code }) => code);
    t.match(told(), [
      { code: "PAGE_BLOCKED", msg: /^html\/index.html:2: onload="…" does not run in the page/ },
      { code: "URL_FORBIDDEN", msg: /^html\/index.html:3: / },
    ]);
    lines.length = 0;
    const browser = host.browser();
    const path = await browser.start();
    await browser.get(path);
    t.strictSame(told(), [], "once for each version of the file");
    writeSiteFile(host.dir, "html/index.html", `<p onclick="x()">`);
    await browser.get(path);
    t.match(told(), [{ code: "PAGE_BLOCKED", msg: /^html\/index.html:1: onclick/ }]);
    lines.length = 0;
    const inline = { "script-src": "'self' 'unsafe-inline'" };
    await startHost(t, { logger, contentSecurityPolicy: inline }, new FakePool(), files);
    t.strictSame(told(), []);
  },
);

t.test("index.html is read again when it changed, and the default page serves when it is gone", async (t) => {
  const host = await startHost(t, {}, new FakePool(), { "html/index.html": "<p>one</p>" });
  const browser = host.browser();
  const session = await browser.start();
  t.match(await (await browser.get(session)).text(), "<p>one</p>");
  writeSiteFile(host.dir, "html/index.html", "<p>number two</p>");
  t.match(await (await browser.get(session)).text(), "<p>number two</p>");
  fs.rmSync(path.join(host.dir, "html/index.html"));
  t.match(await (await browser.get(session)).text(), "<div ui-app></div>");
  t.equal((await browser.get("/index.html")).headers.get("location"), "/", "the raw file is no page of a session");
});

t.test("static files: those of html and mounts, and never a dotfile or anything outside", async (t) => {
  const shared = makeSite({ "widget.js": "export {}", ".hidden": "secret" });
  t.teardown(() => removeSite(shared));
  const pool = new FakePool();
  const host = await startHost(t, { mounts: { "/widgets": shared } }, pool, {
    "html/style.css": "p {}",
    "html/deep/a b.txt": "deep",
    "html/.env": "secret",
    "html/.git/config": "secret",
    "theme/real.css": "real",
  });
  fs.symlinkSync("../theme/real.css", path.join(host.dir, "html/linked.css"));
  fs.symlinkSync(path.join(shared, "widget.js"), path.join(host.dir, "html/outside.js"));
  fs.symlinkSync("/etc", path.join(host.dir, "html/etc"));
  const style = await fetch(`${host.origin}/style.css`);
  t.match(style.headers.get("content-type"), "text/css");
  t.equal(style.headers.get("x-content-type-options"), "nosniff");
  const etag = style.headers.get("etag") ?? "";
  t.equal((await rawGet(host.origin, "/style.css", { "if-none-match": etag })).status, 304);
  for (const found of ["/style.css", "/deep/a%20b.txt", "/linked.css", "/widgets/widget.js"]) {
    t.equal((await rawGet(host.origin, found)).status, 200, found);
  }
  for (const hidden of [
    "/.env",
    "/%2eenv",
    "/.git/config",
    "/widgets/.hidden",
    "/outside.js",
    "/etc/passwd",
    "/../lua/main.lua",
    "/%2e%2e/lua/main.lua",
    "/..%2flua/main.lua",
    "/deep/../../lua/main.lua",
    "/widgets/../../etc/passwd",
    "/_moonpool/../lua/main.lua",
    "/_moonpool/%2e%2e/package.json",
    "/lua/main.lua",
    "/deep",
    "/nothing",
    "/nothing%00",
  ]) {
    const { status, text } = await rawGet(host.origin, hidden);
    t.ok(status === 404 || status === 403 || status === 400, `${hidden} is ${status}`);
    t.notMatch(text, /secret|root:/);
  }
  t.match((await rawGet(host.origin, "/nothing")).text, "There is no such page");
});

t.test("the client is served with an ETag, and asked for again", async (t) => {
  const host = await startHost(t);
  const client = await fetch(`${host.origin}/_moonpool/client.js`);
  t.equal(client.status, 200);
  t.match(client.headers.get("content-type"), "javascript");
  t.equal(client.headers.get("cache-control"), "no-cache");
  const again = await rawGet(host.origin, "/_moonpool/client.js", {
    "if-none-match": client.headers.get("etag") ?? "",
  });
  t.equal(again.status, 304);
});

t.test(
  "while files are watched, the page of a broken site comes back by itself, and says nothing new until then",
  async (t) => {
    const pool = new FakePool(broken);
    const host = await startHost(t, { development: true, hotload: true }, pool, { "lua/main.lua": source });
    const browser = host.browser();
    for (let turn = 0; turn < 3; turn++) {
      const page = await browser.get("/");
      t.match(await page.text(), /<meta http-equiv="refresh" content="2">/);
      t.match(page.headers.get("content-security-policy"), "default-src 'none'");
    }
    t.equal(pool.sessions.length, 1, "no session for each page that waits");
    pool.answer = echo;
    writeSiteFile(host.dir, "lua/main.lua", "-- mended");
    while ((await browser.get("/")).status !== 303) await new Promise((resolve) => setTimeout(resolve, 5));
  },
);

t.test("a page of a broken site does not ask again when nothing is watched", async (t) => {
  const host = await startHost(t, { development: true }, new FakePool(broken));
  t.notMatch(await (await host.browser().get("/")).text(), "refresh");
});

t.test("while files are watched, a folder html that is made later is served", async (t) => {
  const host = await startHost(t, { hotload: true });
  t.equal((await fetch(`${host.origin}/new.css`)).status, 404);
  writeSiteFile(host.dir, "html/new.css", "p {}");
  t.equal(await (await fetch(`${host.origin}/new.css`)).text(), "p {}");
  t.equal((await rawGet(host.origin, "/nothing")).status, 404);
});
