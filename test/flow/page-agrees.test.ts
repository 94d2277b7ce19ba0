import type { Page } from "playwright-core";
import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { Mirror } from "../support/mirror.ts";
import { startRealHost } from "../support/real-host.ts";
import { plainPage } from "../support/site.ts";

const SEED = 1;
const CHANGES = 400;
const EACH = 20;

/** Slots of App that the test itself uses. */
const slot = { token: 0, change: 1 };

/** Everything that can be shown in everything: views that share elements, rows in tables and selects, plain rows. */
const site: Record<string, string> = {
  "html/index.html": plainPage,
  "lua/main.lua": `
local random = math.random
local Leaf = session:prototype("Leaf", { text = "", on = false, color = "red" })
local Pair = session:prototype("Pair", { one = EMPTY, two = EMPTY, on = false, text = "" })
local Chain = session:prototype("Chain", { inner = EMPTY, text = "" })
local Group = session:prototype("Group", { items = EMPTY, on = false, text = "" })
local App = session:prototype("App", { token = 0, main = EMPTY, rows = EMPTY, cells = EMPTY, options = EMPTY, words = EMPTY,
  choice = EMPTY, on = false, html = "" })

local made = 0
local function text() return "t" .. random(9) end
local make
local function many(limit, depth)
  local items = {}
  for i = 1, random(0, limit) do items[i] = make(depth) end
  return items
end
make = function(depth)
  local kind = depth <= 0 and 1 or random(4)
  if kind == 1 then return Leaf:new{ text = text(), on = random(2) == 1 } end
  if kind == 2 then return Pair:new{ one = random(3) > 1 and make(depth - 1) or nil, two = make(depth - 1), text = text() } end
  if kind == 3 then return Chain:new{ inner = random(3) > 1 and make(depth - 1) or nil, text = text() } end
  return Group:new{ items = many(4, depth - 1), text = text() }
end
local function disturb(list, new)
  local what = random(6)
  if what == 1 then table.insert(list, random(#list + 1), new())
  elseif what == 2 and #list > 0 then table.remove(list, random(#list))
  elseif what == 3 and #list > 1 then table.insert(list, random(#list), table.remove(list, random(#list)))
  elseif what == 4 then for i = #list, 2, -1 do local j = random(i) list[i], list[j] = list[j], list[i] end
  elseif what == 5 and #list > 0 then list[random(#list)] = new()
  elseif #list > 8 then for i = #list, 3, -1 do list[i] = nil end end
end
local function touch(object, depth)
  if object == nil then return end
  object.text, object.on = text(), random(2) == 1
  if object.type == "Leaf" then object.color = random(2) == 1 and "red" or "blue" end
  if object.items then disturb(object.items, function() return make(1) end) end
  if object.type == "Pair" or object.type == "Chain" then
    local field = object.type == "Chain" and "inner" or random(2) == 1 and "one" or "two"
    if random(2) == 1 then object[field] = random(3) > 1 and make(depth) or nil else touch(object[field], depth - 1) end
  end
end
local function word() return ({ "a", "b", "c", 1, 2.5, true })[random(6)] end
function App:change(seed)
  math.randomseed(seed)
  for _ = 1, random(3) do
    local what = random(8)
    if what == 1 then self.main = random(4) > 1 and make(3) or nil
    elseif what == 2 then touch(self.main, 2)
    elseif what == 3 then disturb(self.rows, function() return make(2) end)
    elseif what == 4 and #self.rows > 0 then touch(self.rows[random(#self.rows)], 2)
    elseif what == 5 then disturb(self.cells, function() return Leaf:new{ text = text() } end)
    elseif what == 6 then
      disturb(self.options, function() made = made + 1 return Leaf:new{ text = "option " .. made } end)
      self.choice = #self.options > 0 and self.options[random(#self.options)].text or nil
    elseif what == 7 then disturb(self.words, random(3) == 1 and function() return make(1) end or word)
    else self.on, self.html = random(2) == 1, random(2) == 1 and "<em>" .. text() .. "</em>" or "" end
  end
  self.token = seed
end
session:createAppVariable(App:new{ rows = {}, cells = {}, options = {}, words = {} })
`,
  "viewdefs/App.DEFAULT.html": `<template><b id="token" ui-value="token"></b><i ui-action="change(_)"></i>
<main><div ui-view="main" class="main" ui-class-appOn="on" ui-attr-lang="html"></div></main><div ui-html="html"></div>
<section ui-viewlist="rows"><div class="row"></div></section><section ui-view="rows?wrapper=lua.ViewList"></section>
<table><tbody ui-viewlist="cells" ui-namespace="ROW"></tbody></table>
<select ui-value="choice"><option ui-view="main" ui-namespace="OPTION"></option></select>
<select ui-viewlist="options" ui-namespace="OPTION" ui-value="choice"></select>
<ol ui-viewlist="words"><li class="word"></li></ol>{{</template>`,
  "viewdefs/Leaf.DEFAULT.html": `<template><p ui-value="text" ui-class-on="on" ui-style-color="color"></p></template>`,
  "viewdefs/Leaf.ROW.html": `<template><tr><td ui-value="text"></td><td><input type="checkbox" ui-value="on"></td></tr></template>`,
  "viewdefs/Leaf.OPTION.html": `<template><option ui-value="text" ui-attr-value="text"></option></template>`,
  "viewdefs/Pair.DEFAULT.html": `<template>[<div ui-view="one"></div>|<div ui-view="two" class="two" ui-class-pairOn="on"></div>]<input ui-value="text"></template>`,
  "viewdefs/Pair.OPTION.html": `<template><option>pair</option></template>`,
  "viewdefs/Chain.DEFAULT.html": `<template><div ui-view="inner" class="chained"></div></template>`,
  "viewdefs/Chain.OPTION.html": `<template><option ui-view="inner"></option></template>`,
  "viewdefs/Group.DEFAULT.html": `<template><ul ui-viewlist="items" ui-attr-title="text"><li class="item"></li></ul></template>`,
  "viewdefs/Group.OPTION.html": `<template><option>group</option></template>`,
};

