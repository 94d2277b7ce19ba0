import type {
  List,
  Notify,
  Reload,
  ServerFrame,
  ServerMessage,
  Update,
  Value,
  View,
  Viewdef,
  WireError,
} from "../../src/protocol/main.ts";
import type { Tab } from "./browser.ts";

/** What one variable shows, with nothing in it that differs from tab to tab. */
export interface Shown {
  value?: Value;
  /** Instead of all else: what was shown before the error is not said to a new tab. */
  error?: string;
  viewdef?: string;
  slots?: Shown[];
  rows?: Shown[];
  /** Instead of rows, of a list that shows a part of its array: which one is for each tab to say. */
  total?: number;
}

/**
 * A tab that believes nothing: applies every frame as docs/protocol.md says and throws at whatever the document does not
 * allow, such as a row that is removed but not there, an id used twice, or a viewdef that was not delivered.
 */
export class Mirror {
  readonly tab: Tab;
  readonly values = new Map<number, Value>();
  readonly errors = new Map<number, WireError>();
  readonly viewdefs = new Map<string, Viewdef>();
  readonly faults: WireError[] = [];
  readonly notices: Notify[] = [];
  readonly reloads: Reload[] = [];
  /** Frames with messages that have been applied. */
  frames = 0;
  readonly #views = new Map<number, { key: string; first: number; count: number }>();
  readonly #lists = new Map<number, number[]>();
  readonly #totals = new Map<number, number>();
  /** Variables that something on the page owns. */
  readonly #known = new Set([1]);
  /** Variables that there have ever been. */
  readonly #ever = new Set([1]);
  /** Variables with an `update` in this frame: that is newer than what a `view` of the frame says. */
  readonly #valued = new Set<number>();

  constructor(tab: Tab) {
    this.tab = tab;
  }

  /** The mirror of a fresh connection, with its first frame applied. */
  static async of(tab: Tab): Promise<Mirror> {
    const mirror = new Mirror(tab);
    await mirror.step();
    return mirror;
  }

  /** Applies the next frame that has messages. */
  async step(): Promise<ServerMessage[]> {
    for (;;) {
      const frame = await this.tab.next();
      if ("messages" in frame) return this.#applyFrame(frame);
    }
  }

