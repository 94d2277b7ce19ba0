/** Where an element stands, in words that also hold for a page that shows the same once more. */
export interface Place {
  /** The view, or the page, within which it is looked for. */
  readonly root: string;
  /** Which of those. */
  readonly nth: number;
  /** Its `name`, if only this element of the root has it. */
  readonly name: string | null;
  /** The way down to it: which child, and what it is. */
  readonly steps: readonly (readonly [index: number, tag: string])[];
}

const VIEW = "data-ui-viewdef";

export function placeOf(element: Element): Place {
  const owner = element.id === "" ? element.closest(`[${VIEW}]`) : element;
  const top = owner ?? document.documentElement;
  const id = `[id=${JSON.stringify(element.id)}]`;
  const root = owner === element && element.id !== "" ? id : selectorOf(top);
  const name = element.getAttribute("name");
  const steps: [number, string][] = [];
  for (let at = element; at !== top; at = at.parentElement as Element)
    steps.unshift([Array.prototype.indexOf.call(at.parentElement?.children, at), at.localName]);
  const isOnly = name !== null && named(top, name).length === 1;
  return { root, nth: [...document.querySelectorAll(root)].indexOf(top), name: isOnly ? name : null, steps };
}

/** The element that stands there now. */
export function findPlace({ root, nth, name, steps }: Place): Element | undefined {
  const top = document.querySelectorAll(root)[nth];
  let element = top;
  for (const [index, tag] of steps) {
    element = element?.children[index];
    if (element?.localName !== tag) element = undefined;
  }
  return element ?? (top && name !== null ? named(top, name)[0] : undefined);
}

function selectorOf(root: Element): string {
  const view = root.getAttribute(VIEW);
  return view === null ? root.localName : `[${VIEW}=${JSON.stringify(view)}]`;
}

function named(root: Element, name: string): NodeListOf<Element> {
  return root.querySelectorAll(`[name=${JSON.stringify(name)}]`);
}
