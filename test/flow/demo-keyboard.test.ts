// The demo with nothing but a keyboard.
import t, { type Test } from "tap";
import type { Page } from "playwright-core";
import { comes, shows, startDemo } from "../support/demo.ts";

const demo = await startDemo(t);

/** What has the focus, by what it is called; looks into components. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement } = document;
    if (!activeElement || activeElement === document.body) return "";
    const name = (element: Element | null | undefined) =>
      element?.getAttribute("aria-label") ||
      element?.getAttribute("label") ||
      (element as HTMLElement)?.innerText ||
      "";
    return (name(activeElement) || name(activeElement.shadowRoot?.activeElement)).replace(/\s+/g, " ").trim();
  });

/** Whether it can be seen what has the focus: by an outline, or by the shadow that components draw. */
const isMarked = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    for (let element = document.activeElement; element; element = element.shadowRoot?.activeElement ?? null)
      for (let around: Element | null = element; around; around = around.parentElement) {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(around);
        if ((outlineStyle !== "none" && outlineWidth !== "0px") || /rgb.* [1-9]\d*px/.test(boxShadow)) return true;
      }
    return false;
  });

/** Presses Tab until something that is called `name` has the focus; what it comes to on the way must be marked. */
async function tabTo(t: Test, page: Page, name: string | RegExp, key = "Tab"): Promise<void> {
  const is = (text: string) => (typeof name === "string" ? text === name : name.test(text));
  const way: string[] = [];
  for (let press = 0; press < 80; press++) {
    await page.keyboard.press(key);
    const text = await focused(page);
    way.push(text);
    if (text !== "" && !(await isMarked(page))) t.fail(`nobody sees that ${text} has the focus`);
    if (is(text)) return;
  }
  t.fail(`${key} does not lead to ${name}: ${way.join(" → ")}`);
}

/** Everything that a pointer could use and Tab does not come to. */
async function unreachable(page: Page): Promise<string[]> {
  // Components are loaded when they appear.
  await page.waitForFunction(() => document.querySelector(":not(:defined)") === null);
  await page.evaluate(() => {
    const all = (root: Document | ShadowRoot): Element[] =>
      [...root.querySelectorAll("*")].flatMap((element) => [
        element,
        ...(element.shadowRoot ? all(element.shadowRoot) : []),
      ]);
    Object.assign(window, { reached: new Set<Element>(), all });
    document.addEventListener("focusin", (event) => {
      for (const element of event.composedPath())
        (window as never as { reached: Set<EventTarget> }).reached.add(element);
    });
    (document.activeElement as HTMLElement | null)?.blur();
  });
  const count = await page.evaluate(() => document.querySelectorAll("*").length);
  let first: string | undefined;
  for (let press = 0; press < count; press++) {
    await page.keyboard.press("Tab");
    // The rows of a windowed list come when the list is scrolled; who tabs faster than they come leaves it.
    await page.waitForFunction(() => {
      const row = document.activeElement?.closest(".tall > *");
      return !row || row.matches(":has(~ * input)") || row.textContent?.trim() === "200";
    });
    const at = await page.evaluate(() => {
      const { activeElement } = document;
      if (!activeElement || activeElement === document.body) return "";
      const inner = activeElement.shadowRoot?.activeElement;
      return `${[...document.querySelectorAll("*")].indexOf(activeElement)}/${inner ? [...activeElement.shadowRoot.querySelectorAll("*")].indexOf(inner) : ""}`;
    });
    if (at !== "" && at === first) break;
    if (at !== "") first ??= at;
  }
  return page.evaluate(() => {
    const { reached } = window as never as { reached: Set<Element> };
    const usable =
      "[ui-action],[ui-event-click],[ui-event-dblclick],button,a[href],input,select,textarea,sl-button,sl-icon-button,sl-input,sl-select,sl-checkbox,sl-switch,sl-textarea,sl-range,sl-rating,sl-color-picker,sl-radio-group,[contenteditable]";
    /** One of a group of radio buttons, tabs or options stands for all of them; arrows lead on from there. */
    const stands = (element: Element) => {
      const group = element.closest(
        "[tabindex='0'],[role=tablist],[role=listbox],[role=radiogroup],sl-radio-group,fieldset,.radios",
      );
      const name = element.getAttribute("name");
      const others = element.matches("input[type=radio]")
        ? document.querySelectorAll(`input[type=radio][name="${name}"]`)
        : (group?.querySelectorAll("*") ?? []);
      return (group && reached.has(group)) || [...others].some((other) => reached.has(other));
    };
    return [...document.querySelectorAll<HTMLElement>(usable)]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }))
      .filter(
        (element) => !(element as HTMLButtonElement).disabled && !element.closest("[inert],sl-dialog:not([open])"),
      )
      .filter(
        (element) =>
          !reached.has(element) &&
          ![...element.querySelectorAll("*")].some((inner) => reached.has(inner)) &&
          !stands(element),
      )
      .map((element) => element.outerHTML.slice(0, 120));
  });
}

for (const title of ["Contacts", "Tasks", "Live board"])
  t.test(`${title}: Tab comes to everything that can be used`, async (t) => {
    const page = await demo.open(t, title);
    t.strictSame(await unreachable(page), []);
  });

