import type { Attachment } from "./region.ts";

/**
 * What a placeholder gives to the element that takes its place: its classes, its style after the element's own, and id
 * and slot if the element has none.
 */
export function carry(placeholder: Element): Attachment {
  const classes = [...placeholder.classList];
  const style = placeholder.getAttribute("style");
  return (host) => {
    if (classes.length > 0) host.classList.add(...classes);
    if (style) host.style.cssText += `;${style}`;
    for (const name of ["id", "slot"]) {
      const value = placeholder.getAttribute(name);
      if (value && !host.hasAttribute(name)) host.setAttribute(name, value);
    }
  };
}
