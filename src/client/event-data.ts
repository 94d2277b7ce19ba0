import { fieldOf } from "./fields.ts";
import type { Value } from "../protocol/message.ts";

const DEPTH = 4;
/** data-ui-viewdef, data-ui-pending. */
const OURS = /^ui[A-Z]/;
const MODIFIERS = ["ctrl", "shift", "alt", "meta"] as const;

/**
 * What an event handler in Lua is given: a table with
 *
 *     type     "click", "input", "sl-change", …
 *     value    the value of the element if it is a form control, else its `value` if it has one
 *     key      of keyboard events: "Enter", "a", …
 *     x, y     of mouse and pointer events: pixels from the element's top left corner
 *     button   of mouse and pointer events: 0 left, 1 middle, 2 right
 *     deltaX, deltaY   of wheel events
 *     ctrl, shift, alt, meta   true if the key was held
 *     values   of submit: the form's fields by name
 *     detail   of custom events: their `detail`, as far as it is plain data; an element in it becomes its value or id
 *     data     the element's data-* attributes
 *
 * What does not apply is left out.
 */
export function eventData(event: Event, element: HTMLElement): Value {
  const data: Record<string, Value> = { type: event.type };
  const value = valueOf(element);
  if (value !== null) data["value"] = value;
  if (event instanceof KeyboardEvent) data["key"] = event.key;
  if (event instanceof MouseEvent) {
    const { left, top } = element.getBoundingClientRect();
    data["x"] = Math.round(event.clientX - left);
    data["y"] = Math.round(event.clientY - top);
    data["button"] = event.button;
  }
  if (event instanceof WheelEvent) {
    data["deltaX"] = event.deltaX;
    data["deltaY"] = event.deltaY;
  }
  if (event instanceof MouseEvent || event instanceof KeyboardEvent)
    for (const name of MODIFIERS) if (event[`${name}Key`]) data[name] = true;
  if (event instanceof CustomEvent) {
    const detail = plain(event.detail, DEPTH);
    if (detail !== undefined && detail !== null) data["detail"] = detail;
  }
  if (event.type === "submit" && event.target instanceof HTMLFormElement) data["values"] = formValues(event.target);
  const own = Object.entries(element.dataset).filter(([name]) => !OURS.test(name));
  if (own.length > 0) data["data"] = Object.fromEntries(own) as Record<string, string>;
  return data;
}

/** The value of a form control in its type; else whatever plain `value` the element has; null if it has none. */
export function valueOf(element: HTMLElement): Value {
  const value = fieldOf(element)?.read(null);
  if (value !== undefined) return value;
  return plain((element as { value?: unknown }).value ?? element.getAttribute("value"), 0) ?? null;
}

function formValues(form: HTMLFormElement): Value {
  const values: Record<string, Value> = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string") values[name] = value;
  return values;
}

/** The part of `value` that is plain data; undefined if there is none. */
function plain(value: unknown, depth: number): Value | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value instanceof Element) return plain((value as { value?: unknown }).value, 0) ?? value.id;
  if (typeof value !== "object" || depth === 0) return undefined;
  if (Array.isArray(value)) return value.map((member) => plain(member, depth - 1) ?? null);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const result: Record<string, Value> = {};
  for (const [name, member] of Object.entries(value)) {
    const data = plain(member, depth - 1);
    if (data !== undefined) result[name] = data;
  }
  return result;
}
