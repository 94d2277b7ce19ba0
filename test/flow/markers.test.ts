import type { Page } from "playwright-core";
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";
import type { Bridged } from "../support/scene.ts";

const site: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
local Contact = session:prototype("Contact", { name = "" })
local Slot = session:prototype("Slot", { contact = EMPTY })
local App = session:prototype("App", { chosen = EMPTY, contacts = EMPTY, framed = EMPTY })
local function contact(name) return Contact:new{ name = name } end
function App:clear() self.chosen, self.contacts, self.framed.contact = nil, {}, nil end
function App:fill()
  self.chosen = contact("A")
  self.contacts = { contact("B"), contact("C") }
  self.framed = Slot:new{ contact = contact("D") }
end
local app = App:new()
app:fill()
session:createAppVariable(app)
`,
  "viewdefs/App.DEFAULT.html": `<template><main><div ui-view="chosen"></div><div ui-view="chosen" ui-namespace="CARD"></div>
<ul ui-viewlist="contacts"></ul><section ui-view="contacts?wrapper=lua.ViewList"></section><div ui-view="framed" class="wide"></div>
<button id="clear" ui-action="clear()"></button><button id="fill" ui-action="fill()"></button></main></template>`,
  "viewdefs/Contact.DEFAULT.html": `<template><p ui-value="name"></p></template>`,
  "viewdefs/Contact.CARD.html": `<template><article><b ui-value="name"></b></article><hr></template>`,
  "viewdefs/Contact.list-item.html": `<template>first:<li ui-value="name"></li><li>more</li></template>`,
  "viewdefs/Slot.DEFAULT.html": `<template><div ui-view="contact"></div><i></i></template>`,
};

const host = await startRealHost(t, site);
const chromium = await Chromium.launch(t);

/** For each viewdef key the texts of the elements that a search for it finds. */
function marked(page: Page): Promise<Record<string, string[]>> {
  return page.evaluate(() => {
    const found: Record<string, string[]> = {};
    for (const element of document.querySelectorAll("[data-ui-viewdef]")) {
      for (const key of element.getAttribute("data-ui-viewdef")!.split(" "))
        (found[key] ??= []).push(element.textContent.trim());
    }
    return found;
  });
}

const statistics = async (page: Page): Promise<Record<string, number>> => {
  const { frames: _, ...counts } = await page.evaluate(() => (window as never as Bridged).moonpool.statistics());
  return counts;
};

t.test(
  "every rendered view is found by data-ui-viewdef: rows, wrapped lists, and views that share an element",
  async (t) => {
    const page = await chromium.open(t, `${host.origin}/`);
    await page.locator("main").waitFor();
    const found = await marked(page);
    t.match(found["App.DEFAULT"], [/A/]);
    t.equal(found["App.DEFAULT"]?.length, 1);
    t.same(found["Contact.DEFAULT"], ["A", "D"]);
    t.same(found["Contact.CARD"], ["A"]);
    t.same(found["Contact.list-item"], ["B", "C", "B", "C"]);
    t.same(found["lua.ViewList.DEFAULT"]?.length, 1);
    t.same(found["lua.ViewListItem.DEFAULT"], ["B", "C"]);
    t.same(found["Slot.DEFAULT"], ["D"]);
    t.equal(
      await page.locator("[data-ui-viewdef='Slot.DEFAULT Contact.DEFAULT'].wide").textContent(),
      "D",
      "outer first",
    );
    t.equal(await page.locator("[data-ui-viewdef~='Contact.DEFAULT']").count(), 2, "one selector finds both kinds");
  },
);

t.test("views that go take their variables and everything below with them, and come back complete", async (t) => {
  const page = await chromium.open(t, `${host.origin}/`);
  await page.locator("main").waitFor();
  const [found, full] = [await marked(page), await statistics(page)];
  await page.locator("#clear").dispatchEvent("click");
  await page.locator("article").waitFor({ state: "detached" });
  t.notMatch(Object.keys(await marked(page)).join(" "), /Contact|ViewListItem/);
  const empty = await statistics(page);
  t.equal(empty["variables"], 10, "the app's, and the slots of App, lua.ViewList and Slot: 1 + 7 + 1 + 1");
  await page.locator("#fill").dispatchEvent("click");
  await page.locator("article").waitFor();
  t.same(await marked(page), found);
  t.strictSame(await statistics(page), full);
});
