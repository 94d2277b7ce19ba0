import t from "tap";
import type { Binding, Value } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, update, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
/** Shoelace makes its icons by innerHTML; pages that use it let them pass, as the demo does. */
const icons = `<script>trustedTypes.createPolicy("default", { createHTML: (text) => /^\\s*<svg[\\s>]/.test(text) ? text : null })</script>`;
const imports = (...names: string[]) =>
  names.map((name) => `import "/shoelace/components/${name}/${name}.js";`).join("");
const components = (...names: string[]) => `${icons}<script type="module">${imports(...names)}</script>`;
const two = (at: number, slot: number, more: Partial<Binding> = {}) =>
  bind(at, "value", slot, { write: true, ...more });
const ready = (name: string) =>
  `customElements.whenDefined("${name}").then(() => document.querySelector("${name}").updateComplete).then(() => true)`;
const valueOf = (selector: string) => `document.querySelector("${selector}").value`;
const write = (id: number, value: Value) => [{ type: "update", id, value }];

t.test("components show the server's value though they are defined later, and send theirs with its type", async (t) => {
  const app = viewdef(
    `<sl-input></sl-input><sl-input type="number"></sl-input><sl-textarea></sl-textarea><sl-checkbox>c</sl-checkbox><sl-switch>s</sl-switch>
     <sl-range></sl-range><sl-rating></sl-rating><sl-color-picker></sl-color-picker>
     <sl-radio-group><sl-radio value="a">A</sl-radio><sl-radio value="b">B</sl-radio></sl-radio-group>
     <sl-progress-bar></sl-progress-bar><sl-badge>old</sl-badge><button id="else">elsewhere</button>`,
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((at) => two(at, at)),
    bind(11, "value", 9),
    bind(12, "value", 10),
  );
  const { page, connection } = await scene(t, chromium, app, {
    values: ["text", 3, "area", true, true, 40, 2, "#ff0000", "b", 55, "new"],
    head: icons,
    files: {
      "/late.js": imports(
        "input",
        "textarea",
        "checkbox",
        "switch",
        "range",
        "rating",
        "color-picker",
        "radio-group",
        "radio",
        "progress-bar",
        "badge",
      ),
    },
  });
  await page.evaluate(`import("/late.js").then(() => {})`);
  for (const name of ["sl-input", "sl-radio-group", "sl-progress-bar", "sl-rating"]) await page.evaluate(ready(name));
  t.equal(await page.evaluate(valueOf("sl-input")), "text");
  t.equal(await page.evaluate(valueOf("sl-input[type=number]")), "3");
  t.equal(await page.evaluate(valueOf("sl-textarea")), "area");
  t.same(await page.evaluate(`["sl-checkbox", "sl-switch"].map((name) => document.querySelector(name).checked)`), [
    true,
    true,
  ]);
  t.same(
    await page.evaluate(
      `["sl-range", "sl-rating", "sl-progress-bar"].map((name) => document.querySelector(name).value)`,
    ),
    [40, 2, 55],
  );
  t.equal(await page.evaluate(valueOf("sl-color-picker")), "#ff0000");
  t.equal(await page.evaluate(valueOf("sl-radio-group")), "b");
  t.equal(await page.locator("sl-badge").textContent(), "new");

  await page.locator("sl-input >> nth=0").locator("input").fill("typed");
  await page.locator("sl-input >> nth=1").locator("input").click();
  t.strictSame(await connection.messages(), write(2, "typed"));
  await page.keyboard.press("Control+A");
  await page.keyboard.type("4.5");
  await page.locator("sl-textarea textarea").click();
  t.strictSame(await connection.messages(), write(3, 4.5));
  await page.keyboard.type("!");
  await page.locator("#else").click();
  t.strictSame(await connection.messages(), write(4, "area!"));
  await page.locator("sl-checkbox").click();
  t.strictSame(await connection.messages(), write(5, false));
  await page.locator("sl-switch").click();
  t.strictSame(await connection.messages(), write(6, false));
  await page.locator("sl-range input").focus();
  await page.keyboard.press("ArrowRight");
  t.strictSame(await connection.messages(), write(7, 41));
  await page.locator("sl-rating").click({ position: { x: 5, y: 10 } });
  t.strictSame(await connection.messages(), write(8, 1));
  await page.locator("sl-radio[value=a]").click();
  t.strictSame(await connection.messages(), write(10, "a"));

  await settled(page, connection, update(2, null), update(3, 9), update(5, true), update(7, 10), update(10, null));
  t.equal(await page.evaluate(valueOf("sl-input")), "");
  t.equal(await page.evaluate(valueOf("sl-input[type=number]")), "9");
  t.equal(await page.evaluate(`document.querySelector("sl-checkbox").checked`), true);
  t.equal(await page.evaluate(valueOf("sl-range")), 10);
  t.equal(await page.evaluate(valueOf("sl-radio-group")), "");
});

