import t, { type Test } from "tap";
import type { Locator, Page } from "playwright-core";
import { comes, shows, texts } from "../support/demo.ts";
import { demoFiles, loadOf, startHotSite } from "../support/hot-site.ts";

const CONTACT = "lua/contacts/contact.lua";
const BOOK = "lua/contacts/book.lua";
const FORM = "viewdefs/contacts/ContactForm.DEFAULT.html";
const LIST = "viewdefs/contacts/ContactBook.DEFAULT.html";
const CHIP = "viewdefs/contacts/Contact.COMPACT.html";

/** The demo, in which notes are sent when their field is left, not with each key. */
const files = demoFiles();
files[FORM] = `${files[FORM]}`.replace("contact.notes?keypress", "contact.notes");

const site = await startHotSite(t, files);

/** The Contacts page of a new session. What a test saves is as it was when `t` is over. */
async function open(t: Test): Promise<Page> {
  t.teardown(() => {
    for (const [file, text] of Object.entries(files)) if (text !== readOrNothing(file)) site.save(file, text);
  });
  const page = await site.open(t);
  await page.locator(".contact-row").first().waitFor();
  return page;
}

function readOrNothing(file: string): string | undefined {
  try {
    return site.read(file);
  } catch {
    return undefined;
  }
}

const subtitles = (page: Page): Locator => page.locator(".person-sub");
const search = (page: Page): Locator => page.locator(".search input");
const row = (page: Page, name: string): Locator => page.locator(".contact-row", { hasText: name });
const heading = (page: Page): Locator => page.locator(".contact-detail h2");

async function edit(page: Page, name: string): Promise<void> {
  await row(page, name).click();
  await heading(page).filter({ hasText: name }).waitFor();
  await page.locator("sl-button.edit").click();
  await page.locator(".contact-form").waitFor();
}

t.test("an edited method is seen at once in all tabs of all sessions; what people did in them stays", async (t) => {
  const [one, other] = [await open(t), await open(t)];
  const tab = await one.context().newPage();
  await tab.goto(one.url());
  await row(one, "Hiro Tanaka").click();
  await search(one).pressSequentially("ta");
  await row(other, "Ben Carter").click();
  await shows(t, heading(tab), "Hiro Tanaka");
  const loads = await Promise.all([one, other, tab].map((page) => loadOf(page)));
  site.edit(CONTACT, `return self.role .. " · " .. self.company`, `return self.company .. ": " .. self.role`);
  const hasNew = async (): Promise<boolean> => (await texts(subtitles(one))).includes("Tanaka Strings: Luthier");
  await comes(t, hasNew, true, "the rows have it");
  await shows(t, one.locator(".hero .muted"), "Tanaka Strings: Luthier");
  await shows(t, tab.locator(".hero .muted"), "Tanaka Strings: Luthier");
  await shows(t, other.locator(".hero .muted"), "Carter & Sons: Baker");
  t.equal(await search(one).inputValue(), "ta");
  await shows(t, heading(other), "Ben Carter");
  t.strictSame(await Promise.all(loads.map((isSame) => isSame())), [true, true, true], "nothing was loaded again");
});

t.test("half-typed text, focus, caret and selection survive edits of the form that is being filled in", async (t) => {
  const page = await open(t);
  const isSameLoad = await loadOf(page);
  await edit(page, "Ben Carter");
  const notes = page.locator(".field-notes textarea");
  await notes.focus();
  await notes.press("End");
  await page.keyboard.type(" Half");
  await notes.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(3, 9));
  site.edit(FORM, `<div class="form-grid">`, `<p class="more">More of it.</p><div class="form-grid">`);
  await shows(t, page.locator(".more"), "More of it.");
  site.edit(FORM, `label="Notes"`, `label="Remarks"`);
  await shows(t, page.locator(".field-notes [part~=form-control-label]"), "Remarks");
  const state = await notes.evaluate((field: HTMLTextAreaElement) => ({
    text: field.value,
    selected: field.value.slice(field.selectionStart, field.selectionEnd),
    hasFocus: (field.getRootNode() as ShadowRoot).activeElement === field,
  }));
  t.strictSame(state, { text: "Sourdough on Thursdays. Half", selected: "rdough", hasFocus: true });
  await page.keyboard.press("End");
  await page.keyboard.type(" a loaf.");
  await page.locator("sl-button.save").click();
  await shows(t, page.locator(".facts .notes"), "Sourdough on Thursdays. Half a loaf.");
  t.ok(await isSameLoad());
});

