import fastify from "fastify";
import t from "tap";
import { moonpool } from "../../src/host/main.ts";
import { Chromium } from "../support/chromium.ts";
import { listen } from "../support/host.ts";
import { makeSite, plainPage, removeSite } from "../support/site.ts";
import { Traffic } from "../support/traffic.ts";

/** A site that says its name and counts. */
function site(name: string, files: Record<string, string> = {}): Record<string, string> {
  return {
    "html/index.html": plainPage.replace("<div", `<link rel="stylesheet" href="style.css"><div`),
    "html/style.css": `h1 { --site: ${name} }`,
    "lua/main.lua": `
local App = session:prototype("App", { count = 0, name = "${name}" })
function App:press() self.count = self.count + 1 end
session:createAppVariable(App:new())
`,
    "viewdefs/App.DEFAULT.html": `<template><h1 ui-value="name"></h1><b ui-value="count"></b><button ui-action="press()">+</button></template>`,
    ...files,
  };
}

const chromium = await Chromium.launch(t);

t.test("app.register(moonpool) twice beside own routes: both pages and the app's own work in Chromium", async (t) => {
  const dirs = [makeSite(site("one")), makeSite(site("two"))] as const;
  const app = fastify({ logger: false });
  t.teardown(async () => {
    await app.close();
    for (const dir of dirs) removeSite(dir);
  });
  app.get("/", async (_, reply) =>
    reply.type("text/html").send(`${plainPage}<a href="/one/">one</a><p>the app's own page</p>`),
  );
  app.get("/api/time", async () => ({ time: 1 }));
  await app.register(moonpool, { dir: dirs[0], prefix: "/one", threads: 1 });
  await app.register(moonpool, { dir: dirs[1], prefix: "/deep/two", threads: 1, development: true });
  app.get("/one/api", async () => "a route of the app below the prefix");
  const origin = await listen(app);

  const page = await chromium.open(t, `${origin}/`);
  const traffic = new Traffic(page);
  t.equal(await page.locator("p").textContent(), "the app's own page");
  await page.locator("a").click();
  await page.locator("h1", { hasText: "one" }).waitFor();
  const second = await page.context().newPage();
  const problems: string[] = [];
  second.on("pageerror", (error) => void problems.push(String(error)));
  await second.goto(`${origin}/deep/two/`);
  await second.locator("h1", { hasText: "two" }).waitFor();

  for (const [tab, times] of [
    [page, 3],
    [second, 2],
  ] as const) {
    for (let count = 1; count <= times; count++) {
      await tab.locator("button").click();
      await tab.locator("b", { hasText: String(count) }).waitFor();
    }
  }
  t.equal(await page.locator("b").textContent(), "3", "what was pressed in one is not in the other");
  t.match(page.url(), /\/one\/[0-9a-f]{32}$/);
  t.match(second.url(), /\/deep\/two\/[0-9a-f]{32}$/);
  for (const [tab, name] of [
    [page, "one"],
    [second, "two"],
  ] as const) {
    const style = (): string => getComputedStyle(document.querySelector("h1")!).getPropertyValue("--site").trim();
    t.equal(await tab.evaluate(style), name, "static files come from the own site");
  }
  t.ok(
    traffic.requests.every((url) => url === "socket" || url === `${origin}/` || url.startsWith(`${origin}/one/`)),
    traffic.requests.join(" "),
  );

  await second.reload();
  await second.locator("b", { hasText: "2" }).waitFor();
  t.same(await (await fetch(`${origin}/api/time`)).json(), { time: 1 });
  t.equal(await (await fetch(`${origin}/one/api`)).text(), "a route of the app below the prefix");
  t.equal(app.moonpool.at("/one")?.connectionCount, 1);
  t.equal(app.moonpool.at("/deep/two")?.sessionCount, 1);
  t.strictSame(problems, []);
});

t.test("closing the Fastify app ends pages and threads of all instances; the browser says so and waits", async (t) => {
  const dir = makeSite(site("only"));
  const app = fastify({ logger: false });
  t.teardown(() => removeSite(dir));
  await app.register(moonpool, { dir, threads: 1 });
  const page = await chromium.open(t, `${await listen(app)}/`, { allow: /WebSocket|ERR_CONNECTION_REFUSED/ });
  await page.locator("html[data-moonpool-state=connected]").waitFor();
  await app.close();
  await page.locator("html[data-moonpool-state=disconnected]").waitFor();
  t.equal(await page.locator("h1").textContent(), "only", "what was there stays");
});
