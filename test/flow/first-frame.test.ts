import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";
import { Traffic } from "../support/traffic.ts";

/** House > floors > rooms > shelves > box > label: views and lists in turn, six levels deep. */
const site: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
local Label = session:prototype("Label", { text = "" })
local Box = session:prototype("Box", { label = EMPTY })
local Shelf = session:prototype("Shelf", { boxes = EMPTY })
local Room = session:prototype("Room", { name = "", shelf = EMPTY })
local Floor = session:prototype("Floor", { name = "", rooms = EMPTY })
local House = session:prototype("House", { floors = EMPTY, visits = 0 })
function House:visit() self.visits = self.visits + 1 end
function Label:shout() return self.text:upper() end
local house = House:new{ floors = {} }
for f = 1, 3 do
  local floor = Floor:new{ name = "floor " .. f, rooms = {} }
  house.floors[f] = floor
  for r = 1, 3 do
    local boxes = {}
    for b = 1, 3 do boxes[b] = Box:new{ label = Label:new{ text = ("label %d.%d.%d"):format(f, r, b) } } end
    floor.rooms[r] = Room:new{ name = "room " .. f .. "." .. r, shelf = Shelf:new{ boxes = boxes } }
  end
end
session:createAppVariable(house)
`,
  "viewdefs/House.DEFAULT.html": `<template><main><h1 ui-value="visits"></h1><button ui-action="visit()">Visit</button>
<section ui-viewlist="floors"></section></main></template>`,
  "viewdefs/Floor.DEFAULT.html": `<template><article><h2 ui-value="name"></h2><div ui-viewlist="rooms"></div></article></template>`,
  "viewdefs/Room.DEFAULT.html": `<template><div class="room"><h3 ui-value="name"></h3><div ui-view="shelf"></div></div></template>`,
  "viewdefs/Shelf.DEFAULT.html": `<template><ul ui-viewlist="boxes"></ul></template>`,
  "viewdefs/Box.DEFAULT.html": `<template><li><span ui-view="label"></span></li></template>`,
  "viewdefs/Label.DEFAULT.html": `<template><b ui-value="text" ui-attr-title="shout()"></b><input ui-value="text"></template>`,
};

/** What the page was like whenever its content changed; filled by a script that runs before the page's own. */
interface Change {
  elements: number;
  labels: number;
  texts: number;
  hidden: number;
}

const host = await startRealHost(t, site, { development: false });
const chromium = await Chromium.launch(t);

t.test(
  "a page of six levels of views and lists comes complete in one frame, after one request for it and nothing asked",
  async (t) => {
    const page = await chromium.open(t, "about:blank");
    const traffic = new Traffic(page);
    let sentBefore = -1;
    let receivedThen = -1;
    await page.exposeFunction("onContent", () => {
      sentBefore = traffic.sent.length;
      receivedThen = traffic.received.length;
    });
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector("main")) return;
        observer.disconnect();
        (window as never as { onContent(): void }).onContent();
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(`${host.origin}/`);
    await page.locator("main").waitFor();
    t.equal(await page.locator("b").count(), 27);
    t.same(await page.locator("article").nth(1).locator("b").allTextContents(), expectedLabels(2));
    t.equal(await page.locator("input").nth(26).inputValue(), "label 3.3.3");
    t.equal(await page.locator("b").nth(0).getAttribute("title"), "LABEL 1.1.1");
    t.equal(receivedThen, 1, "one frame");
    t.equal(sentBefore, 0, "nothing sent before");
    t.same(traffic.late, [], "no request after the socket was opened");
    t.match(traffic.requests, [/\/$/, /\/[0-9a-f]{32}$/, /client\.js$/, "socket"]);
    t.equal(traffic.requests.length, 4, "a redirect, the page, the client");

    await page.locator("button").click();
    await page.locator("h1", { hasText: "1" }).waitFor();
    const said = traffic.sent.flatMap(({ messages }) => messages);
    t.match(said, [{ type: "update", value: null }], "all that the page ever said is the click");
    t.equal(said.length, 1);
    t.same(traffic.late, []);
  },
);

t.test(
  "the content appears at once: one change of the document brings all of it, nothing hidden, nothing later",
  async (t) => {
    const page = await chromium.open(t, "about:blank");
    await page.addInitScript(() => {
      const changes: Change[] = [];
      Object.assign(window, { changes });
      new MutationObserver((records) => {
        const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
        const main = document.querySelector("main");
        if (!main || !added.some((node) => node instanceof Element && (main.contains(node) || node.contains(main))))
          return;
        const elements = [...main.querySelectorAll("*")];
        changes.push({
          elements: elements.length,
          labels: main.querySelectorAll("b").length,
          texts: elements.filter(({ textContent }) => textContent?.trim()).length,
          hidden: elements.filter(
            (element) => !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }),
          ).length,
        });
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(`${host.origin}/`);
    await page.locator("button").click();
    await page.locator("h1", { hasText: "1" }).waitFor();
    const changes = await page.evaluate<Change[]>("window.changes");
    t.equal(changes.length, 1, JSON.stringify(changes));
    const elements = await page.locator("main *").count();
    // All but the 27 inputs have a text, from the start.
    t.strictSame(changes[0], { elements, labels: 27, texts: elements - 27, hidden: 0 });
  },
);

function expectedLabels(floor: number): string[] {
  return [1, 2, 3].flatMap((room) => [1, 2, 3].map((box) => `label ${floor}.${room}.${box}`));
}
