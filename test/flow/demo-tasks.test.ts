import t from "tap";
import type { Locator, Page } from "playwright-core";
import { comes, shows, startDemo } from "../support/demo.ts";

const demo = await startDemo(t);

const titles = (page: Page): Locator => page.locator(".task-title");
const task = (page: Page, title: string): Locator => page.locator(".task", { hasText: title });
const draft = (page: Page): Locator => page.locator(".task-draft input");
const button = (page: Page, title: string, name: string): Locator =>
  task(page, title).locator(`sl-icon-button.${name}`);

const beginning = [
  "Water the tomatoes",
  "Write the agenda for Thursday",
  "Book the train to Basel",
  "Return the library books",
  "Call Rosa about the recipe",
  "Fix the bicycle light",
];
const [water, agenda, train, library, rosa, bicycle] = beginning as [string, string, string, string, string, string];

const isDisabled = (button: Locator): Promise<boolean> =>
  button.evaluate((element) => (element as HTMLButtonElement).disabled);

const counts = (page: Page): Locator => page.locator(".count");

t.test("Enter adds what is typed and clears the field for the next; blanks add nothing", async (t) => {
  const page = await demo.open(t, "Tasks");
  const add = page.locator(".task-add sl-button");
  t.equal(await isDisabled(add), true);
  await draft(page).pressSequentially("   ");
  await draft(page).press("Enter");
  await draft(page).pressSequentially("Buy milk");
  await comes(t, () => isDisabled(add), false, "the button can be used");
  await draft(page).press("Enter");
  await shows(t, titles(page), ["Buy milk", ...beginning]);
  await comes(t, () => draft(page).inputValue(), "", "the field is empty");
  await page.keyboard.type("Bake bread");
  await page.keyboard.press("Enter");
  await shows(t, titles(page), ["Bake bread", "Buy milk", ...beginning]);
  await draft(page).fill("Sweep");
  await add.click();
  await shows(t, titles(page).first(), "Sweep");
});

t.test("a title is cut, and blanks cost no time however many there are", async (t) => {
  const page = await demo.open(t, "Tasks");
  await draft(page).fill("x".repeat(300));
  t.equal((await draft(page).inputValue()).length, 200, "the field takes no more");
  // As a page would that is not the one that was sent.
  await page.locator(".task-draft").evaluate((input) => input.removeAttribute("maxlength"));
  await comes(t, () => draft(page).getAttribute("maxlength"), null, "the limit is gone");
  await draft(page).fill(`Wait${" ".repeat(300_000)}for it`);
  await draft(page).press("Enter");
  await shows(t, titles(page).first(), "Wait");
  await draft(page).fill("ü".repeat(300));
  await draft(page).press("Enter");
  await shows(t, titles(page).first(), "ü".repeat(200));
});

t.test("a tick is counted, filtered and cleared", async (t) => {
  const page = await demo.open(t, "Tasks");
  await shows(t, counts(page), ["6", "4", "2"]);
  await task(page, train).locator("sl-checkbox").click();
  await shows(t, counts(page), ["6", "3", "3"]);
  await shows(t, page.locator(".ring span"), "50");
  await page.locator(".segments button", { hasText: "Done" }).click();
  await shows(t, titles(page), [water, train, library]);
  await page.locator(".segments button", { hasText: "Open" }).click();
  await shows(t, titles(page), [agenda, rosa, bicycle]);
  t.same(
    await page.locator(".segments button").evaluateAll((all) => all.map((one) => one.getAttribute("aria-pressed"))),
    ["false", "true", "false"],
  );
  await page.locator(".clear-done").click();
  await shows(t, counts(page), ["3", "3", "0"]);
  t.equal(await isDisabled(page.locator(".clear-done")), true);
  await page.locator(".segments button", { hasText: "Done" }).click();
  await shows(t, page.locator(".task-panel .nothing"), "Nothing is done yet.");
});

t.test("a task that is ticked while only open ones are shown leaves the list", async (t) => {
  const page = await demo.open(t, "Tasks");
  await page.locator(".segments button", { hasText: "Open" }).click();
  await shows(t, titles(page), [agenda, train, rosa, bicycle]);
  await task(page, agenda).locator("sl-checkbox").click();
  await shows(t, titles(page), [train, rosa, bicycle]);
  await draft(page).fill("New");
  await draft(page).press("Enter");
  await shows(t, titles(page), ["New", train, rosa, bicycle]);
});

