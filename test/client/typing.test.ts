import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, update, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const input = viewdef(`<input><button>elsewhere</button>`, bind(0, "value", 0, { write: true }));
const formatted = viewdef(
  `<input><button>elsewhere</button>`,
  bind(0, "value", 0, { write: true, keypress: true, overwrite: true }),
);
const live = viewdef(`<input><button>elsewhere</button>`, bind(0, "value", 0, { write: true, keypress: true }));
const caret = `(() => { const { selectionStart, selectionEnd } = document.querySelector("input"); return [selectionStart, selectionEnd]; })()`;

t.test("what the server sends does not overwrite what is being typed, and what was typed prevails", async (t) => {
  const { page, connection } = await scene(t, chromium, input, { values: ["old"] });
  const field = page.locator("input");
  await field.press("End");
  await page.keyboard.type(" and new");
  await settled(page, connection, update(2, "server"));
  t.equal(await field.inputValue(), "old and new");
  await page.locator("button").click();
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "old and new" }]);
});

t.test("who leaves a field without a change sees what the server sent meanwhile", async (t) => {
  const { page, connection } = await scene(t, chromium, input, { values: ["old"] });
  const field = page.locator("input");
  await field.press("End");
  await page.keyboard.type("x");
  await settled(page, connection, update(2, "server"));
  await page.keyboard.press("Backspace");
  await page.locator("button").click();
  t.equal(await field.inputValue(), "server");
});

t.test("a field that somebody has come to is left alone, and shows the server's word when he leaves it", async (t) => {
  const { page, connection } = await scene(t, chromium, input, { values: ["old"] });
  const field = page.locator("input");
  await field.focus();
  await settled(page, connection, update(2, "server"));
  t.equal(await field.inputValue(), "old");
  await page.locator("button").click();
  t.equal(await field.inputValue(), "server");
  await settled(page, connection, update(2, "newer"));
  t.equal(await field.inputValue(), "newer");
});

t.test(
  "what was sent while typing is left alone too, whatever the server makes of it, until the field is left",
  async (t) => {
    const { page, connection } = await scene(t, chromium, live, { values: [""] });
    const field = page.locator("input");
    await field.pressSequentially("ab");
    while ((await connection.messages()).every((message) => !("value" in message) || message.value !== "ab"));
    await settled(page, connection, update(2, "server"));
    t.equal(await field.inputValue(), "ab");
    await page.keyboard.type("c");
    t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "abc" }]);
    await settled(page, connection, update(2, "ABC"));
    t.equal(await field.inputValue(), "abc");
    await field.blur();
    t.equal(await field.inputValue(), "ABC");
  },
);

t.test("who is done with a field, by Enter or an event, sees what the server makes of it, and types on", async (t) => {
  const app = viewdef(
    `<input><button type="button">add</button><form><input></form>`,
    bind(0, "value", 0, { write: true, keypress: true }),
    bind(0, "key", 1, { name: "enter" }),
    bind(1, "action", 2, { repeat: true }),
    bind(3, "value", 3, { write: true }),
    bind(2, "event", 4, { name: "submit" }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["", null, null, "", null] });
  await page
    .locator("button")
    .evaluate((button) => button.addEventListener("mousedown", (event) => event.preventDefault()));
  /** Until the host has heard of the event of variable `id`. */
  const heard = async (id: number) => {
    while (!(await connection.messages()).some((message) => message.type === "update" && message.id === id));
  };
  for (const [field, event, done] of [
    [0, 3, () => page.keyboard.press("Enter")],
    [0, 4, () => page.locator("button").click()],
    [1, 6, () => page.keyboard.press("Enter")],
  ] as const) {
    const input = page.locator("input").nth(field);
    await input.focus();
    await page.keyboard.type("text");
    await done();
    await heard(event);
    await settled(page, connection, update(field === 0 ? 2 : 5, ""));
    t.equal(await input.inputValue(), "", "an answer clears the field, which still has the focus");
    await page.keyboard.type("next");
    await settled(page, connection, update(field === 0 ? 2 : 5, "server"));
    t.equal(await input.inputValue(), "next");
    await input.fill("");
    await input.blur();
  }
});

t.test("who comes to a field before the answer to a click is there sees the answer in it", async (t) => {
  const app = viewdef(`<input><button>next</button>`, bind(0, "value", 0, { write: true }), bind(1, "action", 1));
  const { page, connection } = await scene(t, chromium, app, { values: ["Ann", null] });
  connection.holdAck = true;
  await page.locator("button").click();
  await page.locator("input").focus();
  connection.ack = 1;
  await settled(page, connection, update(2, "Bob"));
  t.equal(await page.locator("input").inputValue(), "Bob");
  await settled(page, connection, update(2, "Carl"));
  t.equal(await page.locator("input").inputValue(), "Bob", "what comes after it waits until the field is left");
});

t.test("with ?overwrite a field with the focus follows the server, and the caret stays", async (t) => {
  const { page, connection } = await scene(t, chromium, formatted, { values: ["abcdef"] });
  await page.locator("input").evaluate((field: HTMLInputElement) => {
    field.focus();
    field.setSelectionRange(2, 3);
  });
  await settled(page, connection, update(2, "ABCDEF"));
  t.equal(await page.locator("input").inputValue(), "ABCDEF");
  t.same(await page.evaluate(caret), [2, 3]);
});

