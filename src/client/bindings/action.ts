import { valueOf } from "../event-data.ts";
import type { Undo } from "../model.ts";
import type { Context } from "../page.ts";
import { formOf } from "../pending.ts";
import { isSubmit, makeSender } from "../sender.ts";

/** ui-action: a click calls the method; with `(_)` it gets the value of the element. */
export function bindAction(context: Context): Undo {
  const { page, element, binding } = context;
  const sender = makeSender(context);
  const undo = page.listen(element, "click", (event) => {
    const active = element.closest("a[href],area[href],button,input");
    if (active && leavesPage(active)) {
      event.preventDefault();
      const form = isSubmit(active) && formOf(active);
      if (form) page.feedback?.submit(form);
    }
    sender.send(event, binding.argument ? valueOf(element) : null);
  });
  return () => {
    undo();
    sender.end();
  };
}

/** A click on it would follow a link, or submit or reset a form. */
function leavesPage(active: Element): boolean {
  return active instanceof HTMLButtonElement || active instanceof HTMLInputElement
    ? isSubmit(active) || (active.form !== null && active.type === "reset")
    : true;
}
