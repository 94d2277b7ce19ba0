import fs from "node:fs";
import path from "node:path";
import t from "tap";
import { comes, root, shows, startDemo, texts } from "../support/demo.ts";
import { card, openSection, watched } from "../support/gallery-page.ts";

const demo = await startDemo(t);

/** The inside of a viewdef as a card shows it. */
function sourceOf(key: string): string {
  const file = fs.readFileSync(path.join(root, "viewdefs/gallery", `${key}.html`), "utf8");
  const inside = /^<template>\n([^]*)<\/template>\n$/.exec(file)?.[1] ?? "";
  const content = unindent(inside);
  const plain = /^<div>\n([^]*)\n<\/div>$/.exec(content);
  return plain ? unindent(plain[1] ?? "") : content;
}

function unindent(text: string): string {
  const indent = /^ */.exec(text)?.[0].length ?? 0;
  return text.replace(new RegExp(`^ {${indent}}`, "gm"), "").trimEnd();
}

t.test("every card shows the source of the viewdefs that it is made of, and every binding has a card", async (t) => {
  const page = await demo.open(t, "Gallery");
  const sources: string[] = [];
  for (const section of await texts(page.locator(".tab"))) {
    await page.locator(".tab", { hasText: section }).click();
    await page.locator(".tab.active", { hasText: section }).waitFor();
    for (const one of await page.locator(".card").all()) {
      const title = (await one.locator("h3").textContent()) ?? "";
      const source = (await one.locator(".source").textContent()) ?? "";
      sources.push(source);
      if (title === "ui-code") continue; // off, so no viewdef has it
      const view = await one.locator(".live > *").getAttribute("data-ui-viewdef");
      const [own = "", ...others] = source.split(/\n\n<!-- ([\w.-]+)\.html -->\n/);
      t.equal(own, sourceOf(view ?? ""), `${section}: ${title}`);
      for (let index = 0; index < others.length; index += 2)
        t.equal(others[index + 1], sourceOf(others[index] ?? ""), `${section}: ${title}: ${others[index]}`);
    }
  }
  const all = sources.join("\n");
  for (const attribute of "value action event-click event-keypress-enter attr-disabled class-hot style-width html view viewlist namespace code error guard".split(
    " ",
  ))
    t.match(all, ` ui-${attribute}="`, `ui-${attribute}`);
  for (const option of "keypress access wrapper itemWrapper create scrollOnOutput replace priority window last debounce repeat".split(
    " ",
  ))
    t.match(all, new RegExp(`\\?${option}\\b`), `?${option}`);
});

t.test("a click calls a method with its literal arguments or the element's value", async (t) => {
  const page = await openSection(t, demo, "Actions");
  const press = (text: string): Promise<void> =>
    card(page, "ui-action").locator(".live").getByText(text, { exact: true }).click();
  await press("Add 1");
  await press("Add 10");
  await shows(t, watched(page, "ui-action"), "count = 11 integer");
  await press("My value is 42");
  await shows(t, card(page, "ui-action").locator(".big"), "42");
  await press("Back to 0");
  await shows(t, watched(page, "ui-action"), "count = 0 integer");
  t.equal(await card(page, "ui-action").locator("button[value='0']").isDisabled(), true);
});

t.test("events of the pointer arrive with their data", async (t) => {
  const page = await openSection(t, demo, "Actions");
  const pad = card(page, "ui-event-*").locator(".pad");
  await pad.click({ position: { x: 12, y: 20 }, modifiers: ["Shift"] });
  // Where the pad is on the screen is not a whole pixel.
  const seen = async () =>
    (await texts(watched(page, "ui-event-*"))).map((text) => text.replace(/x=1[23] y=2[01]/, "x=12 y=20"));
  const expected = [
    "inside = true boolean",
    "pokes = 0 integer",
    'seen = "button=0 shift=true type=click x=12 y=20" string',
  ];
  await comes(t, seen, expected, "what the pad was told");
  t.match(await pad.getAttribute("class"), /\bhot\b/);
  await pad.dblclick();
  await shows(t, watched(page, "ui-event-*").nth(1), "pokes = 1 integer");
  await page.locator("h1").hover();
  await shows(t, watched(page, "ui-event-*").first(), "inside = false boolean");
});

