import type { Undo } from "../model.ts";
import { matchesKeys, parseKeys } from "../keys.ts";
import type { Context } from "../page.ts";
import { makeSender } from "../sender.ts";

/** ui-event-keypress-KEYS: exactly this combination calls the method, or sets the field to the key's name. */
export function bindKey(context: Context): Undo {
  const { page, element, binding } = context;
  const combination = parseKeys(binding.name ?? "");
  const sender = makeSender(context);
  const undo = page.listen(element, "keydown", (event) => {
    // Keys pressed to compose a character belong to the input method; 229 is how some browsers say so.
    if (!(event instanceof KeyboardEvent) || event.isComposing || event.keyCode === 229) return;
    if (!matchesKeys(combination, event)) return;
    if (!isNeeded(event, element)) event.preventDefault();
    if (event.repeat) return;
    sender.send(event, (binding.argument ?? binding.write) ? combination.key : null);
  });
  return () => {
    undo();
    sender.end();
  };
}

/**
 * Whether the key also has to do what it does anyway: type, delete or move the caret in a text field; or press the
 * button or open the link that has the focus, when that is not the element itself. Anything else (scrolling, submitting
 * a form, the browser's own shortcuts) gives way to the binding.
 */
function isNeeded(event: KeyboardEvent, element: Element): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  const { key } = event;
  const several = target instanceof HTMLTextAreaElement || target.isContentEditable;
  if (
    several ||
    (target instanceof HTMLInputElement &&
      /^(text|search|email|url|tel|password|number|date|time|month|week|datetime-local)$/.test(target.type))
  ) {
    if (key.length === 1) return !event.ctrlKey && !event.metaKey && !event.altKey;
    return /^(Backspace|Delete|Home|End|ArrowLeft|ArrowRight)$/.test(key) || (several && /^(Arrow|Page)/.test(key));
  }
  if (target instanceof HTMLSelectElement) return /^(Arrow|Home|End|Page)/.test(key);
  return (
    /^( |Enter)$/.test(key) &&
    target.closest("button,a[href],summary,[role=button]") !== null &&
    !element.isSameNode(target)
  );
}
