import type { Binding } from "../protocol/viewdef.ts";
import type { Undo, Variable } from "./model.ts";

export interface Tie {
  readonly variable: Variable;
  /** Missing for a view. */
  readonly binding?: Binding;
}

/** Which variables stand behind which element. Marks elements whose variables have an error. */
export class Ties {
  readonly #ties = new WeakMap<Element, Tie[]>();

  add(element: Element, tie: Tie): Undo {
    const ties = this.#ties.get(element) ?? [];
    this.#ties.set(element, ties);
    ties.push(tie);
    this.mark(element);
    return () => {
      ties.splice(ties.indexOf(tie), 1);
      this.mark(element);
    };
  }

  of(element: Element): readonly Tie[] {
    return this.#ties.get(element) ?? [];
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
