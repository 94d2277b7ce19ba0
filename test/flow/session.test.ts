import { spawn } from "node:child_process";
import { once } from "node:events";
import fastify from "fastify";
import t from "tap";
import { moonpool } from "../../src/host/main.ts";
import { Browser, type Refusal } from "../support/browser.ts";
import { listen } from "../support/host.ts";
import { counter, firstPage, slots, startRealHost } from "../support/real-host.ts";
import { makeSite, removeSite, writeSiteFile } from "../support/site.ts";

t.test("from the request to the whole page: one redirect, one frame with viewdef, view and values", async (t) => {
  const host = await startRealHost(t);
  const browser = host.browser();
  const path = await browser.start();
  const tab = await browser.connect(path);
  const frame = await tab.next();
  t.match(frame, {
    seq: 1,
    ack: 0,
    messages: [
      { type: "welcome", protocol: 1, connection: 1, development: true },
      { type: "update", id: 1, properties: { viewdefs: { "App.DEFAULT": { html: String, bindings: Array } } } },
      { type: "view", id: 1, viewdef: "App.DEFAULT", first: 2 },
    ],
  });
  const page = await firstPage(await browser.connect(path));
  t.equal(page.values.get(page.slot(slots.count)), 0);
  page.write(slots.press, null);
  t.strictSame(await page.step(), [{ type: "update", id: page.slot(slots.count), value: 1 }]);
});

t.test("a reload keeps the session's state; another browser has its own", async (t) => {
  const host = await startRealHost(t);
  const { browser, path, page } = await host.open();
  page.write(slots.press, null);
  await page.step();
  page.tab.close();
  await page.tab.closed;
  t.equal((await browser.get(path)).status, 200);
  const reloaded = await firstPage(await browser.connect(path));
  t.equal(reloaded.values.get(reloaded.slot(slots.count)), 1);
  const stranger = await host.open();
  t.equal(stranger.page.values.get(stranger.page.slot(slots.count)), 0);
  const refused = await stranger.browser.connect(path).catch((refusal: Refusal) => refusal);
  t.match(refused, { status: 403, body: { code: "SESSION_FOREIGN" } });
  t.equal((await stranger.browser.get(path)).status, 403);
});

t.test("two tabs show one session, each with variables of its own; one closing does not harm the other", async (t) => {
  const host = await startRealHost(t);
  const { browser, path, page } = await host.open();
  const second = await firstPage(await browser.connect(path));
  page.write(slots.name, "Anna");
  await second.until(() => second.values.get(second.slot(slots.name)) === "Anna");
  page.tab.close();
  await page.tab.closed;
  second.write(slots.press, null);
  await second.until(() => second.values.get(second.slot(slots.count)) === 1);
  t.equal(host.app.moonpool.sessionCount, 1);
  t.equal(host.app.moonpool.connectionCount, 1);
});

t.test(
  "a broken main.lua: a page with place and source; mending the file heals it, at / and at the session's URL",
  async (t) => {
    const host = await startRealHost(t, { ...counter, "lua/main.lua": "local a = 1\nlocal b = nothing.at.all\n" });
    const browser = host.browser();
    const page = await browser.get("/");
    t.equal(page.status, 500);
    const text = await page.text();
    t.match(text, "main.lua:2");
    t.match(text, /<mark>.*local b = nothing\.at\.all<\/mark>/);
    writeSiteFile(host.dir, "lua/main.lua", "local = oops\n");
    t.match(await (await browser.get("/")).text(), /main\.lua:1.*<mark>.*local = oops<\/mark>/s);
    writeSiteFile(host.dir, "lua/main.lua", counter["lua/main.lua"] ?? "");
    const path = await browser.start();
    const healed = await firstPage(await browser.connect(path));
    t.equal(healed.values.get(healed.slot(slots.count)), 0);
  },
);

t.test("require leaves the site's lua folder under no name", async (t) => {
  for (const name of ["../../etc/passwd", "/etc/passwd", "..secret", "secret.lua/../../secret"]) {
    const files = { ...counter, "lua/main.lua": `require(${JSON.stringify(name)})`, "secret.lua": "return 'secret'" };
    const host = await startRealHost(t, files);
    const page = await host.browser().get("/");
    t.equal(page.status, 500, name);
    t.match(await page.text(), /REQUIRE_NAME|REQUIRE_MISSING|LUA_ERROR/);
  }
});

t.test(
  "variables, paths and methods that cannot be: a coded error, nothing changed, the session goes on",
  async (t) => {
    const host = await startRealHost(t);
    const { page } = await host.open();
    const expectFault = async (code: string): Promise<void> => {
      await page.until(() => page.faults.length + page.errors.size > 0);
      t.strictSame([...page.faults, ...page.errors.values()], [code]);
      page.faults.length = 0;
      page.errors.clear();
    };
    page.tab.send([{ type: "update", id: 4711, value: 1 }]);
    await expectFault("VARIABLE_UNKNOWN");
    page.tab.send([{ type: "create", id: -1, parent: 1, path: "secret" }]);
    await expectFault("PATH_NOT_ALLOWED");
    page.tab.send([{ type: "create", id: -1, parent: 4711, path: "count" }]);
    await expectFault("VARIABLE_UNKNOWN");
    page.tab.send([{ type: "destroy", id: -7 }]);
    await expectFault("VARIABLE_UNKNOWN");
    page.write(slots.count, 100);
    await expectFault("PATH_READ_ONLY");
    page.write(slots.fail, null);
    await expectFault("LUA_ERROR");
    page.write(slots.press, null);
    await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  },
);

