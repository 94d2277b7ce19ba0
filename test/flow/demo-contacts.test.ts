import t, { type Test } from "tap";
import type { Locator, Page } from "playwright-core";
import { comes, goTo, shows, startDemo, texts } from "../support/demo.ts";

const demo = await startDemo(t);

const rows = (page: Page): Locator => page.locator(".contact-row .person-name");
const row = (page: Page, name: string): Locator => page.locator(".contact-row", { hasText: name });
const field = (page: Page, name: string): Locator => page.locator(`.field-${name} input`);
const search = (page: Page): Locator => page.locator(".search input");

const edit = async (page: Page, name: string): Promise<void> => {
  await row(page, name).click();
  await page.locator(".contact-detail h2", { hasText: name }).waitFor();
  await page.locator("sl-button.edit").click();
  await page.locator(".contact-form").waitFor();
};

t.test("the page is complete with the first frame, and everything comes from the one server", async (t) => {
  const page = await demo.open(t);
  const foreign: string[] = [];
  const frames: string[] = [];
  page.on("request", (request) => request.url().startsWith(demo.origin) || foreign.push(request.url()));
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
  await page.reload();
  await shows(t, page.locator(".page-head p"), "25 contacts");
  await shows(t, page.locator(".contact-detail h2"), "Amara Okafor");
  t.equal((await texts(rows(page))).length, 25, "all rows are there");
  const full = frames.map((text) => (JSON.parse(text) as { messages?: unknown[] }).messages?.length ?? 0);
  t.equal(full.filter((count) => count > 0).length, 1, "one frame with messages");
  t.same(foreign, []);
});

t.test("the list follows each key of the search, whatever the case and the accents", async (t) => {
  const page = await demo.open(t);
  await search(page).pressSequentially("EMIL");
  await shows(t, rows(page), "Émilie Laurent");
  await shows(t, page.locator(".page-head p"), "1 of 25 contacts");
  await search(page).pressSequentially("xx");
  await shows(t, rows(page), []);
  await shows(t, page.locator(".contacts-list .nothing"), "Nobody matches “EMILxx”.");
  await search(page).fill("teacher");
  await shows(t, rows(page), ["Jonas Petrov", "Rosa Lima"]);
  await page.locator(".search [part~=clear-button]").click();
  await comes(t, async () => (await texts(rows(page))).length, 25, "all are back");
});

t.test("a search for blanks or a very long text is answered like any other", async (t) => {
  const page = await demo.open(t);
  await page.locator(".search").evaluate((input) => input.removeAttribute("maxlength"));
  await comes(t, () => search(page).getAttribute("maxlength"), null, "the limit is gone");
  await search(page).fill(`${" ".repeat(20)}emil${" ".repeat(300_000)}x`);
  await shows(t, rows(page), "Émilie Laurent");
  await search(page).fill(" ".repeat(300_000));
  await shows(t, page.locator(".page-head p"), "25 contacts");
});

t.test("the contact that is chosen is highlighted and shown, by pointer, chip or arrow key", async (t) => {
  const page = await demo.open(t);
  const name = page.locator(".contact-detail h2");
  const selected = page.locator(".contact-row.selected .person-name");
  await row(page, "Hiro Tanaka").click();
  await shows(t, name, "Hiro Tanaka");
  await shows(t, selected, "Hiro Tanaka");
  await shows(t, page.locator(".chip").first(), "HT Hiro", "and is the newest of the recent ones");
  await page.locator(".chip", { hasText: "Chiara" }).click();
  await shows(t, selected, "Chiara Rossi");
  await search(page).press("ArrowDown");
  await shows(t, selected, "Daniel Weiss");
  await search(page).press("ArrowUp");
  await shows(t, name, "Chiara Rossi");
  t.equal(
    await selected.evaluate((element) => element.closest("[role=option]")?.getAttribute("aria-selected")),
    "true",
  );
});

t.test("a name that is typed changes the row, the chip and the card with each key, and the caret stays", async (t) => {
  const page = await demo.open(t);
  await edit(page, "Ben Carter");
  await page.locator(".contact-row.selected").evaluate((element) => element.setAttribute("data-same", ""));
  const name = field(page, "name");
  await name.focus();
  await name.evaluate((input: HTMLInputElement) => input.setSelectionRange(0, 0));
  for (const [key, whole] of [
    ["Z", "ZBen Carter"],
    ["o", "ZoBen Carter"],
    ["e", "ZoeBen Carter"],
    [" ", "Zoe Ben Carter"],
  ] as const) {
    await page.keyboard.press(key === " " ? "Space" : key);
    await shows(t, page.locator(".contact-row.selected .person-name"), whole);
    await shows(t, page.locator(".business-name"), whole);
    await shows(t, page.locator(".chip.selected .chip-name"), whole.split(" ")[0] ?? "");
  }
  t.equal(await name.evaluate((input: HTMLInputElement) => input.selectionStart), 4, "the caret is where it was");
  t.equal((await texts(rows(page))).at(-1), "Zoe Ben Carter", "the row has moved to its place in the alphabet");
  t.equal(await page.locator(".contact-row.selected[data-same]").count(), 1, "and is still the same element");
});

