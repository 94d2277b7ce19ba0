import t from "tap";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, update, view, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const act = (id: number, value: unknown = null) => ({ type: "update", id, value });

t.test("ui-action works on any element; nested actions and outer events go in one frame, inner first", async (t) => {
  const app = viewdef(
    `<table><tbody><tr><td><div><span>x</span></div></td></tr></tbody></table>`,
    bind(2, "event", 0, { name: "click" }),
    bind(3, "action", 1),
    bind(5, "action", 2),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [null, null, null] });
  await page.locator("span").click();
  t.strictSame(await connection.frame(), { seq: 1, ack: 1, event: true, messages: [act(4), act(3), act(2)] });
});

t.test("an action with (_) sends the value of its element, typed if it is a form control", async (t) => {
  const app = viewdef(
    `<button value="3"></button><input type="checkbox"><input type="number" value="7"><div></div>`,
    ...[0, 1, 2, 3].map((at) => bind(at, "action", at, { argument: true })),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [null, null, null, null] });
  for (const [index, value] of ["3", true, 7, null].entries()) {
    await page.evaluate((at) => (document.body.children[at] as HTMLElement).click(), index);
    t.strictSame(await connection.messages(), [act(index + 2, value)]);
  }
  t.equal(await page.locator("[type=checkbox]").isChecked(), true, "the checkbox keeps its own behaviour");
});

t.test("actions on links and submit buttons do not leave the page", async (t) => {
  const app = viewdef(
    `<a href="/elsewhere"><b>link</b></a><form action="/elsewhere"><button>submit</button><input type="image" alt="i"></form>`,
    bind(1, "action", 0),
    bind(3, "action", 1),
    bind(4, "action", 2),
  );
  const { page, connection, host } = await scene(t, chromium, app, { values: [null, null, null] });
  for (const [index, selector] of ["b", "button", "input"].entries()) {
    await page.locator(selector).click();
    t.strictSame(await connection.messages(), [act(index + 2)]);
  }
  t.equal(page.url(), host.url);
});

t.test("events carry what the handler needs, and nothing where it takes nothing", async (t) => {
  const app = viewdef(
    `<div style="position: absolute; left: 10px; top: 20px; width: 50px; height: 50px" data-row="7"></div><input value="v"><p></p>`,
    bind(0, "event", 0, { name: "click", argument: true }),
    bind(0, "event", 1, { name: "contextmenu", write: true }),
    bind(1, "event", 2, { name: "keydown", argument: true }),
    bind(2, "event", 3, { name: "my-event", argument: true }),
    bind(0, "event", 4, { name: "dblclick" }),
    bind(0, "event", 5, { name: "wheel", argument: true }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [null, null, null, null, null, null] });
  const data = { row: "7" };
  await page.mouse.click(15, 30);
  t.strictSame(await connection.messages(), [act(2, { type: "click", x: 5, y: 10, button: 0, data })]);
  await page.keyboard.down("Shift");
  await page.mouse.click(15, 30, { button: "right" });
  await page.keyboard.up("Shift");
  t.strictSame(await connection.messages(), [
    act(3, { type: "contextmenu", x: 5, y: 10, button: 2, shift: true, data }),
  ]);
  await page.locator("input").dispatchEvent("keydown", { key: "k", ctrlKey: true });
  t.strictSame(await connection.messages(), [act(4, { type: "keydown", value: "v", key: "k", ctrl: true })]);
  await page.evaluate(() => {
    const detail = {
      n: 1,
      at: [1, { deep: true }],
      element: Object.assign(document.createElement("input"), { value: "e" }),
      no: () => 1,
      date: new Date(),
      nan: NaN,
    };
    document.querySelector("p")!.dispatchEvent(new CustomEvent("my-event", { detail }));
  });
  t.strictSame(await connection.messages(), [
    act(5, { type: "my-event", detail: { n: 1, at: [1, { deep: true }], element: "e", nan: null } }),
  ]);
  await page.locator("div").dispatchEvent("dblclick");
  t.strictSame(await connection.messages(), [act(6)]);
  await page.mouse.wheel(0, 5);
  t.match(await connection.messages(), [act(7, { type: "wheel", deltaY: 5 })]);
});

