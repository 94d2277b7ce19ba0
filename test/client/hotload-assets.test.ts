// Static files that change while a page uses them (seed rows S4-56, S4-57).
import t from "tap";
import type { Page } from "playwright-core";
import type { Test } from "tap";
import type { ServerMessage } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { Stage, type StageOptions } from "../support/stage.ts";

const chromium = await Chromium.launch(t);
const assets = (...assets: string[]): ServerMessage => ({ type: "reload", assets });
const svg = (size: number) => `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"/>`;
const open = (t: Test, template: string, options: StageOptions) =>
  Stage.open(t, chromium, { App: template }, {}, options);

/** The host has new versions of files, and says so. */
async function save(stage: Stage, files: Record<string, string>, prefix = ""): Promise<void> {
  for (const [name, text] of Object.entries(files)) stage.host.files.set(prefix + name, text);
  await stage.edit({}, assets(...Object.keys(files)));
}

const styleOf = (page: Page, selector: string, name: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), name);

async function comes(page: Page, selector: string, name: string, value: string): Promise<void> {
  await page.waitForFunction(
    ([selector = "", name = "", value]) => {
      const element = document.querySelector(selector);
      return element !== null && getComputedStyle(element).getPropertyValue(name) === value;
    },
    [selector, name, value],
  );
}

for (const prefix of ["", "/shop"])
  t.test(
    `a linked style sheet is exchanged and the page never without one${prefix && ", below a prefix"}`,
    async (t) => {
      const stage = await open(t, `<p>x</p>`, {
        prefix,
        head: `<link id="a" rel="stylesheet" href="${prefix}/one%20a.css?x=1"><link rel="stylesheet" href="${prefix}/two.css">`,
        files: {
          [`${prefix}/one a.css`]: `p { width: 10px; height: 5px }`,
          [`${prefix}/one%20a.css`]: `p { width: 10px; height: 5px }`,
          [`${prefix}/two.css`]: `p { height: 7px }`,
        },
      });
      const { page } = stage;
      await page.evaluate(() => {
        const seen = new Set<string>();
        const look = () => {
          seen.add(getComputedStyle(document.querySelector("p") as Element).width);
          requestAnimationFrame(look);
        };
        look();
        Object.assign(window, { seen, before: [...document.querySelectorAll("link")] });
      });
      stage.host.files.set(`${prefix}/one%20a.css`, `p { width: 20px; height: 5px }`);
      await stage.edit({}, assets("/one a.css"));
      await comes(page, "p", "width", "20px");
      await page.waitForFunction("document.querySelectorAll('link').length === 2 && seen.size > 1");
      t.same(await page.evaluate("[...seen]"), ["10px", "20px"]);
      t.equal(await page.evaluate("before.every((link) => link.isConnected)"), true);
      t.match(await page.locator("#a").getAttribute("href"), /[?]x=1&moonpool=/);
      t.equal(await styleOf(page, "p", "height"), "7px", "the order of the sheets is the same");
      stage.host.files.set(`${prefix}/one%20a.css`, `p { width: 30px }`);
      await stage.edit({}, assets("/one%20a.css"));
      await comes(page, "p", "width", "30px");
      t.equal(await page.evaluate("before[1].getAttribute('href')"), `${prefix}/two.css`);
    },
  );

t.test("a style sheet that cannot be loaded leaves the old one where it is", async (t) => {
  const stage = await open(t, `<p>x</p>`, {
    head: `<link rel="stylesheet" href="/one.css">`,
    files: { "/one.css": `p { width: 10px }` },
    allow: /404/,
  });
  stage.host.files.delete("/one.css");
  await stage.edit({}, assets("/one.css"));
  await stage.page.waitForFunction("document.querySelectorAll('link').length === 1");
  t.equal(await styleOf(stage.page, "p", "width"), "10px");
});

t.test("style sheets that others import are exchanged, in links, in <style> and within others", async (t) => {
  const stage = await open(t, `<p>x</p><style>@import "/c.css" screen;</style>`, {
    head: `<link rel="stylesheet" href="/a.css">`,
    files: {
      "/a.css": `@import "b.css" layer(base); p { top: 1px }`,
      "/b.css": `@import url("deep/d.css"); p { width: 10px }`,
      "/c.css": `p { height: 10px }`,
      "/deep/d.css": `p { left: 10px }`,
    },
  });
  const { page } = stage;
  await comes(page, "p", "left", "10px");
  await save(stage, { "/b.css": `@import url("deep/d.css"); p { width: 20px }`, "/c.css": `p { height: 20px }` });
  await comes(page, "p", "width", "20px");
  await comes(page, "p", "height", "20px");
  await save(stage, { "/deep/d.css": `p { left: 20px }` });
  await comes(page, "p", "left", "20px");
  await save(stage, { "/a.css": `@import "b.css" layer(base); p { top: 2px }` });
  await comes(page, "p", "top", "2px");
  t.equal(await styleOf(page, "p", "width"), "20px", "what it imports is the newest, too");
  await save(stage, {
    "/a.css": `@import "b.css" layer(base); p { top: 3px }`,
    "/b.css": `@import url("deep/d.css"); p { width: 30px }`,
  });
  await comes(page, "p", "width", "30px");
  await comes(page, "p", "top", "3px");
  await page.waitForFunction("document.querySelectorAll('link, style').length === 2");
});