t.test("Gallery: arrows lead from section to section, and Tab comes to everything in each", async (t) => {
  const page = await demo.open(t, "Gallery");
  const tabs = page.locator(".tab");
  const names = await tabs.allTextContents();
  await tabTo(t, page, names[0]!);
  for (let index = 0; index < names.length; index++) {
    if (index > 0) await page.keyboard.press("ArrowRight");
    await shows(t, page.locator(".tab.active"), names[index]!);
    await comes(t, () => focused(page), names[index]!, "the focus goes along");
    await page.locator(".card").first().waitFor();
    t.strictSame(await unreachable(page), [], names[index]!);
    await tabs.nth(index).focus();
  }
  await page.keyboard.press("ArrowRight");
  await comes(t, () => focused(page), names[0]!, "and round");
  await page.keyboard.press("ArrowLeft");
  await comes(t, () => focused(page), names.at(-1)!, "back");
  await page.keyboard.press("Home");
  await comes(t, () => focused(page), names[0]!, "to the first");
});

t.test("Contacts: find somebody, edit, save, delete, undo", async (t) => {
  const page = await demo.open(t, "Contacts");
  const name = page.locator(".contact-detail h2");
  await tabTo(t, page, "Search contacts");
  await page.keyboard.type("an");

  const first = await name.innerText();
  await page.keyboard.press("ArrowDown");
  await comes(t, async () => (await name.innerText()) !== first, true, "the arrow chooses the next");
  const chosen = await name.innerText();
  await tabTo(t, page, "Edit");
  await page.keyboard.press("Enter");
  await page.locator(".contact-form").waitFor();
  await comes(t, () => focused(page), "Name", "the form has the focus");
  await page.keyboard.press("End");
  await page.keyboard.type(" X");
  await page.keyboard.press("Enter");
  await shows(t, name, `${chosen} X`);
  await page
    .getByRole("status")
    .filter({ hasText: `${chosen} X was saved.` })
    .waitFor();
  await comes(t, () => focused(page), "Edit", "back to where the form was opened");
  await page.keyboard.press("Escape");
  await page.locator("moonpool-toasts [part=toast]").waitFor({ state: "detached" });
  await tabTo(t, page, "Delete");
  await page.keyboard.press("Enter");
  await page.locator("sl-dialog[open]").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("sl-dialog:not([open])").waitFor({ state: "attached" });
  await comes(t, () => focused(page), "Delete", "who keeps the contact is where they were");
  await page.keyboard.press("Space");
  await page.locator("sl-dialog[open]").waitFor();
  await tabTo(t, page, /^Delete$/);
  await page.keyboard.press("Enter");
  await page.locator(".toast", { hasText: `${chosen} X` }).waitFor();
  await comes(t, async () => (await focused(page)) !== "", true, "the focus is not lost with what it was about");
  await tabTo(t, page, "Undo", "Shift+Tab");
  await page.keyboard.press("Enter");
  await shows(t, name, `${chosen} X`);
});

t.test("Tasks: add, choose, move, tick off, edit and delete; after each the keys go on working", async (t) => {
  const page = await demo.open(t, "Tasks");
  const titles = page.locator(".task-title");
  await tabTo(t, page, "New task");
  await page.keyboard.type("First");
  await page.keyboard.press("Enter");
  await shows(t, titles.first(), "First");
  await tabTo(t, page, "Tasks");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Alt+ArrowDown");
  await shows(t, titles.nth(1), "First");
  await page.keyboard.press("x");
  await page.locator(".task.done.cursor", { hasText: "First" }).waitFor();
  await page.keyboard.press("e");
  await page.locator(".task-editor input").waitFor();
  await page.keyboard.type("Second");
  await page.keyboard.press("Enter");
  await shows(t, titles.nth(1), "Second");
  const before = await titles.count();
  await page.keyboard.press("Delete");
  await comes(t, () => titles.count(), before - 1, "it is gone");
  await page.keyboard.press("Delete");
  await comes(t, () => titles.count(), before - 2, "the key goes on working");
  // With the button in the row, which goes with it.
  const next = await titles.nth(1).innerText();
  await tabTo(t, page, "Delete");
  await page.keyboard.press("Enter");
  await shows(t, titles.first(), next);
  await comes(t, () => focused(page), "Tasks", "the focus is on the list");
  await page.keyboard.press("Delete");
  await comes(t, () => titles.count(), before - 4, "and its keys work");
});

t.test("Live board: stop, speed, and another metric", async (t) => {
  const page = await demo.open(t, "Live board");
  await tabTo(t, page, "8×");
  await page.keyboard.press("Space");
  await page.locator(".segments .active", { hasText: "8×" }).waitFor();
  await tabTo(t, page, "Stop");
  await page.keyboard.press("Enter");
  await page.locator(".live-dot:not(.on)").waitFor();
  const second = page.locator(".metric").nth(1);
  const name = await second.locator(".metric-name").innerText();
  await tabTo(t, page, new RegExp(`^${name}`));
  await page.keyboard.press("Enter");
  await page.locator(".metric.selected", { hasText: name }).waitFor();
  await shows(t, page.locator(".chart-name"), name);
  await tabTo(t, page, "Log");
  await page.keyboard.press("PageUp");
  await tabTo(t, page, "Clear", "Shift+Tab");
  await page.keyboard.press("Enter");
  await comes(t, () => page.locator(".log-entry").count(), 0, "the log is empty");
  await comes(t, () => focused(page), "Clear", "the focus stays");
});