t.test("a contact with mistakes is not saved, says what is wrong, and is not left for another one", async (t) => {
  const page = await demo.open(t);
  await edit(page, "Farid Haddad");
  const help = (name: string): Locator => page.locator(`.field-${name} [part~=form-control-help-text]`);
  await field(page, "name").fill("");
  await shows(t, help("name"), "A contact needs a name.");
  await field(page, "email").fill("farid@");
  await shows(t, help("email"), "This does not look like an e-mail address: name@example.org.");
  await field(page, "email").fill("Ben.Carter@example.org");
  await shows(t, help("email"), "Ben Carter has this address already.");
  await field(page, "phone").fill("12 ab");
  await shows(t, help("phone"), "A phone number has digits, spaces and + ( ) - / only.");
  await field(page, "birthday").fill("2999-01-01");
  await shows(t, help("birthday"), "This day has not come yet.");
  t.equal(await page.locator(".contact-form .invalid").count(), 4);

  await page.locator("sl-button.save").click();
  await shows(t, page.locator(".form-error"), "4 fields need your attention.");
  await row(page, "Grace Mbeki").click();
  await field(page, "name").fill("Farid H.");
  await shows(t, page.locator(".form-error"), "3 fields need your attention.");
  await shows(t, page.locator(".contact-row.selected .person-name"), "Farid H.", "still the same contact");

  await field(page, "email").fill("farid@cedar.example");
  await field(page, "phone").fill("");
  await field(page, "birthday").fill("1976-05-06");
  await field(page, "name").press("Enter");
  await shows(t, page.locator(".contact-detail h2"), "Farid H.");
  await shows(t, page.locator(".contact-detail dd"), [
    "farid@cedar.example",
    "Cedar Press",
    "6 May 1976",
    "Arabic, French, Greek.",
  ]);
});

t.test("what is too long for a field is cut when the contact is saved", async (t) => {
  const page = await demo.open(t);
  await edit(page, "Ben Carter");
  const notes = page.locator(".field-notes textarea");
  await page.locator(".field-notes").evaluate((area) => area.removeAttribute("maxlength"));
  await comes(t, () => notes.getAttribute("maxlength"), null, "the limit is gone");
  await notes.fill("é".repeat(6000));
  await page.locator("sl-button.save").click();
  await page.locator(".contact-detail h2", { hasText: "Ben Carter" }).waitFor();
  await page.locator("sl-button.edit").click();
  await comes(t, async () => (await notes.inputValue()).length, 5000, "the notes are cut");
});

t.test("cancel, by button or Escape, brings back every field", async (t) => {
  const page = await demo.open(t);
  await edit(page, "Mei Chen");
  await field(page, "name").fill("Somebody Else");
  await field(page, "company").fill("Elsewhere");
  await page.locator(".field-notes textarea").fill("Changed.");
  await page.locator(".field-favourite").click();
  await page.locator(".field-group").click();
  await page.locator(".field-group sl-option[value=family]").click();
  await shows(t, page.locator(".business-name"), "Somebody Else");
  await page.locator("sl-button.cancel").click();
  await shows(t, page.locator(".contact-detail h2"), "Mei Chen");
  await shows(t, page.locator(".contact-detail sl-tag"), "Work");
  await shows(t, page.locator(".contact-detail dd").last(), "Ask her about time series.");
  t.equal(await page.locator(".contact-row.selected .star").isVisible(), true);

  await page.locator("sl-button.edit").click();
  await field(page, "name").fill("X");
  await field(page, "name").press("Escape");
  await shows(t, page.locator(".contact-detail h2"), "Mei Chen");
});

t.test("choices of select, switch, date and text area are saved", async (t) => {
  const page = await demo.open(t);
  await edit(page, "Liam Murphy");
  await page.locator(".field-group").click();
  await page.locator(".field-group sl-option[value=friends]").click();
  await page.locator(".field-favourite").click();
  await field(page, "birthday").fill("1975-01-31");
  await page.locator(".field-notes textarea").fill("One\nTwo");
  await page.locator("sl-button.save").click();
  await shows(t, page.locator(".contact-detail sl-tag"), "Friends");
  await shows(t, page.locator(".contact-detail dd").nth(3), "31 January 1975");
  await shows(t, page.locator(".contact-detail dd").last(), "One Two");
  t.equal(await page.locator(".contact-row.selected .star").isVisible(), true);
});

