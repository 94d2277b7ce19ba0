import fastify from "fastify";
import t from "tap";
import { moonpool } from "../../src/host/main.ts";
import { Chromium } from "../support/chromium.ts";
import { listen } from "../support/host.ts";
import { startRealHost } from "../support/real-host.ts";
import { makeSite, removeSite } from "../support/site.ts";

const chromium = await Chromium.launch(t);
const lua = `
local App = session:prototype("App", { code = "", markup = "<b onclick='log.push(1)'>x</b>" })
function App:run() self.code = "element.textContent = 'ran ' + typeof store" end
session:createAppVariable(App:new())
`;
const viewdef = `<template><main><p id="code" ui-code="code"></p><div ui-html="markup"></div><button id="run" ui-action="run()">run</button>
<script>log.push("viewdef")</script></main></template>`;
/** A page that its author wrote without a thought of policies. */
const html = `<!doctype html><html lang="en"><head><title>x</title><link rel="icon" href="data:,"><style>p { color: rgb(1, 2, 3) }</style>
<script>window.log = ["inline"]</script><script src="own.js"></script></head>
<body><a id="handler" onclick="log.push('handler')">x</a><div ui-app></div></body></html>`;
const site: Record<string, string> = {
  "html/index.html": html,
  "html/own.js": `log.push("file")`,
  "lua/main.lua": lua,
  "viewdefs/App.DEFAULT.html": viewdef,
};

t.test(
  "scripts and styles of html/index.html and of viewdefs work as they are; handlers in attributes do not",
  async (t) => {
    const host = await startRealHost(t, {
      ...site,
      "viewdefs/App.DEFAULT.html": viewdef.replace(/<p.*?<\/p>/, "<p>x</p>"),
    });
    const page = await chromium.open(t, host.origin, { allow: /inline event handler/ });
    await page.locator("#run").waitFor();
    await page.waitForFunction(() => (window as never as { log: string[] }).log.includes("viewdef"));
    await page.locator("#handler").click();
    await page.locator("div b").click();
    t.same(await page.evaluate("log"), ["inline", "file", "viewdef"]);
    t.equal(await page.locator("p").evaluate((p) => getComputedStyle(p).color), "rgb(1, 2, 3)");
    await page.locator("moonpool-errors li", { hasText: "script-src-attr" }).waitFor();
  },
);

t.test("ui-code runs where the host allows it, without anything else being allowed", async (t) => {
  const host = await startRealHost(t, site, { uiCode: true });
  const page = await chromium.open(t, host.origin, { allow: /Trusted|inline event handler/ });
  await page.locator("#run").click();
  await page.locator("#code", { hasText: "ran object" }).waitFor();
  t.match(
    await page.evaluate(() => {
      try {
        document.body.insertAdjacentHTML("beforeend", "<i></i>");
        return "made";
      } catch (error) {
        return String(error);
      }
    }),
    "TrustedHTML",
  );
});

t.test("a policy of the site's own, or none, is what the browser goes by", async (t) => {
  for (const contentSecurityPolicy of [
    false,
    "script-src 'unsafe-inline' 'self'",
    { "script-src": "'self' 'unsafe-inline'" },
  ] as const) {
    const host = await startRealHost(t, site, { contentSecurityPolicy, uiCode: false });
    const page = await chromium.open(t, host.origin);
    await page.locator("#run").waitFor();
    await page.locator("#handler").click();
    t.ok(await page.evaluate("log.includes('handler')"), JSON.stringify(contentSecurityPolicy));
    t.equal(await page.locator("div b").getAttribute("onclick"), null, "the sanitiser needs no policy");
  }
});

t.test("in a Fastify app only Moonpool's pages have its headers", async (t) => {
  const dir = makeSite(site);
  const app = fastify({ logger: false });
  t.teardown(async () => {
    await app.close();
    removeSite(dir);
  });
  app.get("/", async (_, reply) => reply.type("text/html").send(`<script>document.title = "the app's own"</script>`));
  await app.register(moonpool, { dir, prefix: "/ui", threads: 1, durability: "memory" });
  const origin = await listen(app);
  for (const path of ["/", "/nothing"]) {
    const { headers } = await fetch(origin + path);
    for (const name of ["content-security-policy", "referrer-policy", "x-content-type-options"])
      t.equal(headers.get(name), null, `${name} of ${path}`);
  }
  t.equal((await fetch(`${origin}/ui/own.js`)).headers.get("content-security-policy"), null, "files are only files");
  const page = await chromium.open(t, `${origin}/`, { allow: /404/ });
  t.equal(await page.title(), "the app's own");
  const response = await page.goto(`${origin}/ui/`);
  t.match(response?.headers()["content-security-policy"], "script-src 'self' 'nonce-");
});
