import { quietly, rememberCaret, rememberFocus, rememberMedia, rememberSelection, rememberSight } from "./remember.ts";
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

/** Puts a node into the page, or moves it with all that it holds. */
export function put(parent: Node & ParentNode, node: ChildNode, before: ChildNode | null): void {
  const { moveBefore } = parent as { moveBefore?: (node: Node, before: Node | null) => void };
  if (!node.isConnected || !parent.isConnected) {
    parent.insertBefore(node, before);
    return;
  }
  const restore = [rememberSelection(node), rememberSight(node, parent)];
  if (moveBefore) {
    restore.unshift(rememberCaret(node));
    moveBefore.call(parent, node, before);
  } else {
    restore.unshift(rememberMedia(node), rememberFocus(node));
    quietly(() => parent.insertBefore(node, before));
  }
  for (const call of restore) call();
}
