import t from "tap";
import type { Page } from "playwright-core";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, deliver, update, view, viewdef, welcome } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);
const act = (id: number, value: unknown = null) => ({ type: "update", id, value });

/** What bears `data-ui-pending`, by id, and which buttons say that they do not work. */
const shown = (page: Page) =>
  page.evaluate(() => {
    const ids = (selector: string) => Array.from(document.querySelectorAll(selector), ({ id }) => id);
    return { pending: ids("[data-ui-pending]"), disabled: ids("[aria-disabled=true]") };
  });
const nothing = { pending: [], disabled: [] };
/** Resolves when nothing is pending any more. */
const over = (page: Page) => page.waitForFunction("!document.querySelector('[data-ui-pending]')");

t.test(
  "from an event until it is carried out its element, its form and what asks for it are pending; the last answer ends it",
  async (t) => {
    const app = viewdef(
      `<div id="around" ui-pending><p id="beside"></p><form id="form"><input id="field"><button id="save">save</button></form>
       <input id="far" form="form"><button id="other" form="form">other</button><button id="reset" type="reset" form="form">r</button></div>`,
      bind(2, "event", 0, { name: "submit" }),
      bind(3, "value", 1, { write: true, keypress: true }),
    );
    const { page, connection } = await scene(t, chromium, app, { values: [null, ""] });
    connection.holdAck = true;
    t.strictSame(await shown(page), nothing);
    await page.locator("#field").pressSequentially("x");
    t.strictSame(await connection.messages(), [act(3, "x")]);
    t.strictSame(await shown(page), { pending: ["around", "form", "field"], disabled: [] });
    await page.keyboard.press("Enter");
    t.strictSame(await connection.messages(), [act(2)]);
    const both = { pending: ["around", "form", "field"], disabled: ["save", "other"] };
    t.strictSame(await shown(page), both, "the buttons that submit the form wait, wherever they are");
    connection.ack = 1;
    connection.acknowledge();
    await page.waitForFunction(`!document.querySelector("#field").hasAttribute("data-ui-pending")`);
    t.strictSame(await shown(page), { pending: ["around", "form"], disabled: ["save", "other"] });
    connection.ack = 2;
    connection.applied = 1;
    await settled(page, connection, update(3, "y"));
    t.same((await shown(page)).disabled, ["save", "other"], "accepted is not carried out");
    connection.applied = undefined;
    await settled(page, connection);
    t.strictSame(await shown(page), nothing);
  },
);

t.test("an event that changes nothing is over when the host says so", async (t) => {
  const app = viewdef(`<button id="b">b</button>`, bind(0, "action", 0));
  const { page, connection } = await scene(t, chromium, app, { values: [null] });
  await page.evaluate(() => {
    const seen: (string | null)[] = [];
    Object.assign(window, { seen });
    new MutationObserver((records) => {
      for (const { target } of records) seen.push((target as Element).getAttribute("data-ui-pending"));
    }).observe(document.body, { subtree: true, attributeFilter: ["data-ui-pending"] });
  });
  await page.locator("#b").click();
  await connection.frame();
  await over(page);
  t.strictSame(await page.evaluate("seen"), ["", null]);
});

t.test("a button does not fire twice before the first is carried out, nor is a form submitted twice", async (t) => {
  const app = viewdef(
    `<button id="a">a</button><button id="b">b</button><form id="form"><input><button id="save">save</button></form><i>row</i><input type="checkbox">`,
    bind(0, "action", 0),
    bind(1, "event", 1, { name: "click" }),
    bind(2, "event", 2, { name: "submit" }),
    bind(5, "action", 3),
    bind(6, "action", 4),
  );
  const { page, connection } = await scene(t, chromium, app, { values: [null, null, null, null, null] });
  connection.holdAck = true;
  await page.evaluate(() => {
    for (const selector of ["#a", "#b", "#save", "i", "[type=checkbox]"])
      for (let index = 0; index < 3; index++) document.querySelector<HTMLElement>(selector)!.click();
  });
  t.strictSame(
    await connection.messages(),
    [2, 3, 4, 5, 5, 5, 6, 6, 6].map((id) => act(id)),
    "what is no button fires each time",
  );
  connection.ack = 1;
  connection.acknowledge();
  await over(page);
  await page.locator("#a").click();
  await page.locator("#b").click();
  await page.locator("#save").click();
  const sent = [...(await connection.messages()), ...(await connection.messages()), ...(await connection.messages())];
  t.strictSame(
    sent,
    [2, 3, 4].map((id) => act(id)),
  );
});