t.test("a form says what is wrong where somebody was, and is sent with what is typed", async (t) => {
  const page = await openSection(t, demo, "Actions");
  const form = card(page, "A form");
  const [mail, code] = [form.locator("input").first(), form.locator("input").nth(1)];
  await mail.fill("ada");
  await code.focus();
  await shows(t, form.locator(".wrong"), "An address has an @ in it.");
  await form.getByRole("button", { name: "Send" }).click();
  await shows(t, form.locator(".wrong"), ["An address has an @ in it.", "Six letters, please."]);
  await shows(t, watched(page, "A form").last(), "sent = 0 integer");
  await mail.fill("ada@example.org");
  await code.pressSequentially("moon42x");
  await comes(t, () => code.inputValue(), "MOON42", "capitals, while they are typed");
  await page.keyboard.press("Enter");
  await shows(t, watched(page, "A form"), ['mail = "" string', 'code = "" string', "sent = 1 integer"]);
  t.same([await mail.inputValue(), await code.inputValue()], ["", ""]);
});

t.test("a key calls its method after what was typed has arrived, and only with exactly its modifiers", async (t) => {
  const page = await openSection(t, demo, "Actions");
  const title = "ui-event-keypress-*";
  const input = card(page, title).locator("input");
  await input.fill("half");
  await input.press("Enter");
  await shows(t, watched(page, title), ['text = "half" string', 'pressed = "Enter, with text \\"half\\"" string']);
  await input.press("Escape");
  await shows(t, watched(page, title), ['text = "" string', 'pressed = "Escape" string']);
  await comes(t, () => input.inputValue(), "", "cleared from Lua");
  const pad = card(page, title).locator(".pad");
  await pad.focus();
  for (const [key, text] of [
    ["ArrowLeft", "left"],
    ["Control+k", "Ctrl and K"],
    ["Shift+A", "a capital A"],
    ["F2", "F2"],
    ["ArrowRight", "right"],
  ] as const) {
    await pad.press(key);
    await shows(t, watched(page, title).nth(1), `pressed = "${text}" string`);
  }
  for (const key of ["k", "a", "Shift+ArrowLeft", "Control+Shift+K"]) await pad.press(key);
  await pad.press("F2");
  await shows(t, watched(page, title).nth(1), 'pressed = "F2" string');
});

t.test("attributes, classes and styles follow their fields", async (t) => {
  const page = await openSection(t, demo, "Looks");
  const tip = card(page, "ui-attr-*").locator(".live > * > input");
  t.equal(await tip.isDisabled(), true);
  await card(page, "ui-attr-*").getByLabel("Locked").click();
  await comes(t, () => tip.isDisabled(), false, "unlocked");
  await tip.fill("Hello");
  await comes(t, () => tip.getAttribute("title"), "Hello", "the title");
  // `!locked` is read in Lua; the disabled and title attributes above already follow what was typed.
  const note = card(page, "ui-attr-*").locator("p", { hasText: "Unlock" });
  await comes(t, () => note.isVisible(), false, "the note is hidden");

  const badge = card(page, "ui-class-*").locator(".badge");
  await card(page, "ui-class-*").getByLabel("Round").click();
  await card(page, "ui-class-*").getByLabel("Loud").click();
  await comes(t, () => badge.getAttribute("class"), "badge round", "the classes");

  const bar = card(page, "ui-style-*").locator(".bar");
  await card(page, "ui-style-*").getByLabel("Width").fill("25");
  await card(page, "ui-style-*").getByLabel("Hue").fill("120");
  await comes(
    t,
    () => bar.evaluate((element: HTMLElement) => [element.style.width, element.style.getPropertyValue("--hue")]),
    ["25%", "120"],
    "the style",
  );
});

