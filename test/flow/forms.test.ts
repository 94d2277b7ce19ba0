// Forms, from the keyboard to Lua and back: real sessions, real sockets, a real browser.
import t from "tap";
import type { Page } from "playwright-core";
import type { Test } from "tap";
import { Chromium } from "../support/chromium.ts";
import { comes } from "../support/demo.ts";
import { startRealHost, type RealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";

const chromium = await Chromium.launch(t);

const SITE: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
local App = session:prototype("App", { name = "", age = 30, tags = {}, agreed = false, saved = 0, looked = 0, log = "", shout = "", changing = "" })
function App:nameError() if #self.name < 3 then return "At least 3 letters, please." end end
function App:ageError() if type(self.age) ~= "number" then return "How old?" end end
function App:save()
  self.saved = self.saved + 1
  self.log = self.name .. " " .. math.type(self.age) .. " " .. table.concat(self.tags, "+") .. " " .. tostring(self.agreed)
end
function App:look() end
function App:dirty() return self.name ~= "" end
function App:loud(text) if text then self.shout = text:upper() end return self.shout end
function App:race() session:setInterval(function() self.changing = "server " .. os.time() .. math.random(1000) end, 5) end
function App:crash() string.find(("a"):rep(4000), (".-"):rep(30) .. "b") end
session:createAppVariable(App:new({ tags = { "one", "two" } }))
`,
  "viewdefs/App.DEFAULT.html": `<template><main ui-pending ui-guard="dirty()">
<form ui-event-submit="save()"><label>Name <input class="name" ui-value="name?keypress&debounce=60000"></label><p class="e1" ui-error="nameError()"></p>
<label>Age <input class="age" ui-value="age"></label><p class="e2" ui-error="ageError()"></p>
<label>Tags <input class="tags" ui-value="tags"></label><label><input type="checkbox" ui-value="agreed"> agreed</label>
<button class="save">Save</button><button type="reset">Reset</button></form>
<button class="look" ui-action="look()">Look</button><output class="saved" ui-value="saved"></output><output class="log" ui-value="log"></output>
<input class="loud" ui-value="loud()?access=rw&keypress&overwrite"><input class="changing" ui-value="changing?keypress">
<button class="race" ui-action="race()">race</button><button class="crash" ui-action="crash()">crash</button>
</main></template>`,
};

async function openPage(t: Test, host: RealHost, allow?: RegExp): Promise<Page> {
  const page = await chromium.open(t, `${host.origin}/`, allow ? { allow } : {});
  await page.locator("form").waitFor();
  return page;
}

const text = (page: Page, selector: string) => page.locator(selector).textContent();
const comesTo = (t: Test, page: Page, selector: string, wanted: string) =>
  comes(t, async () => (await text(page, selector)) ?? "", wanted, selector);

t.test(
  "Lua says what is wrong at the field that was used; Enter sends what is typed with its types, and is over",
  async (t) => {
    const page = await openPage(t, await startRealHost(t, SITE));
    t.same([await text(page, ".e1"), await text(page, ".e2")], ["", ""]);
    await page.locator(".name").fill("Al");
    await page.locator(".age").focus();
    await comesTo(t, page, ".e1", "At least 3 letters, please.");
    t.equal(await page.locator(".name").getAttribute("aria-invalid"), "true");
    t.equal(await text(page, ".e2"), "");
    await page.locator(".age").fill("x");
    await page.locator(".tags").fill("one, three");
    await page.locator("[type=checkbox]").check();
    await comesTo(t, page, ".e2", "How old?");
    await page.locator(".age").fill("31");
    await page.locator(".name").fill("Alice");
    await page.keyboard.press("Enter");
    await comesTo(t, page, ".log", "Alice integer one+three true");
    await comesTo(t, page, ".e1", "");
    t.equal(await text(page, ".saved"), "1");
    await page.waitForFunction(`!document.querySelector("[data-ui-pending], [aria-disabled=true]")`);
  },
);

t.test("what changes nothing is over too, at once, and a button that waits does not fire twice", async (t) => {
  const page = await openPage(t, await startRealHost(t, SITE));
  const ended = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let pending = 0;
        const button = document.querySelector(".look")!;
        new MutationObserver(() => {
          if (button.hasAttribute("data-ui-pending")) pending++;
          else resolve(pending);
        }).observe(button, { attributeFilter: ["data-ui-pending"] });
      }),
  );
  await page.locator(".look").click();
  t.equal(await ended, 1);
  await page.evaluate(`for (let index = 0; index < 5; index++) document.querySelector(".save").click()`);
  await comesTo(t, page, ".saved", "1");
  await page.waitForFunction(`!document.querySelector("[data-ui-pending]")`);
  await page.locator(".save").click();
  await comesTo(t, page, ".saved", "2");
});

t.test(
  "a text that Lua changes every 5 ms is what is typed as long as somebody types; ?overwrite asks for more",
  async (t) => {
    const page = await openPage(t, await startRealHost(t, SITE));
    await page.locator(".race").click();
    const field = page.locator(".changing");
    await page.waitForFunction(`document.querySelector(".changing").value !== ""`);
    await field.press("Control+A");
    const words = "The quick brown fox jumps over the lazy dog, again and again.";
    await page.keyboard.type(words);
    t.equal(await field.inputValue(), words);
    await field.blur();
    await page.waitForFunction(`document.querySelector(".changing").value.startsWith("server")`);
    await page.locator(".loud").pressSequentially("abc");
    await comes(t, () => page.locator(".loud").inputValue(), "ABC", "what Lua makes of it is shown while it is typed");
  },
);

t.test("a session that begins anew gets what had been typed and lost with it", async (t) => {
  const host = await startRealHost(t, SITE, { timeLimit: 1_000, recovery: { strategy: "restart" } });
  const page = await openPage(t, host, /WebSocket/);
  await page.locator(".name").fill("Alice");
  await page.locator(".age").fill("44");
  await page.locator(".tags").fill("x,y");
  await page.locator(".save").click();
  await comesTo(t, page, ".log", "Alice integer x+y false");
  await page.locator(".name").press("End");
  await page.keyboard.type(" Smith");
  // A click takes the focus; what is typed stays in hand.
  await page.evaluate(`document.querySelector(".crash").click()`);
  await comesTo(t, page, ".log", "");
  await page.waitForFunction(`document.activeElement.className === "name"`);
  t.equal(await page.locator(".name").inputValue(), "Alice Smith");
  await page.keyboard.type("!");
  await page.keyboard.press("Enter");
  await comesTo(t, page, ".log", "Alice Smith! integer x+y false");
  t.equal(await text(page, ".saved"), "1");
});
