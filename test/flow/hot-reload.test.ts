import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import type { ServerMessage } from "../../src/protocol/main.ts";
import type { Tab } from "../support/browser.ts";
import { firstPage, startRealHost, type RealHost } from "../support/real-host.ts";
import { writeSiteFile } from "../support/site.ts";

/** A site that shows `title()` in slot 0; slot 1 counts up, slot 2 keeps Lua busy until it is stopped. */
const main = `
App = session:prototype("App", { count = 0 })
function App:title() return "first " .. self.count end
function App:press() self.count = self.count + 1 end
function App:loop() while true do end end
if not session:getApp() then session:createAppVariable(App:new()) end
`;
const view = (content = ""): string => `<template><div>
<b ui-value="title()"></b><i ui-action="press()"></i><i ui-action="loop()"></i>${content}
</div></template>`;
const site = { "lua/main.lua": main, "viewdefs/App.DEFAULT.html": view() };

function start(t: Test, files: Record<string, string> = {}, options: object = {}): Promise<RealHost> {
  return startRealHost(t, { ...site, ...files }, { hotload: true, ...options });
}

/** As editors save: the new text under another name, then the name. */
function save({ dir }: RealHost, name: string, text: string): void {
  writeSiteFile(dir, `${name}.new~`, text);
  fs.renameSync(path.join(dir, `${name}.new~`), path.join(dir, name));
}

/** Waits for the notice that a reload is over; gives all messages up to it. */
async function reloaded(tab: Tab): Promise<ServerMessage[]> {
  const messages: ServerMessage[] = [];
  for (;;) {
    messages.push(...(await tab.messages()));
    if (messages.some((message) => message.type === "reload" && message.done !== undefined)) return messages;
  }
}

/** Keys and texts of the viewdefs that were delivered. */
function delivered(messages: ServerMessage[]): Record<string, { html: string }> {
  const all = messages.map((message) => (message.type === "update" ? message.properties?.viewdefs : undefined));
  return Object.assign({}, ...all) as Record<string, { html: string }>;
}

t.test(
  "a saved Lua file reaches all sessions and all their tabs, without anybody doing anything; state stays",
  async (t) => {
    const host = await start(t);
    const [one, two] = [await host.open(), await host.open()];
    one.page.write(1, null);
    await one.page.until(() => one.page.values.get(one.page.slot(0)) === "first 1");
    const tabs = [one.page, two.page, await firstPage(await two.browser.connect(two.path))];
    save(host, "lua/main.lua", main.replace("first", "second"));
    for (const page of tabs) await page.until(() => String(page.values.get(page.slot(0))).startsWith("second"));
    t.strictSame(
      tabs.map((page) => page.values.get(page.slot(0))),
      ["second 1", "second 0", "second 0"],
    );
  },
);

t.test(
  "a viewdef goes, first in its frame, to connections that have it and to no other; the same text never again",
  async (t) => {
    const host = await start(t, {
      "lua/main.lua": `${main}
Side = session:prototype("Side", {})
function App:press() session:createAppVariable(Side:new()) end`,
      "viewdefs/Side.DEFAULT.html": "<template><p></p></template>",
    });
    const [one, two] = [await host.open(), await host.open()];
    const viewdef = "viewdefs/App.DEFAULT.html";
    save(host, viewdef, view("<u></u>"));
    for (const { page } of [one, two]) {
      const messages = await reloaded(page.tab);
      t.match(messages[0], { type: "update", id: 1, properties: { viewdefs: { "App.DEFAULT": { html: /<u>/ } } } });
      t.match(messages[1], { type: "view", id: 1, viewdef: "App.DEFAULT", from: [2, 3, 4] });
    }
    save(host, "viewdefs/Side.DEFAULT.html", "<template><s></s></template>");
    save(host, "lua/main.lua", main.replace("first", "again"));
    for (const { page } of [one, two]) t.strictSame(delivered(await reloaded(page.tab)), {});
    fs.utimesSync(path.join(host.dir, viewdef), 1, 1);
    save(host, viewdef, view("<u></u>"));
    save(host, "lua/main.lua", main.replace("first", "last"));
    for (const { page } of [one, two]) t.strictSame(delivered(await reloaded(page.tab)), {});
  },
);

