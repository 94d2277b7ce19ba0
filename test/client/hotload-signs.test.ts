// What a page shows of hot reload (seed rows S4-33 … S4-38, S4-52, S4-55).
import t from "tap";
import type { Page } from "playwright-core";
import type { ReloadError, ServerMessage } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { scene } from "../support/scene.ts";
import { viewdef } from "../support/scripted-host.ts";
import { Stage } from "../support/stage.ts";

const chromium = await Chromium.launch(t);
const APP = { App: `<input ui-value="name"><button ui-action="go()">x</button>` };
const done = (files: string[], sessions = 3, time = 17.6): ServerMessage => ({
  type: "reload",
  done: { files, sessions, time },
});
const failed = (...errors: ReloadError[]): ServerMessage => ({ type: "reload", errors });
const toast = (page: Page) => page.locator("moonpool-hotload .toast");
const sign = (page: Page) => page.locator("moonpool-hotload .sign");
const overlay = (page: Page) => page.locator("moonpool-errors");
/** Everything that the page says on its console from now on. */
function listen(page: Page): string[] {
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  return said;
}

t.test("nothing of hot reload is loaded by a page whose welcome does not speak of it (S4-39)", async (t) => {
  const { page } = await scene(t, chromium, viewdef("<p>x</p>"), { development: true });
  await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => /indicator/.test(name)));
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  t.same(
    loaded
      .filter((name) => name.endsWith(".js"))
      .map((name) => name.replace(/.*\/|-[^-]*(?=\.js)/g, ""))
      .toSorted(),
    ["client-indicator.js", "client-violations.js", "client.js"],
  );
  t.equal(await page.locator("moonpool-hotload").count(), 0);
});

t.test("a notice names what was reloaded, takes no focus, and goes by itself", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "n" });
  const { page } = stage;
  await page.locator("input").focus();
  for (const [files, text] of [
    [["lua/app.lua"], "app.lua · 3 sessions · 18 ms"],
    [["lua/a/b.lua", "viewdefs/X.DEFAULT.html", "lua/c.lua"], "b.lua +2 · 3 sessions · 18 ms"],
  ] as const) {
    await stage.edit({}, done([...files]));
    t.equal(await toast(page).textContent(), text);
  }
  await stage.edit({}, done(["lua/app.lua"], 1));
  t.equal(await toast(page).textContent(), "app.lua · 1 session · 18 ms");
  t.equal(await toast(page).getAttribute("aria-live"), "polite");
  t.equal(await page.evaluate("document.activeElement.localName"), "input");
  await page.waitForFunction(
    "document.querySelector('moonpool-hotload').shadowRoot.querySelector('.toast').textContent === ''",
  );
});

t.test("notices do not move, and let clicks through to what is below them", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "n" });
  const { page } = stage;
  await stage.edit({}, done(["lua/app.lua"]));
  const style = await toast(page).evaluate((element) => {
    const { animationName, transitionDuration, pointerEvents } = getComputedStyle(element);
    return [animationName, transitionDuration, pointerEvents];
  });
  t.same(style, ["none", "0s", "none"]);
});

t.test("a sign tells the state of the connection, also to those who do not see it (S4-34)", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "n" }, { allow: /WebSocket|503/ });
  const { page, host, connection } = stage;
  t.equal(await sign(page).getAttribute("data-state"), "connected");
  t.equal(await sign(page).textContent(), "Moonpool: connected, hot reload on");
  t.equal(await sign(page).locator("[role=status]").count(), 1);
  const { right, bottom } = await sign(page).evaluate((element) => {
    const { right, bottom } = element.getBoundingClientRect();
    return { right: innerWidth - right, bottom: innerHeight - bottom };
  });
  t.ok(right < 20 && bottom < 30, "at the bottom right");
  host.refuse = 503;
  connection.socket.terminate();
  await page.locator("moonpool-hotload .sign[data-state=disconnected]").waitFor();
  t.equal(await sign(page).textContent(), "Moonpool: disconnected, hot reload on");
});

t.test(
  "errors are shown with place, source, stack, what still runs and advice, until the next ones (S4-52)",
  async (t) => {
    const stage = await Stage.open(t, chromium, APP, { name: "n" });
    const { page } = stage;
    const source = [
      { number: 11, text: "function App:go()", marked: false },
      { number: 12, text: "  self.x.y = <b>", marked: true },
    ];
    const error: ReloadError = {
      code: "LUA_ERROR",
      message: "attempt to index nil",
      file: "lua/app.lua",
      line: 12,
      stack: "in function App:go",
      severity: "error",
      running: "the code from before",
      link: "vscode://file/site/lua/app.lua:12",
      source,
    };
    const warning: ReloadError = { code: "VIEWDEF_HTML", message: "moved", severity: "warning" };
    await stage.edit({}, failed(error, warning));
    await overlay(page).locator("li").first().waitFor();
    t.equal(await overlay(page).locator("header span").textContent(), "1 error, 1 warning");
    const first = overlay(page).locator("li").first();
    t.match(await first.textContent(), /^LUA_ERROR attempt to index nil/);
    t.equal(await first.locator("a").getAttribute("href"), "vscode://file/site/lua/app.lua:12");
    t.equal(await first.locator("a").textContent(), "lua/app.lua:12");
    t.equal(await first.locator("mark").textContent(), "  12    self.x.y = <b>");
    t.match(await first.textContent(), /Still running: the code from before\./);
    t.equal(await first.locator("details pre").textContent(), "in function App:go");
    t.ok((await first.locator("small").count()) >= 3, "and advice");
    await stage.edit({}, failed(warning));
    await first.filter({ hasText: "moved" }).waitFor();
    t.equal(await overlay(page).locator("li").count(), 1);
    await stage.edit({}, failed());
    await overlay(page).waitFor({ state: "detached" });
  },
);

