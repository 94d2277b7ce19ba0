import {
  APP_VARIABLE,
  type List,
  type ServerMessage,
  type Update,
  type Value,
  type View,
} from "../../../protocol/main.ts";
import { Failure } from "../failure.ts";
import { RowOrder } from "./row-order.ts";
import { readViewdef, type ShownViewdef } from "./shown-viewdef.ts";

/** Of all lists of a page, and of those that a frame places: more than any browser shows. */
const MOST_ROWS = 200_000;

/** Which view on the page: the `n`th of a viewdef in the order of the page, counted from 1, from the end if negative. */
export type Which = number | "any";

/** Something that a page shows and a script can name. */
export interface Target {
  /** The viewdef's key. */
  viewdef: string;
  path: string;
  /** Which of the views with this viewdef, counted from 1. */
  row: number;
}

interface Candidate {
  key: string;
  slot: number;
}

interface ShownView {
  key: string;
  first: number;
  count: number;
}

/** What a page shows, without a page: just as much of it as is needed to find what a user works on. */
export class PageModel {
  readonly #values = new Map<number, Value>();
  readonly #views = new Map<number, ShownView>();
  readonly #lists = new Map<number, RowOrder>();
  /** Of all lists. */
  #rowCount = 0;
  readonly #viewdefs = new Map<string, ShownViewdef>();
  /** How many views there are of each viewdef; most have one, which then needs no search. */
  readonly #byKey = new Map<string, Set<number>>();
  /** What addresses mean, as long as no further viewdef comes. */
  readonly #candidates = new Map<string, Candidate[]>();

  /** Everything is told anew. */
  clear(): void {
    for (const map of [this.#values, this.#views, this.#lists, this.#viewdefs, this.#byKey, this.#candidates])
      map.clear();
    this.#rowCount = 0;
  }

  /** How many variables it knows of. */
  get size(): number {
    return this.#values.size;
  }

  /** Whether the app is shown. */
  get isShown(): boolean {
    return this.#views.has(APP_VARIABLE);
  }

  value(id: number): Value | undefined {
    return this.#values.get(id);
  }

  setValue(id: number, value: Value): void {
    this.#values.set(id, value);
  }

  /** @throws Failure LOAD_PROTOCOL: there are more rows than a page can show; what came before the list with them has been applied */
  apply(messages: readonly ServerMessage[]): void {
    // A view's values are older than an update of the same frame.
    const updated = new Set<number>();
    let placed = 0;
    for (const message of messages) {
      if (message.type === "update") this.#update(message, updated);
      else if (message.type === "view") this.#view(message, updated);
      else if (message.type === "list") {
        placed += rowsIn(message);
        if (placed > MOST_ROWS) throw tooMany();
        this.#list(message);
      }
    }
  }

  /**
   * The variable of a path in a viewdef, which is named by its key or by its type: "App.DEFAULT.name", "App.name".
   * `chance` gives a whole number below its argument, for `any`. Undefined: it is not on the page.
   */
  find(address: string, which: Which, chance: (count: number) => number): number | undefined {
    for (const { key, slot } of this.#candidatesFor(address)) {
      const view = this.#pick(key, which, chance);
      if (view !== undefined) return view.first + slot;
    }
    return undefined;
  }

  /** The slots that an address may mean: of a viewdef with this key, of the type's DEFAULT, of others of the type. */
  #candidatesFor(address: string): Candidate[] {
    const known = this.#candidates.get(address);
    if (known) return known;
    const found: (Candidate & { rank: number })[] = [];
    for (const [key, { slots }] of this.#viewdefs) {
      const type = key.slice(0, key.lastIndexOf("."));
      const named = [key, type].find(
        (name) => address.startsWith(`${name}.`) && slots.has(address.slice(name.length + 1)),
      );
      const slot = named === undefined ? undefined : slots.get(address.slice(named.length + 1));
      if (slot !== undefined) found.push({ key, slot, rank: named === key ? 0 : key === `${type}.DEFAULT` ? 1 : 2 });
    }
    found.sort((a, b) => a.rank - b.rank);
    this.#candidates.set(address, found);
    return found;
  }

  /** What a script would call a variable; the opposite of `find`. */
  nameOf(id: number): Target | undefined {
    for (const [owner, { key, first, count }] of this.#views) {
      if (id < first || id >= first + count) continue;
      const path = this.#viewdefs.get(key)?.paths[id - first];
      if (path === undefined) return undefined;
      return { viewdef: key, path, row: this.#inOrder(key).indexOf(owner) + 1 };
    }
    return undefined;
  }

  /** Whether a viewdef is shown more than once. */
  isRepeated(key: string): boolean {
    return (this.#byKey.get(key)?.size ?? 0) > 1;
  }

  #pick(key: string, which: Which, chance: (count: number) => number): ShownView | undefined {
    const owners = this.#byKey.get(key);
    if (!owners?.size) return undefined;
    // The order does not matter where any will do, nor where there is one.
    const list = owners.size === 1 || which === "any" ? [...owners] : this.#inOrder(key);
    const owner = which === "any" ? list[chance(list.length)] : list.at(which > 0 ? which - 1 : which);
    return owner === undefined ? undefined : this.#views.get(owner);
  }

  /** The variables that show a viewdef, in the order of the page. Looks at the whole page. */
  #inOrder(key: string): number[] {
    const found: number[] = [];
    const seen = new Set<number>();
    const left = [APP_VARIABLE];
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const view = this.#views.get(id);
      if (view?.key === key) found.push(id);
      const below = [...(view === undefined ? [] : slotsOf(view)), ...(this.#lists.get(id) ?? [])];
      // More than fit into the arguments of one call.
      for (const each of below.toReversed()) left.push(each);
    }
    return found;
  }

  #update({ id, value, properties }: Update, updated: Set<number>): void {
    if (value !== undefined) {
      this.#values.set(id, value);
      updated.add(id);
    }
    for (const [key, viewdef] of Object.entries(properties?.viewdefs ?? {})) {
      this.#viewdefs.set(key, readViewdef(viewdef));
      this.#candidates.clear();
    }
  }

  #view({ id, viewdef, first = 0, values = [], from }: View, updated: Set<number>): void {
    const before = this.#views.get(id);
    // After a refresh: the same view, whose lists and views come by themselves if they differ.
    const isSame = before !== undefined && before.key === viewdef && before.first === first;
    const moved = from === undefined ? [] : this.#takeOut(from);
    if (!isSame) this.#clear(id);
    if (viewdef === null) return;
    this.#setView(id, { key: viewdef, first, count: values.length });
    for (const [index, value] of values.entries())
      if (!updated.has(first + index)) this.#values.set(first + index, value);
    for (const [index, what] of moved.entries()) {
      if (what.view) this.#setView(first + index, what.view);
      if (what.rows) this.#setRows(first + index, what.rows);
    }
  }

