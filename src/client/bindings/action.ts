import { valueOf } from "../event-data.ts";
import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";

/** ui-action: a click calls the method; with `(_)` it gets the value of the element. */
export function bindAction({ page, element, variable, binding }: Context): Undo {
  return page.listen(element, "click", (event) => {
    if (leavesPage(element)) event.preventDefault();
    page.commitInput(element);
    page.outbox.act(variable, binding.argument ? valueOf(element) : null);
  });
}

/** A click on it would follow a link, or submit or reset a form. */
function leavesPage(element: HTMLElement): boolean {
  const active = element.closest("a[href],area[href],button,input");
  return active instanceof HTMLButtonElement || active instanceof HTMLInputElement
    ? active.form !== null && /^(submit|image|reset)$/.test(active.type)
    : active !== null;
}