t.test("an endless loop and a memory bomb stop with a code; the session and the others go on", async (t) => {
  const host = await startRealHost(t, counter, { timeLimit: 1000, memoryLimit: 16 * 1024 * 1024 });
  const { page } = await host.open();
  const other = await host.open();
  for (const [slot, code] of [
    [slots.loop, "LIMIT_TIME"],
    [slots.eat, "LIMIT_MEMORY"],
  ] as const) {
    page.write(slot, null);
    await page.until(() => page.faults.length + page.errors.size > 0);
    const before = Number(page.values.get(page.slot(slots.count)));
    page.write(slots.press, null);
    await page.until(() => page.values.get(page.slot(slots.count)) === before + 1);
    // By now the page has also been told what the event was about.
    t.strictSame([...new Set([...page.faults, ...page.errors.values()])], [code]);
    page.faults.length = 0;
    page.errors.clear();
  }
  other.page.write(slots.press, null);
  await other.page.until(() => other.page.values.get(other.page.slot(slots.count)) === 1);
});

t.test("a main.lua that never ends gives a page, not a hang", async (t) => {
  const host = await startRealHost(t, { ...counter, "lua/main.lua": "while true do end" }, { timeLimit: 200 });
  const page = await host.browser().get("/");
  t.equal(page.status, 500);
  t.match(await page.text(), "LIMIT_TIME");
});

t.test("two instances with threads of their own side by side, and closing the app ends both", async (t) => {
  const app = fastify();
  const dir = makeSite(counter);
  t.teardown(() => removeSite(dir));
  for (const prefix of ["/one", "/two"]) await app.register(moonpool, { dir, prefix, threads: 1 });
  const browser = new Browser(await listen(app));
  for (const prefix of ["/one", "/two"]) {
    const page = await firstPage(await browser.connect(await browser.start(prefix)));
    page.write(slots.press, null);
    await page.until(() => page.values.get(page.slot(slots.count)) === 1);
  }
  await app.close();
  await t.rejects(browser.get("/one/"));
});

t.test("a tab that reads slowly is spared all but the latest, and does not slow the other tab down", async (t) => {
  const files = {
    "lua/main.lua": `
local App = session:prototype("App", { count = 0 })
function App:text() return ("x"):rep(200000) .. self.count end
function App:press() self.count = self.count + 1 end
session:createAppVariable(App:new())
`,
    "viewdefs/App.DEFAULT.html": `<template><div>
<b ui-value="count"></b><p ui-value="text()"></p><button ui-action="press()"></button></div></template>`,
  };
  const host = await startRealHost(t, files, { rate: { perSecond: 1e6, burst: 1e6 } });
  const { browser, path, page } = await host.open();
  const slow = await firstPage(await browser.connect(path));
  let bytes = 0;
  slow.tab.socket.on("message", (data) => (bytes += (data as Buffer).length));
  slow.tab.socket.pause();
  for (let count = 1; count <= 100; count++) {
    page.write(slots.press, null);
    await page.until(() => page.values.get(page.slot(slots.count)) === count);
  }
  slow.tab.socket.resume();
  await slow.until(() => (slow.values.get(slow.slot(1)) as string).endsWith("x100"));
  t.equal(slow.values.get(slow.slot(slots.count)), 100);
  t.ok(bytes < 100 * 200_000 * 0.8, `${bytes} of 20,000,000 bytes`);
  slow.tab.send([{ type: "update", id: slow.slot(slots.press), value: null }]);
  await slow.until(() => slow.values.get(slow.slot(slots.count)) === 101);
});

t.test("a session with a thread of its own works like the others", async (t) => {
  const host = await startRealHost(t, counter, { isolation: "dedicated" });
  const { page } = await host.open();
  page.write(slots.press, null);
  await page.until(() => page.values.get(page.slot(slots.count)) === 1);
});

t.test("what Lua prints and raises is in the log, with file, line and the session's short id", async (t) => {
  const lines: { level: number; msg: string; session?: string; code?: string }[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) };
  const main = `${counter["lua/main.lua"]}\nprint("hello from Lua")`;
  const host = await startRealHost(t, { ...counter, "lua/main.lua": main }, { logger: { level: "info", stream } });
  const { path, page } = await host.open();
  page.write(slots.fail, null);
  await page.until(() => page.errors.size > 0);
  const session = path.slice(1, 9);
  t.match(
    lines.find(({ msg }) => msg.includes("hello from Lua")),
    { level: 30, session },
  );
  const raised = lines.find(({ msg }) => msg.includes("on purpose"));
  t.match(raised, { level: 50, session, code: "LUA_ERROR", msg: /main\.lua:\d+/ });
  t.notOk(
    lines.some((line) => JSON.stringify(line).includes(path.slice(1))),
    "the whole id is in no line",
  );
});

t.test("after close() nothing keeps the process alive, although browsers were connected", async (t) => {
  const dir = makeSite(counter);
  t.teardown(() => removeSite(dir));
  const script = new URL("../fixtures/serve-then-close.js", import.meta.url);
  const child = spawn(process.execPath, [script.pathname, dir], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill());
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number];
  t.equal(code, 0);
  t.equal(output, "connected\nclosed 1001\n");
});
