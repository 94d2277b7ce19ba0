// A connection that could not go on where the last one ended: everything is shown anew.
import t from "tap";
import type { Page } from "playwright-core";
import type { Test } from "tap";
import type { Value } from "../../src/protocol/main.ts";
import { Chromium } from "../support/chromium.ts";
import { settled } from "../support/scene.ts";
import { update } from "../support/scripted-host.ts";
import { Stage, type Templates, type Thing } from "../support/stage.ts";

const chromium = await Chromium.launch(t);
const FORM = `<form id="f"><input name="a" ui-value="a"><input name="b" ui-value="b?keypress"><input name="c" ui-value="c?keypress">
  <select ui-value="kind"><option>one</option><option>two</option></select><input type="checkbox" ui-value="yes">
  <fieldset disabled><input name="d" ui-value="d?keypress"></fieldset></form>
  <input class="far" form="f" ui-value="far"><textarea form="f" ui-value="note"></textarea><input class="free">
  <input type="password" ui-value="secret"><button ui-action="go()">go</button>
  <div class="box" style="height: 40px; overflow: auto"><p style="height: 400px"></p></div>`;
const FIELDS = { a: "a", b: "b", c: "c", kind: "one", yes: false, d: "d", far: "far", note: "note", secret: "" };

/** Loses the connection, in which the page showed `app`; in the next one it is shown `now`. */
async function lose(stage: Stage, now: Omit<Thing, "type">): Promise<Stage> {
  stage.connection.socket.terminate();
  await stage.page.waitForFunction(`moonpool.state === "disconnected"`);
  Object.assign(stage.thing, now);
  await stage.page.evaluate("moonpool.reconnect()");
  return stage.again(stage.page, { hotload: false });
}

/** What is sent until the button is clicked, in one frame or more, by path. */
async function sent(stage: Stage, paths: string[]): Promise<Record<string, Value>[]> {
  await stage.page.evaluate(`document.querySelector("button").click()`);
  const frames: Record<string, Value>[] = [];
  for (;;) {
    const frame: Record<string, Value> = {};
    for (const message of await stage.connection.messages()) {
      if (message.type !== "update") throw new Error(JSON.stringify(message));
      if (message.id === stage.id("go()")) {
        if (Object.keys(frame).length > 0) frames.push(frame);
        return frames;
      }
      frame[paths.find((path) => stage.id(path) === message.id) ?? "?"] = message.value;
    }
    frames.push(frame);
  }
}

const open = (t: Test, templates: Templates, app: Omit<Thing, "type">) =>
  Stage.open(t, chromium, templates, app, { hotload: false, allow: /WebSocket/ });
const PATHS = ["a", "b?keypress", "c?keypress", "kind", "yes", "d?keypress", "far", "note", "secret"];

async function change(page: Page): Promise<void> {
  await page.locator("[name=a]").fill("changed a");
  await page.locator("[name=b]").fill("changed b");
  await page.locator("select").selectOption("two");
  await page.locator("[type=checkbox]").check();
  await page.locator(".far").fill("changed far");
  await page.locator("textarea").fill("changed\nnote");
  await page.locator(".free").fill("free");
  await page.locator("[type=password]").fill("secret");
  await page.locator(".box").evaluate((box) => (box.scrollTop = 77));
  await page.locator("[name=c]").fill("changed c");
  await page.keyboard.press("ArrowLeft");
}

const look = (page: Page) =>
  page.evaluate(() => {
    const { activeElement } = document;
    return {
      values: Array.from(document.querySelectorAll<HTMLInputElement>("input, select, textarea"), ({ value }) => value),
      checked: document.querySelector<HTMLInputElement>("[type=checkbox]")!.checked,
      focus: (activeElement as HTMLInputElement).name,
      caret: (activeElement as HTMLInputElement).selectionStart,
      scrolled: document.querySelector(".box")!.scrollTop,
    };
  });

