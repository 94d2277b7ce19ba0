import { mergeClasses, mergeStyle } from "./layers.ts";
import type { Attachment } from "./region.ts";

/**
 * What a placeholder gives to the element that takes its place: its classes, its style after the element's own, and id
 * and slot if the element has none.
 */
export function carry(placeholder: Element): Attachment | undefined {
  // Most exemplars of rows have none of them.
  if (!["class", "style", "id", "slot"].some((name) => placeholder.getAttribute(name))) return undefined;
  return (host) => {
    const layers = [mergeClasses(host), mergeStyle(host)];
    ["class", "style"].forEach((name, index) => layers[index]?.(placeholder.getAttribute(name)));
    const given = ["id", "slot"].filter((name) => placeholder.getAttribute(name) && !host.hasAttribute(name));
    for (const name of given) host.setAttribute(name, placeholder.getAttribute(name) ?? "");
    return () => {
      for (const layer of layers) layer(null);
      for (const name of given) host.removeAttribute(name);
    };
  };
}
