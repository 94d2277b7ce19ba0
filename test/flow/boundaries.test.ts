import t from "tap";
import type { Locator, Page } from "playwright-core";
import { Chromium } from "../support/chromium.ts";
import { startRealHost } from "../support/real-host.ts";

const chromium = await Chromium.launch(t);

/** Each of `Parts` can be broken with its button; `pressed` shows that the rest of the page works. */
const site: Record<string, string> = {
  "lua/main.lua": `
local broken = {}
local Part = session:prototype("Part", { name = "", part = EMPTY })
function Part:text() if broken[self.name] then error("broken " .. self.name) end return self.name .. " works" end
local Leaf = session:prototype("Leaf", { text = "" })
NewFails = session:prototype("NewFails", {})
function NewFails:new(variable)
  if broken.new then error("new fails") end
  return session:create(NewFails, { text = "new works" })
end
SyncFails = session:prototype("SyncFails", { value = EMPTY, text = "" })
function SyncFails:new(variable) return session:create(SyncFails, { text = "sync works" }) end
function SyncFails:sync() if broken.sync then error("sync fails") end self.text = "sync works " .. self.value end
Presenter = session:prototype("Presenter", { baseItem = EMPTY })
function Presenter:new(init) return session:create(Presenter, init) end
function Presenter:text() if broken.presenter and self.index == 1 then error("presenter fails") end return self.baseItem.text end
Made = session:prototype("Made", { text = "made" })
function Made:new() if broken.made then error("making fails") end return session:create(Made, { text = "made works" }) end
local Box, Crate = session:prototype("Box", { made = EMPTY }), session:prototype("Crate", { made = EMPTY })
local App = session:prototype("App", { pressed = 0, box = EMPTY, sync = 0, ghost = EMPTY, code = "", boom = EMPTY })
function App:press() self.pressed = self.pressed + 1 end
function App:break_(name) broken[name] = not broken[name] end
function App:wrapped() return broken.new and "fails" or "works" end
function App:syncs() self.sync = self.sync + 1 end
function App:makes() broken.made = not broken.made self.box = broken.made and Crate:new() or Box:new() end
function App:haunts() self.ghost = self.ghost == nil and { type = "Ghost" } or nil end
function App:codes() self.code = self.code == "" and "throw new Error('code fails')" or "" end
function App:booms() self.boom = self.boom == nil and { type = "Boom" } or nil end
function App:retypes() self.rows[2] = self.rows[2].type == "Leaf" and { type = "Nowhere" } or Leaf:new{ text = "two" } end
session:createAppVariable(App:new{
  box = Box:new(), method = Part:new{ name = "method" },
  rows = { Leaf:new{ text = "one" }, Leaf:new{ text = "two" }, Leaf:new{ text = "three" } },
})
`,
  "viewdefs/App.DEFAULT.html": `<template><main>
<b id="pressed" ui-value="pressed"></b><button id="press" ui-action="press()">press</button>
<button id="break-method" ui-action="break_('method')"></button><section id="method"><div ui-view="method"></div></section>
<button id="break-new" ui-action="break_('new')"></button><section id="new"><div ui-view="wrapped()?wrapper=NewFails"></div></section>
<button id="break-sync" ui-action="break_('sync')"></button><button id="sync-now" ui-action="syncs()"></button>
<section id="sync"><div ui-view="sync?wrapper=SyncFails"></div></section>
<button id="break-made" ui-action="makes()"></button><section id="made"><div ui-view="box"></div></section>
<button id="break-ghost" ui-action="haunts()"></button><section id="ghost"><div ui-view="ghost"></div></section>
<button id="break-code" ui-action="codes()"></button><section id="code"><i ui-code="code"></i></section>
<button id="break-boom" ui-action="booms()"></button><section id="boom"><div ui-view="boom"></div></section>
<button id="break-row" ui-action="retypes()"></button><ul id="row" ui-viewlist="rows"></ul>
<button id="break-presenter" ui-action="break_('presenter')"></button><ul id="presenter" ui-viewlist="rows?itemWrapper=Presenter"></ul>
</main></template>`,
  "viewdefs/Part.DEFAULT.html": `<template><p><b ui-value="text()"></b><i>beside it</i></p></template>`,
  "viewdefs/NewFails.DEFAULT.html": `<template><p ui-value="text"></p></template>`,
  "viewdefs/SyncFails.DEFAULT.html": `<template><p ui-value="text"></p></template>`,
  "viewdefs/Box.DEFAULT.html": `<template><div><div ui-view="made?create=Made"></div></div></template>`,
  "viewdefs/Crate.DEFAULT.html": `<template><div><div ui-view="made?create=Made"></div></div></template>`,
  "viewdefs/Made.DEFAULT.html": `<template><p ui-value="text"></p></template>`,
  "viewdefs/Leaf.DEFAULT.html": `<template><li ui-value="text"></li></template>`,
  "viewdefs/Presenter.DEFAULT.html": `<template><li ui-value="text()"></li></template>`,
  "viewdefs/Boom.DEFAULT.html": `<template><p class="boom">boom</p></template>`,
};

