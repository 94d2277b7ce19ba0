/** A selection, or a caret: in a field by its characters, else by those of the element's text. */
export interface Selected {
  start: number;
  end: number;
  direction: "forward" | "backward" | "none";
}

type TextField = HTMLInputElement | HTMLTextAreaElement;

/** What is selected in the element that has the focus. */
export function selectedIn(element: Element): Selected | undefined {
  const field = innermost(element) as TextField;
  const { selectionStart, selectionEnd, selectionDirection } = field;
  if (typeof selectionStart === "number")
    return { start: selectionStart, end: selectionEnd ?? selectionStart, direction: selectionDirection ?? "none" };
  const { anchorNode, anchorOffset, focusNode, focusOffset } = document.getSelection() ?? {};
  if (!anchorNode || !focusNode || !element.contains(anchorNode) || !element.contains(focusNode)) return undefined;
  const anchor = distance(element, anchorNode, anchorOffset ?? 0);
  const focus = distance(element, focusNode, focusOffset ?? 0);
  const direction = focus < anchor ? "backward" : "forward";
  return { start: Math.min(anchor, focus), end: Math.max(anchor, focus), direction };
}

/** Selects it in the element, which has the focus. */
export function selectIn(element: Element, { start, end, direction }: Selected): void {
  const field = innermost(element) as TextField;
  if (typeof field.selectionStart === "number") field.setSelectionRange(start, end, direction);
  else {
    const [anchor, focus] = direction === "backward" ? [end, start] : [start, end];
    document.getSelection()?.setBaseAndExtent(...pointAt(element, anchor), ...pointAt(element, focus));
  }
}

/** What has the focus within a component. */
function innermost(element: Element): Element {
  const inner = element.shadowRoot?.activeElement;
  return inner ? innermost(inner) : element;
}

/** How many characters of `root` stand before a point in it. */
function distance(root: Element, node: Node, offset: number): number {
  const range = document.createRange();
  range.setStart(root, 0);
  range.setEnd(node, offset);
  return String(range).length;
}

function pointAt(root: Element, characters: number): [Node, number] {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let rest = characters;
  for (let text = walker.nextNode() as Text | null; text; text = walker.nextNode() as Text | null) {
    if (rest <= text.length) return [text, rest];
    rest -= text.length;
  }
  return [root, root.childNodes.length];
}
