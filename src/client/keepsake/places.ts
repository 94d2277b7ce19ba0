/** Where an element stands, in words that also hold for a page that shows the same once more. */
export interface Place {
  /** What is looked for first: an element with an id, or the first of a view. */
  readonly start: string;
  /** Which of those. */
  readonly nth: number;
  /** How many elements further on the way goes down: a view can have several roots. */
  readonly beside: number;
  /** The way down: which child, and what it is. */
  readonly steps: readonly (readonly [index: number, tag: string])[];
  /** Its `name`, if nothing else below the start has it. */
  readonly name: string | null;
}

const VIEW = "data-ui-viewdef";

export function placeOf(element: Element): Place {
  const steps: [number, string][] = [];
  let top = element;
  let start = startBefore(top);
  while (!start && top.parentElement) {
    steps.unshift([Array.prototype.indexOf.call(top.parentElement.children, top), top.localName]);
    top = top.parentElement;
    start = startBefore(top);
  }
  const { selector, first, beside } = start ?? { selector: "html", first: document.documentElement, beside: 0 };
  const name = element.getAttribute("name");
  const isOnly = name !== null && named(top, name).length === 1;
  return {
    start: selector,
    nth: [...document.querySelectorAll(selector)].indexOf(first),
    beside,
    steps,
    name: isOnly ? name : null,
  };
}

/** The element that stands there now. */
export function findPlace({ start, nth, beside, steps, name }: Place): Element | undefined {
  let top: Element | null | undefined = document.querySelectorAll(start)[nth];
  for (let index = 0; index < beside; index++) top = top?.nextElementSibling;
  if (!top) return undefined;
  let element: Element | undefined = top;
  for (const [index, tag] of steps) {
    element = element?.children[index];
    if (element?.localName !== tag) element = undefined;
  }
  return element ?? (name === null ? undefined : named(top, name)[0]);
}

/** Whether there are others like it, so that another one may stand there now. */
export function isOneOfMany({ start }: Place): boolean {
  return document.querySelectorAll(start).length > 1;
}

/** Whether the way to other elements can begin with `element`, or with one before it. */
function startBefore(element: Element): { selector: string; first: Element; beside: number } | undefined {
  if (element.id !== "") return { selector: `[id=${JSON.stringify(element.id)}]`, first: element, beside: 0 };
  let beside = 0;
  for (let first: Element | null = element; first; first = first.previousElementSibling) {
    const view = first.getAttribute(VIEW);
    if (view !== null) return { selector: `[${VIEW}=${JSON.stringify(view)}]`, first, beside };
    beside++;
  }
  return undefined;
}

function named(top: Element, name: string): NodeListOf<Element> {
  return top.querySelectorAll(`[name=${JSON.stringify(name)}]`);
}
