import type { Binding } from "../../protocol/viewdef.ts";
import type { findExemplar } from "../list.ts";
import type { PreparedViewdef, ScriptSource } from "../viewdef-store.ts";

/** A node of a template. Nodes are numbered in document order, the contents of nested templates not counted. */
export interface TemplateNode {
  readonly node: ChildNode;
  readonly index: number;
  /** Undefined at the top of the template. */
  readonly parent: TemplateNode | undefined;
  readonly children: TemplateNode[];
  /** Number among the elements; -1: it is none. */
  readonly at: number;
  /** Those of the element. */
  readonly bindings: readonly Binding[];
  /** Something else comes to stand for it. */
  readonly isPlaceholder: boolean;
  /** What a script is to run. */
  readonly script: ScriptSource | undefined;
  /** Of a list: where its rows stand, and what they look like. */
  list: { place: TemplateNode; exemplar: TemplateNode | undefined } | undefined;
}

/** The template of a viewdef as a tree that knows its bindings. */
export interface Outline {
  readonly viewdef: PreparedViewdef;
  /** By number. */
  readonly nodes: readonly TemplateNode[];
  /** At the top. */
  readonly roots: readonly TemplateNode[];
  /** By number among the elements. */
  readonly elements: readonly TemplateNode[];
  /** What rows look like is never in the page itself. */
  readonly exemplars: ReadonlySet<TemplateNode>;
}

const outlines = new WeakMap<PreparedViewdef, Outline>();

export function outlineOf(viewdef: PreparedViewdef, find: typeof findExemplar): Outline {
  let outline = outlines.get(viewdef);
  if (!outline) outlines.set(viewdef, (outline = makeOutline(viewdef, find)));
  return outline;
}

function makeOutline(viewdef: PreparedViewdef, find: typeof findExemplar): Outline {
  const bindings = new Map<number, Binding[]>();
  for (const binding of viewdef.bindings) bindings.set(binding.at, [...(bindings.get(binding.at) ?? []), binding]);
  const placeholders = new Set(viewdef.placeholders);
  const nodes: TemplateNode[] = [];
  const elements: TemplateNode[] = [];
  const byNode = new Map<Node, TemplateNode>();
  let scripts = 0;
  const add = (node: ChildNode, parent: TemplateNode | undefined): TemplateNode => {
    const at = node instanceof Element ? elements.length : -1;
    const entry: TemplateNode = {
      node,
      index: nodes.length,
      parent,
      children: [],
      at,
      bindings: bindings.get(at) ?? [],
      isPlaceholder: placeholders.has(at),
      script: node instanceof HTMLScriptElement ? viewdef.scripts[scripts++] : undefined,
      list: undefined,
    };
    nodes.push(entry);
    byNode.set(node, entry);
    if (at >= 0) elements.push(entry);
    for (const child of node.childNodes) entry.children.push(add(child, entry));
    return entry;
  };
  const roots = Array.from(viewdef.content.childNodes, (node) => add(node, undefined));
  const exemplars = new Set<TemplateNode>();
  for (const entry of elements) {
    if (!entry.bindings.some(({ kind }) => kind === "list")) continue;
    const { place, exemplar } = find(entry.node as Element);
    const found = exemplar && byNode.get(exemplar);
    entry.list = { place: byNode.get(place) as TemplateNode, exemplar: found };
    if (found) exemplars.add(found);
  }
  return { viewdef, nodes, roots, elements, exemplars };
}

/** All nodes below `root` in the order of an outline. */
export function nodesBelow(root: Node): ChildNode[] {
  const walker = document.createTreeWalker(root);
  const nodes: ChildNode[] = [];
  while (walker.nextNode()) nodes.push(walker.currentNode as ChildNode);
  return nodes;
}

/** Whether a binding is sure to fill the element, so that nothing of what the template has in it is ever seen. */
export function isFilled({ node, bindings }: TemplateNode): boolean {
  const { localName } = node as Element;
  return bindings.some(
    ({ kind }) =>
      kind === "html" || (kind === "value" && !/-|^(select|input|textarea|progress|meter)$/.test(localName)),
  );
}