t.test("a task that is moved is still the same element, and the button that moved it keeps the focus", async (t) => {
  const page = await demo.open(t, "Tasks");
  await task(page, train).evaluate((element) => element.setAttribute("data-same", ""));
  await button(page, train, "up").locator("button").focus();
  await page.keyboard.press("Enter");
  await shows(t, titles(page), [water, train, agenda, library, rosa, bicycle]);
  await page.keyboard.press("Enter");
  await shows(t, titles(page), [train, water, agenda, library, rosa, bicycle]);
  t.equal(await page.locator(".task").first().getAttribute("data-same"), "");
  t.equal(await isDisabled(button(page, train, "up")), true, "it cannot go higher");
  await button(page, train, "down").click();
  await shows(t, titles(page), [water, train, agenda, library, rosa, bicycle]);
  await button(page, train, "remove").click();
  await shows(t, titles(page), [water, agenda, library, rosa, bicycle]);
});

t.test("among filtered tasks a move goes past those that are shown", async (t) => {
  const page = await demo.open(t, "Tasks");
  await page.locator(".segments button", { hasText: "Done" }).click();
  await button(page, library, "up").click();
  await shows(t, titles(page), [library, water]);
  await page.locator(".segments button", { hasText: "All" }).click();
  await shows(t, titles(page), [library, water, agenda, train, rosa, bicycle]);
});

t.test("the whole list works by keyboard", async (t) => {
  const page = await demo.open(t, "Tasks");
  const cursor = page.locator(".task.cursor .task-title");
  await page.locator(".task-rows").focus();
  for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
  await shows(t, cursor, agenda);
  await page.keyboard.press("x");
  await shows(t, page.locator(".task.done .task-title"), [water, agenda, library]);
  await page.keyboard.press("Alt+ArrowDown");
  await page.keyboard.press("Alt+ArrowDown");
  await shows(t, titles(page), [water, train, library, agenda, rosa, bicycle]);
  await page.keyboard.press("Alt+ArrowUp");
  await shows(t, titles(page), [water, train, agenda, library, rosa, bicycle]);
  await page.keyboard.press("Delete");
  await shows(t, titles(page), [water, train, library, rosa, bicycle]);
  await shows(t, cursor, library);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Shift+J");
  await page.keyboard.press("Control+k");
  await page.keyboard.press("k");
  await shows(t, cursor, train, "keys with other modifiers do nothing");
});

t.test(
  "a title is edited in place: Enter and leaving keep it, Escape does not, and the list's keys stay letters",
  async (t) => {
    const page = await demo.open(t, "Tasks");
    const editor = page.locator(".task-editor input");
    await task(page, rosa).locator(".task-title").dblclick();
    await editor.waitFor();
    await comes(t, () => editor.evaluate((input) => document.activeElement === input), true, "it has the focus");
    await page.keyboard.type("jkxe");
    await page.keyboard.press("Enter");
    await shows(t, titles(page).nth(4), "jkxe");
    t.equal(await editor.count(), 0);

    await page.keyboard.press("e");
    await editor.waitFor();
    await page.keyboard.type("never");
    await page.keyboard.press("Escape");
    await editor.waitFor({ state: "detached" });
    await shows(t, titles(page).nth(4), "jkxe");
    await page.keyboard.press("k");
    await shows(t, page.locator(".task.cursor .task-title"), library, "the list has the keyboard again");

    await button(page, bicycle, "edit").click();
    await editor.fill("Sell the bicycle");
    await draft(page).click();
    await editor.waitFor({ state: "detached" });
    await shows(t, titles(page), [water, agenda, train, library, "jkxe", "Sell the bicycle"]);

    await button(page, agenda, "edit").click();
    await editor.fill(" ");
    await editor.press("Enter");
    await shows(t, titles(page), [water, train, library, "jkxe", "Sell the bicycle"], "without a title it is gone");
  },
);

t.test("a title in the middle of being written moves with its task", async (t) => {
  const page = await demo.open(t, "Tasks");
  const editor = page.locator(".task-editor input");
  await button(page, rosa, "edit").click();
  await editor.fill("Half a ti");
  // Without the pointer, so that the focus stays where it is.
  await button(page, bicycle, "up").dispatchEvent("click");
  await shows(t, titles(page), [water, agenda, train, library, bicycle]);
  t.equal(await editor.inputValue(), "Half a ti");
  t.equal(await editor.evaluate((input) => document.activeElement === input), true);
  await page.keyboard.type("tle");
  await page.keyboard.press("Enter");
  await shows(t, titles(page).last(), "Half a title");
});
