import type { Value } from "../../protocol/message.ts";
import { fieldOf, type Field } from "../fields.ts";
import type { Undo, Variable } from "../model.ts";
import type { Context } from "../page.ts";
import type { Unbind } from "../region.ts";
import { equal, textOf } from "../text.ts";

/** Fields that were unbound to be bound anew, with what they showed and agreed on. */
const left = new WeakMap<Element, { variable: Variable; agreed: Value; sample: Value }>();

/** ui-value: the value of a form control, two-way; the text of anything else. */
export function bindValue(context: Context): Unbind | void {
  const { element } = context;
  const name = element.localName;
  // What most of them do, and all of them in a long list, so it has nothing that it does not need.
  if (name === "input" || name.includes("-") || fieldOf(element)) return bindControl(context);
  bindText(context);
}

function bindText({ element, watch }: Context): void {
  watch((value) => showText(element, value));
}

/** What may be a field, or become one. */
function bindControl(context: Context): Unbind {
  const { element } = context;
  const name = element.localName;
  let undo: Unbind[] = [];
  let undone = false;
  const start = () => {
    const field = undone ? undefined : fieldOf(element);
    if (field) undo = bindField(context, field);
    else if (!undone && name !== "input") context.watch((value) => showText(element, value));
  };
  if (!name.includes("-") || customElements.get(name)) start();
  else {
    // Until somebody defines it, it is an element like any other; components with a field have no text to lose.
    const bare = !/^(sl|wa)-/.test(name) && element.childElementCount === 0;
    if (bare) context.watch((value) => showText(element, value));
    void customElements.whenDefined(name).then(() => {
      if (bare && !undone && fieldOf(element)) element.textContent = "";
      return start();
    });
  }
  return (restore) => {
    undone = true;
    for (const call of undo) call(restore);
  };
}

function showText(element: HTMLElement, value: Value): void {
  const text = textOf(value);
  if (element.textContent !== text) element.textContent = text;
}

/**
 * `agreed` is what both sides last had: the field differs from it when a person has changed it, the variable when the
 * server has. While somebody is at work in the field it is left alone; what they send prevails.
 */
function bindField({ page, element, variable, binding, watch }: Context, field: Field): Unbind[] {
  const before = left.get(element);
  left.delete(element);
  let agreed: Value = before?.agreed ?? null;
  /** A value of the type that the server gives the variable. */
  let sample: Value = before?.sample ?? null;

  const read = (): Value | undefined => {
    const value = field.read(Array.isArray(variable.value) ? variable.value : sample);
    // An empty field for nil stays nil.
    return value === "" && agreed === null ? null : value;
  };
  /** Somebody is at work here, and has not sent the result yet. */
  const busy = () => {
    if (element.contains(page.composing)) return true;
    if (!field.gradual || !element.contains(document.activeElement)) return false;
    const value = read();
    return value === undefined ? isHalfTyped(element) : !equal(value, agreed);
  };
  const show = (value: Value) => {
    if (value !== null && !equal(value, agreed)) sample = value;
    if (binding.write && busy()) return;
    agreed = value;
    if (!equal(read(), value)) field.write(value);
    const shown = read();
    agreed = shown === undefined ? value : shown;
  };
  const commit = () => {
    const value = read();
    if (value === undefined || equal(value, agreed) || element.contains(page.composing)) return;
    agreed = value;
    page.write(variable, value);
  };

  // What was typed for another variable must not be sent to this one.
  if (before && before.variable !== variable) agreed = read() ?? null;
  watch(show);
  const undo: Unbind[] = [(restore) => void (restore && left.set(element, { variable, agreed, sample }))];
  if (field.depends) undo.push(observe(element, () => show(variable.value)));
  if (!binding.write) return undo;
  const listen = (types: string[], call: () => void) => {
    for (const type of types) undo.push(page.listen(element, type, call));
  };
  listen(field.change, commit);
  listen(["focusout"], () => {
    commit();
    // What the server sent meanwhile was held back; who leaves the field without a change wants to see it.
    show(variable.value);
  });
  if (binding.keypress) listen([...field.input, "compositionend"], commit);
  page.commits.set(element, commit);
  undo.push(() => page.commits.delete(element));
  return undo;
}

/** A number or a date of which a part is missing: its field has no value yet. */
function isHalfTyped(element: HTMLElement): boolean {
  return (element as HTMLInputElement).validity?.badInput ?? false;
}

function observe(element: HTMLElement, call: () => void): Undo {
  const observer = new MutationObserver(call);
  const attributeFilter = ["value", "min", "max", "step", "multiple"];
  observer.observe(element, { childList: true, subtree: true, attributes: true, attributeFilter });
  return () => observer.disconnect();
}