t.test("a new contact is in the list at once, is not red from the start, and goes when it is cancelled", async (t) => {
  const page = await demo.open(t);
  await search(page).fill("rosa");
  await shows(t, rows(page), "Rosa Lima");
  await page.locator(".new-contact").click();
  await shows(t, rows(page), ["Unnamed contact", "Rosa Lima"]);
  t.equal(await page.locator(".contact-form .invalid").count(), 0);
  await page.locator("sl-button.save").click();
  await shows(t, page.locator(".form-error"), "One field needs your attention.");
  await field(page, "name").fill("Ada Lovelace");
  await field(page, "email").fill("ada@example.org");
  await page.locator("sl-button.save").click();
  await shows(t, page.locator(".contact-detail h2"), "Ada Lovelace");
  await search(page).fill("");
  await shows(t, page.locator(".page-head p"), "26 contacts");

  await page.locator(".new-contact").click();
  await field(page, "name").fill("Nobody");
  await page.locator("sl-button.cancel").click();
  await shows(t, page.locator(".contact-detail h2"), "Ada Lovelace", "who was shown before");
  await shows(t, page.locator(".page-head p"), "26 contacts");
  t.equal(await page.locator(".chip", { hasText: "Nobody" }).count(), 0);
});

t.test("deleting asks first, and can be undone", async (t) => {
  const page = await demo.open(t);
  const dialog = page.locator(".delete-dialog");
  await row(page, "Elif Demir").click();
  await page.locator("sl-button.delete").click();
  await shows(t, dialog.locator("p"), "Elif Demir will be taken out of your contacts.");
  await dialog.locator("sl-button", { hasText: "Keep" }).click();
  await dialog.locator("p").waitFor({ state: "hidden" });
  await shows(t, page.locator(".contact-detail h2"), "Elif Demir");

  await page.locator("sl-button.delete").click();
  await dialog.locator("p").waitFor();
  await page.keyboard.press("Escape");
  await dialog.locator("p").waitFor({ state: "hidden" });
  await page.locator("sl-button.delete").click();
  await dialog.locator("p").waitFor();
  await dialog.locator("sl-button", { hasText: "Delete" }).click();
  await shows(t, page.locator(".page-head p"), "24 contacts");
  await shows(t, page.locator(".contact-detail h2"), "Émilie Laurent", "the next one is shown");
  t.equal(await page.locator(".chip", { hasText: "Elif" }).count(), 0, "the chip has gone, too");

  await page.locator(".toast sl-button").click();
  await shows(t, page.locator(".contact-detail h2"), "Elif Demir");
  await shows(t, page.locator(".page-head p"), "25 contacts");
});

t.test("reloading the page and going to another one keep the search, the choice and a half-filled form", async (t) => {
  const page = await demo.open(t);
  await search(page).fill("te");
  await edit(page, "Rosa Lima");
  await field(page, "company").fill("Half a com");
  await shows(t, page.locator(".business-position"), "Biology teacher · Half a com");
  const check = async (): Promise<void> => {
    await comes(t, () => search(page).inputValue(), "te", "the search");
    await comes(t, () => field(page, "company").inputValue(), "Half a com", "the form");
    await shows(t, page.locator(".contact-row.selected .person-name"), "Rosa Lima");
  };
  await page.reload();
  await check();
  await goTo(page, "Tasks");
  await goTo(page, "Contacts");
  await check();
});

t.test(
  "what is typed in one tab shows in another tab of the session, and closing one leaves the other at work",
  async (t) => {
    const page = await demo.open(t);
    const other = await page.context().newPage();
    await other.goto(page.url());
    await edit(page, "Oskar Lind");
    await field(page, "name").fill("Oskar Lindgren");
    await shows(t, other.locator(".contact-row.selected .person-name"), "Oskar Lindgren");
    await other.close();
    await field(page, "name").fill("Oskar L.");
    await shows(t, page.locator(".contact-row.selected .person-name"), "Oskar L.");
  },
);

t.test("on a phone the list and the contact take turns", async (t: Test) => {
  const page = await demo.open(t, "Contacts", { viewport: { width: 390, height: 800 } });
  t.equal(await page.locator(".contacts-detail").isVisible(), false);
  await row(page, "Chiara Rossi").click();
  await shows(t, page.locator(".contact-detail h2"), "Chiara Rossi");
  t.equal(await page.locator(".contacts-list").isVisible(), false);
  t.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing sticks out");
  await page.locator(".back").click();
  await page.locator(".contacts-list").waitFor();
  t.equal(await page.locator(".contacts-detail").isVisible(), false);
});