  /** Applies frames until `isSo`. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.step();
  }

  /** All variables there are. */
  get ids(): number[] {
    return [...this.#known];
  }

  /** Slot `slot` of the view on variable `id`. */
  slot(slot: number, id = 1): number {
    return (this.#views.get(id)?.first ?? NaN) + slot;
  }

  /** The variables of a list's rows. */
  rows(id: number): number[] {
    return this.#lists.get(id) ?? [];
  }

  /** Writes to a variable, or runs it. */
  write(id: number, value: Value = null): void {
    this.tab.send([{ type: "update", id, value }]);
  }

  /** The page below variable `id`. */
  shown(id = 1): Shown {
    const error = this.errors.get(id);
    if (error !== undefined) return { error: error.code };
    const [value, view] = [this.values.get(id), this.#views.get(id)];
    const total = this.#totals.get(id);
    if (total !== undefined) return total === 0 ? {} : { total };
    const rows = this.#lists.get(id);
    return {
      ...(value === undefined || value === null ? {} : { value }),
      ...(view === undefined ? {} : { viewdef: view.key, slots: idsOf(view).map((slot) => this.shown(slot)) }),
      ...(rows === undefined || rows.length === 0 ? {} : { rows: rows.map((row) => this.shown(row)) }),
    };
  }

  #applyFrame({ seq, messages }: ServerFrame): ServerMessage[] {
    if (seq !== ++this.frames) throw new Error(`frame ${seq} came as number ${this.frames}`);
    this.#valued.clear();
    for (const message of messages) this.#apply(message);
    for (const message of messages) {
      // An id that is gone again by the end of its frame may have been spoken of.
      if (message.type === "update" && message.id > 0 && !this.#ever.has(message.id))
        throw new Error(`nobody owns variable ${message.id}`);
    }
    return messages;
  }

  #apply(message: ServerMessage): void {
    switch (message.type) {
      case "update":
        return this.#update(message);
      case "view":
        return this.#view(message);
      case "list":
        return this.#list(message);
      case "error":
        return void this.faults.push(message);
      case "reload":
        return void this.reloads.push(message);
      case "refresh":
        throw new Error("it has been told everything");
      case "notify":
        return void this.notices.push(message);
      case "welcome":
        if (this.frames > 1) throw new Error("a second welcome");
    }
  }

  #update({ id, value, properties, error }: Update): void {
    if (value !== undefined) {
      this.values.set(id, value);
      this.#valued.add(id);
    }
    if (error === null) this.errors.delete(id);
    else if (error !== undefined) this.errors.set(id, error);
    for (const [key, viewdef] of Object.entries(properties?.viewdefs ?? {})) {
      if (JSON.stringify(this.viewdefs.get(key)) === JSON.stringify(viewdef))
        throw new Error(`viewdef ${key} came twice`);
      this.viewdefs.set(key, viewdef);
    }
  }

  #view({ id, viewdef, first = 0, values = [], from }: View): void {
    if (id > 0 && !this.#known.has(id)) throw new Error(`a view on variable ${id}, which is not there`);
    if (viewdef !== null && !this.viewdefs.has(viewdef)) throw new Error(`viewdef ${viewdef} was not delivered`);
    const going = from === undefined ? [] : this.#takeOut(id, viewdef, from);
    this.#clear(id);
    if (viewdef === null) return;
    this.#views.set(id, { key: viewdef, first, count: values.length });
    for (const [index, value] of values.entries()) {
      this.#own(first + index);
      going[index]?.(first + index);
      if (!this.#valued.has(first + index)) this.values.set(first + index, value);
    }
  }

  /** Takes the variables with which a view goes on out of it; what is returned for each gives it another id. */
  #takeOut(id: number, viewdef: string | null, from: number[]): ((id: number) => void)[] {
    const view = this.#views.get(id);
    if (view === undefined || view.key !== viewdef) throw new Error(`variable ${id} shows no ${viewdef} that goes on`);
    const left = new Set(idsOf(view));
    const maps: Map<number, unknown>[] = [this.values, this.errors, this.#views, this.#lists, this.#totals];
    return from.map((old) => {
      if (old === 0) return () => {};
      if (!left.delete(old)) throw new Error(`variable ${old} is none that view ${id} can go on with`);
      const moved = maps.map((map) => ({ map, has: map.has(old), value: map.get(old) }));
      for (const map of maps) map.delete(old);
      this.#known.delete(old);
      return (id) => {
        for (const { map, has, value } of moved) if (has && !map.has(id)) map.set(id, value);
      };
    });
  }

  #list({ id, remove = [], place = [], window }: List): void {
    if (id > 0 && !this.#known.has(id)) throw new Error(`a list on variable ${id}, which is not there`);
    let rows = this.rows(id);
    for (const row of remove) {
      if (!rows.includes(row)) throw new Error(`row ${row} is removed but not there`);
      this.#drop(row);
    }
    rows = rows.filter((row) => !remove.includes(row));
    for (const { row, count = 1, before } of place) {
      const placed = Array.from({ length: count }, (_, index) => row + index);
      for (const one of placed) if (!rows.includes(one)) this.#own(one);
      rows = rows.filter((other) => !placed.includes(other));
      const at = before === 0 ? rows.length : rows.indexOf(before);
      if (at < 0) throw new Error(`row ${row} is put before ${before}, which is not there`);
      rows.splice(at, 0, ...placed);
    }
    this.#lists.set(id, rows);
    if (!window) return;
    this.#totals.set(id, window.total);
    const { start, total, kept } = window;
    if (start + rows.length - (kept === undefined ? 0 : 1) > total)
      throw new Error(`list ${id} has more rows than elements`);
  }

  #own(id: number): void {
    if (this.#ever.has(id)) throw new Error(`variable ${id} is used a second time`);
    this.#ever.add(id);
    this.#known.add(id);
  }

  #drop(id: number): void {
    this.#clear(id);
    this.#known.delete(id);
    this.values.delete(id);
    this.errors.delete(id);
  }

  /** Ends all below a variable. */
  #clear(id: number): void {
    const view = this.#views.get(id);
    this.#views.delete(id);
    for (const slot of view === undefined ? [] : idsOf(view)) this.#drop(slot);
    for (const row of this.rows(id)) this.#drop(row);
    this.#lists.delete(id);
    this.#totals.delete(id);
  }
}

function idsOf({ first, count }: { first: number; count: number }): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
