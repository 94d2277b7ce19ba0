import type { Value } from "../../protocol/message.ts";
import { fieldOf, type Field } from "../fields.ts";
import type { Undo, Variable } from "../model.ts";
import { makePace } from "../pace.ts";
import type { Context } from "../page.ts";
import type { Mark } from "../pending.ts";
import type { Unbind } from "../region.ts";
import { equal, textOf } from "../text.ts";

/** Fields that were unbound to be bound anew, with what they showed and agreed on. */
const left = new WeakMap<Element, Left>();

interface Left {
  variable: Variable;
  agreed: Value;
  sample: Value;
  base: Value | undefined;
  isInHand: boolean;
}

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
 * server has. A text is in somebody's hand from when he comes to it, or changes it, until he leaves it or is done with it, by
 * Enter or an event that is sent; as long as it is, the server does not change it, and what the person sends prevails.
 */
function bindField(context: Context, field: Field): Unbind[] {
  const { page, element, variable, binding, watch } = context;
  const before = left.get(element);
  left.delete(element);
  let agreed: Value = before?.agreed ?? null;
  /** A value of the type that the server gives the variable. */
  let sample: Value = before?.sample ?? null;
  /** What the server had before a person changed it; undefined when the field shows what the server says. */
  let base: Value | undefined;
  let isInHand = false;
  /** What had been done before he came to it: the answers still count. */
  let awaited: readonly Mark[] = [];
  let isChanged = false;

  const read = (): Value | undefined => {
    const value = field.read(Array.isArray(variable.value) ? variable.value : sample);
    // An empty field for nil stays nil.
    return value === "" && agreed === null ? null : value;
  };
  /** Somebody is at work here. */
  const busy = () => {
    if (element.contains(page.composing)) return true;
    if (binding.overwrite || !field.gradual || !element.contains(document.activeElement)) return false;
    if (isInHand && awaited.every(({ done }) => done)) return true;
    const value = read();
    return value === undefined ? isHalfTyped(element) : !equal(value, agreed);
  };
  const show = (value: Value) => {
    if (value !== null && !equal(value, agreed)) sample = value;
    if (binding.write && busy()) return;
    if (!equal(value, agreed)) base = undefined;
    agreed = value;
    if (!equal(read(), value)) field.write(value);
    const shown = read();
    agreed = shown === undefined ? value : shown;
  };
  const commit = () => {
    const value = read();
    if (value === undefined || equal(value, agreed) || element.contains(page.composing)) return;
    base ??= agreed;
    agreed = value;
    page.write(variable, value, element);
  };
  /** The person is done. */
  const finish = () => {
    isInHand = false;
    commit();
  };
  const use = () => {
    isChanged = false;
    page.feedback?.use(element);
  };

  if (before?.variable === variable) ({ base, isInHand } = before);
  // What was typed for another variable must not be sent to this one.
  else if (before) agreed = read() ?? null;
  watch(show);
  const undo: Unbind[] = [
    (restore) => void (restore && left.set(element, { variable, agreed, sample, base, isInHand })),
  ];
  if (field.depends) undo.push(observe(element, () => show(variable.value)));
  if (!binding.write) return undo;
  const listen = (types: string[], call: () => void) => {
    for (const type of types) undo.push(page.listen(element, type, call));
  };
  listen(["focusin"], () => {
    isInHand = true;
    awaited = page.pending.marks;
  });
  listen(field.input, () => {
    isInHand = isChanged = true;
    awaited = [];
  });
  listen(field.change, () => {
    finish();
    use();
  });
  listen(["focusout"], () => {
    finish();
    if (isChanged) use();
    // What the server sent meanwhile was held back; who leaves the field without a change wants to see it.
    show(variable.value);
  });
  if (binding.keypress) {
    const pace = makePace(context, commit);
    listen([...field.input, "compositionend"], pace.run);
    undo.push(pace.end);
  }
  page.fields.set(element, {
    commit: (isOver) => (isOver ? finish() : commit()),
    edit() {
      const value = read();
      if (value === undefined || (base === undefined && equal(value, agreed))) return undefined;
      const isSent = equal(value, agreed);
      return { value, base: base ?? agreed, isSent, isSafe: isSent && variable.written <= page.pending.seen };
    },
  });
  undo.push(() => page.fields.delete(element));
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
