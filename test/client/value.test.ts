import t from "tap";
import type { Value } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { scene, settled, type Scene } from "../support/scene.ts";
import { bind, update, viewdef, type Connection } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

/** A page with one field, bound two-way to variable 2. */
function field(t: Parameters<typeof scene>[0], html: string, value: Value, more = {}): Promise<Scene> {
  return scene(
    t,
    chromium,
    viewdef(`${html}<button>elsewhere</button>`, bind(0, "value", 0, { write: true, ...more })),
    {
      values: [value],
    },
  );
}

async function sent(connection: Connection): Promise<Value> {
  const messages = await connection.messages();
  const [message] = messages;
  if (messages.length !== 1 || message?.type !== "update" || message.id !== 2)
    throw new Error(JSON.stringify(messages));
  return message.value;
}

/** Checks that nothing was sent: the next thing that is, is an error report made now. */
async function nothingSent({ page, connection }: Scene, t: Parameters<typeof scene>[0]): Promise<void> {
  await page.evaluate(`dispatchEvent(new ErrorEvent("error", { message: "marker" }))`);
  t.equal((await connection.messages())[0]?.type, "error");
}

const SELECT = `<select><option value="a">A</option><option value="b">B</option><option value="3">C</option></select>`;

/** Each kind of text-like field: what the server sends, what it shows, what is filled in, what is sent. */
const texts: [html: string, first: Value, shown: string, typed: string, sent: Value][] = [
  [`<input>`, "Anna", "Anna", "Bob", "Bob"],
  [`<input type="search">`, "x", "x", "", ""],
  [`<input type="email">`, "a@b.c", "a@b.c", "d@e.f", "d@e.f"],
  [`<input type="url">`, null, "", "http://x/", "http://x/"],
  [`<input type="tel">`, "0123", "0123", "0456", "0456"],
  [`<input type="password">`, "s", "s", "t", "t"],
  [`<input type="number" step="any">`, 3, "3", "4.5", 4.5],
  [`<input type="number">`, 3, "3", "", null],
  [`<input type="range" max="10">`, 3, "3", "7", 7],
  [`<input type="date">`, "2024-01-31", "2024-01-31", "2025-02-01", "2025-02-01"],
  [`<input type="time">`, "10:30", "10:30", "11:45", "11:45"],
  [`<input type="month">`, "2024-01", "2024-01", "2025-02", "2025-02"],
  [`<input type="week">`, "2024-W05", "2024-W05", "2025-W06", "2025-W06"],
  [`<input type="datetime-local">`, "2024-01-31T10:30", "2024-01-31T10:30", "2025-02-01T00:00", "2025-02-01T00:00"],
  [`<input type="color">`, "#ff0000", "#ff0000", "#00ff00", "#00ff00"],
  [`<textarea></textarea>`, "a\nb", "a\nb", "c\nd", "c\nd"],
];
t.test("text-like fields show the server's value and send what was filled in, with its type", async (t) => {
  const app = viewdef(
    texts.map(([html]) => html).join(""),
    ...texts.map((_, index) => bind(index, "value", index, { write: true })),
  );
  const { page, connection } = await scene(t, chromium, app, { values: texts.map(([, first]) => first) });
  for (const [index, [html, first, shown, typed, expected]] of texts.entries()) {
    const element = page.locator(`body > :nth-child(${index + 1})`);
    t.equal(await element.inputValue(), shown, `${html} shows ${JSON.stringify(first)}`);
    await element.fill(typed);
    await element.blur();
    t.strictSame(await connection.messages(), [{ type: "update", id: index + 2, value: expected }], `${html} sends`);
    await settled(page, connection, update(index + 2, first));
    t.equal(await element.inputValue(), shown);
  }
});

