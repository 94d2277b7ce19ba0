import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { startRealHost, type RealHost } from "../support/real-host.ts";
import { makeSite, removeSite } from "../support/site.ts";

/** Shows `text()` of a module in slot 0, and a Part in slot 1. */
const main = `
local App = session:prototype("App", { part = EMPTY })
function App:text() return require("shared.words").text() end
Part = session:prototype("Part", {})
if not session:getApp() then session:createAppVariable(App:new{ part = Part:new() }) end
`;
const words = (text: string): string => `local words = {} function words.text() return "${text}" end return words`;
const part = (text: string): string => `<template><p>${text}</p></template>`;

/** A site whose module and viewdef are links to files elsewhere, one of them through a folder. */
async function start(t: Test): Promise<{ host: RealHost; elsewhere: string }> {
  const elsewhere = fs.realpathSync(
    makeSite({
      "one/words.lua": words("one"),
      "two/words.lua": words("two"),
      "one.html": part("one"),
      "two.html": part("two"),
    }),
  );
  t.teardown(() => removeSite(elsewhere));
  const files = {
    "lua/main.lua": main,
    "viewdefs/App.DEFAULT.html": `<template><main><b ui-value="text()"></b><div ui-view="part"></div></main></template>`,
    "viewdefs/Part.DEFAULT.html": part("by default"),
  };
  const host = await startRealHost(t, files, { hotload: true });
  link(path.join(elsewhere, "one"), path.join(host.dir, "lua/shared"));
  link(path.join(elsewhere, "one.html"), path.join(host.dir, "viewdefs/Part.DEFAULT.html"));
  return { host, elsewhere };
}

/** Makes a link, in the place of whatever is there. */
function link(target: string, file: string): void {
  fs.rmSync(`${file}.new~`, { force: true });
  fs.symlinkSync(target, `${file}.new~`);
  fs.renameSync(`${file}.new~`, file);
}

function save(file: string, text: string): void {
  fs.writeFileSync(`${file}.new~`, text);
  fs.renameSync(`${file}.new~`, file);
}

t.test(
  "a save of the file behind a link counts as one of the link, and so does leading the link elsewhere",
  async (t) => {
    const { host, elsewhere } = await start(t);
    const { page } = await host.open();
    const says = (text: string) => page.until(() => page.values.get(page.slot(0)) === text);
    await says("one");
    save(path.join(elsewhere, "one/words.lua"), words("one again"));
    await says("one again");
    link(path.join(elsewhere, "two"), path.join(host.dir, "lua/shared"));
    await says("two");
    save(path.join(elsewhere, "two/words.lua"), words("two again"));
    await says("two again");
  },
);

t.test(
  "a module that main.lua holds follows its name: to where a link leads, to a file in its place, to x/init.lua",
  async (t) => {
    const holder = `
local words = require("words")
local App = session:prototype("App", { n = 0 })
function App:text() return words.text() .. self.n end
if not session:getApp() then session:createAppVariable(App:new()) end
`;
    const state = (text: string): string =>
      `local n = 0 local words = {} function words.text() n = n + 1 return "${text} " .. n .. " " end return words`;
    const { host, elsewhere } = await start(t);
    const file = path.join(host.dir, "lua/words.lua");
    save(path.join(elsewhere, "first.lua"), state("one"));
    save(path.join(elsewhere, "other.lua"), state("two"));
    link(path.join(elsewhere, "first.lua"), file);
    save(path.join(host.dir, "lua/main.lua"), holder);
    const { page } = await host.open();
    const shown = (): string[] => String(page.values.get(page.slot(0))).split(" ");
    let calls = 0;
    const says = async (text: string, goesOn = true): Promise<void> => {
      await page.until(() => shown()[0] === text);
      if (goesOn) t.ok(Number(shown()[1]) > calls, `${text} counts on`);
      calls = Number(shown()[1]);
    };
    await says("one");
    link(path.join(elsewhere, "other.lua"), file);
    await says("two");
    save(path.join(elsewhere, "other.lua"), state("second"));
    await says("second");
    save(file, state("own"));
    await says("own");
    fs.mkdirSync(path.join(host.dir, "lua/words"));
    fs.renameSync(file, path.join(host.dir, "lua/words/init.lua"));
    save(path.join(host.dir, "lua/words/init.lua"), state("inside"));
    await says("inside", false);
    save(path.join(host.dir, "lua/words/init.lua"), state("again"));
    await says("again");
  },
);

t.test(
  "a viewdef behind a link has the link's name, whatever its own, and the link may be led elsewhere or removed",
  async (t) => {
    const { host, elsewhere } = await start(t);
    const { page } = await host.open();
    const file = path.join(host.dir, "viewdefs/Part.DEFAULT.html");
    const html = (): string | undefined => page.viewdefs.get("Part.DEFAULT")?.html;
    await page.until(() => html()?.includes(">one<") ?? false);
    save(path.join(elsewhere, "one.html"), part("one again"));
    await page.until(() => html()?.includes(">one again<") ?? false);
    link(path.join(elsewhere, "two.html"), file);
    await page.until(() => html()?.includes(">two<") ?? false);
    fs.rmSync(file);
    await page.until(() => page.errors.get(page.slot(1)) === "VIEWDEF_MISSING");
    link(path.join(elsewhere, "one.html"), file);
    await page.until(() => !page.errors.has(page.slot(1)) && (html()?.includes(">one again<") ?? false));
  },
);
