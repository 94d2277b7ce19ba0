import type { Value } from "../protocol/message.ts";
import { CHANGED, type Variable } from "./model.ts";
import type { Page } from "./page.ts";
import { carry } from "./placeholder.ts";
import { Region, type Attachment, type Unbind } from "./region.ts";
import { staying } from "./stay.ts";
import { textOf } from "./text.ts";
import { View, type ViewOptions } from "./view.ts";

interface Row {
  region: Region;
  view: View;
  /** Takes back what the exemplar gave to the row. */
  uncarry: Unbind;
}

/** What a row without a view is shown as, where a `<div>` cannot stand. */
const PLAIN: Record<string, string> = { UL: "li", OL: "li", MENU: "li", SELECT: "option", DATALIST: "option" };

/** Rows whose list was unbound so that another element can be the list of the same variable. */
const left = new WeakMap<Variable, Rows>();

/**
 * Keeps the rows of `list` equal to the rows of `variable`. With `restore`, the undo leaves the rows to the list that is
 * bound to the variable next.
 */
export function mountList(page: Page, variable: Variable, list: HTMLElement, isWindowed = false): Unbind {
  const rows = left.get(variable) ?? new Rows(page, variable);
  left.delete(variable);
  page.counts.lists++;
  page.lists.set(list, rows);
  rows.enter(list);
  const windowed = isWindowed ? page.showWindow?.(page, variable, rows, list) : undefined;
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.rows) (windowed ?? rows).update();
  });
  return (restore) => {
    page.counts.lists--;
    page.lists.delete(list);
    stop();
    windowed?.undo();
    if (restore) left.set(variable, rows);
    else rows.end();
  };
}

/**
 * The rows of a list, between what else is in its element. They keep their nodes when they move, and the row that has the
 * focus is the last to be moved.
 */
export class Rows {
  readonly #page: Page;
  readonly #variable: Variable;
  readonly #rows = new Map<number, Row>();
  /** Stands behind the last row. */
  readonly #end = document.createComment("");
  /** Elements of rows that have no view. */
  readonly #plain = new WeakSet<Element>();
  #list: HTMLElement | undefined;
  #exemplar: Element | undefined;
  /** What the exemplar gives to rows. */
  #carried: Attachment | undefined;
  readonly #options: ViewOptions = { plain: this.#show.bind(this), stand: () => this.#copyExemplar() };
  #order: readonly number[] = [];
  #around: Element[] = [];

  constructor(page: Page, variable: Variable) {
    this.#page = page;
    this.#variable = variable;
  }