const host = await startRealHost(t, site, { rate: { perSecond: 1e6, burst: 1e6 }, development: false });
const chromium = await Chromium.launch(t);

/** What a person sees and can type into, as text: tags, attributes, texts, states of fields; no comments. */
function picture(page: Page): Promise<string> {
  return page.evaluate(() => {
    const lines: string[] = [];
    const walk = (node: Node, depth: string): void => {
      if (node instanceof Text && node.data.trim() !== "") lines.push(depth + node.data.trim());
      if (!(node instanceof Element) || node.localName === "script") return;
      const attributes = Array.from(node.attributes, ({ name, value }) =>
        name === "class" ? `class=${[...node.classList].sort().join(".")}` : `${name}=${value}`,
      ).filter((text) => text !== "class=" && text !== "style=");
      const { value, checked } = node as HTMLInputElement;
      const state = node.matches("input, select") ? ` value: ${value} ${checked}` : "";
      lines.push(`${depth}<${node.localName} ${attributes.sort().join(" ")}>${state}`);
      for (const child of node.childNodes) walk(child, `${depth}  `);
    };
    walk(document.body, "");
    return lines.join("\n");
  });
}

t.test("a page that lived through hundreds of random changes shows what a page shows that is opened now", async (t) => {
  t.comment(`seed ${SEED}`);
  const old = await chromium.open(t, `${host.origin}/`);
  await old.locator("main").waitFor({ state: "attached" });
  const browser = host.browser();
  for (const { name, value } of await old.context().cookies()) browser.cookies.set(name, value);
  const driver = await Mirror.of(await browser.connect(new URL(old.url()).pathname));
  const young = await old.context().newPage();
  young.on("pageerror", (error) => t.fail(String(error)));
  for (let done = 0; done < CHANGES; done += EACH) {
    for (let index = 1; index <= EACH; index++) driver.write(driver.slot(slot.change), SEED * 100_000 + done + index);
    const token = String(SEED * 100_000 + done + EACH);
    await old.locator("#token", { hasText: token }).waitFor();
    await young.goto(old.url());
    await young.locator("#token", { hasText: token }).waitFor();
    t.equal(await picture(old), await picture(young), `after change ${token}`);
    if (!t.passing()) return;
  }
  t.equal(driver.errors.size, 0);
  t.equal(driver.faults.length, 0);
});