t.test("a deleted viewdef is missing in pages that are open, and shown when it is back", async (t) => {
  const host = await start(t);
  const { page } = await host.open();
  const file = path.join(host.dir, "viewdefs/App.DEFAULT.html");
  fs.rmSync(file);
  await page.until(() => page.errors.get(1) === "VIEWDEF_MISSING");
  save(host, "viewdefs/App.DEFAULT.html", view("<u></u>"));
  await page.until(() => page.views.get(1)?.viewdef === "App.DEFAULT" && !page.errors.has(1));
  t.equal(page.values.get(page.slot(0)), "first 0");
});

t.test(
  "errors: a page keeps working on the code from before, says what is wrong, and nothing when it is right",
  async (t) => {
    const host = await start(t);
    const [one, two] = [await host.open(), await host.open()];
    save(host, "lua/main.lua", main.replace("function App:title", "functoin App:title"));
    for (const { page } of [one, two]) {
      const { errors } = await page.tab.find("reload");
      t.match(errors, [{ code: "LUA_SYNTAX", file: "lua/main.lua", line: 3, running: "the code from before" }]);
      t.equal(errors?.[0]?.source?.find(({ marked }) => marked)?.text.slice(0, 16), "functoin App:tit");
      page.write(1, null);
      await page.until(() => page.values.get(page.slot(0)) === "first 1");
    }
    save(host, "lua/main.lua", main.replace("first", "mended"));
    for (const { page } of [one, two]) {
      t.match(await page.tab.find("reload", ({ errors }) => errors !== undefined), { errors: [] });
      t.equal(host.app.moonpool.reloads?.failed, 1);
    }
  },
);

t.test("code that fails in one session's state leaves that one as it was, and is in all others", async (t) => {
  const host = await start(t);
  const [one, two] = [await host.open(), await host.open()];
  one.page.write(1, null);
  await one.page.until(() => one.page.values.get(one.page.slot(0)) === "first 1");
  save(
    host,
    "lua/main.lua",
    `${main.replace("first", "new")}\nif session:getApp().count > 0 then error("not here") end`,
  );
  await two.page.until(() => two.page.values.get(two.page.slot(0)) === "new 0");
  t.match(await one.page.tab.find("reload"), {
    errors: [{ code: "LUA_ERROR", message: /not here/, file: "lua/main.lua" }],
  });
  one.page.write(1, null);
  await one.page.until(() => one.page.values.get(one.page.slot(0)) === "first 2");
});

t.test("a session that is stuck does not hold up the others", async (t) => {
  const host = await start(t, {}, { threads: 2, isolation: "dedicated", timeLimit: 60_000 });
  const [stuck, free] = [await host.open(), await host.open()];
  stuck.page.write(2, null);
  save(host, "lua/main.lua", main.replace("first", "new"));
  await free.page.until(() => free.page.values.get(free.page.slot(0)) === "new 0");
  t.equal(host.app.moonpool.sessionCount, 2);
});

t.test("a page of a site that cannot start comes to life when its file is right", async (t) => {
  const host = await start(t, { "lua/main.lua": "oops(" });
  const browser = host.browser();
  t.match(await (await browser.get("/")).text(), /<meta http-equiv="refresh"/);
  save(host, "lua/main.lua", main);
  while ((await browser.get("/")).status !== 303) await new Promise((resolve) => setTimeout(resolve, 5));
  const { page } = await host.open();
  t.equal(page.values.get(page.slot(0)), "first 0");
});

t.test("outside development mode sessions are reloaded, and pages hear of it by what changes only", async (t) => {
  const host = await start(t, {}, { development: false });
  const { page } = await host.open();
  save(host, "lua/main.lua", "oops(");
  while ((host.app.moonpool.reloads?.failed ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  save(host, "lua/main.lua", main.replace("first", "new"));
  t.strictSame(await page.step(), [{ type: "update", id: page.slot(0), value: "new 0" }]);
});
