import type { Binding } from "../../protocol/viewdef.ts";
import type { Bound, Fill, Placed } from "../fill.ts";
import type { Rows } from "../list.ts";
import type { Undo, Variable } from "../model.ts";
import { arrange, put } from "./arrange.ts";
import { copyAttribute, patchAttributes, patchText } from "./attributes.ts";
import { keepBindings, type KeptBindings } from "./kept-bindings.ts";
import type { Match } from "./match.ts";
import { claimNewIds } from "./new-ids.ts";
import { isFilled, type Outline, type TemplateNode } from "./outline.ts";
import type { Tools } from "./tools.ts";

/** The nodes of a fill by the number of the template's node that they come from. */
export type LiveNodes = (ChildNode | undefined)[];

/** A new version of a viewdef for what the old one has put into a region. */
export interface Change {
  readonly fill: Fill;
  readonly old: Outline;
  readonly now: Outline;
  readonly match: Match;
  /** The variable of the new version's slot 0. */
  readonly first: number;
  readonly live: LiveNodes;
}

/**
 * Makes of what `old` has put into a region what `now` would put there, and leaves alone what both have: elements, what
 * people and scripts did to them, bindings, views and rows within. In this order:
 *
 *  1. bindings that went are undone, and those that rest on attributes which change;
 *  2. elements that stay get the attributes and the text that changed;
 *  3. new elements are made, and everything is put into its place, from the outside in;
 *  4. what went is removed, and new bindings begin.
 */
export class Takeover {
  readonly #change: Change;
  readonly #tools: Tools;
  readonly #bindings: KeptBindings;
  /** Number in the old template → node of the new one. */
  readonly #successors = new Map<number, TemplateNode>();
  readonly #nodes: LiveNodes = [];
  readonly #oldPlaced: ReadonlyMap<number, Placed>;
  /** Rows that go on, by the template node in which they stand. */
  readonly #rows = new Map<TemplateNode, Rows>();
  /** Variables of lists that begin. */
  readonly #newLists: (Variable | undefined)[];
  /** Rows that go to another element. */
  readonly #moving: Rows[] = [];
  /** Names of the attributes that bindings go on to set, by the element's number in the old template. */
  readonly #owned = new Map<number, Set<string>>();
  readonly #putBack: Undo[] = [];

  constructor(change: Change, tools: Tools) {
    const { fill, old, now, match, first } = change;
    this.#change = change;
    this.#tools = tools;
    this.#bindings = keepBindings(fill, old, now, match, first);
    this.#oldPlaced = fill.placed;
    for (const [to, from] of match) this.#successors.set(from, now.nodes[to] as TemplateNode);
    const { kept } = this.#bindings;
    const keptNow = new Set(kept.values());
    this.#newLists = now.viewdef.bindings
      .filter((binding) => binding.kind === "list" && !keptNow.has(binding))
      .map(({ slot }) => fill.page.model.get(first + slot));
    for (const { binding } of kept.keys()) {
      if (binding.kind !== "attr") continue;
      const names = this.#owned.get(binding.at) ?? new Set();
      this.#owned.set(binding.at, names.add(binding.name ?? ""));
    }
  }

