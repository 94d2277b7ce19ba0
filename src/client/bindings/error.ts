// A chunk of its own, loaded with the first viewdef that has such a binding.
import type { Value } from "../../protocol/message.ts";
import { Feedback } from "../feedback.ts";
import type { Undo } from "../model.ts";
import type { Bind, Context, Page } from "../page.ts";
import type { formOf } from "../pending.ts";
import type { Unbind } from "../region.ts";
import type { textOf } from "../text.ts";

/** Functions of the client; for why they are given see hotload/tools.ts. */
interface Tools {
  readonly formOf: typeof formOf;
  readonly textOf: typeof textOf;
}

/** From now on it is noted which fields have been used, and errors are shown by the binding that is returned. */
export function startErrors(page: Page, tools: Tools): { feedback: Feedback; bindError: Bind } {
  const feedback = new Feedback(page.fields, tools.formOf);
  addEventListener("submit", ({ target }) => feedback.submit(target as HTMLFormElement), true);
  addEventListener("pointerdown", () => feedback.press(), true);
  // The click comes after this event.
  for (const type of ["pointerup", "pointercancel"])
    addEventListener(type, () => setTimeout(() => feedback.release()), true);
  addEventListener("reset", ({ target }) => feedback.reset(target as HTMLFormElement));
  return { feedback, bindError: (context) => bindError(context, feedback, tools) };
}

/**
 * ui-error: what is wrong with a field, shown once the field was used (see Feedback); nil, false and "" are nothing. The field
 * is the one that `for` names by its id or name; else the last one before it, in the nearest element around that has any.
 */
function bindError({ page, element, watch }: Context, feedback: Feedback, { textOf }: Tools): Unbind {
  let field: Element | undefined;
  let stop: Undo | undefined;
  let text = "";
  let isSought = false;
  const show = () => feedback.atRest(update);
  const update = () => {
    const isShown = text !== "" && !isSought && (!field || feedback.has(field));
    element.textContent = isShown ? text : "";
    element.hidden = !isShown;
    if (field && !(field instanceof HTMLFormElement)) feedback.describe(field, element, isShown);
  };
  const find = () => {
    if (!isSought) return;
    isSought = false;
    stop?.();
    field = findField(page, element);
    stop = field && feedback.watch(field, show);
    show();
  };
  const apply = (value: Value) => {
    text = value === false ? "" : textOf(value);
    // Its field may not have been there yet, or may have been replaced; where there is nothing to say that does not matter.
    // A view gets into the page as a whole, in this task.
    if (text && !field?.isConnected && !isSought) {
      isSought = true;
      queueMicrotask(find);
    }
    show();
  };
  update();
  watch(apply);
  return (restore) => {
    text = "";
    isSought = false;
    update();
    stop?.();
    if (restore) element.hidden = false;
  };
}

function findField(page: Page, element: HTMLElement): Element | undefined {
  const name = JSON.stringify(element.getAttribute("for") ?? "");
  for (let around: Element | null = element; around; around = around.parentElement) {
    if (name !== '""') {
      const named = `[id=${name}],[name=${name}]`;
      const found = around.matches(named) ? around : around.querySelector(named);
      if (found) return found;
      continue;
    }
    const fields = [...around.querySelectorAll<HTMLElement>("*")].filter((one) => page.fields.has(one));
    const before = (one: Element) => one.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (fields.length > 0) return fields.findLast(before) ?? fields[0];
  }
  return undefined;
}