t.test("errors can be dismissed, beside a notice too, and name what was being shown", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "n" });
  const { page } = stage;
  const where = "App.DEFAULT name";
  const error = { code: "PATH_NIL" as const, message: "nil", where };
  await stage.edit({}, { type: "update", id: stage.id("name"), error });
  await overlay(page).locator("small", { hasText: where }).waitFor();
  await stage.edit({}, { type: "update", id: stage.id("name"), error: null });
  const broken: ReloadError = { code: "LUA_SYNTAX", message: "m".repeat(3000), severity: "error" };
  await stage.edit({}, failed(broken), done(["lua/app.lua"]));
  // Playwright does not click on what something else covers.
  await overlay(page).locator("button").click();
  t.equal(await overlay(page).count(), 0);
  await stage.edit({}, done(["lua/app.lua"]));
  t.equal(await overlay(page).count(), 0, "it stays away until there is something new");
  await stage.edit({}, failed(broken));
  await overlay(page).locator("li").waitFor();
});

t.test("Ctrl+Shift+H says how things are; nothing else is said (S4-35, S4-55)", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "n" });
  const { page } = stage;
  const said = listen(page);
  await stage.edit({ App: `<p>new</p>` }, done(["viewdefs/App.DEFAULT.html"]), failed());
  t.same(said, []);
  const [message] = await Promise.all([page.waitForEvent("console"), page.keyboard.press("Control+Shift+H")]);
  const [, statistics] = await Promise.all(message.args().map((handle) => handle.jsonValue()));
  t.match(statistics, {
    state: "connected",
    reloads: 1,
    reloadMs: 17.6,
    failures: 0,
    exchanged: 1,
    variables: 1,
    errors: 0,
  });
  for (const name of ["frames", "watchers", "views", "listeners", "exchangeMs"])
    t.ok(name in (statistics as object), name);
});

t.test("Ctrl+Shift+T turns notices off and on again, for this tab", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "n" });
  const { page } = stage;
  await page.keyboard.press("Control+Shift+T");
  t.equal(await toast(page).textContent(), "Notices off");
  await page.reload();
  const after = await stage.again();
  await after.edit({}, done(["lua/app.lua"]));
  t.equal(await toast(page).textContent(), "");
  await page.keyboard.press("Control+Shift+T");
  await after.edit({}, done(["lua/app.lua"]));
  t.match(await toast(page).textContent(), "app.lua");
});

t.test("Ctrl+Shift+R connects again, and what is being typed stays (S4-36)", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "server" });
  const { page } = stage;
  const said = listen(page);
  await page.locator("input").focus();
  await page.keyboard.press("End");
  await page.keyboard.type(" and me");
  await page.keyboard.press("ArrowLeft");
  await page.evaluate(`addEventListener("keydown", (event) => (window.prevented = event.defaultPrevented))`);
  await page.keyboard.press("Control+Shift+R");
  const after = await stage.again();
  t.equal(await page.evaluate("prevented"), true, "the browser does not load the page");
  await page.waitForFunction("document.activeElement.localName === 'input'");
  await page.keyboard.type("!");
  t.equal(await page.locator("input").inputValue(), "server and m!e");
  await page.locator("button").click();
  t.strictSame(await after.connection.messages(), [
    { type: "update", id: after.id("name"), value: "server and m!e" },
    { type: "update", id: after.id("go()"), value: null },
  ]);
  t.same(said, []);
});

t.test("notices, sign and shortcuts can be turned off one by one (S4-38)", async (t) => {
  const hotload = { toasts: false, indicator: false, shortcuts: false };
  const stage = await Stage.open(t, chromium, APP, { name: "n" }, { hotload });
  const { page } = stage;
  const said = listen(page);
  await stage.edit({}, done(["lua/app.lua"]));
  await page.keyboard.press("Control+Shift+H");
  await page.keyboard.press("Control+Shift+T");
  t.equal(await toast(page).textContent(), "");
  t.equal(await sign(page).count(), 0);
  t.same(said, []);
});

t.test("a host that watches no more takes its sign away with the next connection", async (t) => {
  const stage = await Stage.open(t, chromium, APP, { name: "n" });
  const { page } = stage;
  await page.keyboard.press("Control+Shift+R");
  await stage.again(page, { hotload: false });
  t.equal(await page.locator("moonpool-hotload").count(), 0);
});