t.test(
  "lists keep their elements and where they were scrolled to when what is around and in them is edited",
  async (t) => {
    const page = await open(t);
    const isSameLoad = await loadOf(page);
    const list = page.locator(".rows");
    await row(page, "Hiro Tanaka").evaluate((element) => element.setAttribute("data-same", ""));
    await list.evaluate((rows) => rows.scrollTo({ top: 180, behavior: "instant" }));
    site.edit(LIST, `<h1>Contacts</h1>`, `<h1>Contacts</h1><p class="more">All of them</p>`);
    await shows(t, page.locator(".more"), "All of them");
    site.edit("viewdefs/contacts/Contact.list-item.html", `class="person"`, `class="person" title="somebody"`);
    await comes(t, () => page.locator(".person[title=somebody]").count(), 25, "all rows have it");
    t.equal(await list.evaluate(({ scrollTop }) => scrollTop), 180);
    t.equal(await page.locator("[data-same]").innerText(), await row(page, "Hiro Tanaka").innerText());
    t.ok(await isSameLoad());
  },
);

t.test("a deleted viewdef falls back to the next namespace, and is used again when it is back", async (t) => {
  const page = await open(t);
  t.equal(await page.locator(".chips .chip").count(), 5);
  site.remove(CHIP);
  await comes(t, () => page.locator(".chips .chip").count(), 0, "the chips are gone");
  t.equal(await page.locator(".chips > .person").count(), 5, "they look like rows instead");
  site.save(CHIP, files[CHIP] ?? "");
  await comes(t, () => page.locator(".chips .chip").count(), 5, "they are back");
});

t.test("a new Lua file, then another name for it: code and state follow", async (t) => {
  const page = await open(t);
  const words = (noun: string): string => `return function(count) return count .. " ${noun}" end\n`;
  const using = (name: string): string =>
    `${files[BOOK]}`
      .replace(
        `local text = require("text")`,
        `local text = require("text")\nlocal counted = require("contacts.${name}")`,
      )
      .replace(`return all .. " contacts"`, "return counted(all)");
  t.teardown(() => site.remove("lua/contacts/plural.lua"));
  site.save("lua/contacts/counted.lua", words("people"));
  site.save(BOOK, using("counted"));
  await shows(t, page.locator(".page-head p"), "25 people");
  await row(page, "Hiro Tanaka").click();
  site.save("lua/contacts/plural.lua", words("friends"));
  site.save(BOOK, using("plural"));
  site.remove("lua/contacts/counted.lua");
  await shows(t, page.locator(".page-head p"), "25 friends");
  await shows(t, heading(page), "Hiro Tanaka");
});

t.test("of many saves in a short time the last one wins, and nothing older is seen after it", async (t) => {
  const page = await open(t);
  const summary = page.locator(".page-head p");
  const seen = await page.evaluateHandle(() => {
    const summary = document.querySelector(".page-head p")!;
    const texts: string[] = [];
    new MutationObserver(() => texts.push(summary.textContent ?? "")).observe(summary, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    return texts;
  });
  for (let version = 1; version <= 25; version++) {
    site.save(BOOK, `${files[BOOK]}`.replace(`return all .. " contacts"`, `return all .. " in version ${version}"`));
    await page.waitForTimeout(20);
  }
  await shows(t, summary, "25 in version 25");
  const versions = (await seen.jsonValue()).map((text) => Number(/version (\d+)/.exec(text)?.[1]));
  t.strictSame(
    versions,
    [...versions].sort((left, right) => left - right),
    "in the order of saving",
  );
  t.equal(versions.at(-1), 25);
});
