import { Idiomorph } from "idiomorph";
import type { Binding } from "../../protocol/viewdef.ts";
import { isFilled, type Outline, type TemplateNode } from "./outline.ts";

/** What of an old template goes on as what of a new one: number in the new one → number in the old one. */
export type Match = ReadonlyMap<number, number>;

/** The slot of the old viewdef that has the variable of a slot of the new one; undefined: the variable is new. */
export type SlotMap = (slot: number) => number | undefined;

/** Kinds of <input> between which what was entered can go over. */
const TEXTUAL = /^(|text|search|email|url|tel|password|number|date|time|month|week|datetime-local)$/;

/**
 * Finds out which nodes of the template `now` are which of the template `old`. Idiomorph decides, on two skeletons of the
 * templates that consist of nothing but nesting and tags: it turns the one into the other, and what it keeps belongs
 * together. Elements that can be told by their id, their bindings, their name or their markup get ids in the skeletons,
 * so that they are found wherever they went.
 */
export function match(old: Outline, now: Outline, slotOf: SlotMap): Match {
  const identity: SlotMap = (slot) => slot;
  const tags = new Map<string, string>();
  const doc = document.implementation.createHTMLDocument("");
  const [oldRoot, oldNodes] = skeleton(doc, old, identity, tags);
  const [nowRoot, nowNodes] = skeleton(doc, now, slotOf, tags);
  identify([old, oldNodes, identity], [now, nowNodes, slotOf]);

  const oldIndex = new Map<Node, number>([...oldNodes].map(([index, node]) => [node, index]));
  const nowIndex = new Map<Node, number>([...nowNodes].map(([index, node]) => [node, index]));
  const found = new Map<number, number>();
  void Idiomorph.morph(oldRoot, nowRoot, {
    restoreFocus: false,
    callbacks: {
      beforeNodeMorphed(one, other) {
        const [from, to] = [oldIndex.get(one), nowIndex.get(other)];
        if (from !== undefined && to !== undefined) found.set(to, from);
        return true;
      },
    },
  });
  return found;
}

type Skeleton = Map<number, Node>;

/** The root stands in a document, where Idiomorph can look at it without taking it somewhere else. */
function skeleton(doc: Document, outline: Outline, slotOf: SlotMap, tags: Map<string, string>): [Element, Skeleton] {
  const nodes: Skeleton = new Map();
  const add = (parent: Element, entry: TemplateNode) => {
    const kind = kindOf(entry, slotOf);
    if (kind === undefined) {
      const node = entry.node instanceof Text ? doc.createTextNode("x") : doc.createComment("");
      nodes.set(entry.index, parent.appendChild(node));
      return;
    }
    let tag = tags.get(kind);
    if (!tag) tags.set(kind, (tag = `x-${tags.size}`));
    const element = parent.appendChild(doc.createElement(tag));
    nodes.set(entry.index, element);
    if (entry.isPlaceholder || isFilled(entry)) return;
    for (const child of entry.children) if (!outline.exemplars.has(child)) add(element, child);
  };
  const root = doc.body.appendChild(doc.createElement("div")).appendChild(doc.createElement("x-root"));
  for (const entry of outline.roots) add(root, entry);
  return [root, nodes];
}

/** Only elements of one kind can go on as one another. Undefined: it is no element. */
function kindOf({ node, bindings, isPlaceholder, script, at }: TemplateNode, slotOf: SlotMap): string | undefined {
  if (!(node instanceof Element)) return undefined;
  if (isPlaceholder) {
    const { kind, slot } = bindings.find(({ kind }) => kind === "view" || kind === "html") as Binding;
    return `${kind} ${slotOf(slot) ?? `new ${at}`}`;
  }
  // What has run is not run again, and nothing else makes another script run.
  if (script) return JSON.stringify(["script", node.getAttribute("type"), script]);
  const type = node instanceof HTMLInputElement && !TEXTUAL.test(node.type) ? node.type : "";
  return `${node.namespaceURI} ${node.localName} ${node.getAttribute("is") ?? ""} ${type}`;
}

type Side = [Outline, Skeleton, SlotMap];

/** Gives the same id to what is the same on both sides beyond doubt, by what says most first. */
function identify(...sides: [Side, Side]): void {
  const done = new Set<Node>();
  let last = 0;
  for (const sign of SIGNS) {
    const [old, now] = sides.map(([outline, nodes, slotOf]) => {
      const found = new Map<string, Element | null>();
      for (const entry of outline.elements) {
        const node = nodes.get(entry.index);
        const text = node && !done.has(node) ? sign(entry, slotOf) : undefined;
        if (text === undefined) continue;
        const key = `${(node as Element).localName} ${text}`;
        found.set(key, found.has(key) ? null : (node as Element));
      }
      return found;
    });
    for (const [key, one] of old ?? []) {
      const other = now?.get(key);
      if (!one || !other) continue;
      one.id = other.id = String(++last);
      done.add(one).add(other);
    }
  }
}

/** By what an element can be told from others; undefined: it has no such sign. */
const SIGNS: ((entry: TemplateNode, slotOf: SlotMap) => string | undefined)[] = [
  ({ node }) => (node as Element).getAttribute("id") ?? undefined,
  ({ bindings }, slotOf) => signOf(bindings, slotOf),
  ({ bindings }, slotOf) =>
    signOf(
      bindings.filter(({ kind }) => /^(value|list|view|html)$/.test(kind)),
      slotOf,
    ),
  ({ node }) => (node as Element).getAttribute("name") ?? undefined,
  ({ node, children }) =>
    (node as Element).attributes.length > 0 || children.some(({ at }) => at >= 0)
      ? (node as Element).outerHTML
      : undefined,
  ({ node }) => ((node as Element).attributes.length > 0 ? (node.cloneNode() as Element).outerHTML : undefined),
  // The only one of its kind.
  () => "",
];

/** Undefined if one of the variables is new: it says nothing about what was there before. */
function signOf(bindings: readonly Binding[], slotOf: SlotMap): string | undefined {
  const signs = bindings.map(({ kind, name = "", slot }) => [kind, name, slotOf(slot)]);
  return signs.length > 0 && signs.every(([, , slot]) => slot !== undefined) ? JSON.stringify(signs) : undefined;
}
