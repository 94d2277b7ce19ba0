import type { Undo } from "./model.ts";

/** Attributes that are ids of other elements. */
const REFERENCE =
  /^(for|form|list|headers|popovertarget|commandfor|aria-(.+by|controls|owns|.+descendant|details|errormessage|flowto))$/;

const used = new Set<string>();
/** The last number that was put behind an id. */
const numbers = new Map<string, number>();

/**
 * Makes the ids of a view that is about to be shown unique: where another view has one already, as rows of a list have, it gets
 * a number, here and wherever the view itself refers to it. The undo lets go of them.
 */
export function claimIds(elements: Iterable<Element>): Undo {
  const names = new Map<string, string>();
  for (const element of elements) {
    const { id } = element;
    if (!id || names.has(id)) continue;
    let name = id;
    for (let number = numbers.get(id) ?? 1; used.has(name); numbers.set(id, number)) name = `${id}-${++number}`;
    used.add(name);
    names.set(id, name);
    if (name !== id) element.id = name;
  }
  const rename = (id: string) => names.get(id) ?? id;
  for (const element of elements)
    for (const { name, value } of element.attributes) {
      const ids = name.endsWith("href") ? /(?<=^#).+/ : REFERENCE.test(name) ? /\S+/g : /(?<=url\(["']?#)[^"')]+/g;
      const renamed = value.replace(ids, rename);
      if (renamed !== value) element.setAttribute(name, renamed);
    }
  return () => {
    for (const name of names.values()) used.delete(name);
  };
}