t.test("with ?repeat every click counts, whether the one before was carried out or not", async (t) => {
  const app = viewdef(`<button id="plus">+1</button>`, bind(0, "action", 0, { repeat: true }));
  const { page, connection } = await scene(t, chromium, app, { values: [null] });
  connection.holdAck = true;
  await page.evaluate(`for (let index = 0; index < 3; index++) document.querySelector("button").click()`);
  t.strictSame(await connection.messages(), [act(2), act(2), act(2)]);
  t.strictSame(await shown(page), { pending: ["plus"], disabled: [] });
});

t.test(
  "what was changed is restored exactly: aria-disabled, disabled, readonly, the focus; what others changed stays",
  async (t) => {
    const app = viewdef(
      `<form><input class="one" readonly><input class="two"><button>s</button><button aria-disabled="false">t</button>
       <button disabled>u</button><button type="button">v</button><button>w</button></form>`,
      bind(0, "event", 0, { name: "submit" }),
      bind(7, "attr", 1, { name: "aria-disabled" }),
    );
    const { page, connection } = await scene(t, chromium, app, { values: [null, null] });
    const look = () =>
      page.evaluate(() =>
        Array.from(document.querySelectorAll<HTMLInputElement>("form > *"), (element) => [
          element.getAttribute("aria-disabled"),
          element.disabled,
          element.readOnly ?? null,
        ]),
      );
    const before = await look();
    connection.holdAck = true;
    for (const round of [1, 2]) {
      await page.locator("button").first().click();
      await connection.frame();
      t.notSame(await look(), before);
      t.equal(await page.evaluate("document.activeElement.textContent"), "s", "the button keeps the focus");
      await page.locator(".two").pressSequentially("x");
      t.equal(await page.locator(".two").inputValue(), "x".repeat(round), "one may go on typing");
      connection.ack = round;
      connection.acknowledge();
      await over(page);
      t.strictSame(await look(), before);
    }
    await page.locator("button").first().click();
    await connection.frame();
    await settled(page, connection, update(3, "false"));
    connection.ack = 3;
    connection.acknowledge();
    await over(page);
    const last = (await look()).at(-1);
    t.strictSame(last, ["false", false, null], "the server's word about a button stays");
  },
);

t.test("a value that the server made before it knew of a click cannot undo the click", async (t) => {
  const app = viewdef(`<input type="checkbox">`, bind(0, "value", 0, { write: true }));
  const { page, connection } = await scene(t, chromium, app, { values: [false] });
  connection.holdAck = true;
  const box = page.locator("input");
  await box.click();
  await connection.frame();
  await settled(page, connection, update(2, false));
  t.equal(await box.isChecked(), true);
  connection.ack = 1;
  await settled(page, connection, update(2, false));
  t.equal(await box.isChecked(), false, "after it the server has the last word");
});

t.test("what is done while there is no connection is pending, and nothing is when another one begins", async (t) => {
  const app = viewdef(
    `<button id="b">b</button><input id="field">`,
    bind(0, "action", 0),
    bind(1, "value", 1, { write: true }),
  );
  const { page, connection, host } = await scene(t, chromium, app, { values: [null, ""] });
  connection.socket.terminate();
  await page.waitForFunction(`moonpool.state === "disconnected"`);
  await page.locator("#b").click();
  t.strictSame(await shown(page), { pending: ["b"], disabled: ["b"] });
  await page.evaluate("moonpool.reconnect()");
  const next = await host.connection();
  await settled(page, next, welcome(), deliver({ "App.DEFAULT": app }), view(1, "App.DEFAULT", 2, [null, ""]));
  t.strictSame(await shown(page), nothing);
  await page.locator("#b").click();
  t.strictSame(await next.messages(), [act(2)]);
});

t.test("what was done at an element that is gone by then is over like anything else", async (t) => {
  const app = viewdef(`<form id="form"><div></div></form>`, bind(1, "view", 0));
  const row = viewdef(`<button id="b">b</button>`, bind(0, "action", 0));
  const { page, connection } = await scene(t, chromium, app, {
    values: [null],
    viewdefs: { "Row.DEFAULT": row },
    more: [view(2, "Row.DEFAULT", 10, [null])],
  });
  connection.holdAck = true;
  await page.locator("#b").click();
  await connection.frame();
  await settled(page, connection, view(2, null));
  t.strictSame(await shown(page), { pending: ["form"], disabled: [] });
  connection.ack = 1;
  connection.acknowledge();
  await over(page);
  t.strictSame(await shown(page), nothing);
});