/** How each part of the page is broken, and the code of the error that is then within it. */
const parts: { name: string; code: string; further?: string }[] = [
  { name: "method", code: "LUA_ERROR" },
  { name: "new", code: "WRAPPER_FAILED" },
  { name: "sync", code: "LUA_ERROR", further: "#sync-now" },
  { name: "made", code: "CREATE_FAILED" },
  { name: "ghost", code: "VIEWDEF_MISSING" },
  { name: "code", code: "CODE_FAILED" },
  { name: "boom", code: "VIEW_FAILED" },
  { name: "row", code: "VIEWDEF_MISSING" },
  { name: "presenter", code: "LUA_ERROR" },
];

/** A log that keeps what is written to it. */
function keepLog(): { lines: string[]; logger: object } {
  const lines: string[] = [];
  return { lines, logger: { level: "info", stream: { write: (line: string) => void lines.push(line) } } };
}

/** Clicks until the browser has the count of clicks from the session: all that came before is in the page then. */
async function works(page: Page): Promise<void> {
  const pressed = page.locator("#pressed");
  const before = Number(await pressed.textContent());
  await page.locator("#press").click();
  await page.waitForFunction((count) => document.querySelector("#pressed")?.textContent === count, String(before + 1));
}

const errorsIn = (place: Locator): Promise<(string | null)[]> =>
  place
    .locator(".ui-error")
    .evaluateAll((elements) => elements.map((element) => element.getAttribute("ui-error-code")));

t.test("an error in a view shows at that view and in the log; everything else works, and it recovers", async (t) => {
  const log = keepLog();
  const host = await startRealHost(t, site, { uiCode: true, logger: log.logger as never });
  const page = await chromium.open(t, host.origin, { allow: /code fails|boom fails/ });
  await page.locator("#pressed").waitFor();
  // A view whose rendering throws in the browser.
  await page.evaluate(`{
    const importNode = document.importNode.bind(document);
    document.importNode = (node, deep) => {
      if (window.armed !== false && node.querySelector?.(".boom")) throw new Error("boom fails");
      return importNode(node, deep);
    };
  }`);
  const all = await page.locator("main").innerText();
  for (const { name, code, further } of parts) {
    const place = page.locator(`#${name}`);
    await page.locator(`#break-${name}`).evaluate((button: HTMLElement) => button.click());
    if (further !== undefined) await page.locator(further).evaluate((button: HTMLElement) => button.click());
    await works(page);
    t.same(await errorsIn(place), [code], `${name}: the error is where it belongs`);
    t.equal(await page.locator(".ui-error").count(), 1, `${name}: and nowhere else`);
    await page.locator("moonpool-errors li", { hasText: code }).waitFor();
    t.ok(
      log.lines.some((line) => line.includes(code)),
      `${name}: the log has it`,
    );
    await page.locator(`#break-${name}`).evaluate((button: HTMLElement) => button.click());
    if (further !== undefined) await page.locator(further).evaluate((button: HTMLElement) => button.click());
    await works(page);
    t.equal(await page.locator(".ui-error").count(), 0, `${name}: it recovers`);
    await page.locator("moonpool-errors").waitFor({ state: "detached" });
  }
  const after = (await page.locator("main").innerText()).replace(/works \d/, "works").replace(/^\d+/, "0");
  t.equal(after, all, "the page is what it was");
});

