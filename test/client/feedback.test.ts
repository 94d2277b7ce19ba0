import t from "tap";
import type { Page } from "playwright-core";
import { Chromium } from "../support/chromium.ts";
import { scene, settled } from "../support/scene.ts";
import { bind, deliver, update, view, viewdef } from "../support/scripted-host.ts";

const chromium = await Chromium.launch(t);

/** The texts of the messages that can be seen. */
const messages = (page: Page) =>
  page.evaluate(() =>
    Array.from(document.querySelectorAll<HTMLElement>("p, em"))
      .filter((element) => element.checkVisibility())
      .map(({ textContent }) => textContent),
  );

/** A form with two fields that have an error each. */
const form = viewdef(
  `<form><label>Name <input class="name"></label><p></p><label>Mail <input class="mail"></label><p></p><button>save</button><button type="reset">reset</button></form>`,
  bind(2, "value", 0, { write: true, keypress: true }),
  bind(3, "error", 1),
  bind(5, "value", 2, { write: true }),
  bind(6, "error", 3),
  bind(0, "event", 4, { name: "submit" }),
);
const values = ["", "name is missing", "", "mail is missing", null];

t.test(
  "an error shows when its field was left after a change, all of them when the form is submitted, none after a reset",
  async (t) => {
    const { page, connection } = await scene(t, chromium, form, { values });
    t.same(await messages(page), [], "nothing was used");
    await page.locator(".mail").focus();
    await page.locator(".name").focus();
    t.same(await messages(page), [], "a field that was left without a change is not used");
    await page.keyboard.type("x");
    t.same(await messages(page), [], "nor is one while somebody types");
    await page.locator(".mail").focus();
    t.same(await messages(page), ["name is missing"]);
    await settled(page, connection, update(3, null));
    t.same(await messages(page), [], "there is no error any more");
    await settled(page, connection, update(3, "too short"));
    t.same(await messages(page), ["too short"]);
    await page.locator("button").first().click();
    await page.waitForFunction(`document.querySelectorAll("p:not([hidden])").length === 2`);
    t.same(await messages(page), ["too short", "mail is missing"]);
    await page.locator("button").nth(1).click();
    await page.waitForFunction(`document.querySelectorAll("p:not([hidden])").length === 0`);
    t.same(await messages(page), []);
    await settled(page, connection, update(5, "still missing"));
    t.same(await messages(page), [], "what is reset has not been used");
  },
);

t.test(
  "who presses a button is not shown a message before it is clicked: it could move away from under the pointer",
  async (t) => {
    const { page, connection } = await scene(t, chromium, form, { values });
    await page.locator(".name").fill("x");
    await page.locator("button").first().hover();
    await page.mouse.down();
    await settled(page, connection, update(3, "too short"));
    t.same(await messages(page), []);
    await page.mouse.up();
    await page.waitForFunction(`document.querySelectorAll("p:not([hidden])").length === 2`);
    t.same(await messages(page), ["too short", "mail is missing"]);
    const sent = [...(await connection.messages()), ...(await connection.messages())];
    t.same(
      sent.map((message) => message.type === "update" && message.id),
      [2, 6],
      "the form was submitted",
    );
  },
);

t.test("assistive technology is told which message belongs to which field, as long as it shows", async (t) => {
  const app = viewdef(
    `<input aria-describedby="hint"><i id="hint">hint</i><p></p><p id="own"></p>`,
    bind(0, "value", 0, { write: true }),
    bind(2, "error", 1),
    bind(3, "error", 2),
  );
  const { page, connection } = await scene(t, chromium, app, { values: ["", "one", false] });
  const field = () =>
    page.locator("input").evaluate((input) => {
      const described = input.getAttribute("aria-describedby")!.split(" ");
      return [input.getAttribute("aria-invalid"), ...described.map((id) => document.getElementById(id)?.textContent)];
    });
  t.same(await field(), [null, "hint"]);
  await page.locator("input").fill("x");
  await page.locator("input").blur();
  t.same(await field(), ["true", "hint", "one"]);
  await settled(page, connection, update(4, "two"));
  t.same(await field(), ["true", "hint", "one", "two"]);
  await settled(page, connection, update(3, ""));
  t.same(await field(), ["true", "hint", "two"]);
  await settled(page, connection, update(4, null));
  t.same(await field(), [null, "hint"]);
});

