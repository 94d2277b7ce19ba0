import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import { demoFiles, type HotSite } from "./hot-site.ts";
import type { Random } from "./random-template.ts";

/** One way in which a text can differ from what it was, to a degree `n` (0: not at all). */
type Twist = (text: string, n: number) => string;

/** A file that is edited. `mark` puts a mark into what it shows; `marked`: where that is seen, as selector and attribute. */
interface Edited {
  file: string;
  mark: (text: string, mark: string) => string;
  marked: [selector: string, attribute?: string][];
  twists: Twist[];
  /** What makes it wrong. */
  spoil: ((text: string) => string)[];
}

const DEGREES = 4;
const PATIENCE = 15_000;

/** Replaces what must be there. */
function swap(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`there is no ${from}`);
  return text.replace(from, () => to);
}

const comments: Twist = (text, n) => `${"-- A line more.\n".repeat(n)}${text}`;
const field =
  (name: string): Twist =>
  (text, n) =>
    n === 0 ? text : swap(text, `session:prototype("${name}", {`, `session:prototype("${name}", { spare${n} = ${n},`);
const methods =
  (name: string): Twist =>
  (text, n) => {
    const more = Array.from({ length: n }, (_, i) => `function ${name}:more${i}() return ${i + n} end\n`).join("");
    return swap(text, `\nreturn ${name}`, `\n${more}\nreturn ${name}`);
  };
const renamed =
  (from: string, to: string): Twist =>
  (text, n) =>
    n % 2 === 0 ? text : text.replaceAll(new RegExp(`\\b${from}\\b`, "g"), to);
/** Turns the order of the methods between two round, which need nothing but the prototype. */
const turned =
  (from: string, until: string): Twist =>
  (text, n) => {
    if (n % 2 === 0) return text;
    const [start, end] = [text.indexOf(`\nfunction ${from}(`), text.indexOf(`\nfunction ${until}(`)];
    if (start < 0 || end < start) throw new Error(`${from} does not stand before ${until}`);
    const blocks = text
      .slice(start, end)
      .split(/\n(?=function )/)
      .filter((block) => block.trim() !== "");
    return `${text.slice(0, start)}\n${blocks
      .map((block) => `${block.trim()}\n`)
      .toReversed()
      .join("\n")}${text.slice(end)}`;
  };

const after =
  (place: string, more: (n: number) => string): Twist =>
  (text, n) =>
    n === 0 ? text : swap(text, place, place + more(n));
const hidden = (n: number): string => `<i hidden class="spare">${"spare ".repeat(n)}</i>`;
const exchanged =
  (one: RegExp, other: RegExp): Twist =>
  (text, n) => {
    const [first, second] = [one.exec(text)?.[0], other.exec(text)?.[0]];
    if (first === undefined || second === undefined) throw new Error(`there is no ${one} or no ${other}`);
    return n % 2 === 0
      ? text
      : text
          .replace(first, "\0")
          .replace(second, () => first)
          .replace("\0", () => second);
  };
const wrapped =
  (place: RegExp): Twist =>
  (text, n) => {
    if (!place.test(text)) throw new Error(`there is no ${place}`);
    return text.replace(place, (found) => `${"<div>".repeat(n)}${found}${"</div>".repeat(n)}`);
  };
const attribute = (place: string): Pick<Edited, "mark"> => ({
  mark: (text, mark) => swap(text, place, `${place} data-mark="${mark}"`),
});

const wrongLua = [
  (text: string): string => `${text}\nfunction (`,
  (text: string): string => `error("on purpose")\n${text}`,
  (text: string): string => swap(text, "\nreturn ", "\nlocal nothing = nil + 1\nreturn "),
];
const wrongViewdef = [(): string => "<template></template>", (text: string): string => text + text];

const CONTACT = "lua/contacts/contact.lua";
const BOOK = "lua/contacts/book.lua";
const STAMP = "lua/contacts/stamp.lua";
const FORM = "viewdefs/contacts/ContactForm.DEFAULT.html";

/**
 * The demo, in which old code would be seen wherever it can hide: a function is captured from another module, a closure is
 * kept in an object. Notes are sent when their field is left, and not with each key.
 */
export function editableDemo(): Record<string, string> {
  const files = demoFiles();
  const change = (file: string, ...pairs: [string, string][]): void => {
    for (const [from, to] of pairs) files[file] = swap(files[file] ?? "", from, to);
  };
  files[STAMP] = `return function(text) return text .. " @" end\n`;
  change(
    CONTACT,
    [`local Contact =`, `local stamp = require("contacts.stamp")\n\nlocal Contact =`],
    [`return self:label():match("%S+")`, `return stamp(self:label():match("%S+"))`],
    [`return position ~= "" and position or self.email`, `return stamp(position ~= "" and position or self.email)`],
  );
  change(
    BOOK,
    [`inst.headings = {}`, `inst.headings = {}\n  inst.tell = function() return " ~" .. #inst.contacts end`],
    [`return all .. " contacts"`, `return all .. " contacts" .. self.tell()`],
    [`all .. " contacts"\nend`, `all .. " contacts" .. self.tell()\nend`],
  );
  change(FORM, ["contact.notes?keypress", "contact.notes"]);
  return files;
}