/** `loop` is stopped by the time limit, `stuck` (one call of C) by the watchdog, which takes the whole event back. */
const fields: Record<string, string> = {
  "lua/main.lua": `
local Other = session:prototype("Other", { note = "" })
local App = session:prototype("App", { pressed = 0, plain = "plain", other = EMPTY, is = false })
local kept = { loop = "old", stuck = "old" }
function App:loop(value) if value == nil then return kept.loop end while true do end end
function App:stuck(value)
  if value == nil then return kept.stuck end
  kept.stuck = value
  string.find(("a"):rep(4000), (".-"):rep(30) .. "b")
end
function App:press() self.pressed = self.pressed + 1 end
session:createAppVariable(App:new{ other = Other:new() })
`,
  "viewdefs/App.DEFAULT.html": `<template><main><b id="pressed" ui-value="pressed"></b>
<button id="press" ui-action="press()">press</button><input id="plain" ui-value="plain?keypress"><input id="is" type="checkbox" ui-value="is">
<input id="loop" ui-value="loop()?access=rw"><input id="stuck" ui-value="stuck()?access=rw"><div ui-view="other"></div></main></template>`,
  "viewdefs/Other.DEFAULT.html": `<template><p><input id="note" ui-value="note"></p></template>`,
};

t.test("a field whose value could not be taken over goes back to the session's, marked; the rest works", async (t) => {
  const host = await startRealHost(t, fields, { timeLimit: 100 });
  const page = await chromium.open(t, host.origin);
  for (const id of ["loop", "stuck"]) {
    const field = page.locator(`#${id}`);
    await field.fill("new");
    await field.press("Tab");
    await page.waitForFunction((id) => document.querySelector<HTMLInputElement>(`#${id}`)?.value === "old", id);
    await page.locator(`#${id}.ui-error[ui-error-code=LIMIT_TIME]`).waitFor();
    await works(page);
  }
  t.equal(await page.locator(".ui-error").count(), 2);
});

t.test(
  "all that went with a value that could not be taken over is corrected too, and what came later stands",
  async (t) => {
    const host = await startRealHost(t, fields, { timeLimit: 100 });
    const page = await chromium.open(t, host.origin);
    await page.locator("#plain").waitFor();
    // One frame: three writes and an action.
    await page.evaluate(() => {
      const type = (id: string, value: string) => {
        const field = document.querySelector<HTMLInputElement>(`#${id}`)!;
        field.value = value;
        field.dispatchEvent(new Event("change"));
      };
      type("note", "with it");
      type("plain", "with it");
      document.querySelector<HTMLInputElement>("#is")!.click();
      type("stuck", "new");
      document.querySelector<HTMLElement>("#press")!.click();
    });
    await page.locator("#note").fill("later");
    await page.locator("#note").press("Tab");
    await page.locator("#stuck.ui-error").waitFor();
    await works(page);
    t.equal(await page.locator("#pressed").textContent(), "1", "the action has not happened either");
    t.equal(await page.locator("#plain").inputValue(), "plain");
    t.equal(await page.locator("#is").isChecked(), false);
    t.equal(await page.locator("#stuck").inputValue(), "old");
    t.equal(await page.locator("#note").inputValue(), "later");
    await page.locator("#plain").fill("again");
    await works(page);
    t.equal(await page.locator("#plain.ui-error").count(), 0, "a write that succeeds takes the mark away");
    await page.reload();
    await page.locator("#plain").waitFor();
    t.equal(await page.locator("#plain").inputValue(), "again", "what it shows is what the session has");
    t.equal(await page.locator("#note").inputValue(), "later");
  },
);