t.test("an echo of one's own typing does not move the caret", async (t) => {
  const { page, connection } = await scene(t, chromium, live, { values: ["ac"] });
  await page.locator("input").evaluate((field: HTMLInputElement) => {
    field.focus();
    field.setSelectionRange(1, 1);
  });
  await page.keyboard.type("b");
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "abc" }]);
  await settled(page, connection, update(2, "abc"));
  t.same(await page.evaluate(caret), [2, 2]);
  await page.keyboard.type("B");
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "abBc" }]);
});

t.test("a value that the server sent before it knew the newest input is stale and dropped", async (t) => {
  const { page, connection } = await scene(t, chromium, formatted, { values: [""] });
  connection.holdAck = true;
  await page.locator("input").focus();
  await page.keyboard.type("a");
  t.equal((await connection.frame()).seq, 1);
  await page.keyboard.type("b");
  t.equal((await connection.frame()).seq, 2);
  connection.ack = 1;
  await settled(page, connection, update(2, "A"));
  t.equal(await page.locator("input").inputValue(), "ab");
  connection.ack = 2;
  await settled(page, connection, update(2, "AB"));
  t.equal(await page.locator("input").inputValue(), "AB", "the answer to the newest input counts");
});

t.test("a value is stale too when the newest input was accepted but not carried out before it was made", async (t) => {
  const { page, connection } = await scene(t, chromium, formatted, { values: [""] });
  await page.locator("input").pressSequentially("a");
  t.equal((await connection.frame()).seq, 1);
  await page.locator("input").pressSequentially("b");
  t.equal((await connection.frame()).seq, 2);
  connection.applied = 1;
  await settled(page, connection, update(2, "A"));
  t.equal(await page.locator("input").inputValue(), "ab");
  connection.applied = 2;
  await settled(page, connection, update(2, "AB"));
  t.equal(await page.locator("input").inputValue(), "AB");
});

t.test("with keypress, typing is sent in few frames with the last text in each", async (t) => {
  const { page, connection } = await scene(t, chromium, live, { values: [""] });
  await page.locator("input").evaluate((field: HTMLInputElement) => {
    field.focus();
    for (const letter of "hello") {
      field.value += letter;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
  });
  t.strictSame(await connection.frame(), {
    seq: 1,
    ack: 1,
    event: true,
    messages: [{ type: "update", id: 2, value: "hello" }],
  });
});

t.test("nothing is sent and nothing overwritten while an input method composes", async (t) => {
  const { page, connection } = await scene(t, chromium, live, { values: [""] });
  await page.locator("input").focus();
  const session = await page.context().newCDPSession(page);
  await session.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
  await session.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
  await settled(page, connection, update(2, "server"));
  t.equal(await page.locator("input").inputValue(), "にほ");
  await session.send("Input.insertText", { text: "日本" });
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "日本" }]);
});

t.test("half a number is neither sent nor overwritten", async (t) => {
  const app = viewdef(
    `<input type="number"><button></button>`,
    bind(0, "value", 0, { write: true, keypress: true }),
    bind(1, "action", 1),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [5, null] });
  await page.locator("input").focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("-");
  await settled(page, connection, update(2, 6));
  await page.keyboard.type("3");
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: -3 }]);
});

t.test(
  "the value arrives before the event in one frame: Enter in a form, and a click that takes no focus",
  async (t) => {
    const app = viewdef(
      `<form><input><button>save</button></form><i>x</i>`,
      bind(1, "value", 0, { write: true }),
      bind(2, "action", 1),
      bind(0, "event", 2, { name: "submit" }),
      bind(3, "event", 3, { name: "mousedown" }),
      bind(1, "key", 4, { name: "ctrl-s" }),
    );
    const { page, connection } = await scene(t, chromium, app, { values: ["", null, null, null, null] });
    await page
      .locator("i")
      .evaluate((element) => element.addEventListener("mousedown", (event) => event.preventDefault()));
    await page.locator("input").focus();
    await page.keyboard.type("one");
    await page.keyboard.press("Enter");
    t.strictSame(await connection.messages(), [
      { type: "update", id: 2, value: "one" },
      { type: "update", id: 3, value: null },
    ]);
    await page.keyboard.type("+");
    await page.locator("i").click();
    t.strictSame(await connection.messages(), [
      { type: "update", id: 2, value: "one+" },
      { type: "update", id: 5, value: null },
    ]);
    await page.keyboard.type("+");
    await page.keyboard.press("Control+s");
    t.strictSame(await connection.messages(), [
      { type: "update", id: 2, value: "one++" },
      { type: "update", id: 6, value: null },
    ]);
    t.equal(await page.evaluate("document.activeElement.localName"), "input");
  },
);

t.test("a form that is submitted does not leave the page", async (t) => {
  const app = viewdef(
    `<form><input name="a"><input name="b" value="2"></form>`,
    bind(0, "event", 0, { name: "submit", argument: true }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [null] });
  await page.locator("input").first().fill("1");
  await page.locator("form").evaluate((form: HTMLFormElement) => form.requestSubmit());
  t.strictSame(await connection.messages(), [
    { type: "update", id: 2, value: { type: "submit", values: { a: "1", b: "2" } } },
  ]);
});

t.test("a form that is reset sends what its fields hold then", async (t) => {
  const app = viewdef(
    `<form><input value="start"><button type="reset"></button></form>`,
    bind(1, "value", 0, { write: true }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["x"] });
  await page.locator("button").click();
  t.strictSame(await connection.messages(), [{ type: "update", id: 2, value: "start" }]);
});
