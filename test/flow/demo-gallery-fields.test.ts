import t from "tap";
import type { Locator, Page } from "playwright-core";
import { comes, shows, startDemo } from "../support/demo.ts";
import { card, openSection, watched } from "../support/gallery-page.ts";

const demo = await startDemo(t);

/** Card, what somebody does in it, and what the Lua fields hold then. */
type Try = [title: string, act: (live: Locator, page: Page) => Promise<unknown>, fields: string[]];

const fields: Try[] = [
  [
    "Text",
    (live) => live.locator("input").first().fill('Grace "G"'),
    ['name = "Grace \\"G\\"" string', 'town = "London" string'],
  ],
  ["Number", (live) => live.locator("input").first().fill("12"), ["count = 12 integer", "price = 2.5 float"]],
  ["Checkbox", (live) => live.locator("input").click(), ["agreed = false boolean"]],
  ["Radio buttons", (live) => live.getByLabel("Large").click(), ['size = "large" string']],
  ["Select", (live) => live.locator("select").selectOption("water"), ['drink = "water" string']],
  [
    "Select several",
    (live) => live.locator("select").selectOption(["capers", "rocket"]),
    ['toppings = { "capers", "rocket" } table'],
  ],
  ["Range", (live) => live.locator("input").fill("55"), ["volume = 55 integer"]],
  [
    "Date and time",
    (live) => live.locator("input").first().fill("2027-02-28"),
    ['day = "2027-02-28" string', 'time = "09:30" string'],
  ],
  ["Text area", (live) => live.locator("textarea").fill("a\nb"), ['note = "a\\nb" string']],
  ["contenteditable", (live) => live.locator("h4").fill("New words"), ['headline = "New words" string']],
  ["Elements that only show", (live) => live.locator("input").fill("25"), ["percent = 25 integer"]],
];

const components: Try[] = [
  [
    "sl-input",
    (live) => live.locator("sl-input input").first().fill("Porto"),
    ['city = "Porto" string', "guests = 2 integer"],
  ],
  ["sl-textarea", (live) => live.locator("textarea").fill("Short."), ['note = "Short." string']],
  [
    "sl-checkbox, sl-switch",
    (live) => live.locator("sl-switch").click(),
    ["news = true boolean", "airplane = true boolean"],
  ],
  [
    "sl-radio-group",
    (live) => live.locator("sl-radio-button", { hasText: "Never" }).click(),
    ['plan = "never" string'],
  ],
  ["sl-input type=date", (live) => live.locator("input").fill("2026-12-31"), ['day = "2026-12-31" string']],
  [
    "sl-range, sl-rating",
    (live) => live.locator("sl-range input").fill("70"),
    ["level = 70 integer", "stars = 4 integer"],
  ],
  [
    "sl-select",
    async (live) => {
      await live.locator("sl-select").click();
      await live.locator("sl-option", { hasText: "Plum" }).click();
    },
    ['fruit = "plum" string'],
  ],
  [
    "sl-select multiple",
    async (live, page) => {
      await live.locator("sl-select").click();
      await live.locator("sl-option", { hasText: "Monday" }).click();
      await page.keyboard.press("Escape");
    },
    ['days = { "mon", "tue", "thu" } table'],
  ],
];

for (const [section, tries] of [
  ["Fields", fields],
  ["Shoelace", components],
] as const) {
  t.test(
    `${section}: what somebody enters arrives in Lua in the type of its field, and stays in the control`,
    async (t) => {
      const page = await openSection(t, demo, section);
      for (const [title, act, expected] of tries) {
        const live = card(page, title).locator(".live");
        await act(live, page);
        await page.locator("h1").click(); // leaves the field
        await shows(t, watched(page, title), expected, title);
      }
      // Whatever the server has must be what the page shows after a fresh start.
      const before = await state(page);
      await page.reload();
      await shows(t, watched(page, tries[0]?.[0] ?? ""), tries[0]?.[2] ?? []);
      await comes(t, () => state(page), before, "the same after a reload");
    },
  );
}

/** What all controls of the section show. */
function state(page: Page): Promise<unknown[]> {
  return page
    .locator(
      ".live :is(input, select, textarea, [contenteditable], progress, sl-input, sl-textarea, sl-select, sl-checkbox, sl-switch, sl-range, sl-rating, sl-radio-group, sl-color-picker)",
    )
    .evaluateAll((controls) =>
      controls.map((control) => {
        if (control instanceof HTMLSelectElement) return Array.from(control.selectedOptions, (option) => option.value);
        const { checked, value } = control as HTMLInputElement;
        return value === undefined ? control.textContent : [value, checked];
      }),
    );
}

t.test("a number that is emptied is nil, and one that is half typed is not sent", async (t) => {
  const page = await openSection(t, demo, "Fields");
  const [count, price] = [0, 1].map((index) => card(page, "Number").locator("input").nth(index)) as [Locator, Locator];
  await count.fill("");
  await price.focus();
  await shows(t, watched(page, "Number").first(), "count = nil nil");
  await price.fill("");
  await price.pressSequentially("-");
  await count.focus();
  await count.fill("7");
  await price.focus();
  await shows(t, watched(page, "Number").first(), "count = 7 integer");
});

t.test("elements that only show follow the value", async (t) => {
  const page = await openSection(t, demo, "Fields");
  const live = card(page, "Elements that only show").locator(".live");
  await live.locator("input").fill("35");
  await shows(t, live.locator("p"), "35 %");
  await comes(
    t,
    () =>
      live
        .locator("progress, meter, sl-progress-bar")
        .evaluateAll((all) => all.map((one) => Number((one as HTMLElement & { value: unknown }).value))),
    [35, 35, 35],
    "progress, meter, sl-progress-bar",
  );
});