t.test("of events that come in streams only the newest is sent, after a pause", async (t) => {
  const app = viewdef(
    `<div style="width: 90px; height: 90px"></div>`,
    bind(0, "event", 0, { name: "pointermove", argument: true }),
  );
  const { page, connection } = await scene(t, chromium, app, {
    values: [null],
    body: `<style>body { margin: 0 }</style><div ui-app></div>`,
  });
  await page.locator("div").evaluate((element) => {
    for (let x = 1; x <= 50; x++) element.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: 1 }));
  });
  t.strictSame(await connection.messages(), [act(2, { type: "pointermove", x: 50, y: 1, button: 0 })]);
});

t.test("what is typed between two actions stays between them", async (t) => {
  const app = viewdef(
    `<input><button></button>`,
    bind(0, "value", 0, { write: true, keypress: true }),
    bind(1, "action", 1, { repeat: true }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["", null] });
  await page.evaluate(() => {
    const input = document.querySelector("input")!;
    const type = (text: string) => {
      input.value = text;
      input.dispatchEvent(new InputEvent("input"));
    };
    const click = () => document.querySelector("button")!.click();
    type("a");
    type("ab");
    click();
    type("abc");
    type("abcd");
    click();
  });
  t.strictSame(await connection.messages(), [act(2, "ab"), act(3), act(2, "abcd"), act(3)]);
});

t.test("something can be dropped on an element with ui-event-drop", async (t) => {
  const app = viewdef(`<div></div>`, bind(0, "event", 0, { name: "drop" }));
  const { page, connection } = await scene(t, chromium, app, { values: [null] });
  t.equal(
    await page.evaluate(`document.querySelector("div").dispatchEvent(new DragEvent("dragover", { cancelable: true }))`),
    false,
  );
  await page.evaluate(`document.querySelector("div").dispatchEvent(new DragEvent("drop", { cancelable: true }))`);
  t.strictSame(await connection.messages(), [act(2)]);
});

const keys = [
  ["enter", "Enter"],
  ["escape", "Escape"],
  ["esc", "Escape"],
  ["left", "ArrowLeft"],
  ["arrowleft", "ArrowLeft"],
  ["right", "ArrowRight"],
  ["up", "ArrowUp"],
  ["down", "ArrowDown"],
  ["tab", "Tab"],
  ["space", "Space"],
  ["delete", "Delete"],
  ["backspace", "Backspace"],
  ["home", "Home"],
  ["end", "End"],
  ["pageup", "PageUp"],
  ["pagedown", "PageDown"],
  ["insert", "Insert"],
  ["f1", "F1"],
  ["f12", "F12"],
  ["-", "-"],
  ["a", "a"],
  ["shift-a", "Shift+A"],
  ["ctrl-s", "Control+s"],
  ["ctrl-shift-enter", "Control+Shift+Enter"],
  ["alt-x", "Alt+x"],
  ["meta-k", "Meta+k"],
  ["ctrl--", "Control+-"],
  ["?", "Shift+?"],
  ["7", "7"],
  ["ctrl-1", "Control+1"],
] as const;

t.test("ui-event-keypress knows every key by name, with exactly its modifiers", async (t) => {
  const app = viewdef(
    `<div tabindex="0">x</div>`,
    ...keys.map(([name], slot) => bind(0, "key", slot, { name, argument: true })),
  );
  const { page, connection } = await scene(t, chromium, app, { values: keys.map(() => null) });
  const canonical: Record<string, string> = { esc: "escape", arrowleft: "left" };
  for (const [, press] of keys.filter(([name]) => !(name in canonical))) {
    await page.locator("div").focus();
    await page.keyboard.press(press);
    const expected = keys.flatMap(([name, other], slot) => {
      const key = name.replace(/^((ctrl|shift|alt|meta)-)+/, "");
      return other === press ? [act(slot + 2, canonical[key] ?? key)] : [];
    });
    t.strictSame(await connection.messages(), expected, press);
  }
});

