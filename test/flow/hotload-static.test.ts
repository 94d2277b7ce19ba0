import t from "tap";
import { comes } from "../support/demo.ts";
import { loadOf, startHotSite } from "../support/hot-site.ts";

const logo = (size: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="9" height="9" /></svg>`;

const PAGE = "html/index.html";
const files: Record<string, string> = {
  [PAGE]: `<!doctype html><html lang="en"><head><title>Test</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="styles/site.css"><style>@import url("styles/more.css");</style></head>
<body><h1>First</h1><img id="logo" src="logo.svg" alt=""><input id="unbound"><div id="box"></div><div ui-app></div></body></html>`,
  "html/styles/site.css": `#box { width: 10px }`,
  "html/styles/more.css": `#box { height: 10px }`,
  "html/logo.svg": logo(10),
  "html/tick.svg": logo(30),
  "lua/main.lua": `
local App = session:prototype("App", { name = "", presses = 0 })
function App:press() self.presses = self.presses + 1 end
if not session:getApp() then session:createAppVariable(App:new()) end
`,
  "viewdefs/App.DEFAULT.html": `<template><main><input id="name" ui-value="name"><b id="presses" ui-value="presses"></b>
<button id="press" ui-action="press()">Press</button><i id="tick" style="background: url(tick.svg)"></i></main></template>`,
};

const site = await startHotSite(t, files);

t.test(
  "styles and images are exchanged in the page: it is not loaded again, and nothing that was typed is lost",
  async (t) => {
    const page = await site.open(t);
    const isSameLoad = await loadOf(page);
    const box = page.locator("#box");
    const style = (name: "width" | "height"): Promise<string> =>
      box.evaluate((element, name) => getComputedStyle(element)[name], name);
    await comes(t, () => style("width"), "10px", "the first style");
    await page.locator("#name").fill("half-ty");
    site.save("html/styles/site.css", `#box { width: 20px }`);
    await comes(t, () => style("width"), "20px", "a linked style sheet");
    site.save("html/styles/more.css", `#box { height: 20px }`);
    await comes(t, () => style("height"), "20px", "one that another one imports");
    site.save("html/logo.svg", logo(20));
    const size = () => page.locator("#logo").evaluate((image: HTMLImageElement) => image.naturalWidth);
    await comes(t, size, 20, "an image");
    site.save("html/styles/site.css", `#box { width: 30px }`);
    await comes(t, () => style("width"), "30px", "again");
    t.equal(await page.locator("#name").inputValue(), "half-ty");
    t.ok(await isSameLoad());
  },
);

t.test(
  "an edited page is loaded again in the same session, with what had been typed and where the caret was",
  async (t) => {
    const page = await site.open(t);
    await page.locator("#press").click();
    await comes(t, () => page.locator("#presses").innerText(), "1", "the session has a state");
    await page.locator("#unbound").fill("not bound to anything");
    const name = page.locator("#name");
    await name.focus();
    await page.keyboard.type("half-typed");
    await name.evaluate((field: HTMLInputElement) => field.setSelectionRange(2, 5));
    const url = page.url();
    const isSameLoad = await loadOf(page);
    site.edit(PAGE, "<h1>First</h1>", "<h1>Second</h1>");
    await comes(t, () => page.locator("h1").innerText(), "Second", "the new page");
    t.notOk(await isSameLoad());
    t.equal(page.url(), url);
    await comes(t, () => page.locator("#presses").innerText(), "1", "the same session");
    await comes(t, () => name.inputValue(), "half-typed", "what was typed");
    t.equal(await page.locator("#unbound").inputValue(), "not bound to anything");
    const selection = () =>
      name.evaluate((field: HTMLInputElement) => [
        document.activeElement === field,
        field.selectionStart,
        field.selectionEnd,
      ]);
    await comes(t, selection, [true, 2, 5], "focus and selection");
    await page.keyboard.press("End");
    await page.keyboard.type("!");
    await page.locator("#press").click();
    await comes(t, () => page.locator("#presses").innerText(), "2", "and all works");
    const again = await page.context().newPage();
    await again.goto(url);
    await comes(t, () => again.locator("#name").inputValue(), "half-typed!", "Lua has got the text");
  },
);
