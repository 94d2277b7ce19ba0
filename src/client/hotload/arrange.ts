import type { Undo } from "../model.ts";
import type { Tools } from "./tools.ts";

/** Elements that lose something when a browser cannot move them without taking them out. */
const DELICATE = "iframe,video,audio,object,embed,dialog,details";

/**
 * Puts groups of nodes into `parent`, in order, from behind `start` on (null: from its beginning). As few as possible move,
 * and never the one with the focus if it is in `parent` already. Nodes of others, which scripts have put in between,
 * stay behind what they stood behind.
 */
export function arrange(
  parent: Node & ParentNode,
  groups: readonly (readonly ChildNode[])[],
  start: ChildNode | null,
  findStaying: Tools["staying"],
): void {
  const places = new Map<Node, number>();
  for (let node = start ? start.nextSibling : parent.firstChild; node; node = node.nextSibling)
    places.set(node, places.size);
  const present = groups.filter(([first]) => first && places.has(first));
  const staying = findStaying(
    present.map(([first]) => places.get(first as Node) as number),
    findPinned(present),
  );
  const settled = new Set(present.filter((_, index) => staying.has(index)));
  let before = start ? start.nextSibling : parent.firstChild;
  for (const group of groups) {
    if (settled.has(group)) before = (group.at(-1) as ChildNode).nextSibling;
    else
      for (const node of group) {
        // What stands there already would have to be put in front of itself.
        if (node === before) before = node.nextSibling;
        else put(parent, node, before);
      }
  }
}

/** The group that must not move, because of what people are doing in it; -1: it does not matter. */
function findPinned(groups: readonly (readonly ChildNode[])[]): number {
  const focused = document.activeElement;
  const pinned = groups.findIndex((group) => group.some((node) => node.contains(focused)));
  if (pinned >= 0) return pinned;
  return groups.findIndex((group) =>
    group.some((node) => node instanceof Element && (node.matches(DELICATE) || node.querySelector(DELICATE))),
  );
}

/** Moves a node with all that it holds; puts in one that is new. */
export function put(parent: Node & ParentNode, node: ChildNode, before: ChildNode | null): void {
  const { moveBefore } = parent as { moveBefore?: (node: Node, before: Node | null) => void };
  if (!node.isConnected || !parent.isConnected) parent.insertBefore(node, before);
  else if (moveBefore) moveBefore.call(parent, node, before);
  else {
    const restore = remember(node);
    parent.insertBefore(node, before);
    restore();
  }
}

/** What an element loses when it is taken out of the page; the undo gives it back. */
function remember(node: ChildNode): Undo {
  if (!(node instanceof Element)) return () => {};
  const scrolled = [node, ...node.querySelectorAll("*")]
    .filter(({ scrollTop, scrollLeft }) => scrollTop !== 0 || scrollLeft !== 0)
    .map((element) => ({ element, top: element.scrollTop, left: element.scrollLeft }));
  const media = [...node.querySelectorAll<HTMLMediaElement>("video,audio")].filter(({ paused }) => !paused);
  const focus = rememberFocus(node);
  return () => {
    for (const { element, top, left } of scrolled) element.scrollTo({ top, left, behavior: "instant" });
    for (const element of media) element.play().catch(() => {});
    focus();
  };
}

/** The undo gives the focus back to where it was within `root`, with the selection. */
export function rememberFocus(root: Node): Undo {
  const focused = document.activeElement as (HTMLElement & Partial<HTMLInputElement>) | null;
  if (!focused || !root.contains(focused)) return () => {};
  const { selectionStart = null, selectionEnd = null, selectionDirection } = focused;
  return () => {
    if (document.activeElement === focused || !focused.isConnected) return;
    focused.focus({ preventScroll: true });
    if (selectionStart !== null)
      focused.setSelectionRange?.(selectionStart, selectionEnd, selectionDirection ?? "none");
  };
}

/** The undo gives the page the selection of text back that it has now, if nodes that were moved have lost it. */
export function rememberSelection(): Undo {
  const selection = document.getSelection();
  // A field has a selection of its own, which the page's goes with.
  const isField = document.activeElement?.matches("input,textarea");
  if (isField || !selection?.anchorNode || !selection.focusNode) return () => {};
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  return () => {
    if (selection.anchorNode === anchorNode && selection.focusNode === focusNode) return;
    if (!anchorNode.isConnected || !focusNode.isConnected) return;
    const within = (node: Node, offset: number) =>
      Math.min(offset, node instanceof CharacterData ? node.length : node.childNodes.length);
    selection.setBaseAndExtent(anchorNode, within(anchorNode, anchorOffset), focusNode, within(focusNode, focusOffset));
  };
}