t.test("a text field bound to a number sends numbers, and text when it is none", async (t) => {
  const { page, connection } = await field(t, `<input>`, 3);
  const input = page.locator("input");
  for (const [text, value] of [
    ["5", 5],
    ["007", 7],
    ["-1.5", -1.5],
    ["abc", "abc"],
    ["8", 8],
    ["", ""],
  ] as const) {
    await input.fill(text);
    await input.blur();
    t.strictSame(await sent(connection), value);
  }
});

t.test("a list in a text field stays a list, of what it is a list of", async (t) => {
  const { page, connection } = await field(t, `<input>`, ["red", "green"]);
  const input = page.locator("input");
  t.equal(await input.inputValue(), "red,green");
  await input.fill("red, blue ,");
  await input.blur();
  t.strictSame(await sent(connection), ["red", "blue"]);
  await input.fill("");
  await input.blur();
  t.strictSame(await sent(connection), []);
  await settled(page, connection, update(2, [1, 2]));
  await input.fill("1,2,3");
  await input.blur();
  t.strictSame(await sent(connection), [1, 2, 3]);
});

t.test("options that are moved, removed and added around the chosen one leave it chosen", async (t) => {
  const app = viewdef(`<select></select>`, bind(0, "list", 1), bind(0, "value", 0, { write: true }));
  const option = viewdef(`<option></option>`, bind(0, "attr", 0, { name: "value" }), bind(0, "value", 1));
  const row = (id: number) => ({
    type: "view" as const,
    id,
    viewdef: "O.DEFAULT",
    first: id * 10,
    values: [`key ${id}`, `text ${id}`],
  });
  const open = await scene(t, chromium, app, {
    values: ["key 12", []],
    viewdefs: { "O.DEFAULT": option },
    more: [{ type: "list", id: 3, place: [{ row: 10, count: 4, before: 0 }] }, row(10), row(11), row(12), row(13)],
  });
  const { page, connection } = open;
  const select = page.locator("select");
  t.equal(await select.inputValue(), "key 12");
  const moved = [
    { row: 12, before: 10 },
    { row: 20, count: 2, before: 12 },
  ];
  await settled(page, connection, { type: "list", id: 3, remove: [11], place: moved }, row(20), row(21));
  t.equal(await select.inputValue(), "key 12");
  t.same(
    await page.locator("option").allTextContents(),
    [20, 21, 12, 10, 13].map((id) => `text ${id}`),
  );
  await select.selectOption("key 13");
  t.strictSame(await sent(connection), "key 13");
  await settled(page, connection, { type: "list", id: 3, place: [{ row: 13, before: 20 }] }, update(130, "key 99"));
  t.equal(await select.inputValue(), "", "the option of that key is gone, and no other is chosen instead");
  await nothingSent(open, t);
});

t.test("an empty field for nil stays nil: focus, blur and actions send nothing", async (t) => {
  const app = viewdef(`<input><button></button>`, bind(0, "value", 0, { write: true }), bind(1, "action", 1));
  const { page, connection } = await scene(t, chromium, app, { values: [null, null] });
  await page.locator("input").focus();
  await page.locator("button").click();
  t.strictSame(await connection.messages(), [{ type: "update", id: 3, value: null }]);
});

t.test("a checkbox sends true and false, and a click is enough", async (t) => {
  const { page, connection } = await field(t, `<input type="checkbox">`, true);
  const box = page.locator("input");
  t.equal(await box.isChecked(), true);
  await box.click();
  t.strictSame(await sent(connection), false);
  await settled(page, connection, update(2, "truthy"));
  t.equal(await box.isChecked(), true);
  await settled(page, connection, update(2, null));
  t.equal(await box.isChecked(), false);
});