t.test("markup from Lua is shown without anything that could run", async (t) => {
  const page = await openSection(t, demo, "Looks");
  page.on("dialog", (dialog) => t.fail(`a script ran: ${dialog.message()}`));
  const html = card(page, "ui-html").locator(".html");
  await shows(t, html, "Some bold words, nice ones.");
  await card(page, "ui-html")
    .locator("textarea")
    .fill('<a href="javascript:alert(1)" onclick="alert(2)">link</a><svg onload="alert(3)"></svg><b>safe</b>');
  await shows(t, html, "linksafe");
  t.same(
    await html.evaluate((element) => [
      element.querySelectorAll("script, [onclick], [onload], [href]").length,
      element.querySelectorAll("b").length,
    ]),
    [0, 1],
  );
  const replaced = card(page, "ui-html with ?replace");
  t.equal(await replaced.locator("p > strong").count(), 1, "it has taken the place of its element");
  await replaced.locator("button").click();
  await shows(t, replaced.locator("p > em"), "emphasised");
  await shows(t, replaced.locator(".live p"), "This word is emphasised.");
});

t.test("a view shows whatever object is there, and nothing for nil", async (t) => {
  const page = await openSection(t, demo, "Views");
  const stage = card(page, "ui-view").locator(".stage");
  const press = (text: string): Promise<void> => card(page, "ui-view").getByRole("button", { name: text }).click();
  await stage.locator(".circle").waitFor();
  await press("Poem");
  await shows(t, stage, "The moon keeps what the water says.");
  await press("nil");
  await shows(t, stage, "");
  await press("Circle");
  await stage.locator(".circle").waitFor();
});

t.test("a row of a list moves with its element, focus and half-written text included", async (t) => {
  const page = await openSection(t, demo, "Views");
  const list = card(page, "ui-viewlist");
  const names = list.locator(".fruit span");
  await list.locator("button", { hasText: "Add" }).click();
  await shows(t, names, ["Apple", "Pear", "Plum", "Cherry"]);
  const note = list.locator(".fruit", { hasText: "Pear" }).locator("input");
  await note.fill("ripe");
  await note.evaluate((element: HTMLInputElement) => element.setSelectionRange(1, 2));
  // Without the pointer, so that the focus is where it was.
  await list.locator("button", { hasText: "Reverse" }).dispatchEvent("click");
  await shows(t, names, ["Cherry", "Plum", "Pear", "Apple"]);
  t.same(
    await note.evaluate((element: HTMLInputElement) => [
      document.activeElement === element,
      element.value,
      element.selectionStart,
    ]),
    [true, "ripe", 1],
  );
  await list.locator("button", { hasText: "Drop the first" }).click();
  await shows(t, names, ["Plum", "Pear", "Apple"]);
});

t.test("presenters keep what is theirs while rows go, and indexes follow", async (t) => {
  const page = await openSection(t, demo, "Views");
  const presented = card(page, "?itemWrapper").locator(".stop");
  await presented.nth(2).locator("button", { hasText: "Note" }).click();
  await shows(t, presented.nth(2), "3. Lugano Palm trees. Note Remove");
  await presented.first().locator("button", { hasText: "Remove" }).click();
  await shows(t, presented, ["1. Luzern Note Remove", "2. Lugano Palm trees. Note Remove"]);

  const items = card(page, "?wrapper=lua.ViewList").locator(".stop");
  await shows(t, items, ["0 Basel Remove", "1 Luzern Remove", "2 Lugano Remove"]);
  await items.nth(1).locator("button").click();
  await shows(t, items, ["0 Basel Remove", "1 Lugano Remove"]);
});

t.test("one object in three namespaces changes in all of them", async (t) => {
  const page = await openSection(t, demo, "Views");
  const moons = card(page, "ui-namespace").locator(".live");
  await moons.locator("input").fill("Ganymede");
  await shows(t, moons.locator("p"), "Ganymede goes around Jupiter.");
  await shows(t, moons.locator(".badge"), "Ganymede");
});

t.test("a wrapper follows its value", async (t) => {
  const page = await openSection(t, demo, "Views");
  const live = card(page, "?wrapper").locator(".live");
  await shows(t, live.locator("p"), ["18 °C", "64 °F, that is pleasant"]);
  await live.locator("input").fill("30");
  await shows(t, live.locator("p"), ["30 °C", "86 °F, that is hot"]);
});

