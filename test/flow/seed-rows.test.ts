import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import type { Page } from "playwright-core";
import type { ServerOptions } from "../../src/host/main.ts";
import { Chromium } from "../support/chromium.ts";
import { comes, texts } from "../support/demo.ts";
import { loadOf } from "../support/hot-site.ts";
import { startRealHost, type RealHost } from "../support/real-host.ts";
import { plainPage, writeSiteFile } from "../support/site.ts";

const chromium = await Chromium.launch(t);

const template = (content: string): string => `<template>${content}</template>`;

/** Two parts and a list of them, a search over names, and fields that nothing is bound to. */
const files: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/part.lua": `
Part = session:prototype("Part", { name = "" })
function Part:new(part) part = session:create(self, part) part.label = "old label" return part end
function Part:getState() return { name = self.name, presses = self.presses } end
function Part:restoreState(state) self.name, self.presses = state.name, state.presses end
function Part:press() self.presses = (self.presses or 0) + 1 end
function Part:text() return self.label .. " of " .. self.name .. ", pressed " .. (self.presses or 0) end
`,
  "lua/main.lua": `
require("part")
Box = session:prototype("Box", { part = EMPTY })
Group = session:prototype("Group", { parts = EMPTY })
local App = session:prototype("App", { search = "", one = EMPTY, box = EMPTY, all = EMPTY })
local NAMES = { "Anna", "Hanna", "Otto" }
function App:found()
  local found = {}
  for _, name in ipairs(NAMES) do
    if name:lower():find(self.search:lower(), 1, true) then found[#found + 1] = name end
  end
  return found
end
if not session:getApp() then
  local one = Part:new{ name = "one" }
  session:createAppVariable(App:new{ one = one, box = Box:new{ part = one }, all = Group:new{ parts = { Part:new{ name = "two" }, Part:new{ name = "three" } } } })
end
`,
  "viewdefs/App.DEFAULT.html": template(`<main>
<h1>One</h1><div ui-view="one"></div><div ui-view="box"></div><div ui-view="all"></div>
<input class="search" ui-value="search?keypress" /><ol ui-viewlist="found()"><li></li></ol>
<p class="long" style="height: 40px; overflow: auto"><textarea class="notes" style="height: 400px"></textarea></p>
</main>`),
  "viewdefs/Part.DEFAULT.html": template(
    `<section><i>static</i><button ui-action="press()" ui-value="text()"></button></section>`,
  ),
  "viewdefs/Group.DEFAULT.html": template(`<ul ui-viewlist="parts"></ul>`),
  "viewdefs/Box.DEFAULT.html": template(`<div ui-view="part"></div>`),
};

const PART = "viewdefs/Part.DEFAULT.html";

function start(t: Test, options: Partial<ServerOptions> = {}): Promise<RealHost> {
  return startRealHost(t, files, { hotload: true, ...options });
}

/** A page of a new session that has pressed its first part `presses` times. */
async function open(t: Test, site: RealHost, presses = 0): Promise<Page> {
  const page = await chromium.open(t, `${site.origin}/`);
  await page.locator("section").nth(3).waitFor();
  for (let count = 0; count < presses; count++) await page.locator("button").first().click();
  if (presses > 0)
    await page
      .locator("button", { hasText: `pressed ${presses}` })
      .first()
      .waitFor();
  return page;
}

function save({ dir }: RealHost, file: string, text: string): void {
  writeSiteFile(dir, `${file}.new~`, text);
  fs.renameSync(path.join(dir, `${file}.new~`), path.join(dir, file));
}

function edit(site: RealHost, file: string, from: string, to: string): void {
  save(site, file, fs.readFileSync(path.join(site.dir, file), "utf8").replace(from, to));
}

t.test(
  "only the elements that an edit concerns are changed, in every view of that viewdef and nowhere else",
  async (t) => {
    const site = await start(t);
    const page = await open(t, site);
    await page.evaluate(() => {
      const changed: string[] = [];
      Object.assign(window, { changed });
      new MutationObserver((records) => {
        for (const { target, type, addedNodes, removedNodes } of records) {
          const nodes = [...addedNodes, ...removedNodes];
          // A comment marks the place while it is worked on.
          if (nodes.length > 0 && nodes.every((node) => node instanceof Comment)) continue;
          const element = target instanceof Element ? target : target.parentElement;
          const view = element?.closest("[data-ui-viewdef]")?.getAttribute("data-ui-viewdef");
          changed.push(`${type} of ${element?.localName} in ${view}`);
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    edit(site, PART, "<i>static</i>", `<i title="t">static</i>`);
    await page.locator("i[title=t]").nth(3).waitFor();
    const keys = ["Part.DEFAULT", "Box.DEFAULT Part.DEFAULT", "Part.DEFAULT", "Part.DEFAULT"];
    t.strictSame(
      await page.evaluate("changed"),
      keys.map((key) => `attributes of i in ${key}`),
    );
  },
);

t.test("views whose root is a view or a list change with every viewdef that they consist of", async (t) => {
  const site = await start(t);
  const page = await open(t, site);
  save(site, "viewdefs/Box.DEFAULT.html", template(`<div class="box" ui-view="part"></div>`));
  await page.locator("section.box").waitFor();
  t.equal(await page.locator("section.box").getAttribute("data-ui-viewdef"), "Box.DEFAULT Part.DEFAULT");
  edit(site, PART, "<section>", `<section class="part">`);
  await comes(t, () => page.locator("section.part").count(), 4, "all parts");
  t.equal(await page.locator("section.part.box").count(), 1, "also the one that shares its element");
  save(site, "viewdefs/Box.DEFAULT.html", template(`<b ui-value="part.name"></b>`));
  await page.locator("b", { hasText: "one" }).waitFor();
  save(site, "viewdefs/Box.DEFAULT.html", template(`<div class="again" ui-view="part"></div>`));
  await page.locator("section.part.again").waitFor();
  await page
    .locator("ul section")
    .last()
    .evaluate((part) => part.setAttribute("data-same", ""));
  save(site, "viewdefs/Group.DEFAULT.html", template(`<ul class="group" ui-viewlist="parts"></ul>`));
  await page.locator("ul.group").waitFor();
  t.equal(await page.locator("ul.group > section.part").count(), 2);
  t.equal(await page.locator("ul.group > section[data-same]").count(), 1, "with the rows that there were");
});

t.test("objects that are rebuilt stay where they are in all tabs, with the state of their session", async (t) => {
  const site = await start(t);
  const [one, other] = [await open(t, site, 2), await open(t, site, 1)];
  const tab = await one.context().newPage();
  await tab.goto(one.url());
  await tab.locator("section").nth(3).waitFor();
  const pages = [one, tab, other];
  for (const page of pages) await page.evaluate(`sections = [...document.querySelectorAll("section, button")]`);
  edit(site, "lua/part.lua", "old label", "new label");
  for (const [index, page] of pages.entries()) {
    const first = `new label of one, pressed ${index < 2 ? 2 : 1}`;
    const expected = [first, first, "new label of two, pressed 0", "new label of three, pressed 0"];
    await comes(t, () => texts(page.locator("section button")), expected, "the new code shows the old state");
    t.equal(
      await page.evaluate(`[...document.querySelectorAll("section, button")].every((one, at) => one === sections[at])`),
      true,
      "in the same elements",
    );
  }
});

t.test("what is computed from other state is computed anew by the new code: a search shows other rows", async (t) => {
  const site = await start(t);
  const page = await open(t, site);
  await page.locator(".search").pressSequentially("anna");
  await comes(t, () => texts(page.locator("ol li")), ["Anna", "Hanna"], "before");
  edit(site, "lua/main.lua", `name:lower():find(self.search:lower(), 1, true)`, `name:lower() == self.search`);
  await comes(t, () => texts(page.locator("ol li")), ["Anna"], "after");
  t.equal(await page.locator(".search").inputValue(), "anna");
});

t.test("form, scroll and focus are let go where the options of the host say so", async (t) => {
  const site = await start(t, { hotload: { preserve: { form: false, scroll: false, focus: false } } });
  const page = await open(t, site);
  await page.locator(".notes").pressSequentially("half");
  await page.locator(".long").evaluate((box) => box.scrollTo({ top: 100, behavior: "instant" }));
  edit(site, "viewdefs/App.DEFAULT.html", "<h1>One</h1>", "<h1>First</h1>");
  await page.locator("h1", { hasText: "First" }).waitFor();
  const state = await page.evaluate(() => ({
    text: document.querySelector<HTMLTextAreaElement>(".notes")?.value,
    scroll: document.querySelector(".long")?.scrollTop,
    focus: document.activeElement?.className,
  }));
  t.strictSame(state, { text: "", scroll: 0, focus: "" });
});

t.test(
  "a view that cannot be exchanged is made anew, and a page in which that fails is loaded anew, in its session",
  async (t) => {
    const site = await start(t);
    const page = await open(t, site, 2);
    const isSameLoad = await loadOf(page);
    await page.evaluate(() => {
      // oxlint-disable-next-line typescript/unbound-method -- it is put back as it was
      const { createComment } = Document.prototype;
      Document.prototype.createComment = () => {
        Document.prototype.createComment = createComment;
        throw new Error("on purpose");
      };
    });
    edit(site, PART, "<i>static</i>", "<i>first</i>");
    await comes(t, () => texts(page.locator("i")), Array<string>(4).fill("first"), "all views have it");
    t.ok(await isSameLoad(), "within the page");
    await page.evaluate(() => {
      Document.prototype.createComment = Document.prototype.importNode = () => {
        throw new Error("on purpose");
      };
    });
    const url = page.url();
    const loaded = page.waitForEvent("load");
    edit(site, PART, "<i>first</i>", "<i>second</i>");
    await loaded;
    await comes(t, () => texts(page.locator("i")), Array<string>(4).fill("second"), "all views have it");
    t.notOk(await isSameLoad());
    t.equal(page.url(), url);
    t.match(await page.locator("button").first().textContent(), /pressed 2/);
  },
);

t.test(
  "pages load the part of the client that hot reload needs in development only, and only while files are watched",
  async (t) => {
    const scripts = async (options: object): Promise<number> => {
      const { origin } = await start(t, options);
      const page = await chromium.open(t, "about:blank");
      let count = 0;
      page.on(
        "request",
        (request) => (count += /_moonpool\/client(?!-(violations|indicator))/.test(request.url()) ? 1 : 0),
      );
      await page.goto(`${origin}/`);
      await page.locator("section").nth(3).waitFor();
      return count;
    };
    t.ok((await scripts({})) > 1);
    t.equal(await scripts({ development: false }), 1);
    t.equal(await scripts({ hotload: false }), 1);
  },
);