const lua: Edited[] = [
  {
    file: STAMP,
    mark: (text, mark) => swap(text, "@", mark),
    marked: [[".chips"], [".person-sub"]],
    twists: [comments, (text, n) => `local before = ${n}\n${text}`],
    spoil: wrongLua.slice(0, 2),
  },
  {
    file: CONTACT,
    mark: (text, mark) => text.replaceAll(/return stamp\(.*\)/g, (result) => `${result} .. " ${mark}"`),
    marked: [[".chips"], [".person-sub"]],
    twists: [comments, field("Contact"), methods("Contact"), turned("Contact:isBlank", "Contact:birthdayText")],
    spoil: wrongLua,
  },
  {
    file: BOOK,
    mark: (text, mark) => swap(text.replaceAll(`" contacts"`, `" contacts ${mark}"`), `" ~"`, `" ~${mark}"`),
    marked: [[".page-head p"]],
    twists: [
      comments,
      field("ContactBook"),
      methods("ContactBook"),
      renamed("without", "lacking"),
      renamed("indexOf", "placeOf"),
      renamed("byName", "inOrder"),
      turned("ContactBook:fresh", "ContactBook:select"),
      (text, n) => swap(text, "SEARCH_LENGTH = 100", `SEARCH_LENGTH = ${100 + n}`),
    ],
    spoil: wrongLua,
  },
  {
    file: "lua/contacts/row.lua",
    mark: (text, mark) =>
      swap(text, `headings[self.baseItem] or ""`, `headings[self.baseItem] or " " .. "${mark}"`).replace(
        /return (self\.baseItem\.book.*)/,
        `return ($1)`,
      ),
    marked: [],
    twists: [comments, field("ContactRow"), methods("ContactRow")],
    spoil: wrongLua,
  },
  {
    file: "lua/main.lua",
    mark: (text, mark) => swap(text, `"page" or nil`, `"page ${mark}" or nil`),
    marked: [[".nav-item.current", "aria-current"]],
    twists: [comments, field("Page"), field("App")],
    spoil: wrongLua.slice(0, 2),
  },
  {
    file: "lua/contacts/fold.lua",
    mark: (text, mark) => `-- ${mark}\n${text}`,
    marked: [],
    twists: [comments, renamed("plain", "bare")],
    spoil: wrongLua.slice(0, 2),
  },
];

const viewdefs: Edited[] = [
  {
    file: "viewdefs/contacts/ContactBook.DEFAULT.html",
    ...attribute(`<section class="page contacts"`),
    marked: [[".page.contacts", "data-mark"]],
    twists: [
      after("<h1>Contacts</h1>", hidden),
      after(`<p class="muted"`, (n) => ` title="${n}"`),
      (text, n) => swap(text, `placeholder="Search"`, `placeholder="Search ${n}"`),
      exchanged(/<div class="chips".*<\/div>/, /<div class="toast"[^]*<\/div>\n/),
      after(`<div class="panel contacts-list">`, hidden),
      wrapped(/<sl-input[^]*?<\/sl-input>/),
    ],
    spoil: wrongViewdef,
  },
  {
    file: "viewdefs/contacts/Contact.list-item.html",
    ...attribute(`<span class="person"`),
    marked: [[".person", "data-mark"]],
    twists: [after(`<span class="person-text">`, hidden), after(`class="avatar`, (n) => ` spare${n}`)],
    spoil: wrongViewdef,
  },
  {
    file: "viewdefs/contacts/Contact.DEFAULT.html",
    ...attribute(`<article class="contact-detail"`),
    marked: [[".contact-detail", "data-mark"]],
    twists: [
      after(`<div class="hero-text">`, hidden),
      exchanged(
        /<div ui-attr-hidden="!mailLink\(\)">[^]*?<\/div>/,
        /<div ui-attr-hidden="isBlank\('notes'\)">[^]*?<\/div>/,
      ),
    ],
    spoil: wrongViewdef,
  },
  {
    file: "viewdefs/contacts/ContactRow.list-item.html",
    ...attribute(`<div class="row-group"`),
    marked: [[".row-group", "data-mark"]],
    twists: [after(`<div class="row-group">`, hidden)],
    spoil: wrongViewdef,
  },
  {
    file: FORM,
    ...attribute(`<div class="contact-form"`),
    marked: [[".contact-form", "data-mark"]],
    twists: [
      after(`<div class="form-grid">`, hidden),
      after(`class="wide field-notes`, (n) => ` spare${n}`),
      exchanged(/<sl-input\s+class="field-email"[^]*?<\/sl-input>/, /<sl-textarea[^]*?<\/sl-textarea>/),
      exchanged(/<sl-input class="field-role".*/, /<sl-switch.*/),
      wrapped(/<sl-textarea[^]*?<\/sl-textarea>/),
    ],
    spoil: wrongViewdef,
  },
  {
    file: "viewdefs/shell/App.DEFAULT.html",
    ...attribute(`<div class="shell"`),
    marked: [[".shell", "data-mark"]],
    twists: [after(`<p class="nav-note">`, (n) => "More. ".repeat(n)), after(`<main class="main">`, hidden)],
    spoil: wrongViewdef,
  },
];

