import type { Undo } from "./model.ts";
import type { Page } from "./page.ts";
import type { formOf } from "./pending.ts";

/**
 * Which fields people have used: nobody wants to be told that a form which he has just begun is not complete. A field is used
 * when it was left after a change, or its form was submitted; until the form is reset.
 */
export class Feedback {
  readonly #fields: Page["fields"];
  readonly #formOf: typeof formOf;
  readonly #used = new WeakSet<Element>();
  readonly #watchers = new WeakMap<Element, Set<() => void>>();
  /** The messages that are shown at a field. */
  readonly #shown = new WeakMap<Element, Set<Element>>();
  /** What waits until the pointer is released; undefined: it is not down. */
  #waiting: Set<() => void> | undefined;
  #ids = 0;

  constructor(fields: Page["fields"], form: typeof formOf) {
    this.#fields = fields;
    this.#formOf = form;
  }

  /** A button of the pointer is down. */
  press(): void {
    this.#waiting ??= new Set();
  }

  release(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const call of waiting ?? []) call();
  }

  /**
   * Calls back now, or when the pointer is released: who presses a button leaves a field, and if its message moved the button
   * away from under the pointer there would be no click.
   */
  atRest(call: () => void): void {
    if (this.#waiting) this.#waiting.add(call);
    else call();
  }

  has(field: Element): boolean {
    return this.#used.has(field);
  }

  use(field: Element): void {
    this.#used.add(field);
    this.#tell(field);
  }

  /** The form and all of its fields are used. */
  submit(form: HTMLFormElement): void {
    for (const element of this.#of(form)) this.use(element);
  }

  /** Nothing of the form is used any more. */
  reset(form: HTMLFormElement): void {
    for (const element of this.#of(form)) {
      this.#used.delete(element);
      this.#tell(element);
    }
  }

  /** Calls back when `field` is used, and when it is no longer. */
  watch(field: Element, call: () => void): Undo {
    const watchers = this.#watchers.get(field) ?? new Set();
    this.#watchers.set(field, watchers.add(call));
    return () => void watchers.delete(call);
  }

  /** Tells assistive technology that `message` says what is wrong with `field`, or not any more. */
  describe(field: Element, message: Element, isShown: boolean): void {
    const shown = this.#shown.get(field) ?? new Set();
    this.#shown.set(field, shown);
    if (shown.has(message) === isShown) return;
    message.id ||= `ui-error-${++this.#ids}`;
    const ids = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== message.id);
    if (isShown) {
      shown.add(message);
      ids.push(message.id);
    } else shown.delete(message);
    set(field, "aria-describedby", ids.join(" "));
    set(field, "aria-invalid", shown.size > 0 ? "true" : "");
  }

  #of(form: HTMLFormElement): Element[] {
    return [form, ...this.#fields.keys()].filter((element) => this.#formOf(element) === form);
  }

  #tell(field: Element): void {
    for (const call of this.#watchers.get(field) ?? []) call();
  }
}

function set(element: Element, name: string, text: string): void {
  if (text) element.setAttribute(name, text);
  else element.removeAttribute(name);
}
