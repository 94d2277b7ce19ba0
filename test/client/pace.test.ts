import t from "tap";
import type { Page } from "playwright-core";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, view, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const act = (id: number, value: unknown = null) => ({ type: "update", id, value });
/** Longer than any test. */
const LONG = 900_000;

/** From now on time passes only by `page.clock.runFor`. */
async function stopClock(page: Page): Promise<void> {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
}

/** Gives the field of a page with a clock of its own this text, as somebody would who types. */
async function type(page: Page, text: string): Promise<void> {
  await page.locator("input").evaluate((field: HTMLInputElement, text) => {
    field.value = text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }, text);
}

t.test("debounce: a field sends when nobody has typed for so long, and then the last text only", async (t) => {
  const app = viewdef(`<input>`, bind(0, "value", 0, { write: true, keypress: true, debounce: 200 }));
  const { page, connection } = await scene(t, chromium, app, { values: [""] });
  await stopClock(page);
  for (const text of ["a", "ab", "abc", "abcd"]) {
    await type(page, text);
    await page.clock.runFor(150);
  }
  t.equal(connection.frames.filter((frame) => "seq" in frame).length, 0);
  await page.clock.runFor(100);
  t.strictSame(await connection.messages(), [act(2, "abcd")]);
  await page.clock.runFor(1_000);
  await type(page, "abcde");
  await page.clock.runFor(300);
  t.strictSame(await connection.messages(), [act(2, "abcde")]);
});

t.test("throttle: the first is sent at once, then no more often, and the last is never left out", async (t) => {
  const app = viewdef(`<input>`, bind(0, "event", 0, { name: "input", argument: true, throttle: 100 }));
  const { page, connection } = await scene(t, chromium, app, { values: [null] });
  await stopClock(page);
  for (let index = 1; index <= 20; index++) {
    await type(page, String(index));
    await page.clock.runFor(10);
  }
  await page.clock.runFor(1_000);
  const values: unknown[] = [];
  while (values.at(-1) !== "20")
    for (const message of await connection.messages())
      if (message.type === "update") values.push((message.value as { value: string }).value);
  t.equal(values[0], "1");
  t.ok(values.length >= 3 && values.length <= 4, `sent ${values.join()}`);
});

t.test("debounce with throttle waits no longer than that, however long somebody types", async (t) => {
  const app = viewdef(`<input>`, bind(0, "value", 0, { write: true, keypress: true, debounce: 200, throttle: 500 }));
  const { page, connection } = await scene(t, chromium, app, { values: [""] });
  await stopClock(page);
  for (let index = 1; index <= 7; index++) {
    await type(page, "x".repeat(index));
    await page.clock.runFor(100);
  }
  const [message] = await connection.messages();
  t.match(message, { id: 2, value: /^x{4,6}$/ });
});

t.test("what waits for a pause is sent at once when the field is left", async (t) => {
  const app = viewdef(
    `<input><input><button type="button">elsewhere</button>`,
    bind(0, "value", 0, { write: true, keypress: true, debounce: LONG }),
    bind(1, "event", 1, { name: "input", debounce: LONG }),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["", null] });
  await page.locator("input").first().pressSequentially("ab");
  await page.locator("input").nth(1).focus();
  t.strictSame(await connection.messages(), [act(2, "ab")]);
  await page.keyboard.type("cd");
  await page.locator("button").focus();
  t.strictSame(await connection.messages(), [act(3)]);
});

t.test(
  "a form that is submitted by Enter, and any action, sends what waits first, in one frame, in order",
  async (t) => {
    const app = viewdef(
      `<form><input></form><b>x</b>`,
      bind(1, "value", 0, { write: true, keypress: true, debounce: LONG }),
      bind(1, "event", 1, { name: "input", argument: true, debounce: LONG }),
      bind(0, "event", 2, { name: "submit" }),
      bind(2, "action", 3),
    );
    const { page, connection } = await scene(t, chromium, app, { values: ["", null, null, null] });
    await page.locator("b").evaluate((b) => b.addEventListener("mousedown", (event) => event.preventDefault()));
    await page.locator("input").pressSequentially("ab");
    await page.keyboard.press("Enter");
    t.match(await connection.frame(), {
      seq: 1,
      messages: [act(2, "ab"), act(3, { type: "input", value: "ab" }), act(4)],
    });
    await page.keyboard.type("c");
    await page.locator("b").click();
    t.match(await connection.frame(), {
      seq: 2,
      messages: [act(2, "abc"), act(3, { type: "input", value: "abc" }), act(5)],
    });
    await page.locator("input").blur();
    await page.locator("b").click();
    t.strictSame((await connection.frame()).messages, [act(5)], "nothing is sent twice");
  },
);

t.test("keys have pauses too", async (t) => {
  const app = viewdef(`<input><b>x</b>`, bind(0, "key", 0, { name: "down", throttle: LONG }), bind(1, "action", 1));
  const { page, connection } = await scene(t, chromium, app, { values: [null, null] });
  await page.locator("input").focus();
  for (let index = 0; index < 5; index++) await page.keyboard.press("ArrowDown");
  t.strictSame(await connection.messages(), [act(2)]);
  await page.evaluate(`document.querySelector("b").click()`);
  t.strictSame(await connection.messages(), [act(2), act(3)], "the last of them leaves with what comes first");
});

t.test("what waits at an element that is removed is dropped, without any harm", async (t) => {
  const app = viewdef(`<div></div><button>b</button>`, bind(0, "view", 0), bind(1, "action", 1));
  const row = viewdef(
    `<input>`,
    bind(0, "value", 0, { write: true, keypress: true, debounce: 100 }),
    bind(0, "event", 1, { name: "input", debounce: 100 }),
  );
  const { page, connection } = await scene(t, chromium, app, {
    values: [null, null],
    viewdefs: { "Row.DEFAULT": row },
    more: [view(2, "Row.DEFAULT", 10, ["", null])],
  });
  await stopClock(page);
  await type(page, "x");
  await settled(page, connection, view(2, null));
  await page.clock.runFor(1_000);
  await page.locator("button").click();
  t.strictSame(await connection.messages(), [act(3)]);
  t.equal(await page.evaluate("moonpool.statistics().fields"), 0);
});