t.test("paths reach fields, elements and methods; through nil they are empty", async (t) => {
  const page = await openSection(t, demo, "Paths");
  const first = card(page, "Fields, indexes, methods");
  await shows(t, first.locator("dd"), ["London", "one", "Ada Lovelace", "hahaha", ""]);
  await first.locator("input").click();
  await shows(t, first.locator(".live p"), "!hidden turns it round.");
  await shows(t, first.locator("dd"), []);

  const up = card(page, "..");
  await up.locator("button", { hasText: "Tick" }).click();
  await up.locator("button", { hasText: "Tock" }).click();
  await shows(t, up.locator(".live b"), ["2", "2"], "both rows show the object around them");
});

t.test("path options: access, priority, create and scrollOnOutput", async (t) => {
  const page = await openSection(t, demo, "Paths");
  const inputs = card(page, "?access").locator("input");
  const degrees = (): Promise<string[]> =>
    inputs.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
  await inputs.nth(1).fill("212");
  await inputs.nth(0).focus();
  await comes(t, degrees, ["100", "212", "100"], "a method with an argument writes");
  await inputs.nth(0).fill("0");
  await inputs.nth(0).press("Tab");
  await comes(t, degrees, ["0", "32", "0"], "and without one reads");

  const priority = card(page, "?priority");
  await priority.locator("button").click();
  await shows(t, priority.locator(".watch").first(), "asked = 1 integer");
  await shows(t, priority.locator(".first"), "high");

  await card(page, "?create").locator("input").fill("kept");
  await shows(t, watched(page, "?create"), "draft = GalleryDraft object table");

  const scroll = card(page, "?scrollOnOutput");
  const lines = scroll.locator(".lines");
  await scroll.locator("button").click();
  await shows(t, lines.locator("> *").last(), "Line 7");
  await comes(
    t,
    () =>
      lines.evaluate(
        (element) => element.scrollTop > 0 && element.scrollHeight - element.scrollTop - element.clientHeight < 4,
      ),
    true,
    "at the end",
  );
});

t.test("a list of 100,000 rows can be filled, scrolled and turned round; a log shows its last lines", async (t) => {
  const page = await openSection(t, demo, "Views");
  const window = card(page, "?window");
  const box = window.locator(".lines");
  const inSight = () =>
    box.evaluate((box) => {
      const { top, bottom } = box.getBoundingClientRect();
      const rows = [...box.querySelectorAll(".fruit")].filter((row) => {
        const at = row.getBoundingClientRect();
        return at.top < bottom - 8 && at.bottom > top + 8;
      });
      return rows.map((row) => Number(row.querySelector("span")?.textContent));
    });
  const isFrom = async (first: number, step: number) => {
    const names = await inSight();
    return names.length > 3 && names[0] === first && names.every((name, index) => name === first + index * step);
  };
  await window.locator("button", { hasText: "100,000" }).click();
  await shows(t, window.locator("p b"), "100000");
  await comes(t, () => isFrom(1, 1), true, "the first rows");
  await box.evaluate((box) => box.scrollTo({ top: box.scrollHeight, behavior: "instant" }));
  await comes(t, async () => (await inSight()).at(-1), 100_000, "the last row");
  await window.locator("button", { hasText: "Reverse" }).click();
  await comes(t, async () => (await inSight()).at(-1), 1, "turned round, the last is the first");
  await box.evaluate((box) => box.scrollTo({ top: 0, behavior: "instant" }));
  await comes(t, () => isFrom(100_000, -1), true, "and the first the last");
  await window.locator("button", { hasText: "One more" }).click();
  await comes(t, async () => (await inSight())[0], 100_001, "one more in front");
  t.ok((await box.locator(".fruit").count()) < 120);

  const log = card(page, "?last");
  const lines = log.locator(".lines > *");
  await log.locator("button", { hasText: "25" }).click();
  await shows(t, log.locator("p b"), "29");
  t.equal(await lines.count(), 20);
  t.same(await texts(lines.first()), ["Line 10"]);
  await comes(
    t,
    () => log.locator(".lines").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 4),
    true,
    "at its end",
  );
});
