import { setTimeout as pause } from "node:timers/promises";
import type { Locator, Page } from "playwright-core";
import type { Random } from "./random-template.ts";

/** What somebody does on the Contacts page. */
export type Act =
  | { kind: "type"; field: "search" | "notes"; text: string }
  | { kind: "clear" }
  | { kind: "choose"; name: string }
  | { kind: "favourite" }
  | { kind: "edit" }
  | { kind: "save" }
  | { kind: "scroll"; top: number };

const LETTERS = "aeinorst lmu";
const PATIENCE = 15_000;

/**
 * Somebody who uses the Contacts page, and who notices when something is lost: a typed character, the caret, the place to
 * which the list was scrolled, what a click did. What is typed into `notes` need not be sent before the field is left.
 */
export class DemoUser {
  readonly acts: Act[] = [];
  /** Characters typed. */
  typed = 0;
  readonly #page: Page;
  /** Whose details are shown. The first one's are in the beginning. */
  #name: string;
  readonly #names: readonly string[];
  #search = "";
  /** The notes that are being written; undefined: no form is open. */
  #notes: string | undefined;
  #focused: "search" | "notes" | undefined;
  #top: number | undefined;

  /** `names`: all contacts in the order of the list. */
  constructor(page: Page, names: readonly string[]) {
    this.#page = page;
    this.#names = names;
    this.#name = names[0] ?? "";
  }

  /** Does something at random. Throws when something has been lost. */
  async act(random: Random): Promise<void> {
    await this.do(this.#choose(random));
  }

  async do(act: Act): Promise<void> {
    await this.#look();
    this.acts.push(act);
    await this.#carryOut(act);
    await this.#look();
  }

  #choose(random: Random): Act {
    const text = Array.from({ length: 1 + random(3) }, () => LETTERS[random(LETTERS.length)]).join("");
    const others = this.#names.filter((name) => name !== this.#name);
    const name = others[random(others.length)] as string;
    const hasForm = this.#notes !== undefined;
    switch (random(8)) {
      case 0:
        return { kind: "choose", name };
      case 1:
        return hasForm ? { kind: "save" } : { kind: "favourite" };
      case 2:
        return this.#search === "" ? { kind: "scroll", top: random(300) } : { kind: "clear" };
      case 3:
      case 4:
        return { kind: "type", field: "search", text };
      default:
        return hasForm ? { kind: "type", field: "notes", text } : { kind: "edit" };
    }
  }

  async #carryOut(act: Act): Promise<void> {
    const page = this.#page;
    switch (act.kind) {
      case "type":
        return this.#type(act.field, act.text);
      case "clear":
        return this.#clear();
      case "choose": {
        if (this.#search !== "") await this.#clear();
        const row = page.locator(".contact-row").filter({ has: page.getByText(act.name, { exact: true }) });
        await row.click();
        this.#name = act.name;
        this.#leave();
        await page.locator(".contact-detail h2", { hasText: act.name }).waitFor();
        return;
      }
      case "favourite": {
        const star = page.locator(".hero-tools .favourite");
        const wasOn = await isOn(star);
        await star.click();
        this.#focused = undefined;
        return this.#until("the star", async () => (await isOn(star)) !== wasOn);
      }
      case "edit":
        await page.locator("sl-button.edit").click();
        this.#leave();
        await page.locator(".contact-form").waitFor();
        this.#notes = await this.#field("notes").inputValue();
        return;
      case "save":
        await page.locator("sl-button.save").click();
        await page.locator(".contact-detail").waitFor();
        this.#leave();
        return;
      case "scroll":
        await page.locator(".rows").evaluate((rows, top) => rows.scrollTo({ top, behavior: "instant" }), act.top);
        this.#top = act.top;
    }
  }

  #leave(): void {
    this.#notes = undefined;
    this.#focused = undefined;
    this.#top = undefined;
  }

  async #type(name: "search" | "notes", text: string): Promise<void> {
    const field = this.#field(name);
    if (this.#focused !== name) {
      await field.focus();
      await field.press("End");
      this.#focused = name;
    }
    await this.#page.keyboard.type(text);
    this.typed += text.length;
    if (name === "notes") this.#notes += text;
    else {
      this.#search += text;
      this.#top = undefined;
    }
  }

  async #clear(): Promise<void> {
    const field = this.#field("search");
    await field.focus();
    await field.press("ControlOrMeta+a");
    await field.press("Delete");
    this.#search = "";
    this.#focused = "search";
    this.#top = undefined;
    await this.#until("all rows", async () => (await this.#page.locator(".contact-row").count()) === 25);
  }

  #field(name: "search" | "notes"): Locator {
    return this.#page.locator(name === "search" ? ".search input" : ".field-notes textarea");
  }

  /** Is everything as it was left? */
  async #look(): Promise<void> {
    const seen = await this.#page.evaluate(() => {
      const inner = (selector: string, tag: string) =>
        document.querySelector(selector)?.shadowRoot?.querySelector<HTMLInputElement>(tag) ?? undefined;
      const [search, notes] = [inner(".search", "input"), inner(".field-notes", "textarea")];
      const focused = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
      const field = [search, notes].find((field) => field && field === focused);
      return {
        search: search?.value,
        notes: notes?.value,
        focused: field && (field === search ? "search" : "notes"),
        caretIsAtEnd: field && field.selectionStart === field.value.length && field.selectionEnd === field.value.length,
        top: document.querySelector(".rows")?.scrollTop,
      };
    });
    const expected = {
      search: this.#search,
      notes: this.#notes,
      focused: this.#focused,
      caretIsAtEnd: this.#focused && true,
      top: this.#top ?? seen.top,
    };
    // Clicks leave the focus where the browser wants it.
    if (this.#focused === undefined)
      Object.assign(expected, { focused: seen.focused, caretIsAtEnd: seen.caretIsAtEnd });
    const [is, ought] = [JSON.stringify(seen), JSON.stringify(expected)];
    if (is !== ought) throw new Error(`after ${JSON.stringify(this.acts.at(-1))} the page has ${is} and not ${ought}`);
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!(await isSo())) {
      if (Date.now() > end) throw new Error(`${what} did not follow ${JSON.stringify(this.acts.at(-1))}`);
      await pause(5);
    }
  }
}

function isOn(star: Locator): Promise<boolean> {
  return star.evaluate((element) => element.classList.contains("on"));
}