  /** All nodes that it put into the list, in order. */
  get nodes(): ChildNode[] {
    const [above = [], below = []] = this.#around;
    return [above, this.#order.flatMap((id) => this.nodesOf(id)), this.#end, below].flat();
  }

  /** The nodes of one row. */
  nodesOf(id: number): ChildNode[] {
    return this.#rows.get(id)?.region.nodes() ?? [];
  }

  /** Puts an element in front of all rows and one behind; none: takes them away. */
  surround(...around: [above: Element, below: Element] | []): void {
    for (const element of this.#around) element.remove();
    this.#around = around;
    const [above, below] = around;
    if (!above || !below) return;
    (this.#order.flatMap((id) => this.nodesOf(id))[0] ?? this.#end).before(above);
    this.#end.after(below);
  }

  /** Stands in `list` from now on, in the place of the first element there, which is what rows look like. */
  enter(list: HTMLElement): void {
    const { place, exemplar } = findExemplar(list);
    if (exemplar) exemplar.replaceWith(this.#end);
    else place.append(this.#end);
    this.#list = list;
    this.#order = [];
    this.renew(exemplar, () => false);
    this.update();
  }

  /**
   * Rows look like `exemplar` from now on; if there is none, like what can stand in the list. Rows without a view are
   * made anew unless `patch` can change their element.
   */
  renew(exemplar: Element | undefined, patch: (element: HTMLElement) => boolean): void {
    const next = exemplar ?? document.createElement(PLAIN[this.#list?.tagName ?? ""] ?? "div");
    next.removeAttribute("id");
    const isSame = this.#exemplar?.isEqualNode(next);
    this.#exemplar = next;
    if (isSame) return;
    this.#carried = carry(next);
    for (const [id, row] of this.#rows) {
      const { region } = row;
      const putBack = region.lift();
      row.uncarry();
      if (region.host && this.#plain.has(region.host) && !patch(region.host)) {
        const element = this.#show(this.#page.model.claim(id).value, undefined);
        if (element) region.put([element], "");
      }
      row.uncarry = region.attach(this.#carried, true);
      putBack();
    }
  }

  /** Brings the rows into the variable's order. Rows at both ends that stay where they are cost no more than a glance. */
  update(): void {
    const rows = this.#rows;
    const order = this.#order;
    const wanted = this.#variable.rows;
    const most = Math.min(order.length, wanted.length);
    let head = 0;
    while (head < most && order[head] === wanted[head]) head++;
    let tail = 0;
    while (tail < most - head && order.at(-1 - tail) === wanted.at(-1 - tail)) tail++;
    const middle = wanted.slice(head, wanted.length - tail);
    const present = new Set(middle);
    // Rows that come from another list have no order yet.
    const before = order.length > 0 ? order.slice(head, order.length - tail) : [...rows.keys()];
    this.#drop(before.filter((id) => !present.has(id)));
    this.#arrange(middle, order.slice(head, order.length - tail), this.#firstNode(wanted[wanted.length - tail]));
    this.#order = wanted;
  }

  /** Brings `wanted`, of which some rows are in the list already, in the order `present`, to the place in front of `end`. */
  #arrange(wanted: readonly number[], present: readonly number[], end: ChildNode): void {
    const rows = this.#rows;
    const stay = this.#findStaying(wanted, present);
    const parent = this.#end.parentNode as ParentNode & Node;
    const fresh = document.createDocumentFragment();
    let next = 0;
    wanted.forEach((id, index) => {
      const row = rows.get(id);
      if (stay.has(id)) {
        if (fresh.firstChild) this.#firstNode(id).before(fresh);
        return;
      }
      if (!row) {
        rows.set(id, this.#add(id, fresh));
        return;
      }
      if (next <= index) for (next = index + 1; next < wanted.length && !stay.has(wanted[next] as number);) next++;
      const before = next < wanted.length ? this.#firstNode(wanted[next]) : end;
      before.before(fresh);
      for (const node of row.region.nodes()) move(parent, node, before);
    });
    if (fresh.firstChild) end.before(fresh);
  }

  /** Of row `id`; where there is none, what stands behind the last row. */
  #firstNode(id: number | undefined): ChildNode {
    return (id !== undefined && this.#rows.get(id)?.region.nodes()[0]) || this.#end;
  }

  /** Undoes the rows; their nodes stay. */
  end(): void {
    for (const { region, view } of this.#rows.values()) {
      view.undo();
      region.release();
    }
  }

  #add(id: number, fragment: DocumentFragment): Row {
    const region = new Region();
    const uncarry = region.attach(this.#carried, true);
    const view = new View(this.#page, this.#page.model.claim(id), region, this.#options);
    fragment.append(...region.nodes());
    return { region, uncarry, view };
  }

  #drop(ids: readonly number[]): void {
    const rows = this.#rows;
    const dropped = ids.flatMap((id) => rows.get(id) ?? []);
    const nodes = dropped.flatMap(({ region }) => region.nodes());
    for (const { region, view } of dropped) {
      view.undo();
      region.release();
    }
    for (const id of ids) rows.delete(id);
    // Browsers take many times as long to remove a thousand nodes one by one.
    const place = this.#end.parentNode;
    const isAll = nodes.length > 1 && place?.childNodes.length === nodes.length + 1;
    if (isAll && nodes.every(({ parentNode }) => parentNode === place)) place.replaceChildren(this.#end);
    else for (const node of nodes) node.remove();
  }

  /** The element for a value that has no view. */
  #show(value: Value, present: HTMLElement | undefined): HTMLElement | undefined {
    if (value === null || typeof value === "object") return undefined;
    const element = present ?? this.#copyExemplar();
    this.#plain.add(element);
    element.textContent = textOf(value);
    return element;
  }

  #copyExemplar(): HTMLElement {
    const element = this.#exemplar?.cloneNode(true) as HTMLElement;
    // It comes back with what the exemplar gives to every row.
    element.removeAttribute("style");
    return element;
  }

  /** Which of `wanted` need not move; `present` is the order in which they are there now. */
  #findStaying(wanted: readonly number[], present: readonly number[]): Set<number> {
    const rows = this.#rows;
    const positions = new Map<number, number>();
    for (const id of present) if (rows.has(id)) positions.set(id, positions.size);
    const kept = wanted.filter((id) => positions.has(id));
    const at = kept.map((id) => positions.get(id) as number);
    if (at.every((position, index) => position === index)) return new Set(kept);
    const focused = document.activeElement;
    const pinned =
      focused && this.#list?.contains(focused) ? kept.findIndex((id) => contains(rows.get(id), focused)) : -1;
    const stay = staying(at, pinned);
    return new Set(kept.filter((_, index) => stay.has(index)));
  }
}

/** Where the rows of `list` stand, and the element that says what they look like, if there is one. */
export function findExemplar(list: Element): { place: Element; exemplar: Element | undefined } {
  // Parsers put the rows of a table into a tbody, where they belong.
  const body = list instanceof HTMLTableElement ? list.tBodies[0] : undefined;
  const place = body?.firstElementChild ? body : list;
  const first = place.firstElementChild;
  return { place, exemplar: first && !/^(caption|colgroup|thead|tfoot)$/i.test(first.tagName) ? first : undefined };
}

function contains(row: Row | undefined, element: Element): boolean {
  return row?.region.nodes().some((node) => node.contains(element)) ?? false;
}

/** Where browsers can, moves without taking out and putting in again, which would reset focus, media and frames. */
function move(parent: ParentNode & Node, node: ChildNode, before: ChildNode): void {
  const { moveBefore } = parent as { moveBefore?: (node: Node, before: Node) => void };
  if (moveBefore && parent.isConnected && node.isConnected) moveBefore.call(parent, node, before);
  else parent.insertBefore(node, before);
}