t.test(
  "a message belongs to the field that `for` names, in its own row, else to the last field before it",
  async (t) => {
    const app = viewdef(`<ul></ul>`, bind(0, "list", 0));
    const row = viewdef(
      `<li><p for="mail"></p><input name="name"><input name="mail"><em></em></li>`,
      bind(1, "error", 0),
      bind(2, "value", 1, { write: true }),
      bind(3, "value", 2, { write: true }),
      bind(4, "error", 3),
    );
    const rows = [10, 20].map((id) => view(id, "Row.DEFAULT", id + 1, [`named ${id}`, "", "", `near ${id}`]));
    const { page } = await scene(t, chromium, app, {
      values: [[]],
      viewdefs: { "Row.DEFAULT": row },
      more: [
        {
          type: "list",
          id: 2,
          place: [
            { row: 10, before: 0 },
            { row: 20, before: 0 },
          ],
        },
        ...rows,
      ],
    });
    const use = async (index: number) => {
      await page.locator("input").nth(index).fill("x");
      await page.locator("input").nth(index).blur();
    };
    await use(2);
    t.same(await messages(page), []);
    await use(3);
    t.same(await messages(page), ["named 20", "near 20"]);
  },
);

t.test("a message for a whole form shows when that was submitted, by a button with an action too", async (t) => {
  const app = viewdef(
    `<form id="f"><input><p for="f"></p><button>save</button></form>`,
    bind(1, "value", 0, { write: true }),
    bind(2, "error", 1),
    bind(3, "action", 2),
  );
  const { page } = await scene(t, chromium, app, { values: ["", "nobody is allowed to", null] });
  await page.locator("input").fill("x");
  await page.locator("input").blur();
  t.same(await messages(page), []);
  await page.locator("input").press("Enter");
  t.same(await messages(page), ["nobody is allowed to"]);
});

t.test("choosing uses a field at once; a message without any field shows always; lists are joined", async (t) => {
  const app = viewdef(
    `<div><input type="checkbox"><p></p></div>`,
    bind(1, "value", 0, { write: true }),
    bind(2, "error", 1),
  );
  const { page } = await scene(t, chromium, app, { values: [false, "you must agree"] });
  t.same(await messages(page), []);
  await page.locator("input").check();
  t.same(await messages(page), ["you must agree"]);
  const plain = await scene(t, chromium, viewdef(`<p></p>`, bind(0, "error", 0)), { values: [["a", "b"]] });
  t.same(await messages(plain.page), ["a,b"]);
});

t.test("a field that is there later, or made anew, gets its message", async (t) => {
  const app = viewdef(`<div><div></div><p></p></div>`, bind(1, "view", 0), bind(2, "error", 1));
  const field = viewdef(`<input>`, bind(0, "value", 0, { write: true }));
  const { page, connection } = await scene(t, chromium, app, { values: [null, null] });
  await settled(
    page,
    connection,
    deliver({ "Field.DEFAULT": field }),
    view(2, "Field.DEFAULT", 10, [""]),
    update(3, "e1"),
  );
  const use = async () => {
    await page.locator("input").fill("x");
    await page.locator("input").blur();
  };
  await use();
  t.same(await messages(page), ["e1"]);
  await settled(page, connection, view(2, "Field.DEFAULT", 20, [""]), update(3, "e2"));
  t.same(await messages(page), [], "the new one has not been used");
  await use();
  t.same(await messages(page), ["e2"]);
});
