/** Something was done at an element, and the session has not carried it out yet. */
export interface Mark {
  readonly element: Element;
  /** Of the frame in which it was sent; Infinity while it waits for that. */
  seq: number;
  done: boolean;
  /** All that show it. */
  readonly shown: readonly Element[];
  /** Work again when it is done. */
  readonly buttons: readonly Element[];
}

const PENDING = "data-ui-pending";
const DISABLED = "aria-disabled";

/**
 * What the session has yet to carry out. Until then the element bears `data-ui-pending`, and so do its form and the elements
 * around it that ask for it by `ui-pending`; buttons that wait say so by `aria-disabled`. Not by `disabled`, which would
 * take the focus away from them, nor are fields made read-only: what is typed meanwhile counts.
 */
export class Pending {
  /** The last of our frames that has been carried out. */
  seen = 0;
  readonly #marks = new Set<Mark>();
  #shown = new Set<Element>();
  /** The buttons, with the attribute that they had. */
  readonly #buttons = new Map<Element, string | null>();

  get marks(): Mark[] {
    return [...this.#marks];
  }

  add(element: HTMLElement, buttons: readonly Element[] = []): Mark {
    for (const mark of this.#marks)
      if (mark.element === element && mark.seq === Infinity && !mark.buttons.length && !buttons.length) return mark;
    const shown: Element[] = [element];
    const form = formOf(element);
    if (form) shown.push(form);
    for (
      let around = element.closest("[ui-pending]");
      around;
      around = around.parentElement?.closest("[ui-pending]") ?? null
    )
      shown.push(around);
    const mark: Mark = { element, seq: Infinity, done: false, shown, buttons };
    this.#marks.add(mark);
    this.#show();
    return mark;
  }

  /** All that waited is in frame `seq`; undefined: there was nothing to be sent. */
  sent(seq?: number): void {
    for (const mark of this.#marks) if (mark.seq === Infinity) mark.seq = seq ?? 0;
    if (seq === undefined) this.carriedOut(this.seen);
  }

  /** Our frames up to `seen` have been carried out. */
  carriedOut(seen: number): void {
    this.seen = seen;
    for (const mark of this.#marks) {
      if (mark.seq > seen) continue;
      mark.done = true;
      this.#marks.delete(mark);
    }
    this.#show();
  }

  /** Nothing will come of what was sent: the connection is another one. */
  clear(): void {
    this.carriedOut(Infinity);
    this.seen = 0;
  }

  #show(): void {
    const { marks } = this;
    const shown = new Set(marks.flatMap((mark) => mark.shown));
    for (const element of this.#shown) if (!shown.has(element)) element.removeAttribute(PENDING);
    for (const element of shown) if (!this.#shown.has(element)) element.setAttribute(PENDING, "");
    this.#shown = shown;
    const buttons = new Set(marks.flatMap((mark) => mark.buttons));
    for (const [button, before] of this.#buttons) {
      if (buttons.has(button)) continue;
      this.#buttons.delete(button);
      // Others may have changed it meanwhile.
      if (button.getAttribute(DISABLED) !== "true") continue;
      if (before === null) button.removeAttribute(DISABLED);
      else button.setAttribute(DISABLED, before);
    }
    for (const button of buttons) {
      if (this.#buttons.has(button)) continue;
      this.#buttons.set(button, button.getAttribute(DISABLED));
      button.setAttribute(DISABLED, "true");
    }
  }
}

/** The form that an element belongs to, wherever it stands. */
export function formOf(element: Element): HTMLFormElement | null {
  const { form } = element as { form?: unknown };
  return form instanceof HTMLFormElement ? form : element.closest("form");
}
