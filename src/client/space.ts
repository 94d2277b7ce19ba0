/** What is seen of an element, in pixels from the top of the browser's window. */
export interface Clip {
  top: number;
  bottom: number;
}

/** Empty room in a list, for `place` to hold among its rows. Nothing that the page says of rows reaches it. */
export function makeSpace(place: Element): HTMLElement {
  const isTable = /^(TABLE|THEAD|TBODY|TFOOT)$/.test(place.tagName);
  const space = document.createElement(isTable ? "tr" : /^(UL|OL|MENU)$/.test(place.tagName) ? "li" : "div");
  if (isTable) space.append(document.createElement("td"));
  space.ariaHidden = "true";
  return space;
}

/** Gives a space its height. Without any it takes part in no layout, nor does the gap that a grid leaves around it. */
export function resize(space: HTMLElement, height: number): void {
  const cell = space.firstElementChild as HTMLElement | null;
  const display = height <= 0 ? "none" : cell ? "table-row" : "block";
  for (const { style } of cell ? [space, cell] : [space]) {
    style.cssText = `all: unset; display: ${display}; height: ${Math.max(0, height)}px; flex: none; grid-column: 1 / -1; overflow-anchor: none`;
    // A cell that is not displayed as such would be put into one.
    if (style !== space.style) style.display = "table-cell";
  }
}

/** The elements around `element`, itself included, from the inside out, those of components that it is slotted into too. */
function* around(element: Element): Generator<Element> {
  for (let at: Element | null = element; at;) {
    yield at;
    const parent: Node | null = at.assignedSlot ?? at.parentNode;
    at = parent instanceof ShadowRoot ? parent.host : parent instanceof Element ? parent : null;
  }
}

/** The elements around that let only a part of what is in them be seen; what clips the page itself is the window. */
function* clippers(element: Element): Generator<Element> {
  for (const at of around(element))
    if (at !== document.body && at !== document.documentElement && getComputedStyle(at).overflowY !== "visible")
      yield at;
}

export function clipOf(element: Element): Clip {
  const clip = { top: 0, bottom: innerHeight };
  for (const at of clippers(element)) {
    const { top, bottom } = at.getBoundingClientRect();
    clip.top = Math.max(clip.top, top);
    clip.bottom = Math.min(clip.bottom, bottom);
  }
  return clip;
}

/** What is scrolled when somebody scrolls the element. */
export function scrollerOf(element: Element): Element {
  for (const at of clippers(element)) if (at.scrollHeight > at.clientHeight) return at;
  return document.scrollingElement ?? document.documentElement;
}

/** Where one hears that something around is scrolled: components keep that to themselves. */
export function rootsOf(element: Element): Set<Node> {
  return new Set(Array.from(around(element), (at) => at.getRootNode()));
}