t.test(
  "a session that has lost what people did gets it again, in one frame: what they changed, and nothing else; focus, caret and scroll stay",
  async (t) => {
    const stage = await open(t, { App: FORM }, FIELDS);
    const { page } = stage;
    await change(page);
    const before = await look(page);
    // So far the session has had it.
    await sent(stage, PATHS);
    await settled(page, stage.connection);
    await page.locator("[name=c]").evaluate((field: HTMLInputElement) => field.focus());
    const after = await lose(stage, {});
    await page.waitForFunction(`document.activeElement.name === "c"`);
    t.strictSame(await look(page), before);
    t.strictSame(await sent(after, PATHS), [
      {
        a: "changed a",
        "b?keypress": "changed b",
        "c?keypress": "changed c",
        kind: "two",
        yes: true,
        far: "changed far",
        note: "changed\nnote",
        secret: "secret",
      },
    ]);
  },
);

t.test("what was typed while there was no connection is sent when there is one", async (t) => {
  const stage = await open(t, { App: FORM }, FIELDS);
  const { page } = stage;
  await page.locator("[name=a]").focus();
  stage.connection.socket.terminate();
  await page.waitForFunction(`moonpool.state === "disconnected"`);
  await page.keyboard.type("!");
  await page.locator("[name=b]").press("End");
  await page.keyboard.type("!");
  await page.evaluate("moonpool.reconnect()");
  const after = await stage.again(page, { hotload: false });
  await page.keyboard.type("?");
  t.same(
    (await sent(after, PATHS)).reduce((all, frame) => ({ ...all, ...frame }), {}),
    { a: "a!", "b?keypress": "b!?" },
  );
});

t.test("a session that has everything is sent nothing", async (t) => {
  const stage = await open(t, { App: FORM }, FIELDS);
  await change(stage.page);
  await sent(stage, PATHS);
  const after = await lose(stage, {
    a: "changed a",
    b: "changed b",
    c: "changed c",
    kind: "two",
    yes: true,
    far: "changed far",
    note: "changed\nnote",
    secret: "secret",
  });
  t.strictSame(await sent(after, PATHS), []);
});

t.test("what the session had, and somebody else has changed since, is not undone", async (t) => {
  const stage = await open(t, { App: FORM }, FIELDS);
  const { page } = stage;
  await page.locator("[name=a]").fill("mine");
  await sent(stage, PATHS);
  await settled(page, stage.connection);
  const after = await lose(stage, { a: "somebody else's" });
  t.equal(await page.locator("[name=a]").inputValue(), "somebody else's");
  t.strictSame(await sent(after, PATHS), []);
});

t.test("what the server had changed after a person did is the server's", async (t) => {
  const stage = await open(t, { App: FORM }, FIELDS);
  const { page } = stage;
  await page.locator("[name=a]").fill("mine");
  await sent(stage, PATHS);
  await settled(page, stage.connection, update(stage.id("a"), "cleared"));
  const after = await lose(stage, { a: "a" });
  t.equal(await page.locator("[name=a]").inputValue(), "a");
  t.strictSame(await sent(after, PATHS), []);
});

t.test("what was typed in a row is not given to another row that stands there now", async (t) => {
  const templates = {
    App: `<ul ui-viewlist="people"></ul><button ui-action="go()">go</button>`,
    Person: `<li><input ui-value="name"></li>`,
  };
  const person = (name: string) => ({ type: "Person", name });
  const stage = await open(t, templates, { people: [person("Ann"), person("Bob")] });
  const { page } = stage;
  await page.locator("input").nth(1).fill("Robert");
  const after = await lose(stage, { people: [person("Ann"), person("Zoe"), person("Bob")] });
  t.same(
    await page.locator("input").evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value)),
    ["Ann", "Zoe", "Bob"],
  );
  t.strictSame(await sent(after, []), []);
  await page.locator("input").nth(2).fill("Robert");
  const last = await lose(after, { people: [person("Ann"), person("Zoe"), person("Bob")] });
  await page.locator("button").focus();
  t.equal(await page.locator("input").nth(2).inputValue(), "Robert");
  const frame = await last.connection.messages();
  t.strictSame(frame, [{ type: "update", id: last.id("people", 2, "name"), value: "Robert" }]);
});
