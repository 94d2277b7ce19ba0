import type { Value } from "../protocol/message.ts";
import { CHANGED, type Undo, type Variable } from "./model.ts";
import type { Page } from "./page.ts";
import { carry } from "./placeholder.ts";
import { Region } from "./region.ts";
import { staying } from "./stay.ts";
import { textOf } from "./text.ts";
import { mountView } from "./view.ts";

interface Row {
  region: Region;
  undo: Undo;
}

/** What a row without a view is shown as, where a `<div>` cannot stand. */
const PLAIN: Record<string, string> = { UL: "li", OL: "li", MENU: "li", SELECT: "option", DATALIST: "option" };

/**
 * Keeps the rows of `list` equal to the rows of `variable`. Rows keep their nodes when they move, and the row that has
 * the focus is the last to be moved.
 */
export function mountList(page: Page, variable: Variable, list: HTMLElement): Undo {
  const { exemplar, end } = takeExemplar(list);
  const rows = new Map<number, Row>();
  let order: number[] = [];
  const carried = carry(exemplar);
  const plain = (value: Value, present: HTMLElement | undefined) => {
    if (value === null || typeof value === "object") return undefined;
    const element = present ?? (exemplar.cloneNode(true) as HTMLElement);
    // It comes back with what the exemplar gives to every row.
    if (!present) element.removeAttribute("style");
    element.textContent = textOf(value);
    return element;
  };

  const update = () => {
    const wanted = [...variable.rows];
    const present = new Set(wanted);
    for (const [id, row] of rows) if (!present.has(id)) drop(id, row);
    const stay = findStaying(order, wanted);
    const parent = end.parentNode as ParentNode & Node;
    const fresh = document.createDocumentFragment();
    let next = 0;
    wanted.forEach((id, index) => {
      let row = rows.get(id);
      if (stay.has(id)) {
        row?.region.nodes()[0]?.before(fresh);
        return;
      }
      if (!row) {
        rows.set(id, add(id, fresh));
        return;
      }
      if (next <= index) for (next = index + 1; next < wanted.length && !stay.has(wanted[next] as number);) next++;
      row = rows.get(wanted[next] as number);
      const before = row?.region.nodes()[0] ?? end;
      before.before(fresh);
      for (const node of rows.get(id)?.region.nodes() ?? []) move(parent, node, before);
    });
    end.before(fresh);
    order = wanted;
  };

  const add = (id: number, fragment: DocumentFragment): Row => {
    const anchor = document.createComment("");
    fragment.append(anchor);
    const region = new Region(anchor);
    region.attach(carried);
    return { region, undo: mountView(page, page.model.claim(id), region, { plain }) };
  };

  const drop = (id: number, { region, undo }: Row) => {
    undo();
    region.release();
    for (const node of region.nodes()) node.remove();
    rows.delete(id);
  };

  const findStaying = (old: number[], wanted: number[]): Set<number> => {
    const positions = new Map<number, number>();
    for (const id of old) if (rows.has(id)) positions.set(id, positions.size);
    const kept = wanted.filter((id) => positions.has(id));
    const at = kept.map((id) => positions.get(id) as number);
    if (at.every((position, index) => position === index)) return new Set(kept);
    const focused = document.activeElement;
    const pinned = focused && list.contains(focused) ? kept.findIndex((id) => contains(rows.get(id), focused)) : -1;
    const stay = staying(at, pinned);
    return new Set(kept.filter((_, index) => stay.has(index)));
  };

  page.counts.lists++;
  const stop = page.model.watch(variable, (changes) => {
    if (changes & CHANGED.rows) update();
  });
  update();
  return () => {
    page.counts.lists--;
    stop();
    for (const { region, undo } of rows.values()) {
      undo();
      region.release();
    }
  };
}

/**
 * The first element child of the list is what rows look like; a comment marks the end of the rows in its place. Parsers
 * put the rows of a table into a tbody, where they belong.
 */
function takeExemplar(list: HTMLElement): { exemplar: Element; end: Comment } {
  const body = list instanceof HTMLTableElement ? list.tBodies[0] : undefined;
  const place = body?.firstElementChild ? body : list;
  const end = document.createComment("");
  const exemplar = place.firstElementChild;
  if (exemplar && !/^(caption|colgroup|thead|tfoot)$/i.test(exemplar.tagName)) {
    exemplar.replaceWith(end);
    exemplar.removeAttribute("id");
    return { exemplar, end };
  }
  place.append(end);
  return { exemplar: document.createElement(PLAIN[list.tagName] ?? "div"), end };
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
