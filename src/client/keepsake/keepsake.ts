// A chunk of its own, loaded when somebody begins to do something with the page; hot reload uses it too.
import type { HotloadUi, Value } from "../../protocol/message.ts";
import type { fieldOf } from "../fields.ts";
import type { Edit, Page } from "../page.ts";
import type { equal } from "../text.ts";
import { findPlace, isOneOfMany, placeOf, type Place } from "./places.ts";
import { selectedIn, selectIn, type Selected } from "./selected.ts";

/** What people have in hand, for a page that shows the same once more. It is plain data. */
export interface Keepsake {
  /** `edit` is missing where nobody would send the value. */
  fields: { place: Place; value: Value; edit?: Edit }[];
  focus: { place: Place; selected: Selected | undefined } | undefined;
  scrolled: { place: Place; top: number; left: number }[];
}

/** Functions of the client; for why they are given see hotload/tools.ts. */
export interface KeepsakeTools {
  readonly equal: typeof equal;
  readonly fieldOf: typeof fieldOf;
}

/** Nobody's input, or impossible to give back. */
const LEFT_OUT = /^(file|hidden|submit|button|image|reset)$/;
const ALL: HotloadUi["preserve"] = { form: true, scroll: true, focus: true };

/**
 * Takes note of what people have changed, of the focus and of what is scrolled, as far as `preserve` wants it. `hasSecrets`:
 * of passwords too, because it does not leave the page.
 */
export function keep(page: Page, tools: KeepsakeTools, preserve = ALL, hasSecrets = false): Keepsake {
  const all = [...document.querySelectorAll<HTMLElement>("*")];
  const { activeElement } = document;
  const hasFocus = preserve.focus && activeElement && activeElement !== document.body;
  return {
    fields: preserve.form ? all.flatMap((element) => keepField(page, tools, element, hasSecrets) ?? []) : [],
    focus: hasFocus ? { place: placeOf(activeElement), selected: selectedIn(activeElement) } : undefined,
    scrolled: all
      .filter(({ scrollTop, scrollLeft }) => preserve.scroll && (scrollTop !== 0 || scrollLeft !== 0))
      .map((element) => ({ place: placeOf(element), top: element.scrollTop, left: element.scrollLeft })),
  };
}

/**
 * Gives it back. What was sent is sent again if the session has lost it; what was not counts as typed: it is sent, or, in the
 * field with the focus, when that is left.
 */
export async function giveBack(page: Page, tools: KeepsakeTools, { fields, focus, scrolled }: Keepsake): Promise<void> {
  for (const { place, top, left } of scrolled) findPlace(place)?.scrollTo({ top, left, behavior: "instant" });
  const focused = focus && (findPlace(focus.place) as HTMLElement | undefined);
  await Promise.all(
    fields.map(async ({ place, value, edit }) => {
      const field = findPlace(place) as HTMLElement | undefined;
      if (!field) return;
      await ready(field);
      if (edit && !isLost(page, tools, field, place, edit)) return;
      tools.fieldOf(field)?.write(value);
      // Nobody is going to leave it.
      if (edit?.isSent || field !== focused) page.fields.get(field)?.commit();
    }),
  );
  if (!focused) return;
  await ready(focused);
  if (document.activeElement === document.body) focused.focus({ preventScroll: true });
  if (focus?.selected && document.activeElement === focused) selectIn(focused, focus.selected);
}

/** Whether what a person has made of the field that stands there now has to be done again. */
function isLost(page: Page, { equal }: KeepsakeTools, field: Element, place: Place, edit: Edit): boolean {
  const now = page.ties.of(field).find(({ binding }) => binding?.kind === "value")?.variable.value;
  if (now === undefined || equal(now, edit.value)) return false;
  // What the session had it has lost, or somebody else has changed it since. And a row may be another one than it was.
  return !(edit.isSafe || isOneOfMany(place)) || equal(now, edit.base);
}

/** Undefined: in a new page it would show the same. */
function keepField(
  page: Page,
  tools: KeepsakeTools,
  element: HTMLElement,
  hasSecrets: boolean,
): Keepsake["fields"][number] | undefined {
  const { type } = element as HTMLInputElement;
  if (LEFT_OUT.test(type) || (type === "password" && !hasSecrets)) return undefined;
  const bound = page.fields.get(element);
  if (bound) {
    const edit = bound.edit();
    return edit && { place: placeOf(element), value: edit.value, edit };
  }
  const field = tools.fieldOf(element);
  const isTied = page.ties.of(element).some(({ binding }) => binding?.kind === "value");
  if (!field || field.input.length === 0 || isTied || isDefault(element)) return undefined;
  const value = field.read(null);
  // Half a number cannot be told.
  return value === undefined ? undefined : { place: placeOf(element), value };
}

function isDefault(field: HTMLElement): boolean {
  if (field instanceof HTMLSelectElement) {
    const options = [...field.options];
    const first = options.some(({ defaultSelected }) => defaultSelected) ? -1 : 0;
    return options.every(({ selected, defaultSelected }, index) => selected === (defaultSelected || index === first));
  }
  const { type, checked, defaultChecked, value, defaultValue } = field as HTMLInputElement;
  if (/^(checkbox|radio)$/.test(type)) return checked === defaultChecked;
  return defaultValue === undefined || value === defaultValue;
}

/** Components show what they are given a little later, and only once they are defined. */
async function ready(element: HTMLElement & { updateComplete?: Promise<unknown> }): Promise<void> {
  if (!element.localName.includes("-")) return;
  await customElements.whenDefined(element.localName);
  await element.updateComplete;
}
