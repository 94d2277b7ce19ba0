import type { Value } from "../protocol/message.ts";

/** How a value reads as text: nil is empty, the elements of an array are separated by commas. */
export function textOf(value: Value): string {
  if (value === null) return "";
  // An object is a reference, with nothing to read in it; that it stands here is a mistake which this makes visible.
  if (typeof value === "object") return Array.isArray(value) ? value.map(textOf).join(",") : "[object]";
  return String(value);
}

/** Whether two values are the same; arrays and objects by their content. */
export function equal(one: Value | undefined, other: Value | undefined): boolean {
  return one === other || (typeof one === "object" && JSON.stringify(one) === JSON.stringify(other));
}
