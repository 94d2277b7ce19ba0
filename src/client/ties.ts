import type { Binding } from "../protocol/viewdef.ts";
import type { Variable } from "./model.ts";

export interface Tie {
  readonly variable: Variable;
  /** Missing for a view. */
  readonly binding?: Binding;
}

const NONE: readonly Tie[] = [];

/** Which variables stand behind which element. Marks elements whose variables have an error. */
export class Ties {
  readonly #ties = new WeakMap<Element, readonly Tie[]>();

  add(element: Element, tie: Tie): void {
    const ties = this.of(element);
    this.#ties.set(element, ties.length > 0 ? [...ties, tie] : [tie]);
    if (tie.variable.error) this.mark(element);
  }

  remove(element: Element, tie: Tie): void {
    this.#ties.set(
      element,
      this.of(element).filter((other) => other !== tie),
    );
    this.mark(element);
  }

  of(element: Element): readonly Tie[] {
    return this.#ties.get(element) ?? NONE;
  }

  /** Class `ui-error` and the attributes that tell the error, or none of them. */
  mark(element: Element): void {
    const error = this.of(element).find((tie) => tie.variable.error)?.variable.error;
    if (!error && !element.hasAttribute("ui-error-code")) return;
    element.classList.toggle("ui-error", Boolean(error));
    for (const [name, text] of Object.entries({
      "ui-error-code": error?.code,
      "ui-error-description": error?.message,
    }))
      if (text === undefined) element.removeAttribute(name);
      else element.setAttribute(name, text);
  }
}
