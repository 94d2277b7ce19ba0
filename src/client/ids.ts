import type { Undo } from "./model.ts";

/** Attributes that lead to elements by their ids. */
const REFERENCES =
  "for form list headers popovertarget aria-labelledby aria-describedby aria-controls aria-owns aria-details aria-errormessage aria-activedescendant".split(
    " ",
  );

/** How often each viewdef with ids is shown. */
const shown = new Map<string, number>();

/**
 * An id is there once in a page, and a view may be shown many times, as rows are. So every copy but the first gets an
 * ending at its ids, and at what leads to them from within: labels and ARIA attributes stay in their own row.
 */
export function ownIds(key: string, copy: DocumentFragment, ending: string): Undo {
  const others = shown.get(key) ?? 0;
  shown.set(key, others + 1);
  const elements = others > 0 ? [...copy.querySelectorAll("*")] : [];
  const ids = new Set(elements.map(({ id }) => id));
  for (const element of elements) {
    if (element.id) element.id += ending;
    for (const name of REFERENCES) {
      const text = element.getAttribute(name);
      if (text)
        element.setAttribute(
          name,
          text.replace(/\S+/g, (id) => (ids.has(id) ? id + ending : id)),
        );
    }
  }
  return () => void shown.set(key, (shown.get(key) ?? 1) - 1);
}