const CSS = "html/contacts.css";
const CHIP = "viewdefs/contacts/Contact.COMPACT.html";

/** Edits the demo at random, each time until the page shows the edit. */
export class DemoEditor {
  readonly #site: HotSite;
  readonly #page: Page;
  readonly #random: Random;
  readonly #base = new Map<string, string>();
  readonly #degrees = new Map<string, number[]>();
  /** What the page must show of each file now. */
  readonly #marks = new Map<Edited, string>();
  #count = 0;
  #hasChips = true;

  constructor(site: HotSite, page: Page, random: Random) {
    this.#site = site;
    this.#page = page;
    this.#random = random;
    for (const { file } of [...lua, ...viewdefs, { file: CSS }, { file: CHIP }]) this.#base.set(file, site.read(file));
  }

  /** Makes one edit; resolves when it is in the page. Throws when it does not come, or something old comes back. */
  async edit(): Promise<void> {
    const kind = this.#random(20);
    if (kind === 0) await this.#editStyle();
    else if (kind === 1) await this.#toggleChips();
    else {
      const edited = this.#pick(kind < 11 ? lua : viewdefs);
      if (this.#random(8) === 0) await this.#spoil(edited);
      await this.#save(edited);
    }
  }

  async #save(edited: Edited): Promise<void> {
    const { file, mark, twists } = edited;
    const degrees = this.#degrees.get(file) ?? twists.map(() => 0);
    this.#degrees.set(file, degrees);
    degrees[this.#random(twists.length)] = this.#random(DEGREES);
    const text = twists.reduce((text, twist, index) => twist(text, degrees[index] ?? 0), this.#base.get(file) ?? "");
    const next = this.#nextMark(file);
    const before = this.#reloads.count;
    this.#site.save(file, mark(text, next));
    this.#marks.set(edited, next);
    await this.#until(`${file} with ${next}`, async () => this.#reloads.count > before && (await this.#isShown()));
  }

  /** Saves it with a mistake; resolves when that has been refused, everything being as before. */
  async #spoil(edited: Edited): Promise<void> {
    const { file } = edited;
    const failed = this.#reloads.failed;
    this.#site.save(file, this.#pick(edited.spoil)(this.#site.read(file)));
    await this.#until(`an error in ${file}`, async () => this.#reloads.failed > failed);
    if (!(await this.#isShown())) throw new Error(`a mistake in ${file} has changed the page`);
  }

  async #editStyle(): Promise<void> {
    const mark = this.#nextMark(CSS);
    this.#site.save(CSS, `${this.#base.get(CSS)}\n:root { --mark: ${mark}; }\n`);
    const read = (): Promise<string> =>
      this.#page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--mark"));
    await this.#until(`${CSS} with ${mark}`, async () => (await read()).includes(mark));
  }

  /** Without a viewdef of their own the chips are shown as rows are. */
  async #toggleChips(): Promise<void> {
    this.#hasChips = !this.#hasChips;
    if (this.#hasChips) this.#site.save(CHIP, this.#base.get(CHIP) ?? "");
    else this.#site.remove(CHIP);
    const selector = this.#hasChips ? ".chips .chip" : ".chips > .person";
    await this.#until(`${CHIP} ${this.#hasChips ? "is back" : "is gone"}`, async () => {
      const [all, right] = [this.#page.locator(".chips > *:not(script)"), this.#page.locator(selector)];
      return (await all.count()) === (await right.count()) && (await right.count()) > 0;
    });
  }

  /** Does every place in the page show the newest mark of its file, and no older one? */
  #isShown(): Promise<boolean> {
    const expected = [...this.#marks].flatMap(([{ marked }, mark]) =>
      marked.map(([selector, attribute]) => ({ selector, attribute, mark })),
    );
    return this.#page.evaluate((expected) => {
      const isRight = (text: string, mark: string): boolean => {
        const marks = text.match(new RegExp(mark.replace(/\d+-$/, "\\d+-"), "g")) ?? [];
        return marks.length > 0 && marks.every((one) => one === mark);
      };
      const textOf = (element: Element, attribute?: string): string =>
        (attribute === undefined ? element.textContent : element.getAttribute(attribute)) ?? "";
      return expected.every(({ selector, attribute, mark }) =>
        [...document.querySelectorAll(selector)].every((element) => isRight(textOf(element, attribute), mark)),
      );
    }, expected);
  }

  get #reloads(): { count: number; failed: number } {
    return this.#site.app.moonpool.reloads ?? { count: 0, failed: 0 };
  }

  /** A mark that says of which file it is. */
  #nextMark(file: string): string {
    return `mark-${file.replaceAll(/\W/g, "")}-${++this.#count}-`;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)] as T;
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!(await isSo())) {
      if (Date.now() > end) throw new Error(`the page does not come to show ${what}`);
      await pause(5);
    }
  }
}