t.test("checkboxes with a value on one array add and remove their members, in the members' type", async (t) => {
  const app = viewdef(
    `<input type="checkbox" value="1"><input type="checkbox" value="2"><input type="checkbox" value="3">`,
    ...[0, 1, 2].map((at) => bind(at, "value", 0, { write: true })),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [[2]] });
  const checked = () => page.evaluate(`[...document.querySelectorAll("input")].map((box) => box.checked)`);
  t.same(await checked(), [false, true, false]);
  await page.locator("input").nth(2).click();
  t.strictSame(await sent(connection), [2, 3]);
  await page.locator("input").nth(1).click();
  t.strictSame(await sent(connection), [3]);
  await settled(page, connection, update(2, [1]));
  t.same(await checked(), [true, false, false]);
});

t.test(
  "of radio buttons on one value the chosen one sends its own, and the others follow without a group name",
  async (t) => {
    const app = viewdef(
      `<input type="radio" value="1"><input type="radio" value="2"><input type="radio" value="x">`,
      ...[0, 1, 2].map((at) => bind(at, "value", 0, { write: true })),
    );
    const { page, connection } = await scene(t, chromium, app, { values: [1] });
    const checked = () => page.evaluate(`[...document.querySelectorAll("input")].findIndex((radio) => radio.checked)`);
    t.equal(await checked(), 0);
    await page.locator("input").nth(1).click();
    t.strictSame(await sent(connection), 2);
    t.equal(await page.locator("input:checked").count(), 1);
    await settled(page, connection, update(2, "x"));
    t.equal(await checked(), 2);
    await settled(page, connection, update(2, null));
    t.equal(await checked(), -1);
  },
);

t.test("a select sends the chosen value in the type that the variable has", async (t) => {
  const { page, connection } = await field(t, SELECT, "b");
  const select = page.locator("select");
  t.equal(await select.inputValue(), "b");
  await select.selectOption("3");
  t.strictSame(await sent(connection), "3");
  await settled(page, connection, update(2, 3));
  await select.selectOption("a");
  t.strictSame(await sent(connection), "a");
  await select.selectOption("3");
  t.strictSame(await sent(connection), 3);
  await settled(page, connection, update(2, null));
  t.equal(await page.evaluate(`document.querySelector("select").selectedIndex`), -1);
});

t.test("a select with multiple sends an array", async (t) => {
  const { page, connection } = await field(t, SELECT.replace("<select", "<select multiple"), ["a", "3"]);
  const chosen = () =>
    page.evaluate(`[...document.querySelector("select").selectedOptions].map((option) => option.value)`);
  t.same(await chosen(), ["a", "3"]);
  await page.locator("select").selectOption(["b", "3"]);
  t.strictSame(await sent(connection), ["b", "3"]);
  await settled(page, connection, update(2, []));
  t.same(await chosen(), []);
});

t.test("a select takes its value when the options come later, and again when they come anew", async (t) => {
  const app = viewdef(`<select></select>`, bind(0, "list", 1), bind(0, "value", 0, { write: true }));
  const option = viewdef(`<option></option>`, bind(0, "attr", 0, { name: "value" }), bind(0, "value", 1));
  const { page, connection, host } = await scene(t, chromium, app, {
    values: ["1", []],
    viewdefs: { "O.DEFAULT": option },
  });
  const select = page.locator("select");
  t.equal(await select.inputValue(), "");
  await settled(
    page,
    connection,
    { type: "list", id: 3, place: [{ row: 10, count: 3, before: 0 }] },
    ...[10, 11, 12].map((id) => ({
      type: "view" as const,
      id,
      viewdef: "O.DEFAULT",
      first: id * 10,
      values: [id - 10, `text ${id}`],
    })),
  );
  t.equal(await select.inputValue(), "1");
  t.same(await page.locator("option").allTextContents(), ["text 10", "text 11", "text 12"]);
  await settled(page, connection, { type: "list", id: 3, remove: [11] });
  t.equal(await select.inputValue(), "", "the browser does not choose another option by itself");
  await select.focus();
  await settled(page, connection, update(120, "1"));
  t.equal(await select.inputValue(), "1");
  await nothingSent({ page, connection, host }, t);
});