t.test("a key that is held down counts once, and one of an input method not at all", async (t) => {
  const app = viewdef(`<input>`, bind(0, "key", 0, { name: "enter" }), bind(0, "key", 1, { name: "escape" }));
  const { page, connection } = await scene(t, chromium, app, { values: [null, null] });
  await page.locator("input").focus();
  await page.keyboard.down("Enter");
  await page.keyboard.down("Enter");
  await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  t.strictSame(await connection.messages(), [act(2)]);
  await page.locator("input").dispatchEvent("keydown", { key: "Enter", isComposing: true });
  await page.locator("input").dispatchEvent("keydown", { key: "Enter", keyCode: 229 });
  await page.keyboard.press("Escape");
  t.strictSame(await connection.messages(), [act(3)]);
});

t.test("the same key twice is sent twice, also when it sets a field", async (t) => {
  const app = viewdef(`<input>`, bind(0, "key", 0, { name: "down", write: true }));
  const { page, connection } = await scene(t, chromium, app, { values: [null] });
  await page.locator("input").press("ArrowDown");
  t.strictSame(await connection.messages(), [act(2, "down")]);
  await page.locator("input").press("ArrowDown");
  t.strictSame(await connection.messages(), [act(2, "down")]);
});

t.test("a bound key replaces what the browser would do, but not what a text field or a button is for", async (t) => {
  const app = viewdef(
    `<div><input><textarea></textarea><button>b</button><p tabindex="0"></p></div>`,
    ...["enter", "a", "left", "up", "space", "ctrl-a", "tab"].map((name, slot) => bind(0, "key", slot, { name })),
  );
  const { page } = await scene(t, chromium, app, { values: Array.from({ length: 7 }, () => null) });
  const prevented = (selector: string, key: string, more = {}) =>
    page.evaluate(
      ([selector, key, more]) =>
        !document
          .querySelector(selector)!
          .dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more })),
      [selector, key, more] as const,
    );
  t.same(await Promise.all(["Enter", "a", "ArrowLeft", "ArrowUp", " ", "Tab"].map((key) => prevented("input", key))), [
    true,
    false,
    false,
    true,
    false,
    true,
  ]);
  t.same(await Promise.all(["Enter", "a", "ArrowLeft", "ArrowUp", " "].map((key) => prevented("textarea", key))), [
    true,
    false,
    false,
    false,
    false,
  ]);
  t.same(await Promise.all(["Enter", "a", "ArrowUp", " "].map((key) => prevented("button", key))), [
    false,
    true,
    true,
    false,
  ]);
  t.same(await Promise.all(["Enter", "a", "ArrowUp", " "].map((key) => prevented("p", key))), [true, true, true, true]);
  t.equal(await prevented("input", "a", { ctrlKey: true }), true);
});

t.test("nothing is sent to a variable that was gone when the frame left", async (t) => {
  const app = viewdef(`<div></div><button>outer</button>`, bind(0, "view", 0), bind(1, "action", 1));
  const inner = viewdef(`<input>`, bind(0, "value", 0, { write: true }));
  const { page, connection } = await scene(t, chromium, app, {
    values: [null, null],
    viewdefs: { "I.DEFAULT": inner },
    more: [view(2, "I.DEFAULT", 10, ["x"])],
  });
  await page.locator("input").fill("typed");
  await settled(page, connection, view(2, "I.DEFAULT", 11, ["y"]), update(11, "y"));
  await page.locator("button").click();
  t.strictSame(await connection.messages(), [act(3)]);
});