t.test("a select component shows its value though its options come later, and sends strings or an array", async (t) => {
  const app = viewdef(
    `<sl-select id="one"></sl-select><sl-select id="many" multiple></sl-select>`,
    bind(0, "list", 0),
    bind(1, "list", 1),
    two(0, 2),
    two(1, 3),
  );
  const option = viewdef(`<sl-option></sl-option>`, bind(0, "attr", 0, { name: "value" }), bind(0, "value", 1));
  const named = viewdef(`<sl-option><span></span></sl-option>`, bind(0, "value", 0), bind(1, "value", 1));
  const { page, connection } = await scene(t, chromium, app, {
    values: [[], [], "11", ["20", "22"]],
    viewdefs: { "Named.DEFAULT": named, "O.DEFAULT": option },
    head: components("select", "option"),
  });
  await page.evaluate(ready("sl-select"));
  const rows = (id: number, first: number, key: string) => [
    { type: "list" as const, id, place: [{ row: first, count: 3, before: 0 }] },
    ...[0, 1, 2].map((index) => ({
      type: "view" as const,
      id: first + index,
      viewdef: key,
      first: (first + index) * 10,
      values: [String(first + index), `name ${first + index}`],
    })),
  ];
  await settled(page, connection, ...rows(2, 10, "Named.DEFAULT"), ...rows(3, 20, "Named.DEFAULT"));
  await page.waitForFunction(`document.querySelector("#one").displayLabel === "name 11"`);
  t.equal(await page.evaluate(valueOf("#one")), "11");
  t.same(await page.evaluate(valueOf("#many")), ["20", "22"]);
  await page.locator("#one").click();
  await page.locator("#one sl-option").nth(2).click();
  t.strictSame(await connection.messages(), write(4, "12"));
  await page.locator("#many").click();
  await page.locator("#many sl-option").nth(1).click();
  t.strictSame(await connection.messages(), write(5, ["20", "21", "22"]));
  await settled(page, connection, update(4, "10"), update(5, []));
  await page.waitForFunction(`document.querySelector("#one").displayLabel === "name 10"`);
  t.same(await page.evaluate(valueOf("#many")), []);
  await settled(page, connection, update(4, null));
  await page.waitForFunction(`document.querySelector("#one").displayLabel === ""`);
});

t.test("typing in a component is sent as it goes, and an answer does not move the caret", async (t) => {
  const app = viewdef(`<sl-input></sl-input>`, two(0, 0, { keypress: true, overwrite: true }));
  const { page, connection } = await scene(t, chromium, app, { values: ["ac"], head: components("input") });
  await page.evaluate(ready("sl-input"));
  await page.locator("sl-input input").evaluate((input: HTMLInputElement) => {
    input.focus();
    input.setSelectionRange(1, 1);
  });
  await page.keyboard.type("b");
  t.strictSame(await connection.messages(), write(2, "abc"));
  await settled(page, connection, update(2, "ABC"));
  await page.evaluate(`document.querySelector("sl-input").updateComplete.then(() => true)`);
  t.equal(await page.locator("sl-input input").inputValue(), "ABC");
  await page.keyboard.type("x");
  t.strictSame(await connection.messages(), write(2, "ABxC"));
});

t.test("attributes with true, nil and text work on components", async (t) => {
  const app = viewdef(
    `<sl-dialog label="D"></sl-dialog><sl-button>b</sl-button>`,
    bind(0, "attr", 0, { name: "open" }),
    bind(1, "attr", 1, { name: "disabled" }),
    bind(1, "attr", 2, { name: "variant" }),
    bind(1, "action", 3),
    bind(0, "event", 4, { name: "sl-request-close", argument: true }),
  );
  const { page, connection } = await scene(t, chromium, app, {
    values: [false, true, "primary", null, null],
    head: components("dialog", "button"),
  });
  await page.evaluate(ready("sl-dialog"));
  const state = () =>
    page.evaluate(
      `[document.querySelector("sl-dialog").open, document.querySelector("sl-button").disabled, document.querySelector("sl-button").variant]`,
    );
  t.same(await state(), [false, true, "primary"]);
  await settled(page, connection, update(3, null));
  await page.locator("sl-button").click();
  t.strictSame(await connection.messages(), write(5, null));
  await settled(page, connection, update(2, true));
  t.same(await state(), [true, false, "primary"]);
  await page.keyboard.press("Escape");
  t.strictSame(await connection.messages(), write(6, { type: "sl-request-close", detail: { source: "keyboard" } }));
});
