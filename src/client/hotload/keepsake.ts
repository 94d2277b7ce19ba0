import type { HotloadUi, Value } from "../../protocol/message.ts";
import type { Page } from "../page.ts";
import { findPlace, placeOf, type Place } from "./places.ts";
import { selectedIn, selectIn, type Selected } from "./selected.ts";
import type { Tools } from "./tools.ts";

/** What people have in hand, for a page that shows the same once more. It is plain data. */
export interface Keepsake {
  fields: { place: Place; value: Value }[];
  focus: { place: Place; selected: Selected | undefined } | undefined;
  scrolled: { place: Place; top: number; left: number }[];
}

/** Not for others' eyes, nobody's input, or impossible to give back. */
const LEFT_OUT = /^(password|file|hidden|submit|button|image|reset)$/;

/** Takes note of input that was not sent, of the focus and of what is scrolled, as far as `preserve` wants it. */
export function keep(page: Page, tools: Tools, preserve: HotloadUi["preserve"]): Keepsake {
  const all = [...document.querySelectorAll<HTMLElement>("*")];
  const { activeElement } = document;
  const hasFocus = preserve.focus && activeElement && activeElement !== document.body;
  return {
    fields: preserve.form ? all.flatMap((element) => keepField(page, tools, element) ?? []) : [],
    focus: hasFocus ? { place: placeOf(activeElement), selected: selectedIn(activeElement) } : undefined,
    scrolled: all
      .filter(({ scrollTop, scrollLeft }) => preserve.scroll && (scrollTop !== 0 || scrollLeft !== 0))
      .map((element) => ({ place: placeOf(element), top: element.scrollTop, left: element.scrollLeft })),
  };
}

/** Gives it back. What was typed counts as typed: it is sent when its field is left. */
export async function giveBack(page: Page, tools: Tools, { fields, focus, scrolled }: Keepsake): Promise<void> {
  for (const { place, top, left } of scrolled) findPlace(place)?.scrollTo({ top, left, behavior: "instant" });
  const focused = focus && (findPlace(focus.place) as HTMLElement | undefined);
  await Promise.all(
    fields.map(async ({ place, value }) => {
      const field = findPlace(place) as HTMLElement | undefined;
      if (!field) return;
      await ready(field);
      tools.fieldOf(field)?.write(value);
      // Nobody is going to leave it.
      if (field !== focused) page.commits.get(field)?.();
    }),
  );
  if (!focused) return;
  await ready(focused);
  if (document.activeElement === document.body) focused.focus({ preventScroll: true });
  if (focus?.selected && document.activeElement === focused) selectIn(focused, focus.selected);
}

/** Undefined: in a new page it would show the same. */
function keepField(page: Page, tools: Tools, element: HTMLElement): Keepsake["fields"][number] | undefined {
  const field = tools.fieldOf(element);
  if (!field || field.input.length === 0 || LEFT_OUT.test((element as HTMLInputElement).type)) return undefined;
  const tie = page.ties.of(element).find(({ binding }) => binding?.kind === "value");
  const shown = tie ? tie.variable.value : null;
  const value = field.read(shown);
  // Half a number cannot be told.
  if (value === undefined || (tie && !tie.binding?.write)) return undefined;
  if (tie ? tools.equal(something(value), something(shown)) : isDefault(element)) return undefined;
  return { place: placeOf(element), value };
}

/** Fields have no nil. */
function something(value: Value): Value {
  return value === "" || value === false ? null : value;
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