t.test("images, sources, posters and icons are exchanged; so is url() in styles", async (t) => {
  const template = `<img id="src" src="/i.svg"><img id="set" srcset="/other.svg 1x, /i.svg 2x">
    <picture><source srcset="/i.svg"><img></picture><video poster="/i.svg"></video><input type="image" src="/i.svg">
    <svg><image href="/i.svg"/></svg><b style="background: url(/i.svg) no-repeat; color: red"></b><i>x</i><u>x</u>`;
  const stage = await open(t, template, {
    head: `<link rel="icon" href="/i.svg"><link rel="preload" as="image" href="/j.svg"><link rel="stylesheet" href="/css/a.css">
      <style>@media screen { u { background-image: url(/i.svg) } }</style>`,
    files: {
      "/i.svg": svg(10),
      "/j.svg": svg(10),
      "/other.svg": svg(5),
      "/css/a.css": `i { background: url("../i.svg") } @keyframes k { from { background-image: url(../i.svg) } }`,
    },
  });
  const { page } = stage;
  await page.waitForFunction("document.querySelector('#src').naturalWidth === 10");
  await save(stage, { "/i.svg": svg(20) });
  await page.waitForFunction("document.querySelector('#src').naturalWidth === 20");
  const fresh = /\/i\.svg\?moonpool=\d+/;
  for (const [selector, name] of [
    ["#set", "srcset"],
    ["source", "srcset"],
    ["video", "poster"],
    ["input", "src"],
    ["svg image", "href"],
    ["[rel=icon]", "href"],
  ] as const)
    t.match(await page.locator(selector).getAttribute(name), fresh, selector);
  t.match(await page.locator("#set").getAttribute("srcset"), /^\/other\.svg 1x, .* 2x$/);
  for (const selector of ["b", "i", "u"]) t.match(await styleOf(page, selector, "background-image"), fresh, selector);
  t.equal(await styleOf(page, "b", "color"), "rgb(255, 0, 0)");
  const rule =
    "[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).find(({ name }) => name === 'k').cssText";
  t.match(await page.evaluate(rule), fresh);
});

t.test("what is in open shadow roots is exchanged", async (t) => {
  const stage = await open(t, `<x-a></x-a>`, {
    head: `<template><link rel="stylesheet" href="/s.css"><p>x</p><img src="/i.svg"></template><script>customElements.define("x-a", class extends HTMLElement {
      constructor() { super(); this.attachShadow({ mode: "open" }).append(document.querySelector("template").content.cloneNode(true)); }
    })</script>`,
    files: { "/s.css": `p { width: 10px }`, "/i.svg": svg(10) },
  });
  const { page } = stage;
  const inner = "document.querySelector('x-a').shadowRoot";
  await page.waitForFunction(`getComputedStyle(${inner}.querySelector("p")).width === "10px"`);
  await save(stage, { "/s.css": `p { width: 20px }`, "/i.svg": svg(20) });
  await page.waitForFunction(`getComputedStyle(${inner}.querySelector("p")).width === "20px"`);
  await page.waitForFunction(`${inner}.querySelector("img").naturalWidth === 20`);
});

t.test("files that the page does not show change nothing, nor do those of others", async (t) => {
  const stage = await open(t, `<p style="background: url('data:,x')">x</p><img src="/i.svg">`, {
    head: `<link rel="stylesheet" href="/a.css"><style>@font-face { font-family: f; src: url(/f.woff2) }</style>`,
    files: { "/a.css": `p { width: 10px }`, "/i.svg": svg(10) },
  });
  const { page } = stage;
  const before = await page.evaluate("document.documentElement.innerHTML");
  await save(stage, { "/data.json": "{}", "/f.woff2": "", "/A.css": "", "/sub/a.css": "", "/%zz": "" });
  t.equal(await page.locator("moonpool-hotload .toast").textContent(), "data.json, f.woff2, A.css, a.css, %zz");
  t.equal(await page.evaluate("document.documentElement.innerHTML"), before);
});
