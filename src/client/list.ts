import type { Value } from "../protocol/message.ts";
import { CHANGED, type Undo, type Variable } from "./model.ts";
import type { Page } from "./page.ts";
import { carry } from "./placeholder.ts";
import { Region, type Unbind } from "./region.ts";
import { staying } from "./stay.ts";
import { textOf } from "./text.ts";
import { mountView } from "./view.ts";

interface Row {
  region: Region;
  undo: Undo;
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
  #order: number[] = [];
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
    for (const [id, row] of this.#rows) {
      const { region } = row;
      const putBack = region.lift();
      row.uncarry();
      if (region.host && this.#plain.has(region.host) && !patch(region.host)) {
        const element = this.#show(this.#page.model.claim(id).value, undefined);
        if (element) region.put([element], "");
      }
      row.uncarry = region.attach(carry(next), true);
      putBack();
    }
  }

  /** Brings the rows into the variable's order. */
  update(): void {
    const rows = this.#rows;
    const wanted = [...this.#variable.rows];
    const present = new Set(wanted);
    for (const [id, row] of rows) if (!present.has(id)) this.#drop(id, row);
    const stay = this.#findStaying(wanted);
    const parent = this.#end.parentNode as ParentNode & Node;
    const fresh = document.createDocumentFragment();
    let next = 0;
    wanted.forEach((id, index) => {
      let row = rows.get(id);
      if (stay.has(id)) {
        row?.region.nodes()[0]?.before(fresh);
        return;
      }
      if (!row) {
        rows.set(id, this.#add(id, fresh));
        return;
      }
      if (next <= index) for (next = index + 1; next < wanted.length && !stay.has(wanted[next] as number);) next++;
      row = rows.get(wanted[next] as number);
      const before = row?.region.nodes()[0] ?? this.#end;
      before.before(fresh);
      for (const node of rows.get(id)?.region.nodes() ?? []) move(parent, node, before);
    });
    this.#end.before(fresh);
    this.#order = wanted;
  }

  /** Undoes the rows; their nodes stay. */
  end(): void {
    for (const { region, undo } of this.#rows.values()) {
      undo();
      region.release();
    }
  }

  #add(id: number, fragment: DocumentFragment): Row {
    const anchor = document.createComment("");
    fragment.append(anchor);
    const region = new Region(anchor);
    const uncarry = region.attach(carry(this.#exemplar as Element), true);
    const plain = this.#show.bind(this);
    const stand = () => this.#copyExemplar();
    return { region, uncarry, undo: mountView(this.#page, this.#page.model.claim(id), region, { plain, stand }) };
  }

  #drop(id: number, { region, undo }: Row): void {
    undo();
    region.release();
    for (const node of region.nodes()) node.remove();
    this.#rows.delete(id);
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

  #findStaying(wanted: number[]): Set<number> {
    const rows = this.#rows;
    const positions = new Map<number, number>();
    for (const id of this.#order) if (rows.has(id)) positions.set(id, positions.size);
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
