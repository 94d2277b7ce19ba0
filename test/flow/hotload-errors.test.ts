import t, { type Test } from "tap";
import type { Page } from "playwright-core";
import { comes, shows } from "../support/demo.ts";
import { demoFiles, loadOf, startHotSite } from "../support/hot-site.ts";

const CONTACT = "lua/contacts/contact.lua";
const BOOK = "lua/contacts/book.lua";
const ROW = "viewdefs/contacts/Contact.list-item.html";
const files = demoFiles();
const site = await startHotSite(t, files);

async function open(t: Test): Promise<Page> {
  const page = await site.open(t);
  await page.locator(".contact-row").first().waitFor();
  return page;
}

/** The number of the line that holds `text` in what is saved now. */
const lineOf = (file: string, text: string): number => site.read(file).split(text)[0]?.split("\n").length ?? NaN;

async function overlayIsGone(t: Test, page: Page): Promise<void> {
  await comes(t, () => page.locator("moonpool-errors").count(), 0, "nothing is said any more");
}

t.test(
  "a mistake is shown with its place and lines, while the page works on; it goes with the next good save",
  async (t) => {
    const page = await open(t);
    const isSameLoad = await loadOf(page);
    const before = site.edit(CONTACT, "function Contact:label()", "functoin Contact:label()");
    const line = lineOf(CONTACT, "functoin");
    const overlay = page.locator("moonpool-errors");
    await overlay.getByText("LUA_SYNTAX").waitFor();
    const link = overlay.locator("a", { hasText: `${CONTACT}:${line}` });
    t.match(await link.getAttribute("href"), new RegExp(`^vscode://file/.*/${CONTACT}:${line}$`));
    t.match(await overlay.locator(".source mark").innerText(), /functoin Contact:label\(\)/);
    t.match(await overlay.locator(".source").innerText(), /local groups = /, "with the lines around it");
    await overlay.getByText("Still running: the code from before.").waitFor();
    await page.locator(".contact-row", { hasText: "Hiro Tanaka" }).click();
    await shows(t, page.locator(".contact-detail h2"), "Hiro Tanaka", "the page works");
    site.save(CONTACT, before.replace("function Contact:label()", `${"-- More.\n".repeat(3)}function Contact:label()`));
    await overlayIsGone(t, page);
    await shows(t, page.locator(".contact-detail h2"), "Hiro Tanaka");
    t.ok(await isSameLoad());
  },
);

t.test(
  "code that fails half-way has changed nothing, in any session, and is tried again when another file is saved",
  async (t) => {
    const [one, other] = [await open(t), await open(t)];
    await other.locator(".contact-row", { hasText: "Ben Carter" }).click();
    const summary = (page: Page) => page.locator(".page-head p");
    site.save(
      BOOK,
      `${files[BOOK]}`.replace(`" contacts"`, `" people"`).replace("return ContactBook", "return text.plural()"),
    );
    for (const page of [one, other]) {
      await page
        .locator("moonpool-errors")
        .getByText(`${BOOK}:${lineOf(BOOK, "text.plural()")}`)
        .waitFor();
      await shows(t, summary(page), "25 contacts", "no method of the new version is there");
    }
    site.save(
      "lua/text.lua",
      `${files["lua/text.lua"]}`.replace("return text", "function text.plural() end\nreturn text"),
    );
    for (const page of [one, other]) {
      await overlayIsGone(t, page);
      await shows(t, summary(page), "25 people");
    }
    await shows(t, other.locator(".contact-detail h2"), "Ben Carter");
    site.save(BOOK, files[BOOK] ?? "");
    site.save("lua/text.lua", files["lua/text.lua"] ?? "");
    await shows(t, summary(one), "25 contacts");
  },
);

t.test("a viewdef with a mistake is refused: the one from before stays, for new sessions as well", async (t) => {
  const page = await open(t);
  const before = site.edit(ROW, "</template>", "</template><template><p></p></template>");
  const overlay = page.locator("moonpool-errors");
  await overlay.getByText("VIEWDEF_TEMPLATE").waitFor();
  await overlay.getByText(`${ROW}:`).waitFor();
  await overlay.getByText("Still running: the viewdef from before.").waitFor();
  t.equal(await page.locator(".contact-row .person").count(), 25);
  const later = await open(t);
  t.equal(await later.locator(".contact-row .person").count(), 25);
  await later.locator("moonpool-errors").getByText(`${ROW}:`).waitFor();
  site.save(ROW, before.replace(`class="person"`, `class="person" title="mended"`));
  for (const each of [page, later]) {
    await overlayIsGone(t, each);
    await comes(t, () => each.locator(".person[title=mended]").count(), 25, "and the next good one is there");
  }
});

t.test("a notice says what was reloaded, in how many sessions and how fast", async (t) => {
  const [page] = [await open(t), await open(t)];
  site.save(CONTACT, `-- One line more.\n${files[CONTACT]}`);
  const toast = page.locator("moonpool-hotload .toast");
  await toast.getByText("contact.lua").waitFor();
  t.match(await toast.innerText(), /^contact\.lua · \d+ sessions · \d+ ms$/);
  await comes(t, () => toast.innerText(), "", "it goes by itself");
});