t.test("contenteditable sends its text", async (t) => {
  const { page, connection } = await field(t, `<div contenteditable style="min-height: 1em"></div>`, "one");
  const editable = page.locator("div");
  t.equal(await editable.textContent(), "one");
  await editable.press("End");
  await editable.pressSequentially(" two");
  await page.locator("button").click();
  t.strictSame(await sent(connection), "one two");
});

t.test("progress, meter and labels of inputs take the value, everything else takes it as text", async (t) => {
  const app = viewdef(
    `<progress max="10"></progress><meter max="10"></meter><input type="button"><output></output><li></li><button></button><b>old <i>markup</i></b>`,
    ...[0, 1, 2, 3, 4, 5, 6].map((at) => bind(at, "value", 0)),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [3] });
  t.same(await page.evaluate(`["progress", "meter", "input"].map((name) => document.querySelector(name).value)`), [
    3,
    3,
    "3",
  ]);
  t.same(await page.evaluate(`["output", "li", "button", "b"].map((name) => document.querySelector(name).innerHTML)`), [
    "3",
    "3",
    "3",
    "3",
  ]);
  await settled(page, connection, update(2, null));
  t.equal(await page.locator("b").innerHTML(), "");
  await settled(page, connection, update(2, "<u>"));
  t.equal(await page.locator("b").textContent(), "<u>");
});

t.test("an unknown element with a dash shows text, until it is defined as one that has a value", async (t) => {
  const { page, connection } = await field(t, `<my-field></my-field>`, "x");
  t.equal(await page.locator("my-field").textContent(), "x");
  await settled(page, connection, update(2, "y"));
  t.equal(await page.locator("my-field").textContent(), "y");
  await page.evaluate(`customElements.define("my-field", class extends HTMLElement { value = "" })`);
  await page.waitForFunction(`document.querySelector("my-field").value === "y"`);
  t.equal(await page.locator("my-field").textContent(), "");
  await page.evaluate(`{
    const field = document.querySelector("my-field");
    field.value = "z";
    field.dispatchEvent(new Event("change"));
  }`);
  t.strictSame(await sent(connection), "z");
});

t.test("a file input is left alone", async (t) => {
  const { page } = await field(t, `<input type="file">`, "x");
  t.equal(await page.locator("input").inputValue(), "");
});

t.test("a field that is read-only for the server shows its value and sends nothing", async (t) => {
  const open = await scene(t, chromium, viewdef(`<input>`, bind(0, "value", 0)), { values: ["x"] });
  await open.page.locator("input").fill("y");
  await open.page.locator("input").blur();
  await nothingSent(open, t);
});

t.test("any element can report a value by ui-value-change", async (t) => {
  const { page, connection } = await field(t, `<div></div>`, "x");
  await page.evaluate(
    `document.querySelector("div").dispatchEvent(new CustomEvent("ui-value-change", { detail: { value: { a: [1] } } }))`,
  );
  t.strictSame(await sent(connection), { a: [1] });
});

t.test("what one field of a variable sends, the others show at once", async (t) => {
  const app = viewdef(`<input><b></b>`, bind(0, "value", 0, { write: true, keypress: true }), bind(1, "value", 0));
  const { page } = await scene(t, chromium, app, { values: ["a"] });
  await page.locator("input").fill("ab");
  t.equal(await page.locator("b").textContent(), "ab");
});

t.test(
  "a range is set after its limits, whatever the order of their bindings, and again when they change",
  async (t) => {
    const app = viewdef(`<input type="range">`, bind(0, "value", 0), bind(0, "attr", 1, { name: "max" }));
    const { page, connection } = await scene(t, chromium, app, { values: [150, 200] });
    t.equal(await page.locator("input").inputValue(), "150");
    await settled(page, connection, update(2, 450), update(3, 500));
    t.equal(await page.locator("input").inputValue(), "450");
  },
);
