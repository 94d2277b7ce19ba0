import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, update, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

t.test("ui-attr: nil and false remove, true is empty, everything else is its text", async (t) => {
  const { page, connection } = await scene(
    t,
    chromium,
    viewdef(`<p title="was"></p>`, bind(0, "attr", 0, { name: "title" })),
    { values: [null] },
  );
  const title = () => page.locator("p").getAttribute("title");
  t.equal(await title(), null);
  for (const [value, expected] of [
    ["x", "x"],
    [false, null],
    [true, ""],
    [0, "0"],
    ["", ""],
    [1.5, "1.5"],
    [null, null],
  ] as const) {
    await settled(page, connection, update(2, value));
    t.equal(await title(), expected);
  }
});

t.test("ui-attr sets what counts: checked, selected and value after the person has changed them", async (t) => {
  const app = viewdef(
    `<input type="checkbox"><input id="text"><select><option>a</option><option>b</option></select><details></details><button></button>`,
    bind(0, "attr", 0, { name: "checked" }),
    bind(1, "attr", 1, { name: "value" }),
    bind(4, "attr", 2, { name: "selected" }),
    bind(5, "attr", 3, { name: "open" }),
    bind(6, "attr", 4, { name: "disabled" }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [false, "a", false, true, true] });
  await page.locator("[type=checkbox]").click();
  await page.locator("#text").fill("typed");
  await settled(page, connection, update(2, false), update(3, "server"), update(4, true));
  t.equal(await page.locator("[type=checkbox]").isChecked(), false);
  t.equal(await page.locator("#text").inputValue(), "server");
  t.equal(await page.locator("select").inputValue(), "b");
  t.same(await page.evaluate(`[document.querySelector("details").open, document.querySelector("button").disabled]`), [
    true,
    true,
  ]);
});

t.test("ui-attr-class and ui-attr-style leave alone what the template and other bindings set", async (t) => {
  const app = viewdef(
    `<p class="own both" style="color: red; top: 1px"></p>`,
    bind(0, "attr", 0, { name: "class" }),
    bind(0, "class", 1, { name: "toggled" }),
    bind(0, "attr", 2, { name: "style" }),
    bind(0, "style", 3, { name: "left" }),
  );
  const { page, connection } = await scene(t, chromium, app, {
    values: ["x both", true, "color: blue; margin: 0", "2px"],
  });
  const look = () =>
    page.locator("p").evaluate((p) => [p.className, p.style.color, p.style.margin, p.style.top, p.style.left]);
  t.same(await look(), ["own both x toggled", "blue", "0px", "1px", "2px"]);
  await settled(page, connection, update(2, null), update(4, null));
  t.same(await look(), ["own both toggled", "red", "", "1px", "2px"]);
  await settled(page, connection, update(2, "y"), update(3, 0), update(4, "top: 9px"));
  t.same(await look(), ["own both y", "red", "", "9px", "2px"]);
});

t.test("ui-class: there while the value is true in the sense of JavaScript", async (t) => {
  const { page, connection } = await scene(
    t,
    chromium,
    viewdef(`<p class="Is-On"></p>`, bind(0, "class", 0, { name: "Is-On" })),
    { values: [false] },
  );
  const has = () => page.evaluate(`document.querySelector("p").classList.contains("Is-On")`);
  t.equal(await has(), false);
  for (const [value, expected] of [
    [true, true],
    [0, false],
    [1, true],
    ["", false],
    ["no", true],
    [null, false],
    [{ obj: 3 }, true],
  ] as const) {
    await settled(page, connection, update(2, value));
    t.equal(await has(), expected, JSON.stringify(value));
  }
});

t.test("ui-style: properties, custom properties and !important; nil takes them away", async (t) => {
  const app = viewdef(
    `<p style="width: 1px"></p>`,
    bind(0, "style", 0, { name: "width" }),
    bind(0, "style", 1, { name: "--Depth" }),
    bind(0, "style", 2, { name: "color" }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["50%", 3, "red !important"] });
  const style = () => page.locator("p").evaluate((p) => p.style.cssText);
  t.equal(await style(), "width: 50%; --Depth: 3; color: red !important;");
  await settled(page, connection, update(2, null), update(3, null), update(4, "blue"));
  t.equal(await style(), "color: blue;");
});

t.test("an address that would run as a script is not set", async (t) => {
  const app = viewdef(`<a>x</a>`, bind(0, "attr", 0, { name: "href" }));
  const { page, connection } = await scene(t, chromium, app, {
    values: [" \tJava\nScript:alert(1)"],
    allow: /href of <a>/,
  });
  t.equal(await page.locator("a").getAttribute("href"), null);
  t.equal(await page.locator("a.ui-error").getAttribute("ui-error-code"), "URL_FORBIDDEN");
  t.match(await connection.messages(), [
    { type: "error", code: "URL_FORBIDDEN", message: /^App.DEFAULT ui-attr: .*href of <a>/ },
  ]);
  await settled(page, connection, update(2, "https://example.org/?javascript:"));
  t.equal(await page.locator("a").getAttribute("href"), "https://example.org/?javascript:");
  t.equal(await page.locator(".ui-error").count(), 0);
});

t.test("an animation or a <use> of SVG is not given an address that could run", async (t) => {
  const app = viewdef(
    `<svg><a><set attributeName="href"/><animate attributeName="href"/><animateTransform/><text>x</text></a><use/></svg>`,
    bind(2, "attr", 0, { name: "to" }),
    bind(3, "attr", 0, { name: "from" }),
    bind(3, "attr", 0, { name: "by" }),
    bind(3, "attr", 1, { name: "VALUES" }),
    bind(4, "attr", 0, { name: "to" }),
    bind(6, "attr", 0, { name: "href" }),
    bind(6, "attr", 0, { name: "xlink:href" }),
    // Text, wherever it does not lead anywhere.
    bind(5, "attr", 0, { name: "to" }),
  );
  const script = " Java\tscript:window.hacked=1";
  const { page, connection } = await scene(t, chromium, app, {
    values: [script, `#a; ${script}`],
    allow: / of <(set|animate|use)/,
  });
  const given = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("set, animate, animateTransform, use, text")].map((element) =>
        element
          .getAttributeNames()
          .filter((name) => !/^(attributeName|class|ui-error-.*)$/.test(name))
          .join(),
      ),
    );
  t.strictSame(await given(), ["", "", "", "to", ""]);
  await settled(page, connection, update(2, " DATA:image/svg+xml,x"), update(3, "#a;data:text/html,x"));
  t.strictSame(await given(), ["", "", "", "to", ""]);
  await settled(page, connection, update(2, "#javascript:"), update(3, "red;blue"));
  t.strictSame(await given(), ["to", "from,by,VALUES", "to", "to", "href,xlink:href"]);
  t.equal(await page.evaluate("window.hacked"), undefined);
});

t.test("an update of properties or errors alone changes no text, attribute or class", async (t) => {
  const app = viewdef(
    `<p></p>`,
    bind(0, "value", 0),
    bind(0, "attr", 0, { name: "title" }),
    bind(0, "class", 0, { name: "c" }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["x"] });
  await settled(page, connection, { type: "update", id: 2, properties: { color: "red" } });
  t.equal(
    await page.evaluate("document.body.innerHTML.trim()"),
    `<p title="x" class="c" data-ui-viewdef="App.DEFAULT">x</p>`,
  );
  await settled(page, connection, { type: "update", id: 2, error: { code: "PATH_NIL", message: "m" } });
  t.equal(await page.locator("p").textContent(), "x");
});