  /** Takes what an edited view goes on with out of the slots that it had, so that it is not dropped with them. */
  #takeOut(from: number[]): { view?: ShownView | undefined; rows?: RowOrder | undefined }[] {
    return from.map((old) => ({ view: this.#removeView(old), rows: this.#removeRows(old) }));
  }

  #list({ id, all, remove = [], place = [] }: List): void {
    const rows = this.#removeRows(id) ?? new RowOrder();
    const gone = new Set(remove);
    if (all) {
      const placed = new Set(place.flatMap(({ row, count = 1 }) => idsFrom(row, count)));
      for (const row of rows) if (!placed.has(row)) gone.add(row);
    }
    for (const row of gone) rows.remove(row);
    for (const { row, count = 1, before } of place) {
      const block = idsFrom(row, count);
      for (const id of block) rows.remove(id);
      for (const id of block) rows.place(id, before);
    }
    this.#setRows(id, rows);
    for (const row of gone) this.#drop(row);
    if (this.#rowCount > MOST_ROWS) throw tooMany();
  }

  #setView(id: number, view: ShownView): void {
    this.#removeView(id);
    this.#views.set(id, view);
    const owners = this.#byKey.get(view.key) ?? new Set();
    this.#byKey.set(view.key, owners.add(id));
  }

  #removeView(id: number): ShownView | undefined {
    const view = this.#views.get(id);
    if (view === undefined) return undefined;
    this.#views.delete(id);
    this.#byKey.get(view.key)?.delete(id);
    return view;
  }

  #setRows(id: number, rows: RowOrder): void {
    this.#removeRows(id);
    this.#lists.set(id, rows);
    this.#rowCount += rows.size;
  }

  #removeRows(id: number): RowOrder | undefined {
    const rows = this.#lists.get(id);
    this.#lists.delete(id);
    this.#rowCount -= rows?.size ?? 0;
    return rows;
  }

  #drop(id: number): void {
    this.#clear(id);
    this.#values.delete(id);
  }

  /** Ends all below a variable. */
  #clear(id: number): void {
    const view = this.#removeView(id);
    const rows = this.#removeRows(id);
    for (const below of [...(view === undefined ? [] : slotsOf(view)), ...(rows ?? [])]) this.#drop(below);
  }
}

function slotsOf({ first, count }: ShownView): number[] {
  return idsFrom(first, count);
}

function idsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** How many rows a message places. */
function rowsIn({ place = [] }: List): number {
  let sum = 0;
  for (const { row, count = 1 } of place) {
    if (!(Number.isSafeInteger(row) && row > 0 && Number.isSafeInteger(count) && count > 0))
      throw new Failure("LOAD_PROTOCOL", "A list places rows that cannot be.");
    sum += count;
  }
  return sum;
}

function tooMany(): Failure {
  return new Failure("LOAD_PROTOCOL", `A page has more than ${MOST_ROWS} rows.`);
}