  /** Does it; `anchor` stands in front of the content. Gives the nodes by their number in the new template. */
  run(anchor: Comment): LiveNodes {
    const { fill, now, first } = this.#change;
    const { region } = fill;
    const host = now.elements.find((entry) => this.#before(entry) === region.host);
    const putBackOwn = host && this.#bindings.disturbed.has(host) ? region.lift() : undefined;
    this.#undoBindings();
    fill.first = first;
    fill.viewdef = now.viewdef;
    this.#keepPlaces();
    for (const entry of now.nodes) if (this.#before(entry)) this.#patch(entry);
    this.#build(now.roots);
    this.#arrange(anchor);
    // Rows are never out of the page on their way to another list.
    for (const { nodes } of this.#moving) for (const node of nodes) put(anchor.parentNode as ParentNode, node, anchor);
    this.#removeGone();
    this.#bind();
    for (const putBack of this.#putBack) putBack();
    claimNewIds(this.#change, this.#nodes);
    for (const { index } of now.roots) {
      const node = this.#nodes[index];
      if (node) fill.page.owners.set(node, fill.owner);
    }
    region.adopt(now.roots.flatMap(({ at, index }) => fill.placed.get(at)?.region ?? this.#nodes[index] ?? []));
    putBackOwn?.();
    return this.#nodes;
  }

  /** After `run` has failed: nothing is left of both versions but `anchor`, which takes their place. */
  abandon(anchor: Comment): void {
    const { fill, now } = this.#change;
    const nodes = now.roots.map(({ index }) => this.#nodes[index]);
    const regions = [...this.#oldPlaced.values(), ...fill.placed.values()];
    for (const { region } of regions) region.release();
    const others = [...regions.map(({ region }) => region.nodes()), ...this.#moving.map((rows) => rows.nodes)];
    for (const node of [...fill.region.nodes(), ...nodes, ...others.flat()]) if (node !== anchor) node?.remove();
    fill.region.adopt([anchor]);
  }

  /** The node that goes on as `entry`. */
  #before(entry: TemplateNode): ChildNode | undefined {
    const from = this.#change.match.get(entry.index);
    return from === undefined ? undefined : this.#change.live[from];
  }

  #undoBindings(): void {
    const { fill, old, now } = this.#change;
    for (const entry of now.elements) {
      const placed = this.#placedBefore(entry);
      if (placed && this.#bindings.disturbed.has(entry)) this.#putBack.push(placed.region.lift());
    }
    for (const bound of fill.bound.toReversed()) {
      if (this.#bindings.kept.has(bound)) continue;
      fill.bound.splice(fill.bound.indexOf(bound), 1);
      this.#undo(bound, old.elements[bound.binding.at] as TemplateNode);
    }
  }

  #undo(bound: Bound, entry: TemplateNode): void {
    const { binding, variable, scroll } = bound;
    const { fill, live } = this.#change;
    const { page } = fill;
    const element = live[entry.index] as Element;
    const stays = this.#successors.has(entry.index);
    if (binding.kind === "list" && !scroll) {
      const rows = page.lists.get(element);
      const heir = this.#newLists.indexOf(variable);
      bound.undo(heir >= 0);
      if (rows && heir >= 0) {
        this.#newLists.splice(heir, 1);
        this.#moving.push(rows);
      } else for (const node of rows?.nodes ?? []) node.remove();
      return;
    }
    // Whatever takes the place of the field shows what was typed.
    if (binding.kind === "value" && !stays && element === document.activeElement) page.fields.get(element)?.commit();
    bound.undo(stays);
  }

  #placedBefore(entry: TemplateNode): Placed | undefined {
    const before = this.#change.old.nodes[this.#change.match.get(entry.index) ?? -1];
    return before && this.#oldPlaced.get(before.at);
  }

  /** Regions and rows that go on, and an end for the others. */
  #keepPlaces(): void {
    const { fill, old, now } = this.#change;
    fill.placed = new Map();
    for (const entry of now.elements) {
      const placed = this.#placedBefore(entry);
      if (placed && this.#bindings.disturbed.has(entry)) {
        placed.uncarry();
        fill.place(entry.at, entry.node as HTMLElement, placed.region);
      } else if (placed) fill.placed.set(entry.at, placed);
    }
    for (const [at, { region }] of this.#oldPlaced)
      if (!this.#successors.has(old.elements[at]?.index ?? -1)) region.release();
    for (const [{ binding, scroll }, to] of this.#bindings.kept) {
      if (binding.kind !== "list" || scroll) continue;
      const [before, entry] = [old.elements[binding.at], now.elements[to.at]] as [TemplateNode, TemplateNode];
      const rows = fill.page.lists.get(this.#before(entry) as Element);
      if (!rows || !entry.list) continue;
      this.#rows.set(entry.list.place, rows);
      this.#renewRows(rows, before.list?.exemplar?.node as Element, entry.list.exemplar?.node as Element);
    }
  }

  #renewRows(rows: Rows, old: Element | undefined, now: Element | undefined): void {
    if (now ? old?.isEqualNode(now) : !old) return;
    // What every row is given comes on top.
    const owned = new Set(["id", "style"]);
    rows.renew(now && document.importNode(now, true), (element) => {
      if (!old || !now || old.tagName !== now.tagName) return false;
      patchAttributes(element, old, now, owned);
      return true;
    });
  }

  #patch(entry: TemplateNode): void {
    const before = this.#change.old.nodes[this.#change.match.get(entry.index) ?? -1] as TemplateNode;
    const live = this.#before(entry);
    this.#nodes[entry.index] = live;
    if (live instanceof CharacterData)
      patchText(live, (before.node as CharacterData).data, (entry.node as CharacterData).data);
    if (!(live instanceof Element) || entry.isPlaceholder) return;
    const [old, now] = [before.node as Element, entry.node as Element];
    const owned = this.#owned.get(before.at) ?? new Set();
    patchAttributes(live, old, now, owned);
    for (const { kind, name = "" } of before.bindings)
      if (kind === "attr" && !owned.has(name) && !/^(class|style)$/.test(name)) copyAttribute(live, now, name);
    if (live instanceof HTMLTemplateElement && old.innerHTML !== now.innerHTML)
      live.content.replaceChildren(document.importNode((now as HTMLTemplateElement).content, true));
    if (this.#isFilled(before, live) && !this.#isFilled(entry, live)) live.replaceChildren();
  }

  /** Whether what is in the element comes from a binding. */
  #isFilled(entry: TemplateNode, live: Element): boolean {
    return (
      isFilled(entry) ||
      (live.localName.includes("-") &&
        entry.bindings.some(({ kind }) => kind === "value") &&
        !this.#tools.fieldOf(live as HTMLElement))
    );
  }

  /** Makes the new nodes at and below `entries`, each with those of its children that are new. */
  #build(entries: readonly TemplateNode[]): void {
    for (const entry of entries) {
      const live = this.#nodes[entry.index];
      if (!live) this.#make(entry);
      else if (live instanceof Element && !entry.isPlaceholder && !this.#isFilled(entry, live))
        this.#build(entry.children.filter((child) => !this.#isRow(child)));
    }
  }

  #make(entry: TemplateNode): ChildNode {
    const { fill } = this.#change;
    const node = document.importNode(entry.node, entry.node instanceof HTMLTemplateElement);
    this.#nodes[entry.index] = node;
    if (entry.script) fill.page.scripts.add(node as HTMLScriptElement, entry.script, fill);
    if (entry.isPlaceholder) fill.place(entry.at, node as HTMLElement);
    else
      for (const child of entry.children)
        if (this.#nodes[child.index]) this.#build([child]);
        else if (!this.#isRow(child)) (node as Element).append(this.#make(child));
    return node;
  }

  /** Rows that go on stand where the exemplar would. */
  #isRow(entry: TemplateNode): boolean {
    const { parent } = entry;
    return parent !== undefined && this.#rows.has(parent) && this.#change.now.exemplars.has(entry);
  }

  #arrange(anchor: Comment): void {
    const { now } = this.#change;
    const { staying } = this.#tools;
    const root = anchor.parentNode as ParentNode;
    arrange(root, this.#groups(now.roots, root), anchor, staying);
    for (const entry of now.elements) {
      const live = this.#nodes[entry.index];
      if (!(live instanceof Element) || entry.isPlaceholder || this.#isFilled(entry, live)) continue;
      const groups = this.#groups(entry.children, root);
      const rows = this.#rows.get(entry);
      if (rows && !entry.children.some((child) => this.#isRow(child))) groups.push(rows.nodes);
      arrange(live, groups, null, staying);
    }
  }

  #groups(entries: readonly TemplateNode[], root: ParentNode): ChildNode[][] {
    return entries.flatMap((entry) => {
      if (this.#isRow(entry)) return [this.#rows.get(entry.parent as TemplateNode)?.nodes ?? []];
      const nodes = this.#change.fill.placed.get(entry.at)?.region.nodes() ?? [this.#nodes[entry.index] as ChildNode];
      const before = this.#change.old.nodes[this.#change.match.get(entry.index) ?? -1];
      // What a script has taken elsewhere, or away, stays there.
      const home = before?.parent ? this.#change.live[before.parent.index] : root;
      return before && nodes[0]?.parentNode !== home ? [] : [nodes];
    });
  }

  /** Removes what has no successor. */
  #removeGone(): void {
    const { old, live } = this.#change;
    for (const entry of old.nodes) {
      if (this.#successors.has(entry.index)) continue;
      // The others go with what they are in.
      if (entry.parent && !this.#successors.has(entry.parent.index)) continue;
      live[entry.index]?.remove();
      for (const node of this.#oldPlaced.get(entry.at)?.region.nodes() ?? []) node.remove();
    }
  }

  /** Sets the new bindings to work, in the order of the viewdef. */
  #bind(): void {
    const { fill, now } = this.#change;
    const { kept } = this.#bindings;
    const before = new Map<Binding, Bound[]>();
    for (const [bound, binding] of kept) before.set(binding, [...(before.get(binding) ?? []), bound]);
    for (const bound of fill.bound) bound.binding = kept.get(bound) ?? bound.binding;
    const order = new Map(now.viewdef.bindings.map((binding, index) => [binding, index]));
    for (const binding of order.keys()) {
      const element = this.#nodes[now.elements[binding.at]?.index ?? -1] as HTMLElement | undefined;
      const [bound, follows] = before.get(binding) ?? [];
      if (!element) continue;
      if (!bound) fill.bind(binding, element);
      else if (binding.scroll && !follows) fill.follow(binding, bound.variable, element);
    }
    const place = ({ binding }: Bound) => order.get(binding) ?? 0;
    fill.bound.sort((one, other) => place(one) - place(other));
  }
}
